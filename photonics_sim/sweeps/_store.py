"""The folder of a sweep: immutable parts, merged into one file that is only ever replaced. One process writes."""

from __future__ import annotations

import io
import json
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.files import open_atomically, open_h5, read_note, write_atomically
from photonics_sim.sweeps._job import Outcome
from photonics_sim.sweeps._result import MISSING, OK
from photonics_sim.sweeps._table import Layout, Rows, Writer, check_file, join, read_rows, rows_of, shapes_of

PUBLISH_S = 1.0
MOST_PARTS = 64
MOST_BYTES = 64 * 2**20
MOST_WAITING = 8192
SLICE = 65536
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
    """

    folder: Path
    layout: Layout
    points: int
    publish_s: float = PUBLISH_S
    status: NDArray[np.uint8] = field(init=False)
    provenance: list[dict[str, Any]] = field(init=False, default_factory=list)
    damaged: list[str] = field(init=False, default_factory=list)
    made: int = 0
    publish_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.status = np.zeros((self.points, self.layout.chips), dtype=np.uint8)
        self._waiting: list[Outcome] = []
        self._bytes = 0
        self._since = time.monotonic()
        self._number = 0
        self._parts: list[Path] = []
        self._taken: list[Rows] = []

    @property
    def results_path(self) -> Path:
        return self.folder / "results.h5"

    @property
    def parts_path(self) -> Path:
        return self.folder / "parts"

    def read(self, *, mend: bool = False) -> Store:
        """Look at all that is stored, checksums included.

        Args:
            mend: Whether to put damaged files aside, so that their trials run again, and to sweep up what a kill has
                left; only for who holds the folder's lock. A reader refuses them.

        Raises:
            PhotonicsError: for damaged files, without `mend`.
        """
        if mend:
            for left in (*self.folder.glob(".*.h5.*"), *self.parts_path.glob(".*.h5.*")):
                left.unlink(missing_ok=True)
        self.status[:] = MISSING
        self._parts = []
        for path in (self.results_path, *sorted(self.parts_path.glob("p*.h5"))):
            if path != self.results_path or path.exists():
                self._read_file(path, mend)
        numbers = [int(path.name[1:9]) for path in self._parts if path.name[1:9].isdigit()]
        self._number = max(numbers, default=-1) + 1
        return self

    def _read_file(self, path: Path, mend: bool) -> None:
        try:
            for rows in self._slices(path):
                place = np.unravel_index(rows.trial, self.status.shape)
                better = (self.status[place] == MISSING) | ((self.status[place] != OK) & (rows.status == OK))
                self.status[place] = np.where(better, rows.status, self.status[place])
        except FileNotFoundError:  # a reader came just as the coordinator had merged it
            return
        except PhotonicsError as error:
            if not mend:
                if not path.exists():
                    return
                raise PhotonicsError(
                    f"{error}; `photonics-sim resume {self.folder}` puts it aside and makes its trials again"
                ) from None
            aside = self.folder / "quarantine"
            aside.mkdir(exist_ok=True)
            path.rename(aside / f"{path.stem}-{uuid.uuid4().hex[:8]}{path.suffix}")
            self.damaged.append(str(error))
            return
        if path != self.results_path:
            self._parts.append(path)

    def _slices(self, path: Path) -> Iterable[Rows]:
        """Checked rows of a file, some at a time."""
        with open_h5(path, KIND) as file:
            try:
                check_file(file, str(self.layout.note["plan_sha256"]), path)
                listed = json.loads(read_note(file, "provenance", "[]"))
                if len(listed) > len(self.provenance):
                    self.provenance = listed
                count, last = len(file["trial"]), -1
                for start in range(0, count, SLICE):
                    rows = read_rows(file, start, start + SLICE, failures=start == 0)
                    if rows.trial[0] <= last or (np.diff(rows.trial) <= 0).any() or rows.trial[-1] >= self.status.size:
                        raise PhotonicsError(f"{path} is damaged: its trials are not those of the plan")
                    last = int(rows.trial[-1])
                    yield rows
            except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
                if isinstance(error, PhotonicsError):
                    raise
                raise PhotonicsError(f"{path} is damaged: {error}") from error

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Take rows; they are on disk after the next `publish`."""
        for one in outcomes:
            self._waiting.append(one)
            self.status[one.point, one.first : one.first + one.chips] = one.status
            self._bytes += sum(values.nbytes for values in one.values.values())

    def forget_failed(self) -> None:
        """Take failed trials for missing, so that they are made again; what is stored of them stays until they are."""
        self.status[self.status > OK] = MISSING

    def add_rows(self, rows: Rows) -> None:
        """Take rows that another sweep has stored, as a part that the next `merge` writes."""
        self._taken.append(rows)
        self.status[np.unravel_index(rows.trial, self.status.shape)] = rows.status

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
            self._waiting, self._bytes = [], 0
        self._since = time.monotonic()
        if len(self._parts) > MOST_PARTS:
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
        old = self._ids(self.results_path) if self.results_path.exists() else np.zeros(0, dtype=np.int64)
        shapes = shapes_of([new]) | self._stored_shapes()
        count = len(np.union1d(old, new.trial))
        with open_atomically(self.results_path) as target, h5py.File(target, "w", libver="latest") as file:
            writer = Writer(file, count, shapes, self._noted(complete=bool((self.status != MISSING).all())))
            begin = 0
            for rows in self._slices(self.results_path) if len(old) else ():
                end = int(np.searchsorted(new.trial, rows.trial[-1], side="right"))
                writer.write(join([rows, new.take(np.arange(begin, end))]))
                begin = end
            writer.write(new.take(np.arange(begin, len(new))))
            writer.finish()
        for path in self._parts:
            path.unlink(missing_ok=True)
        self._parts, self._taken = [], []

    def _ids(self, path: Path) -> NDArray[np.int64]:
        with open_h5(path, KIND) as file:
            ids: NDArray[np.int64] = file["trial"][...]
            return ids

    def _stored_shapes(self) -> dict[str, tuple[int, ...]]:
        if not self.results_path.exists():
            return {}
        with open_h5(self.results_path, KIND) as file:
            return shapes_of([read_rows(file, 0, 0, failures=False)])

    def _noted(self, *, complete: bool = False) -> Layout:
        more = {"complete": str(complete).lower(), "provenance": json.dumps(self.provenance)}
        layout = self.layout
        return Layout(layout.axes, layout.points, layout.chips, layout.meanings, {**layout.note, **more})

    def rows(self) -> Rows:
        """Everything that is stored, in memory."""
        paths = [self.results_path, *self._parts] if self.results_path.exists() else self._parts
        tables = [rows for path in paths for rows in self._slices(path)]
        return join(tables) if tables else rows_of([], self.layout.chips, 0)
