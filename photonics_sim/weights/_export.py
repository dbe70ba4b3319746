"""The settings of a chip as a table that its electronics, or a person, can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.files import write_atomically
from photonics_sim.weights._drive import dac_voltage, drive_voltage, electrical_power
from photonics_sim.weights._shifter_card import PhaseShifterCard
from photonics_sim.weights._table import TEXT, WHAT, as_csv, as_h5, read_csv, read_h5

_MEANINGS = {
    "commanded_phase_rad": "commanded phase",
    "actual_phase_rad": "phase that the light sees",
    "drive_voltage_v": "drive voltage",
    "electrical_power_w": "electrical power",
}
Column = Tensor | NDArray[Any] | Sequence[Any]


def write_settings(
    path: Path,
    *,
    columns: Mapping[str, Column],
    phases: Tensor,
    actual: Tensor,
    card: PhaseShifterCard,
) -> None:
    """Write what each shifter is commanded, what the light sees, and the drive that does it; one row per shifter.

    The suffix chooses the format. CSV has the units in the column names; HDF5 has one data set per column under the
    same names, with `units` and `long_name`.

    Args:
        path: A `.csv`, `.h5` or `.hdf5` file; replaced in one step.
        columns: Which shifter a row is and where it lies, written first and in this order: `name` (text) and numbers
            with their unit as suffix, for example `column`, `mode`, `x_m`, `y_m`.
        phases: Commanded phases of one chip in rad, `(shifters,)`.
        actual: Phases that the light sees in rad, `(shifters,)`; see `actual_phases`.
        card: The shifter's numbers.

    Raises:
        PhotonicsError: for another suffix, columns that do not fit, a phase beyond reach, a folder that cannot be
            written.
    """
    path = Path(path)
    _check_suffix(path)
    table = _checked_columns(columns, phases) | _settings(phases, actual, card)
    write_atomically(path, as_csv(table) if path.suffix.lower() == ".csv" else as_h5(table, _MEANINGS))


def read_settings(path: Path) -> dict[str, NDArray[Any]]:
    """The columns of a table that `write_settings` wrote, by name; text as `str`, the numbers in SI units.

    Raises:
        PhotonicsError: where the file is missing, damaged, of another kind, or holds numbers that are none.
    """
    path = Path(path)
    _check_suffix(path)
    table = read_csv(path) if path.suffix.lower() == ".csv" else read_h5(path)
    missing = [name for name in _MEANINGS if name not in table]
    if missing:
        raise PhotonicsError(f"{path} has no column {missing[0]}; expected {WHAT}, as write_settings writes them")
    if len({len(values) for values in table.values()}) > 1:
        raise PhotonicsError(f"{path} has columns of different lengths; expected {WHAT}")
    for name, values in table.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise PhotonicsError(f"{path}: {name} is not finite in row {int((~np.isfinite(values)).argmax())}; mend it")
    return table


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in {".csv", ".h5", ".hdf5"}:
        raise PhotonicsError(f"{path}: settings are kept as .csv, .h5 or .hdf5; found suffix {path.suffix!r}")


def _settings(phases: Tensor, actual: Tensor, card: PhaseShifterCard) -> dict[str, NDArray[Any]]:
    if actual.shape != phases.shape:
        raise PhotonicsError(f"actual has shape {tuple(actual.shape)}, phases {tuple(phases.shape)}; make them equal")
    values = [
        phases,
        actual,
        dac_voltage(drive_voltage(phases, card), card),
        electrical_power(phases, card),
    ]
    return {name: value.detach().cpu().double().numpy() for name, value in zip(_MEANINGS, values, strict=True)}


def _checked_columns(columns: Mapping[str, Column], phases: Tensor) -> dict[str, NDArray[Any]]:
    if phases.ndim != 1 or not phases.numel():
        raise PhotonicsError(
            f"settings are of one chip, phases (shifters,); found shape {tuple(phases.shape)}. Write one chip at a time"
        )
    table = {}
    for name, column in columns.items():
        values = column.detach().cpu().numpy() if isinstance(column, Tensor) else np.asarray(column)
        if name in _MEANINGS:
            raise PhotonicsError(f"column {name!r} is written from the phases; give yours another name")
        if not name.isidentifier():
            raise PhotonicsError(f"column name {name!r}: letters, digits and _ alone, with the unit as suffix (x_m)")
        if values.shape != (len(phases),):
            raise PhotonicsError(
                f"column {name!r} has shape {values.shape}; one entry for each of {len(phases)} phases"
            )
        if values.dtype.kind not in ("U" if name == TEXT else "iuf"):
            raise PhotonicsError(f"column {name!r} holds {values.dtype}; text goes into {TEXT!r}, numbers elsewhere")
        table[name] = values
    return table
