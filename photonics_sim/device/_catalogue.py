"""Finding cards by name and building devices from them."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photonics_sim.device._card import Card
from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.files import read_toml

if TYPE_CHECKING:
    from photonics_sim.device._device import Device

GROUP = "photonics_sim.devices"


@dataclass(frozen=True)
class CardHeader:
    """What a list shows of a card, read without its model."""

    name: str
    family: str
    summary: str
    path: Path


def list_devices(family: str | None = None) -> list[CardHeader]:
    """The cards of every installed catalogue, by name.

    A catalogue is a folder of `*.toml` cards inside a package, named by an entry point of the group
    `photonics_sim.devices`. No model is imported.

    Raises:
        PhotonicsError: where two catalogues give one name to two cards, or a card is not TOML.
    """
    found: dict[str, CardHeader] = {}
    for folder in _catalogue_folders():
        for path in sorted(folder.glob("*.toml")):
            table, _ = read_toml(path, "a card")
            header = CardHeader(
                str(table.get("name", path.stem)),
                str(table.get("family", "")),
                str(table.get("summary", "")),
                path,
            )
            if header.name in found:
                raise PhotonicsError(
                    f"two cards are named {header.name}: {found[header.name].path} and {path}; rename one"
                )
            found[header.name] = header
    return sorted((h for h in found.values() if family in {None, h.family}), key=lambda h: h.name)


@functools.cache
def _catalogue_folders() -> tuple[Path, ...]:
    folders: list[Path] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        try:
            spec = importlib.util.find_spec(entry.value)
        except (ImportError, ValueError):  # the package around it is missing
            spec = None
        if spec is None or not spec.submodule_search_locations:
            raise PhotonicsError(f"catalogue {entry.name}: {entry.value} is no package folder; reinstall it")
        folders += [Path(place) for place in spec.submodule_search_locations]
    return tuple(dict.fromkeys(folders))


def load_card(name_or_path: str | os.PathLike[str], overrides: Mapping[str, Any] | None = None) -> Card:
    """The checked card of this name in a catalogue, or in this file, with the given fields replaced.

    Raises:
        PhotonicsError: for an unknown name (near ones are suggested), a file that is no card, or a value out of range.
    """
    path = _find(str(name_or_path))
    table, text = read_toml(path, "a card")
    return _card_of(table, text, path).override(overrides or {})


def parse_card(text: str, *, where: str) -> Card:
    """The checked card in a text that `render_card` wrote.

    Raises:
        PhotonicsError: where the text is no card; the message begins with `where`.
    """
    try:
        return _card_of(tomllib.loads(text), text, Path(where))
    except tomllib.TOMLDecodeError as error:
        raise PhotonicsError(f"{where} is not valid TOML: {error}") from error


def _card_of(table: dict[str, Any], text: str, path: Path) -> Card:
    model = table.get("model")
    if not isinstance(model, str) or ":" not in model:
        raise PhotonicsError(f'{path}: a card names its model as model = "module:Class"; found {model!r}')
    return _schema(model, path).parse(table, where=str(path), text=text)


def _find(name: str) -> Path:
    if name.endswith(".toml") or os.sep in name:
        return Path(name)
    headers = list_devices()
    for header in headers:
        if header.name == name:
            return header.path
    known = [header.name for header in headers]
    raise PhotonicsError(
        f"no card named {name}{did_you_mean(name, known)} (`photonics-sim devices list` lists all; a file must end in "
        ".toml)"
    )


def _import(reference: str, path: Path) -> Any:
    module, _, name = reference.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:  # whatever a module does when it is imported
        raise PhotonicsError(f"{path}: cannot import {reference} ({error}); is the package installed?") from error


def _schema(model: str, path: Path) -> type[Card]:
    schema = _import(model + "Card", path)
    if not (isinstance(schema, type) and issubclass(schema, Card)):
        raise PhotonicsError(f"{path}: {model}Card is not a photonics_sim.device.Card")
    return schema


def load_device(name_or_path: str | os.PathLike[str], *, seed: int = 0, **overrides: Any) -> Device:
    """Build the device of a card.

    Args:
        name_or_path: A card's name in a catalogue, or a `.toml` file.
        seed: Of the random settings that the device starts from.
        **overrides: Fields to replace; dotted paths as `**{"modulator.phase_bits": 8}`.

    Raises:
        PhotonicsError: as `load_card`, and where the device would not fit into this machine's memory.
    """
    return build_device(load_card(name_or_path, overrides), seed=seed)


def build_device(card: Card, *, seed: int = 0) -> Device:
    """The device of a card that is already loaded; see `load_device`."""
    needs = card.memory_bytes()
    limit = 0.8 * machine_memory_bytes()
    if sum(needs.values()) > limit:
        key = max(needs, key=lambda name: needs[name])
        raise PhotonicsError(
            f"card {card.name} would take {sum(needs.values()) / 2**30:,.1f} GiB of the {limit / 2**30:.1f} GiB that "
            f"this machine can give; lower {key} (= {card.model_dump()[key]})"
        )
    model = _import(card.model, Path(card.name))
    device: Device = model(card, seed=seed)
    return device


def machine_memory_bytes() -> int:
    """The physical memory of this machine in bytes; 8 GiB where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 8 * 2**30
