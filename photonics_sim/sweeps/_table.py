"""Rows of a sweep and their HDF5 form, the same in parts and in the whole: one row per trial, dimension `trial`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.files import read_note, write_note
from photonics_sim.sweeps._axis import Axis, Meaning, meaning_by_name
from photonics_sim.sweeps._job import Outcome
from photonics_sim.sweeps._result import OK, STATUSES

FORMAT, FORMAT_VERSION = "photonics_sim.sweep", 1
CHUNK = 4096
_SCALE = re.compile(r"_axis\d+$")
Column = NDArray[Any]


@dataclass(frozen=True)
class Rows:
    """Rows, one array per column, in the order of their trials.

    Attributes:
        trial: Number of the trial, point * chips + chip, `(n,)`.
        status: A place in `STATUSES`.
        seconds: Time of the trial.
        made: Under which conditions: a place in the file's list of provenances.
        values: Measured numbers `(n,)` and arrays `(n, ...)` by name; NaN where the trial failed.
        failures: What went wrong, by trial.
    """

    trial: NDArray[np.int64]
    status: NDArray[np.uint8]
    seconds: NDArray[np.float64]
    made: NDArray[np.uint8]
    values: dict[str, NDArray[np.float64]]
    failures: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.trial)

    def take(self, places: NDArray[Any]) -> Rows:
        """The rows at these places."""
        trial = self.trial[places]
        kept = set(trial.tolist()) & self.failures.keys()
        return Rows(
            trial,
            self.status[places],
            self.seconds[places],
            self.made[places],
            {name: values[places] for name, values in self.values.items()},
            {one: self.failures[one] for one in sorted(kept)},
        )


@dataclass(frozen=True)
class Layout:
    """What the columns of a sweep are called and mean.

    Attributes:
        axes: What was varied.
        points: Values of the axes at each point, by path.
        chips: Chips of a point.
        meanings: Of what is measured.
        note: Text attributes of the file, beside those of the format.
    """

    axes: tuple[Axis, ...]
    points: Mapping[str, Column]
    chips: int
    meanings: Mapping[str, Meaning]
    note: Mapping[str, str]


def rows_of(outcomes: Iterable[Outcome], chips: int, made: int) -> Rows:
    """The rows of these outcomes, by trial."""
    found = sorted(outcomes, key=lambda one: (one.point, one.first))
    shapes = {name: values.shape[1:] for one in found for name, values in one.values.items()}
    columns: dict[str, list[NDArray[np.float64]]] = {name: [] for name in shapes}
    for one in found:
        for name, shape in shapes.items():
            columns[name].append(one.values.get(name, np.full((one.chips, *shape), np.nan)))

    def per_chip(values: Sequence[float], dtype: Any) -> NDArray[Any]:
        return np.repeat(np.array(values, dtype=dtype), [one.chips for one in found])

    ids = [np.arange(one.chips, dtype=np.int64) + one.point * chips + one.first for one in found]
    trial = np.concatenate(ids) if ids else np.zeros(0, dtype=np.int64)
    return Rows(
        trial,
        per_chip([one.status for one in found], np.uint8),
        per_chip([one.seconds / one.chips for one in found], np.float64),
        np.full(len(trial), made, dtype=np.uint8),
        {name: np.concatenate(parts) for name, parts in columns.items()},
        {int(row): one.error for one, rows in zip(found, ids, strict=True) if one.status != OK for row in rows},
    )


def join(tables: Sequence[Rows]) -> Rows:
    """One table, by trial. Of two copies of a trial the first stays, unless it failed and the other did not."""
    shapes = {name: values.shape[1:] for table in tables for name, values in table.values.items()}
    whole = Rows(
        np.concatenate([table.trial for table in tables]),
        np.concatenate([table.status for table in tables]),
        np.concatenate([table.seconds for table in tables]),
        np.concatenate([table.made for table in tables]),
        {
            name: np.concatenate([table.values.get(name, np.full((len(table), *shape), np.nan)) for table in tables])
            for name, shape in shapes.items()
        },
        {trial: text for table in reversed(tables) for trial, text in table.failures.items()},
    )
    order = np.lexsort((np.arange(len(whole)), whole.status != OK, whole.trial))
    _, first = np.unique(whole.trial[order], return_index=True)
    kept = whole.take(order[first])
    failed = set(kept.trial[kept.status != OK].tolist())
    return Rows(
        kept.trial, kept.status, kept.seconds, kept.made, kept.values,
        {trial: text for trial, text in kept.failures.items() if trial in failed},
    )  # fmt: skip


class Writer:
    """Writes rows into an open HDF5 file, slice by slice, in the order of the trials.

    Args:
        file: New and empty.
        count: Rows that will be written.
        shapes: Of one row of each measured column.
        layout: Names and meanings.
    """

    def __init__(self, file: h5py.File, count: int, shapes: Mapping[str, tuple[int, ...]], layout: Layout) -> None:
        self._file, self._layout, self._count, self._written = file, layout, count, 0
        self._failures: dict[int, str] = {}
        for name, text in {"format": FORMAT, "format_version": str(FORMAT_VERSION), **layout.note}.items():
            write_note(file, name, text)
        self._scale = self._column("trial", np.dtype(np.int64), (), "1", "number of the trial: point * chips + chip")
        self._scale.make_scale("trial")
        self._column("point", np.dtype(np.int64), (), "1", "number of the point")
        self._column("chip", np.dtype(np.int64), (), "1", "number of the virtual chip, the same at every point")
        status = self._column("status", np.dtype(np.uint8), (), "1", "what became of the trial")
        status.attrs["flag_values"] = np.arange(len(STATUSES), dtype=np.uint8)
        write_note(status, "flag_meanings", " ".join(name.replace(" ", "_") for name in STATUSES))
        self._column("seconds", np.dtype(np.float64), (), "s", "time that the trial took")
        self._column("made", np.dtype(np.uint8), (), "1", "conditions: place in the attribute `provenance`")
        for axis in layout.axes:
            dtype = layout.points[axis.path].dtype
            stored = np.dtype(f"S{dtype.itemsize}") if dtype.kind == "U" else dtype
            stored = np.dtype(np.uint8) if dtype.kind == "b" else stored
            self._column(f"params/{axis.path}", stored, (), axis.unit, axis.long_name or axis.path)
        for name, shape in shapes.items():
            meaning = layout.meanings.get(name) or meaning_by_name(name)
            group = "curves" if shape else "metrics"
            self._column(f"{group}/{name}", np.dtype(np.float64), shape, meaning.unit, meaning.long_name)

    def _column(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...], unit: str, long_name: str) -> Any:
        chunks = (max(1, min(self._count, CHUNK)), *shape) if self._count else None
        column = self._file.create_dataset(
            name, (self._count, *shape), dtype, chunks=chunks, fletcher32=True if chunks else None
        )
        describe(column, unit, long_name)
        if name != "trial":
            column.dims[0].attach_scale(self._scale)
        for axis, size in enumerate(shape, start=1):
            scale = f"{name}_axis{axis}"
            self._file.create_dataset(scale, data=np.arange(size)).make_scale(scale.rpartition("/")[2])
            describe(self._file[scale], "1", f"axis {axis} of {name}")
            column.dims[axis].attach_scale(self._file[scale])
        return column

    def write(self, rows: Rows) -> None:
        """The next rows."""
        place = slice(self._written, self._written + len(rows))
        self._written += len(rows)
        point, chip = np.divmod(rows.trial, self._layout.chips)
        columns: dict[str, Column] = {
            "trial": rows.trial, "point": point, "chip": chip, "status": rows.status, "seconds": rows.seconds,
            "made": rows.made,
        }  # fmt: skip
        for axis in self._layout.axes:
            values = self._layout.points[axis.path][point]
            columns[f"params/{axis.path}"] = np.char.encode(values, "utf-8") if values.dtype.kind == "U" else values
        for name, values in rows.values.items():
            columns[f"{'curves' if values.ndim > 1 else 'metrics'}/{name}"] = values
        for name, values in columns.items():
            if len(values):
                self._file[name][place] = values
        self._failures |= rows.failures

    def finish(self) -> None:
        """What went wrong, in a group of its own: a million good rows need no million empty texts."""
        if not self._failures:
            return
        trials = np.array(sorted(self._failures), dtype=np.int64)
        texts = np.array([self._failures[trial].encode() for trial in trials.tolist()])
        scale = self._file.create_dataset("failures/failed_trial", data=trials, chunks=True, fletcher32=True)
        scale.make_scale("failed_trial")
        text = self._file.create_dataset("failures/text", data=texts, chunks=True, fletcher32=True)
        text.dims[0].attach_scale(scale)
        for column, long_name in ((scale, "number of the trial that failed"), (text, "what went wrong")):
            describe(column, "1", long_name)


def describe(item: h5py.Dataset, unit: str, long_name: str) -> None:
    """Say what a data set is, as netCDF does."""
    write_note(item, "units", unit)
    write_note(item, "long_name", long_name)


def shapes_of(tables: Iterable[Rows]) -> dict[str, tuple[int, ...]]:
    """The shape of one row of every measured column."""
    return {name: values.shape[1:] for table in tables for name, values in table.values.items()}


def read_rows(file: h5py.File, start: int = 0, stop: int | None = None, *, failures: bool = True) -> Rows:
    """Rows of an open file from `start` to `stop`.

    Raises:
        OSError: where a checksum does not fit.
        KeyError: where a column is missing.
    """
    place = slice(start, stop)
    values = {name: item[place] for name, item in _measured(file).items()}
    trial = file["trial"][place]
    texts: dict[int, str] = {}
    if failures and "failures" in file:
        pairs = zip(file["failures/failed_trial"][...].tolist(), file["failures/text"][...].tolist(), strict=True)
        texts = {number: text.decode("utf-8", "replace") for number, text in pairs}
    return Rows(trial, file["status"][place], file["seconds"][place], file["made"][place], values, texts)


def _measured(file: h5py.File) -> dict[str, h5py.Dataset]:
    groups = [file[group] for group in ("metrics", "curves") if group in file]
    # by its name: HDF5's own way to look at scales ends the process where they are damaged
    return {name: item for group in groups for name, item in group.items() if not _SCALE.search(name)}


def check_format(file: h5py.File, kind: str, newest: int, path: Any, what: str) -> None:
    """Refuse files of another kind, and those that a later version of this package has written.

    Raises:
        PhotonicsError: says which.
    """
    version = read_note(file, "format_version", "")
    if read_note(file, "format", "") != kind or not version.isdigit():
        raise PhotonicsError(f"{path} holds no {what}")
    if int(version) > newest:
        raise PhotonicsError(f"{path} is of format {version}, newer than this photonics_sim reads; update the package")


def check_file(file: h5py.File, digest: str, path: Any) -> None:
    """Refuse rows of another kind, version or plan, and columns that do not fit each other.

    Raises:
        PhotonicsError: says which.
    """
    check_format(file, FORMAT, FORMAT_VERSION, path, "rows of a sweep")
    if read_note(file, "plan_sha256", "") != digest:
        raise PhotonicsError(f"{path} belongs to another plan; remove it from this sweep's folder")
    lengths = {name: len(file[name]) for name in ("trial", "status", "seconds", "made")}
    lengths |= {name: len(item) for name, item in _measured(file).items()}
    if len(set(lengths.values())) != 1:
        raise PhotonicsError(f"{path} is damaged: its columns have {json.dumps(lengths)} rows")
