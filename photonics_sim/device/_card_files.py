"""Card files of one's own: made from a catalogue's card, and changed without losing what a person wrote in them."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from photonics_sim.device._card import Card, Section
from photonics_sim.device._card_text import add_meanings, drop_keys, edit_toml
from photonics_sim.device._catalogue import list_devices, load_card
from photonics_sim.errors import PhotonicsError
from photonics_sim.files import read_toml, write_atomically


def card_sections(card: Card) -> dict[str, Section]:
    """The tables of a card by dotted path, outer ones first."""

    def walk(section: Section, prefix: str) -> dict[str, Section]:
        found: dict[str, Section] = {}
        for key in type(section).model_fields:
            value = getattr(section, key)
            if isinstance(value, Section):
                found |= {prefix + key: value} | walk(value, f"{prefix}{key}.")
        return found

    return walk(card, "")


def new_card(
    path: str | os.PathLike[str],
    origin: str | os.PathLike[str],
    *,
    name: str | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Card:
    """Write a card file of one's own: another card's text with its comments, and a meaning beside each bare field.

    Args:
        path: A .toml file that does not exist yet.
        origin: Name of a card in a catalogue, or a card file.
        name: Of the new card; by default made from the file's name.
        overrides: Fields to replace by dotted path. What the origin says of their source is left out.

    Raises:
        PhotonicsError: where the file exists or cannot be written, the name is taken or no name, or a field or value is
            refused. Nothing is written then.
    """
    path = Path(path)
    if path.suffix != ".toml":
        raise PhotonicsError(f"{path}: a card is a .toml file; call it {path.stem or 'card'}.toml")
    if os.path.lexists(path):
        raise PhotonicsError(f"{path} exists already; choose another name, or remove it")
    name = _free_name(path, name)
    card = load_card(origin, overrides)
    changes = card.changes(load_card(origin))
    file = next((h.path for h in list_devices() if h.name == str(origin)), Path(origin))
    _, text = read_toml(file, "a card")
    meanings = {field.path: field.meaning for field in card.fields()}
    text = edit_toml(text, {"name": name} | {p: value for p, (value, _) in changes.items()}, where=str(origin))
    text = drop_keys(text, [_source_path(p) for p in changes])
    text = add_meanings(text, meanings)
    made = _parse(type(card), path, text)
    write_atomically(path, text)
    return made


def _free_name(path: Path, name: str | None) -> str:
    """The name given, or one made of the file's; no other card's."""
    taken = {header.name for header in list_devices()}
    made = name if name is not None else re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", made):
        raise PhotonicsError(f"{made!r} is no name for a card; give --name, lower case with hyphens, as in my-chip")
    if made in taken:
        raise PhotonicsError(f"{made} is the name of an installed card; call the file otherwise, or give --name")
    return made


def require_own_card(path: Path) -> None:
    """Refuse what is not a card file of the user's own.

    Raises:
        PhotonicsError: for a catalogue's card, by name or by file, and for anything but a .toml file.
    """
    headers = list_devices()
    named = next((h for h in headers if str(path) == h.name or _same(path, h.path)), None)
    if named is not None:
        raise PhotonicsError(
            f"{path} is an installed card; make your own first: photonics-sim devices new my-card.toml "
            f"--from {named.name}"
        )
    if path.suffix != ".toml":
        raise PhotonicsError(f"{path} is no card file (.toml); photonics-sim devices new makes one")


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def update_card(path: Path, section: str, values: Mapping[str, Any], *, source: str) -> Card:
    """Write values into a table of a card file, each with this source, and keep its comments; whole or not at all.

    Args:
        path: A card file of the user's own.
        section: Dotted path of the table.
        values: New values by key.
        source: Where all of them come from.

    Raises:
        PhotonicsError: where the file is no card or a value is refused; the file is then unchanged.
    """
    card = load_card(path)
    _, text = read_toml(path, "a card")
    changes = {f"{section}.{key}": value for key, value in values.items()}
    sources = {f"{section}.source.{key}": source for key in values}
    meanings = {field.path: field.meaning for field in card.fields()}
    text = edit_toml(text, changes | sources, comments=meanings, where=str(path))
    changed = _parse(type(card), path, text)
    write_atomically(path, text)
    return changed


def _parse(schema: type[Card], path: Path, text: str) -> Card:
    return schema.parse(tomllib.loads(text), where=str(path), text=text)


def _source_path(path: str) -> str:
    table, _, key = path.rpartition(".")
    return f"{table}.source.{key}" if table else f"source.{key}"
