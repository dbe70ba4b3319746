"""S-parameters as a table of comma-separated columns, and what all readers share."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photonics_sim.device import SPEED_OF_LIGHT_M_PER_S, suggest_unit
from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.measured._sparameters import MAX_PORTS

Table = tuple[NDArray[np.float64], NDArray[np.complex128]]
Pair = tuple[int, int]

_AXES = ("frequency_hz", "wavelength_nm")
_COLUMN = re.compile(r"s(?:([1-9])([1-9])|(\d{1,3})_(\d{1,3}))_(re|im|db|deg|rad)")
_MOST_COLUMNS = 1 + 2 * MAX_PORTS**2
_QUANTITIES = ({"re", "im"}, {"db", "deg"}, {"db", "rad"})


def choose_axis(path: Path, names: Iterable[str]) -> str:
    """Which of `frequency_hz` and `wavelength_nm` is among the names.

    Raises:
        PhotonicsError: where neither is, or both.
    """
    found = [name for name in _AXES if name in names]
    if len(found) != 1:
        raise PhotonicsError(
            f"{path} has {'both' if found else 'neither'} frequency_hz {'and' if found else 'nor'} wavelength_nm; give "
            "one of them"
        )
    return found[0]


def to_frequency(path: Path, axis: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Frequencies in Hz from values in the unit that the axis names.

    Raises:
        PhotonicsError: for a wavelength outside 100 .. 20000 nm.
    """
    if axis == "frequency_hz":
        return values
    wrong = values[~((values >= 100) & (values <= 20000))]  # NaN is wrong too
    if wrong.size:
        value = float(wrong.flat[0])
        raise PhotonicsError(
            f"{path}: wavelength_nm = {value:g} is outside 100 .. 20000 nm{suggest_unit(axis, value, 100, 20000)}"
        )
    return SPEED_OF_LIGHT_M_PER_S / (1e-9 * values)


def parse_csv(path: Path, text: str) -> Table:
    """A table with units in its header; `read_sparameters` says which columns.

    Raises:
        PhotonicsError: with file and line.
    """
    lines = (line for line in enumerate(text.splitlines(), start=1) if line[1].strip() and line[1].strip()[0] != "#")
    _, first = next(lines, (1, ""))
    if (found := first.count(",") + 1) > _MOST_COLUMNS:
        raise PhotonicsError(
            f"{path} has {found:,} columns; give {_MOST_COLUMNS:,} at most, those of {MAX_PORTS} ports"
        )
    header = [name.strip().lower() for name in first.split(",")]
    axis = choose_axis(path, header)
    columns = _columns(path, [name for name in header if name != axis], len(header))
    rows = [_row(path, number, line, header) for number, line in lines]
    if not rows:
        raise PhotonicsError(f"{path} has a header and no rows; expected a row for each frequency")
    table = dict(zip(header, np.array(rows).T, strict=True))
    ports = count_ports(path, columns)
    s = np.empty((len(rows), ports, ports), np.complex128)
    for (out, into), names in columns.items():
        s[:, out - 1, into - 1] = _amplitude({kind: table[name] for kind, name in names.items()})
    return to_frequency(path, axis, table[axis]), s


def _columns(path: Path, names: list[str], width: int) -> dict[Pair, dict[str, str]]:
    """Which columns, by quantity, belong to each pair of ports (out, in)."""
    if len(set(names)) != width - 1:
        raise PhotonicsError(f"{path}: a column is there twice; give each once")
    columns: dict[Pair, dict[str, str]] = {}
    for name in names:
        match = _COLUMN.fullmatch(name)
        if match is None:
            known = [*_AXES, *(f"{name.split('_')[0][:9]}_{kind}" for kind in ("re", "im", "db", "deg", "rad"))]
            raise PhotonicsError(
                f"{path}: column {name[:40]!r} is not understood{did_you_mean(name, known)}; a column is s21_re, "
                "s21_im, s21_db, s21_deg or s21_rad"
            )
        out, into = int(match[1] or match[3]), int(match[2] or match[4])
        columns.setdefault((out, into), {})[match[5]] = name
    for (out, into), found in columns.items():
        if set(found) not in _QUANTITIES:
            raise PhotonicsError(
                f"{path}: {', '.join(found.values())} alone do not give S{out}{into}; write re and im, or db and "
                "deg, or db and rad"
            )
    return columns


def _row(path: Path, number: int, line: str, header: list[str]) -> list[float]:
    try:
        values = [float(word) for word in next(csv.reader([line]))]
    except (ValueError, csv.Error):
        raise PhotonicsError(f"{path}:{number}: {line.strip()[:60]!r} is not a row of numbers") from None
    if len(values) != len(header):
        raise PhotonicsError(f"{path}:{number}: {len(values)} numbers under {len(header)} columns")
    return values


def count_ports(path: Path, pairs: Iterable[Pair]) -> int:
    """P, where there is a pair (out, in), counted from 1, for every two of P ports.

    Raises:
        PhotonicsError: where one is missing.
    """
    found = set(pairs)
    ports = max((port for pair in found for port in pair), default=0)
    if not 1 <= ports <= MAX_PORTS:
        raise PhotonicsError(f"{path} has {ports} ports; 1 .. {MAX_PORTS} are read")
    wanted = ((out, into) for out in range(1, ports + 1) for into in range(1, ports + 1))
    missing = next((pair for pair in wanted if pair not in found), None)
    if missing or any(0 in pair for pair in found):
        out, into = missing or (0, 0)
        raise PhotonicsError(
            f"{path}: S{out}{into} of {ports} ports is missing; give every pair, ports from 1 on, 0 where nothing comes"
        )
    return ports


def _amplitude(columns: dict[str, NDArray[np.float64]]) -> NDArray[np.complex128]:
    if "re" in columns:
        return np.asarray(columns["re"] + 1j * columns["im"])
    angle = columns["rad"] if "rad" in columns else np.deg2rad(columns["deg"])
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused with its place
        return np.asarray(10 ** (columns["db"] / 20) * np.exp(1j * angle))
