"""Rows of a sweep and their HDF5 form, the same in parts and in the whole: one row per trial, dimension `trial`."""

from __future__ import annotations

import json
import math
import re
import zlib
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
CHUNK, CHUNK_BYTES = 4096, 2**20
_SUM = "crc32"
_SCALE = re.compile(r"_axis\d+$")
Column = NDArray[Any]


class ForeignError(PhotonicsError):
    """Rows that are whole, and not this sweep's or not this version's to read: to be taken away, not to be mended."""


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
    columns = {
        name: [one.values[name] if name in one.values else np.full((one.chips, *shape), np.nan) for one in found]
        for name, shape in shapes.items()
    }

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
        self._columns: dict[str, h5py.Dataset] = {}
        self._sums = Sums()
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
        rows = min(self._count, CHUNK, max(1, CHUNK_BYTES // (dtype.itemsize * math.prod(shape))))
        chunks = (rows, *shape) if self._count else None
        column = self._columns[name] = self._file.create_dataset(
            name, (self._count, *shape), dtype, chunks=chunks, fletcher32=True if chunks else None
        )
        describe(column, unit, long_name)
        if name != "trial":
            column.dims[0].attach_scale(self._scale)
        for axis, size in enumerate(shape, start=1):
            scale = f"{name}_axis{axis}"
            self._file.create_dataset(scale, data=np.arange(size), chunks=True, fletcher32=True)
            self._file[scale].make_scale(scale.rpartition("/")[2])
            describe(self._file[scale], "1", f"axis {axis} of {name}")
            column.dims[axis].attach_scale(self._file[scale])
        return column

    def write(self, rows: Rows) -> None:
        """The next rows."""
        place = slice(self._written, self._written + len(rows))
        self._written += len(rows)
        point, chip = np.divmod(rows.trial, self._layout.chips)
        columns: dict[str, Column] = {"point": point, "chip": chip, **columns_of(rows)}
        for axis in self._layout.axes:
            values = self._layout.points[axis.path][point]
            columns[f"params/{axis.path}"] = np.char.encode(values, "utf-8") if values.dtype.kind == "U" else values
        for name, item in self._columns.items():
            missing = np.broadcast_to(np.nan, (len(rows), *item.shape[1:]))  # where all of these trials failed
            values = np.ascontiguousarray(columns.get(name, missing), dtype=item.dtype)
            self._sums.add(name, values)
            if len(values):
                item[place] = values
        self._failures |= rows.failures

    def finish(self) -> None:
        """Write what went wrong, and the check sums."""
        if self._failures:  # in a group of its own: a million good rows need no million empty texts
            trials = np.array(sorted(self._failures), dtype=np.int64)
            texts = np.array([self._failures[trial].encode() for trial in trials.tolist()])
            scale = self._failure("failed_trial", trials, "number of the trial that failed")
            scale.make_scale("failed_trial")
            self._failure("text", texts, "what went wrong").dims[0].attach_scale(scale)
        self._sums.write(self._file)

    def _failure(self, name: str, values: Column, long_name: str) -> h5py.Dataset:
        column = self._file.create_dataset(f"failures/{name}", data=values, chunks=True, fletcher32=True)
        describe(column, "1", long_name)
        self._sums.add(f"failures/{name}", values)
        return column


class Sums:
    """A check sum of each column, slice by slice. To HDF5's own a chunk of zeros, sum and all, is as good as any."""

    def __init__(self) -> None:
        self._found: dict[str, int] = {}

    def add(self, name: str, values: Column) -> None:
        """The next rows of a column."""
        self._found[name] = zlib.crc32(np.ascontiguousarray(values).data, self._found.get(name, 0))

    def write(self, file: h5py.File) -> None:
        for name, found in self._found.items():
            write_note(file[name], _SUM, f"{found:08x}")

    def check(self, file: h5py.File, path: Any) -> None:
        """A PhotonicsError where a column is not the one that was written."""
        for name, found in self._found.items():
            if read_note(file[name], _SUM, "") != f"{found:08x}":
                raise PhotonicsError(f"{path} is damaged: {name} does not have the sum that was written")


def columns_of(rows: Rows) -> dict[str, Column]:
    """The rows as columns of a file, by name."""
    named: dict[str, Column] = {
        "trial": rows.trial, "status": rows.status, "seconds": rows.seconds, "made": rows.made,
    }  # fmt: skip
    return named | {
        f"{'curves' if values.ndim > 1 else 'metrics'}/{name}": values for name, values in rows.values.items()
    }


def describe(item: h5py.Dataset, unit: str, long_name: str) -> None:
    """Say what a data set is, as netCDF does."""
    write_note(item, "units", unit)
    write_note(item, "long_name", long_name)


def shapes_of(tables: Iterable[Rows]) -> dict[str, tuple[int, ...]]:
    """The shape of one row of every measured column."""
    return {name: values.shape[1:] for table in tables for name, values in table.values.items()}


def read_rows(file: h5py.File, start: int = 0, stop: int | None = None) -> Rows:
    """Rows of an open file from `start` to `stop`, whose trials rise.

    Raises:
        OSError: where a checksum does not fit.
        KeyError: where a column is missing.
    """
    place = slice(start, stop)
    values = {name: item[place] for name, item in _measured(file).items()}
    trial = file["trial"][place]
    texts: dict[int, str] = {}
    if len(trial) and "failures" in file:
        failed = file["failures/failed_trial"][...]
        first, last = np.searchsorted(failed, trial[0]), np.searchsorted(failed, trial[-1], side="right")
        pairs = zip(failed[first:last].tolist(), file["failures/text"][first:last].tolist(), strict=True)
        texts = {number: text.decode("utf-8", "replace") for number, text in pairs}
    return Rows(trial, file["status"][place], file["seconds"][place], file["made"][place], values, texts)


def _measured(file: h5py.File) -> dict[str, h5py.Dataset]:
    groups = [file[group] for group in ("metrics", "curves") if isinstance(file.get(group), h5py.Group)]
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
        raise ForeignError(f"{path} is of format {version}, newer than this photonics_sim reads; update the package")


def check_file(file: h5py.File, digest: str, path: Any) -> None:
    """Refuse rows of another kind, version or plan, and columns that are none or do not fit each other.

    Raises:
        PhotonicsError: says which.
    """
    check_format(file, FORMAT, FORMAT_VERSION, path, "rows of a sweep")
    if read_note(file, "plan_sha256", "") != digest:
        raise ForeignError(f"{path} belongs to another plan; remove it from this sweep's folder")
    kinds = {"trial": "i8", "status": "u1", "seconds": "f8", "made": "u1"}
    kinds |= {item.name: "f8" for item in _measured(file).values()}
    _check_columns(file, kinds, path)
    if "failures" in file:
        kinds = {"failures/failed_trial": "i8", "failures/text": "S"}
        _check_columns(file, kinds, path)
        sums = Sums()
        for name in kinds:
            sums.add(name, file[name][...])
        sums.check(file, path)


def _check_columns(file: h5py.File, kinds: Mapping[str, str], path: Any) -> None:
    for name, kind in kinds.items():
        item = file[name]
        is_column = isinstance(item, h5py.Dataset) and kind in (item.dtype.str[1:], item.dtype.kind) and item.ndim
        if not is_column or (item.ndim > 1) != name.startswith("/curves/"):
            raise PhotonicsError(f"{path} is damaged: {name} is no column of a sweep")
    lengths = {name: len(file[name]) for name in kinds}
    if len(set(lengths.values())) > 1:
        raise PhotonicsError(f"{path} is damaged: its columns have {json.dumps(lengths)} rows")


def check_rows(rows: Rows, after: int, trials: int, conditions: int, path: Any) -> None:
    """Refuse rows whose trials do not rise from `after` to the end of the plan, or of no known status or conditions.

    Raises:
        PhotonicsError: where they do so.
    """
    numbers = np.concatenate([[after], rows.trial, [trials]])
    if (np.diff(numbers) <= 0).any() or (rows.status >= len(STATUSES)).any() or (rows.made >= conditions).any():
        raise PhotonicsError(f"{path} is damaged: its trials are not those of the plan")
    if not rows.values and (rows.status == OK).any():
        raise PhotonicsError(f"{path} is damaged: it does not hold what its trials have measured")
