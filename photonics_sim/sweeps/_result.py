"""What came out of a sweep, as arrays with named axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.runs import Metric
from photonics_sim.sweeps._axis import Axis, Meaning

Design = Literal["grid", "zip", "sobol", "latin-hypercube", "saltelli"]
STATUSES = ("missing", "ok", "error", "worker died", "timed out")
MISSING, OK, ERROR, DIED, TIMED_OUT = range(5)


@dataclass(frozen=True)
class SweepResult:
    """Every number that a sweep has measured so far, by point and chip.

    Attributes:
        path: Folder of the sweep.
        name: What was swept: card, or run.
        trial: What was done at each point.
        design: How the points were chosen.
        axes: What was varied; on a grid the last one changes fastest.
        points: Values of each axis at each point, `(points,)`, by path.
        values: What was measured, `(points, chips)` float64, by name; NaN where there is none. Chips are paired: chip k
            is the same virtual chip at every point.
        meanings: What each of these is; the first is what the trial is about.
        curves: Measured arrays, `(points, chips, ...)`, by name.
        status: `(points, chips)`, each a place in `STATUSES`.
        failures: What went wrong, by (point, chip).
        conditions: Under which the rows were made: versions, threads, machine; the first are those of the first row.
        missing: Trials that the plan, or this shard of it, has and that are not made yet.
        trials_run: Trials that this call has computed; those found in the store are not among them.
        publish_s: Seconds that this call took to store them.
        stopped_by: Number of the signal that ended this call early; None where none did.
    """

    path: Path
    name: str
    trial: str
    design: Design
    axes: tuple[Axis, ...]
    points: Mapping[str, NDArray[Any]]
    values: Mapping[str, NDArray[np.float64]]
    meanings: Mapping[str, Meaning]
    curves: Mapping[str, NDArray[np.float64]]
    status: NDArray[np.uint8]
    failures: Mapping[tuple[int, int], str]
    conditions: tuple[Mapping[str, Any], ...] = ()
    missing: int = 0
    trials_run: int = 0
    publish_s: float = 0.0
    stopped_by: int | None = None

    @property
    def chips(self) -> int:
        """Virtual chips at each point."""
        return int(self.status.shape[1])

    @property
    def complete(self) -> bool:
        """Whether every trial has been made, be it that some failed."""
        return not self.missing

    @property
    def headline(self) -> str:
        """The measured number that the trial is about."""
        if not self.meanings:
            raise PhotonicsError(f"{self.path} holds no measured number yet; `photonics-sim resume {self.path}`")
        return next(iter(self.meanings))

    def axis(self, path: str) -> Axis:
        """The axis of this path, or of a path that ends so.

        Raises:
            PhotonicsError: where there is none; near ones are suggested.
        """
        exact = [axis for axis in self.axes if axis.path == path]
        found = exact or [axis for axis in self.axes if axis.path.endswith(f".{path}")]
        if len(found) == 1:
            return found[0]
        known = [axis.path for axis in self.axes]
        raise PhotonicsError(f"{path} was not varied{did_you_mean(path, known)} (varied: {', '.join(known)})")

    def __getitem__(self, name: str) -> Metric:
        """A measured number, or an axis, with its named dimensions.

        On a grid measured numbers are `(*axes, chip)`, else `(point, chip)`.

        Raises:
            PhotonicsError: for a name that the sweep does not have; near ones are suggested.
        """
        arrays = self.arrays()
        if name not in arrays:
            raise PhotonicsError(f"{self.path} has no {name}{did_you_mean(name, arrays)} (it has {', '.join(arrays)})")
        return arrays[name]

    def arrays(self) -> dict[str, Metric]:
        """All measured numbers and all axes, each with its dimensions, unit and meaning."""
        gridded = self.design == "grid"
        dims = (*(axis.path for axis in self.axes), "chip") if gridded else ("point", "chip")
        shape = (*(len(axis.values) for axis in self.axes), self.chips) if gridded else self.status.shape
        arrays = {
            axis.path: Metric(
                axis.values if gridded else self.points[axis.path],
                (axis.path,) if gridded else ("point",),
                axis.unit,
                axis.long_name or axis.path,
            )
            for axis in self.axes
        }
        for name, values in self.values.items():
            meaning = self.meanings[name]
            arrays[name] = Metric(values.reshape(shape), dims, meaning.unit, meaning.long_name or name)
        return arrays
