"""What will be done: every point, every chip's seed and the whole card, in a file that is written once."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

import h5py
import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.files import open_h5, read_note, write_atomically, write_note
from photonics_sim.runs import SWEEP
from photonics_sim.sweeps._axis import Axis, Meaning
from photonics_sim.sweeps._job import DTYPES, Job, Task
from photonics_sim.sweeps._result import MISSING, Design
from photonics_sim.sweeps._table import check_format, describe

FORMAT, FORMAT_VERSION = "photonics_sim.sweep.plan", 1
_KIND = "the plan of a sweep"
_KINDS = {"name": str, "origin": str, "design": str, "block": int, "weights": str, "overrides": dict, "axes": list}
_JOB_KINDS = {
    "trial": str, "card": str, "run": str, "weights": str, "settings": dict, "seed": int, "threads": int, "dtype": str,
}  # fmt: skip
_SAYS = {"unit": str, "long_name": str}


@dataclass(frozen=True)
class Plan:
    """All that the numbers of a sweep depend on.

    Attributes:
        name: Of what is swept.
        origin: The card or run as it was named.
        job: What workers are told. Paths in it are relative to the folder of the sweep.
        design: How the points were chosen.
        axes: What is varied.
        points: Values of the axes at each point, `(points,)` by path.
        seeds: Of each virtual chip, `(chips,)`: the same at every point, whatever order, worker or engine.
        block: Chips that are computed in one call; part of the plan, since a chip of an ensemble is drawn with it.
        meanings: Of what the trial measures, as far as it tells beforehand.
        weights: Digest of the trained weights, where there are some.
        overrides: Fields of the card that were replaced before it was swept.
        shard: (k, K): every K-th task from the k-th on; (1, 1) for all. All shards of a sweep are one plan.
        conditions: See `photonics_sim.sweeps._provenance`.
    """

    name: str
    origin: str
    job: Job
    design: Design
    axes: tuple[Axis, ...]
    points: Mapping[str, NDArray[Any]]
    seeds: NDArray[np.int64]
    block: int = 1
    meanings: Mapping[str, Meaning] = field(default_factory=dict)
    weights: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    shard: tuple[int, int] = (1, 1)
    conditions: Mapping[str, Any] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Points."""
        return len(next(iter(self.points.values())))

    @property
    def chips(self) -> int:
        """Virtual chips at each point."""
        return len(self.seeds)

    @property
    def trials(self) -> int:
        """Trials of this shard."""
        return self.trials_of(self.missing_tasks(np.zeros((self.count, self.chips), dtype=np.uint8)))

    def trials_of(self, tasks: NDArray[np.int64]) -> int:
        """Trials of the tasks of these numbers."""
        blocks = -(-self.chips // self.block)
        last = self.chips - (blocks - 1) * self.block
        return int(np.where(tasks % blocks == blocks - 1, last, self.block).sum())

    @property
    def digest(self) -> str:
        """SHA-256 of everything that numbers depend on, wherever it lies; conditions are told beside it."""
        recipe = self._recipe()
        places = {"origin": "", "job": recipe["job"] | {"run": "", "paths": []}}
        whole = hashlib.sha256(json.dumps(recipe | places, sort_keys=True).encode())
        for path, values in sorted(self.points.items()):
            whole.update(path.encode() + _bytes(values))
        whole.update(_bytes(self.seeds))
        return whole.hexdigest()

    def _recipe(self) -> dict[str, Any]:
        job = asdict(self.job)
        return {
            "name": self.name,
            "origin": self.origin,
            "job": job | {"settings": dict(self.job.settings), "paths": list(self.job.paths)},
            "design": self.design,
            "block": self.block,
            "axes": [{"path": axis.path, "unit": axis.unit, "long_name": axis.long_name} for axis in self.axes],
            "meanings": {name: asdict(meaning) for name, meaning in self.meanings.items()},
            "weights": self.weights,
            "overrides": dict(self.overrides),
        }

    def missing_tasks(self, status: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Numbers of the tasks of this shard that have missing trials, point * blocks + block.

        Args:
            status: Of every trial, `(points, chips)`.
        """
        blocks = -(-self.chips // self.block)
        whole = np.full((self.count, blocks * self.block), 255, dtype=np.uint8)
        whole[:, : self.chips] = status
        missing: NDArray[np.int64] = np.flatnonzero((whole.reshape(-1, self.block) == MISSING).any(axis=1))
        number, count = self.shard
        mine: NDArray[np.int64] = missing[missing % count == number - 1]
        return mine

    def tasks(self, numbers: NDArray[np.int64]) -> Iterator[Task]:
        """The tasks of these numbers."""
        columns = [(axis.path, self.points[axis.path]) for axis in self.axes]
        blocks = -(-self.chips // self.block)
        for number in numbers:
            point, first = int(number) // blocks, int(number) % blocks * self.block
            params = {path: values[point].item() for path, values in columns}
            yield Task(point, first, params, tuple(self.seeds[first : first + self.block].tolist()))

    def relocated(self, before: Path, folder: Path) -> Plan:
        """The same plan for another folder: paths in its job are relative to that."""

        def moved(path: str) -> str:
            return os.path.relpath(before / path, folder) if path else ""

        job = replace(self.job, run=moved(self.job.run), paths=tuple(map(moved, self.job.paths)))
        return replace(self, job=job)

    def write(self, folder: Path) -> None:
        """Write `plan.h5`."""
        buffer = io.BytesIO()
        with h5py.File(buffer, "w", libver="latest") as file:
            number, count = self.shard
            told = {"format": FORMAT, "format_version": str(FORMAT_VERSION), "shard": f"{number}/{count}"}
            for name, text in (told | {"plan_sha256": self.digest}).items():
                write_note(file, name, text)
            recipe = np.frombuffer(json.dumps(self._recipe()).encode(), dtype=np.uint8)
            _save(file, "recipe", recipe, "what is done, as JSON")
            _save(file, "conditions", np.frombuffer(json.dumps(dict(self.conditions)).encode(), dtype=np.uint8), "JSON")
            _save(file, "seed", self.seeds, "seed of each virtual chip, the same at every point")
            for axis in self.axes:
                _save(file, f"axes/{axis.path}", axis.values, axis.long_name or axis.path, axis.unit)
                _save(file, f"params/{axis.path}", self.points[axis.path], axis.long_name or axis.path, axis.unit)
        write_atomically(folder / SWEEP, buffer.getvalue())

    @classmethod
    def read(cls, folder: Path) -> Plan:
        """The plan of a sweep's folder.

        Raises:
            PhotonicsError: where it is missing, damaged, changed since it was written, or of a newer format.
        """
        path = folder / SWEEP
        with open_h5(path, _KIND) as file:
            try:
                check_format(file, FORMAT, FORMAT_VERSION, path, "plan of a sweep")
                plan = cls._parse(file)
                if plan.digest != read_note(file, "plan_sha256", ""):
                    raise PhotonicsError(f"{path} has been changed since it was written; start a new sweep")
            except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
                if isinstance(error, PhotonicsError) and str(path) in str(error):
                    raise
                raise PhotonicsError(f"{path} is damaged ({error}); start a new sweep") from error
        return plan

    @classmethod
    def _parse(cls, file: h5py.File) -> Plan:
        recipe = json.loads(file["recipe"][...].tobytes())
        _check_kinds(recipe, _KINDS)
        _check_kinds(recipe["job"], _JOB_KINDS)
        for said in (*recipe["axes"], *recipe["meanings"].values()):
            _check_kinds(said, _SAYS)
        axes = tuple(Axis(values=_load(file[f"axes/{axis['path']}"]), **axis) for axis in recipe["axes"])
        job = recipe["job"]
        plan = cls(
            **{name: recipe[name] for name in ("name", "origin", "design", "block", "weights", "overrides")},
            job=Job(**job | {"paths": tuple(job["paths"])}),
            axes=axes,
            points={axis.path: _load(file[f"params/{axis.path}"]) for axis in axes},
            seeds=file["seed"][...],
            meanings={name: Meaning(**meaning) for name, meaning in recipe["meanings"].items()},
            shard=shard_of(read_note(file, "shard", "1/1")),
            conditions=dict(json.loads(file["conditions"][...].tobytes())),
        )
        plan._check_columns()
        return plan

    def _check_columns(self) -> None:
        """A ValueError where the columns of the plan do not fit each other."""
        columns = [self.seeds, *self.points.values(), *(axis.values for axis in self.axes)]
        counts = {len(values) for values in self.points.values()}
        whole = math.prod(len(axis.values) for axis in self.axes)
        if (
            any(values.ndim != 1 or not len(values) or values.dtype.kind not in "bifU" for values in columns)
            or self.seeds.dtype != np.int64
            or not 1 <= self.block <= self.chips
            or self.design not in get_args(Design)
            or self.job.dtype not in DTYPES
            or len(counts) != 1
            or (self.design == "grid" and counts != {whole})
        ):
            raise ValueError("its columns do not fit each other")


def chip_seeds(seed: int, chips: int) -> NDArray[np.int64]:
    """The seed of each virtual chip: a function of the sweep's seed and the chip's number alone."""
    drawn = [np.random.SeedSequence(seed, spawn_key=(chip,)).generate_state(1, np.uint64)[0] for chip in range(chips)]
    return (np.array(drawn, dtype=np.uint64) >> np.uint64(1)).astype(np.int64)


def shard_of(text: str) -> tuple[int, int]:
    """`"2/5"` as (2, 5).

    Raises:
        PhotonicsError: where it is no such share.
    """
    number, slash, count = text.partition("/")
    if slash and number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count):
        return int(number), int(count)
    raise PhotonicsError(f"--shard {text}: write k/K with k from 1 to K, e.g. --shard 2/5")


def _check_kinds(table: Mapping[str, Any], kinds: Mapping[str, type]) -> None:
    for name, kind in kinds.items():
        if not isinstance(table[name], kind):
            raise TypeError(f"{name} is {table[name]!r:.40}")


def _bytes(values: NDArray[Any]) -> bytes:
    if values.dtype.kind == "U":
        return json.dumps(values.tolist()).encode()
    return str(values.dtype.newbyteorder("<")).encode() + np.ascontiguousarray(values).tobytes()


def _save(file: h5py.File, name: str, values: NDArray[Any], long_name: str, unit: str = "1") -> None:
    stored = np.char.encode(values, "utf-8") if values.dtype.kind == "U" else values
    item = file.create_dataset(name, data=stored, chunks=True, fletcher32=True)
    describe(item, unit, long_name)


def _load(item: h5py.Dataset) -> NDArray[Any]:
    values: NDArray[Any] = item[...]
    return np.char.decode(values, "utf-8") if values.dtype.kind == "S" else values
