"""Which parameter matters most."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata, t

from photonics_sim.errors import PhotonicsError
from photonics_sim.sweeps import Axis, SweepResult
from photonics_sim.tolerance._answers import best_point, mean_over_chips, metric_of
from photonics_sim.tolerance._indices import bootstrapped_indices, require_saltelli
from photonics_sim.tolerance._words import names_of
from photonics_sim.tolerance._yields import CONFIDENCE

Kind = Literal["range", "share", "indices"]
FEWEST_POINTS = 8
_BLOCKS = 20
_TOGETHER = 0.99  # rank correlation from which two axes cannot be told apart


@dataclass(frozen=True)
class Influence:
    """What one parameter does to a measured number.

    Attributes:
        path: Of the parameter.
        words: The parameter as people say it.
        unit: Of the parameter.
        kind: "range": how far the mean over the chips moves while this parameter goes through its values and the others
            stay at the best point. "share": the share of the variance over all points that goes with this parameter
            alone, from bins of its values. "indices": Sobol' indices.
        size: How large it is: a difference of means, in units of the metric; the share; or the total index, the share
            of the variance that this parameter has a part in.
        low, high: Its 95 % interval; NaN where a single chip tells none.
        means: Of a range: the lowest mean and the highest.
        settings: Of a range: the values of the parameter that have them.
        first: Of indices: the first one, the share of the variance that goes with this parameter alone.
        first_low, first_high: Its 95 % interval.
    """

    path: str
    words: str
    unit: str
    kind: Kind
    size: float
    low: float
    high: float
    means: tuple[float, float] | None = None
    settings: tuple[Any, Any] | None = None
    first: float | None = None
    first_low: float | None = None
    first_high: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain numbers and words, for JSON; without what there is none of."""
        table = {"parameter": self.path, "unit": self.unit, "kind": self.kind, "size": self.size}
        table |= {"low": self.low, "high": self.high} if math.isfinite(self.low) else {}
        if self.means is not None and self.settings is not None:
            table |= {"means": list(self.means), "settings": list(self.settings)}
        if self.first is not None:
            table |= {"first": self.first, "first_low": self.first_low, "first_high": self.first_high}
        return table


def sensitivity(result: SweepResult, metric: str | None = None) -> list[Influence]:
    """Parameters by their influence on a measured number, the largest first; those of one value are left out.

    A grid tells ranges: one parameter moves, the others stay at the best point; the interval is that of the differences
    of the chips, which are the same at every point (Student's t). The ends are picked among all values, so that an
    influence that is mere noise still shows some range. A "saltelli" design tells Sobol' indices of the mean over the
    chips, with intervals by a bootstrap of its base points. Other samples and zips tell shares of the variance of the
    mean over the chips, corrected for the number of bins, with intervals by a jackknife.

    Args:
        result: Of any design.
        metric: The measured number; None is what the trial is about.

    Raises:
        PhotonicsError: for an unknown metric, where too few points have a number, a zip whose parameters cannot be told
            apart, or a saltelli design whose points are not in the order A, B, A with each column of B.
    """
    name, _ = metric_of(result, metric)
    axes = [axis for axis in result.axes if len(axis.values) > 1]
    if not axes:
        raise PhotonicsError(f"{result.path} varies nothing over several values: there is no influence to compare")
    if result.design == "saltelli":
        found = _indices(result, name, axes)
    elif result.design == "grid" or len(axes) == 1 == len(result.axes):
        found = [_range(result, name, axis) for axis in axes]
    else:
        found = _shares(result, name, axes)
    return sorted(found, key=lambda one: -one.size)


def _range(result: SweepResult, metric: str, axis: Axis) -> Influence:
    """Along one axis through the best point."""
    shape = [len(one.values) for one in result.axes]
    center = np.unravel_index(best_point(result, metric), shape)
    row = tuple(slice(None) if one is axis else int(place) for one, place in zip(result.axes, center, strict=True))
    chips = result.values[metric].reshape(*shape, result.chips)[row]
    means = mean_over_chips(chips)
    worst, best = int(np.nanargmin(means)), int(np.nanargmax(means))
    differences = chips[best] - chips[worst]
    differences = differences[np.isfinite(differences)]
    size = float(differences.mean()) if differences.size else float(means[best] - means[worst])
    error = float("nan")  # of one chip nobody knows what others would do
    if differences.size > 1:
        quantile = t.isf((1 - CONFIDENCE) / 2, differences.size - 1)
        error = float(quantile * differences.std(ddof=1) / np.sqrt(differences.size))
    settings = (axis.values[worst].item(), axis.values[best].item())
    said = (axis.path, names_of(result.axes)[axis.path], axis.unit)
    return Influence(
        *said, "range", size, size - error, size + error, (float(means[worst]), float(means[best])), settings
    )


def _shares(result: SweepResult, metric: str, axes: list[Axis]) -> list[Influence]:
    """Share of the variance between bins of each axis."""
    means = mean_over_chips(result.values[metric])
    there = np.flatnonzero(np.isfinite(means))
    if there.size < FEWEST_POINTS:
        raise PhotonicsError(
            f"{result.path}: {there.size} points have a number for {metric}; influences need at least "
            f"{FEWEST_POINTS}: sample more, or `photonics-sim resume {result.path}`"
        )
    columns = {axis.path: result.points[axis.path][there] for axis in axes}
    if result.design == "zip":
        _require_apart(columns)
    names, found = names_of(result.axes), []
    for axis in axes:
        bins = _bins(columns[axis.path])
        share = _between(means[there], bins)
        error = 1.96 * _jackknife(means[there], bins)
        span = np.clip([share, share - error, share + error], 0, 1).tolist()
        found.append(Influence(axis.path, names[axis.path], axis.unit, "share", *span))
    return found


def _require_apart(columns: dict[str, NDArray[Any]]) -> None:
    for (first, a), (second, b) in combinations(columns.items(), 2):
        if abs(np.corrcoef(rankdata(_codes(a)), rankdata(_codes(b)))[0, 1]) > _TOGETHER:
            raise PhotonicsError(
                f"{first} and {second} change together in this zip: whose influence it is cannot be told; sweep a grid"
            )


def _codes(column: NDArray[Any]) -> NDArray[np.int64]:
    return np.asarray(np.unique(column, return_inverse=True)[1].reshape(-1), dtype=np.int64)


def _bins(column: NDArray[Any]) -> NDArray[np.int64]:
    """Bins of about as many points each, or one for each value where there are few; words have one each."""
    codes = _codes(column)
    count = max(2, round(len(column) ** (1 / 3)))
    if column.dtype.kind not in "iuf" or codes.max() < count:
        return codes
    rank = np.argsort(np.argsort(column, kind="stable"), kind="stable")
    return np.asarray(rank * count // len(column), dtype=np.int64)


def _between(y: NDArray[np.float64], bins: NDArray[np.int64]) -> float:
    """Share of the variance of y that lies between bins, less what chance puts there, which may leave less than 0."""
    counts = np.bincount(bins)
    kept = counts > 0
    n, groups = len(y), int(kept.sum())
    total = float(((y - y.mean()) ** 2).sum())
    if total == 0 or groups < 2 or groups >= n:
        return 0.0
    centers = np.bincount(bins, y)[kept] / counts[kept]
    within = total - float((counts[kept] * (centers - y.mean()) ** 2).sum())
    return 1 - within / (n - groups) * (n - 1) / total


def _jackknife(y: NDArray[np.float64], bins: NDArray[np.int64]) -> float:
    """Standard error of the share, from leaving out one block of points after the other."""
    blocks = min(_BLOCKS, len(y))
    block = np.arange(len(y)) % blocks
    left = np.array([_between(y[block != k], bins[block != k]) for k in range(blocks)])
    return float(np.sqrt((blocks - 1) / blocks * ((left - left.mean()) ** 2).sum()))


def _indices(result: SweepResult, metric: str, axes: list[Axis]) -> list[Influence]:
    columns = [result.points[axis.path] for axis in result.axes]
    base = require_saltelli(columns, where=str(result.path))
    y = mean_over_chips(result.values[metric]).reshape(-1, base)
    complete = np.isfinite(y).all(axis=0)
    if complete.sum() < FEWEST_POINTS:
        raise PhotonicsError(
            f"{result.path}: {int(complete.sum())} of {base} base points have all their numbers; Sobol' indices need "
            f"{FEWEST_POINTS}: `photonics-sim resume {result.path}`"
        )
    tables = bootstrapped_indices(y[:, complete], CONFIDENCE)
    names, found = names_of(result.axes), {}
    for place, axis in enumerate(result.axes):
        (first, total), (first_low, low), (first_high, high) = (table[:, place].tolist() for table in tables)
        said = (axis.path, names[axis.path], axis.unit)
        more = {"first": first, "first_low": first_low, "first_high": first_high}
        found[axis.path] = Influence(*said, "indices", total, low, high, **more)
    return [found[axis.path] for axis in axes]
