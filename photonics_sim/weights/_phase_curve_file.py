"""A panel's phase curve as an HDF5 file: data sets `drive` and `phase`, each with its unit. Free of torch."""

from __future__ import annotations

import hashlib
import io
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from photonics_sim.device import Card, card_sections, explain_invalid, load_card, require_own_card, update_card
from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.files import open_h5, read_note, require_file, write_atomically, write_note
from photonics_sim.weights._phase_curve_card import MAX_POINTS, DriveUnit, PhaseCurveCard

_WHAT = "a phase curve: HDF5 with drive and phase (points), each with attribute units"
_MAX_BYTES = 256 * 2**20
# what a file may write -> what the card keeps, and how many of it one is
_DRIVES: Mapping[str, tuple[DriveUnit, float]] = {"V": ("V", 1.0), "mV": ("V", 1e-3), "grey level": ("grey level", 1.0)}
_PHASES = {"rad": 1.0, "deg": math.pi / 180, "waves": 2 * math.pi}


def read_phase_curve(path: str | os.PathLike[str]) -> PhaseCurveCard:
    """Read a measured phase curve.

    Args:
        path: HDF5 with data sets `drive` (attribute `units`: V, mV or grey level) and `phase` (rad, deg or waves), of
            one length, the drive rising, the phase only rising or only falling. Units are read, never guessed.

    Returns:
        The curve in V or grey levels and in rad.

    Raises:
        PhotonicsError: where the file is missing, damaged, does not say its units, or holds no such curve.
    """
    path = Path(path)
    require_file(path, _WHAT, _MAX_BYTES)
    with open_h5(path, _WHAT) as file:
        drive, phase = _data_set(path, file, "drive"), _data_set(path, file, "phase")
        if drive.shape != phase.shape:
            raise PhotonicsError(f"{path}: {drive.size:,} drives for {phase.size:,} phases; write one phase for each")
        unit, volts = _DRIVES[_unit(path, drive, _DRIVES)]
        radians = _PHASES[_unit(path, phase, _PHASES)]
        values = {"unit": unit, "drive": _numbers(path, drive, volts), "phase_rad": _numbers(path, phase, radians)}
    try:
        return PhaseCurveCard.model_validate(values)
    except ValidationError as error:
        raise PhotonicsError(explain_invalid(error, PhaseCurveCard, where=str(path), text="")) from None


def write_phase_curve(path: str | os.PathLike[str], card: PhaseCurveCard) -> None:
    """Write a measured curve as `read_phase_curve` reads it, whole or not at all; its times are not part of it.

    Raises:
        PhotonicsError: for a curve without points, or where the file cannot be written.
    """
    path = Path(path)
    if not card.drive:
        raise PhotonicsError(
            f"{path}: this curve has no points, its phase is proportional to the drive; nothing to write"
        )
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, values, unit in (("drive", card.drive, card.unit), ("phase", card.phase_rad, "rad")):
            write_note(file.create_dataset(name, data=np.array(values, np.float64)), "units", unit)
    write_atomically(path, buffer.getvalue())


def phase_curve_sections(card: Card) -> list[str]:
    """The dotted paths of a card's phase curves, which `import_phase_curve` can write into."""
    return [path for path, section in card_sections(card).items() if isinstance(section, PhaseCurveCard)]


def import_phase_curve(path: str | os.PathLike[str], into: str | os.PathLike[str], at: str) -> PhaseCurveCard:
    """Write a measured curve, with its source, into a card file.

    To replace it for one run alone, `load_card(name, {f"{at}.{key}": value for key, value in
    read_phase_curve(path).card_values().items()})`.

    Args:
        path: See `read_phase_curve`.
        into: A card file (.toml) of one's own; its comments stay.
        at: Dotted path of the phase curve, such as `mask.curve`.

    Returns:
        The curve of the card as it is then.

    Raises:
        PhotonicsError: where either file is refused or `at` is no phase curve. The card is then unchanged.
    """
    path, into = Path(path), Path(into)
    require_own_card(into)
    _curve_at(at, load_card(into), into)
    curve = read_phase_curve(path)
    source = f"{path.name}, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"
    return _curve_at(at, update_card(into, at, curve.card_values(), source=source), into)


def _curve_at(at: str, card: Card, file: Path) -> PhaseCurveCard:
    found = card_sections(card).get(at)
    if isinstance(found, PhaseCurveCard):
        return found
    known = phase_curve_sections(card)
    choose = f"import into {' or '.join(known)}" if known else "this card has none"
    raise PhotonicsError(f"{file}: {at} is no phase curve{did_you_mean(at, known)} ({choose})")


def _data_set(path: Path, file: h5py.File, name: str) -> h5py.Dataset:
    """The data set, after everything has been looked at that can be before it is read."""
    item = file.get(name)
    if not isinstance(item, h5py.Dataset):
        raise PhotonicsError(f"{path} has no data set {name}{did_you_mean(name, file)}; expected {_WHAT}")
    if item.dtype.kind not in "iuf":
        raise PhotonicsError(f"{path}: {name} holds {item.dtype}; write real numbers")
    if item.ndim != 1:
        raise PhotonicsError(f"{path}: {name} has shape {item.shape}; write one number for each point")
    if not 2 <= item.size <= MAX_POINTS:
        raise PhotonicsError(f"{path}: {name} has {item.size:,} points; a curve has 2 .. {MAX_POINTS:,}")
    return item


def _unit(path: Path, item: h5py.Dataset, known: Iterable[str]) -> str:
    name, units = item.name.strip("/"), list(known)
    try:
        found = read_note(item, "units", "")
        problem = f"units of {name} = {found[:40]!r} is none of {', '.join(units)}" if found else f"{name} has no units"
    except PhotonicsError:  # h5py keeps a str so; it is not read
        found, problem = "", f"units of {name} is no text of fixed length"
    if found in units:
        return found
    remedy = f'with h5py.File("{path.name}", "r+") as f: f["{name}"].attrs["units"] = numpy.bytes_("{units[0]}")'
    raise PhotonicsError(f"{path}: {problem}; set the attribute to {' or '.join(units)}, as by `{remedy}`")


def _numbers(path: Path, item: h5py.Dataset, scale: float) -> list[float]:
    with np.errstate(all="ignore"):  # what overflows is refused below
        values: NDArray[np.float64] = np.asarray(item[()]).astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise PhotonicsError(
            f"{path}: {item.name.strip('/')} is {values[bad[0]]} at point {bad[0]} ({bad.size:,} are not finite); "
            "leave those points out of both data sets"
        )
    found: list[float] = (scale * values).tolist()
    return found
