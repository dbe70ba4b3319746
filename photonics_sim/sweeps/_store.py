"""The folder of a sweep: immutable parts, merged into one file that is only ever replaced. One process writes."""

from __future__ import annotations

import io
import json
import math
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.files import open_atomically, open_h5, read_note, write_atomically
from photonics_sim.sweeps._job import Outcome
from photonics_sim.sweeps._result import MISSING, OK
from photonics_sim.sweeps._table import (
    ForeignError,
    Layout,
    Rows,
    Sums,
    Writer,
    check_file,
    check_rows,
    columns_of,
    join,
    read_rows,
    rows_of,
    shapes_of,
)

PUBLISH_S = 1.0
MOST_PARTS = 64
MOST_BYTES = 64 * 2**20
MOST_WAITING = 8192
MOST_ROWS = 2**17
SLICE, SLICE_BYTES = 65536, 2**26
KIND = "the results of a sweep"


@dataclass
class Store:
    """Rows of a sweep, on disk and on their way to it.

    A kill at any moment loses what the open part holds, at most `publish_s` of work, and nothing else.

    Args:
        folder: Of the sweep.
        layout: Names and meanings of the columns; its note says `plan_sha256`.
        points: Points of the plan.
        publish_s: Longest time for which rows wait in memory.

    Attributes:
        status: Of every trial, `(points, chips)`.
        provenance: Conditions that rows were made under, by the number in their column `made`.
        damaged: Files that were put aside.
        shapes: Of one row of each column that is stored.
    """

    folder: Path
    layout: Layout
    points: int
    publish_s: float = PUBLISH_S
    status: NDArray[np.uint8] = field(init=False)
    provenance: list[dict[str, Any]] = field(init=False, default_factory=list)
    damaged: list[str] = field(init=False, default_factory=list)
    shapes: dict[str, tuple[int, ...]] = field(init=False, default_factory=dict)
    made: int = 0
    publish_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.status = np.zeros((self.points, self.layout.chips), dtype=np.uint8)
        self._waiting: list[Outcome] = []
        self._bytes = 0
        self._since = time.monotonic()
        self._number = 0
        self._parts: list[Path] = []
        self._part_rows = 0
        self._taken: list[Rows] = []

    @property
    def results_path(self) -> Path:
        return self.folder / "results.h5"

    @property
    def parts_path(self) -> Path:
        return self.folder / "parts"

    def mend(self) -> Store:
        """Look at all that is stored, checksums included; only for who holds the folder's lock.

        Damaged files are put aside, so that their trials run again, and what a kill has left is swept up.

        Raises:
            PhotonicsError: for files that are whole and not to be read here, or that cannot be read now.
        """
        self.parts_path.mkdir(exist_ok=True)  # copies of folders often lack what is empty
        for left in (*self.folder.glob(".*.h5.*"), *self.parts_path.glob(".*.h5.*")):
            left.unlink(missing_ok=True)
        for path in (*self._results(), *sorted(self.parts_path.glob("p*.h5"))):
            try:
                found = [replace(rows, values={}) for rows in self._slices(path)]
            except ForeignError:
                raise
            except PhotonicsError as error:
                self._put_aside(path, error)
                continue
            for rows in found:
                self._note_status(rows)
            if path != self.results_path:
                self._parts.append(path)
        numbers = [int(path.name[1:9]) for path in self._parts if path.name[1:9].isdigit()]
        self._number = max(numbers, default=-1) + 1
        return self

    def rows(self) -> Rows:
        """Everything that is stored, in memory, as any reader sees it.

        Parts come first: one that the coordinator merges meanwhile is in the results that are read after it.

        Raises:
            PhotonicsError: where a file is damaged.
        """
        parts: list[Rows] = []
        for path in sorted(self.parts_path.glob("p*.h5")):
            try:
                parts += self._slices(path)
            except PhotonicsError as error:
                if path.exists():
                    raise self._unmended(error) from None
        try:
            tables = [rows for path in self._results() for rows in self._slices(path)] + parts
        except PhotonicsError as error:
            raise self._unmended(error) from None
        whole = join(tables) if tables else rows_of([], self.layout.chips, 0)
        self._note_status(whole)
        return whole

    def _unmended(self, error: PhotonicsError) -> PhotonicsError:
        cure = f"; `photonics-sim resume {self.folder}` puts it aside and makes its trials again"
        return PhotonicsError(f"{error}{'' if isinstance(error, ForeignError) else cure}")

    def _results(self) -> list[Path]:
        return [self.results_path] if self.results_path.exists() else []

    def _note_status(self, rows: Rows) -> None:
        place = np.unravel_index(rows.trial, self.status.shape)
        better = (self.status[place] == MISSING) | ((self.status[place] != OK) & (rows.status == OK))
        self.status[place] = np.where(better, rows.status, self.status[place])

    def _put_aside(self, path: Path, error: PhotonicsError) -> None:
        """Move a damaged file to `quarantine/`; one that cannot even be read may be whole, and stays."""
        try:
            path.read_bytes()
            aside = self.folder / "quarantine"
            aside.mkdir(exist_ok=True)
            path.rename(aside / f"{path.stem}-{uuid.uuid4().hex[:8]}{path.suffix}")
        except OSError as reason:
            raise PhotonicsError(f"cannot read {path}: {reason.strerror or reason}; see to it, then resume") from error
        self.damaged.append(str(error))

    def _slices(self, path: Path) -> Iterable[Rows]:
        """Checked rows of a file, some at a time."""
        with open_h5(path, KIND) as file:
            try:
                check_file(file, str(self.layout.note["plan_sha256"]), path)
                listed = json.loads(read_note(file, "provenance", "[]"))
                if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
                    raise PhotonicsError(f"{path} is damaged: it does not say how its rows were made")
                shapes = shapes_of([read_rows(file, 0, 0)])
                self._check_shapes(shapes, path)
                if len(listed) >= len(self.provenance):  # the longest tells all; at first there are those of the plan
                    self.provenance = listed
                count, last, sums = len(file["trial"]), -1, Sums()
                row = sum(8 * math.prod(shape) for shape in [(4,), *shapes.values()])
                step = max(1, min(SLICE, SLICE_BYTES // row))
                for start in range(0, count, step):
                    rows = read_rows(file, start, start + step)
                    check_rows(rows, last, self.status.size, len(listed), path)
                    last = int(rows.trial[-1])
                    for name, values in columns_of(rows).items():
                        sums.add(name, values)
                    yield rows
                sums.check(file, path)
            except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
                if isinstance(error, PhotonicsError):
                    raise
                raise PhotonicsError(f"{path} is damaged: {error}") from error

    def _check_shapes(self, shapes: Mapping[str, tuple[int, ...]], path: Path) -> None:
        for name, shape in shapes.items():
            if self.shapes.setdefault(name, shape) != shape:
                told = f"{list(shape)}, in the others of {list(self.shapes[name])}"
                raise PhotonicsError(f"{path} does not fit: {name} is of shape {told}")

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Take rows; they are on disk after the next `publish`."""
        for one in outcomes:
            self._waiting.append(one)
            self.status[one.point, one.first : one.first + one.chips] = one.status
            self._bytes += sum(values.nbytes for values in one.values.values())

    def forget_failed(self) -> None:
        """Take failed trials for missing, so that they are made again; what is stored of them stays until they are."""
        self.status[self.status > OK] = MISSING

    def add_rows(self, rows: Rows, origin: Path) -> None:
        """Take rows that another sweep has stored, as a part that the next `merge` writes."""
        self._check_shapes(shapes_of([rows]), origin)
        self._taken.append(rows)
        self._note_status(rows)

    @property
    def is_due(self) -> bool:
        """Whether rows have waited long enough."""
        if not self._waiting:
            return False
        waits_long = time.monotonic() - self._since >= self.publish_s
        return waits_long or self._bytes > MOST_BYTES or len(self._waiting) >= MOST_WAITING

    def publish(self) -> None:
        """Write what waits as one part, whole or not at all; merge where many parts lie about.

        Raises:
            PhotonicsError: where it cannot be written. The rows are kept, and what is stored is untouched.
        """
        started = time.monotonic()
        if self._waiting:
            rows = rows_of(self._waiting, self.layout.chips, self.made)
            buffer = io.BytesIO()
            with h5py.File(buffer, "w", libver="latest") as file:
                writer = Writer(file, len(rows), shapes_of([rows]), self._noted())
                writer.write(rows)
                writer.finish()
            path = self.parts_path / f"p{self._number:08d}-{uuid.uuid4().hex[:12]}.h5"
            write_atomically(path, buffer.getvalue())
            self._number += 1
            self._parts.append(path)
            self._part_rows += len(rows)
            self._waiting, self._bytes = [], 0
        self._since = time.monotonic()
        if len(self._parts) > MOST_PARTS or self._part_rows > MOST_ROWS:
            self.merge()
        self.publish_seconds += time.monotonic() - started

    def merge(self) -> None:
        """Replace results.h5 by all rows there are; the parts go when it is in place.

        Raises:
            PhotonicsError: where it cannot be written; nothing is lost then.
        """
        if not self._parts and not self._taken:
            return
        new = join([*self._taken, *(rows for path in self._parts for rows in self._slices(path))])
        old, shapes = self._outline() if self._results() else (new.trial[:0], {})
        shapes = shapes_of([new]) | shapes
        known = np.zeros(self.status.size, dtype=bool)
        known[old], known[new.trial] = True, True
        count = int(np.count_nonzero(known))
        # in memory: a full disk below HDF5 ends the process, even long after the error was caught
        buffer = io.BytesIO()
        with h5py.File(buffer, "w", libver="latest") as file:
            writer = Writer(file, count, shapes, self._noted(complete=bool((self.status != MISSING).all())))
            begin = 0
            for rows in self._slices(self.results_path) if len(old) else ():
                end = int(np.searchsorted(new.trial, rows.trial[-1], side="right"))
                writer.write(join([rows, new.take(np.arange(begin, end))]))
                begin = end
            writer.write(new.take(np.arange(begin, len(new))))
            writer.finish()
        with open_atomically(self.results_path) as target:
            target.write(buffer.getbuffer())
        merged, self._parts, self._taken = self._parts, [], []
        self._part_rows = 0
        for path in merged:
            path.unlink(missing_ok=True)

    def _outline(self) -> tuple[NDArray[np.int64], dict[str, tuple[int, ...]]]:
        """Trials and shapes of the results as they are."""
        with open_h5(self.results_path, KIND) as file:
            return file["trial"][...], shapes_of([read_rows(file, 0, 0)])

    def _noted(self, *, complete: bool = False) -> Layout:
        more = {"complete": str(complete).lower(), "provenance": json.dumps(self.provenance)}
        layout = self.layout
        return Layout(layout.axes, layout.points, layout.chips, layout.meanings, {**layout.note, **more})
