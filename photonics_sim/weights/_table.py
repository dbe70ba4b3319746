"""Tables of columns as CSV and HDF5: how they are written and read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from photonics_sim.device import unit_of
from photonics_sim.errors import PhotonicsError
from photonics_sim.files import open_h5, require_file

# text is kept in this column alone, so that a table reads back as it was written
TEXT = "name"
WHAT = "the settings of a chip (.csv, .h5)"
MAX_BYTES = 256 * 2**20
Table = Mapping[str, NDArray[Any]]


def as_csv(table: Table) -> str:
    """The table as text, units in the column names."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*(values.tolist() for values in table.values()), strict=True))
    return text.getvalue()


def as_h5(table: Table, meanings: Mapping[str, str], units: Mapping[str, str] | None = None) -> bytes:
    """The table as an HDF5 file, one data set per column with its unit and meaning.

    Units are those that the names end with, except where `units` says another.
    """
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", track_order=True) as file:
        for name, values in table.items():
            stored = np.char.encode(values, "utf-8") if values.dtype.kind == "U" else values
            item = file.create_dataset(name, data=stored)
            unit = unit_of(name)
            item.attrs["units"] = (units or {}).get(name, unit.symbol if unit else "1")
            item.attrs["long_name"] = meanings.get(name, name.replace("_", " "))
    return buffer.getvalue()


def read_h5(path: Path) -> dict[str, NDArray[Any]]:
    """The columns of an HDF5 file."""
    with open_h5(path, WHAT) as file:
        found = {name: item[()] for name, item in file.items() if isinstance(item, h5py.Dataset) and item.ndim == 1}
    try:
        return {n: np.char.decode(v, "utf-8") if v.dtype.kind == "S" else v for n, v in found.items()}
    except UnicodeDecodeError as error:
        raise PhotonicsError(f"{path} holds text that is not UTF-8; expected {WHAT}") from error


def read_csv(path: Path) -> dict[str, NDArray[Any]]:
    """The columns of a CSV file."""
    require_file(path, WHAT, MAX_BYTES)
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""), strict=True))
    except UnicodeDecodeError as error:
        raise PhotonicsError(f"{path} is not text in UTF-8 (byte {error.start}); expected {WHAT}") from error
    except csv.Error as error:
        raise PhotonicsError(f"{path} is no table of comma-separated values: {error}; expected {WHAT}") from error
    header, body = rows[0], [row for row in rows[1:] if row]
    for number, row in enumerate(body, start=2):
        if len(row) != len(header):
            raise PhotonicsError(
                f"{path}: row {number} has {len(row)} entries under {len(header)} column names; mend it"
            )
    return {name: _numbers(path, name, [row[k] for row in body]) for k, name in enumerate(header)}


def _numbers(path: Path, name: str, entries: list[str]) -> NDArray[Any]:
    if name == TEXT:
        return np.array(entries, dtype=np.str_)
    for kind in (int, float):
        try:
            return np.array([kind(entry) for entry in entries], dtype=np.int64 if kind is int else np.float64)
        except (ValueError, OverflowError):
            continue
    raise PhotonicsError(f"{path}: column {name!r} holds entries that are no numbers; only {TEXT!r} is text")
