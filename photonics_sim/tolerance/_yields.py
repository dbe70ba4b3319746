"""Which share of the chips is good along a parameter, at the swept values and between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta

from photonics_sim.sweeps import SweepResult
from photonics_sim.tolerance._answers import Goal, goal_of, mean_over_chips
from photonics_sim.tolerance._cut import Cut, cut_of, is_spread_by_factors
from photonics_sim.tolerance._words import names_of, shown

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Stretches:
    """Good chips between the swept values: each chip's number goes in a straight line from one value to the next.

    Where the parameter was swept by factors its logarithm is what the line goes by. A chip without a number at one end
    is not good from there to the other. Stretches rise, do not overlap, and have a length.

    Attributes:
        start, end: Of the parameter, `(stretches,)`; inside a stretch no chip changes sides.
        good: Chips that are good there.
        seen: Chips that have been tried at both swept values around it.
    """

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    good: NDArray[np.int64]
    seen: NDArray[np.int64]


@dataclass(frozen=True)
class YieldCurve:
    """Share of good chips along a parameter.

    Attributes:
        path: Of the parameter.
        words: The parameter as people say it.
        unit: Of the parameter.
        x: Swept values, rising, `(n,)`.
        whole: Whether the parameter is a whole number.
        good: Chips that reach the threshold, `(n,)`.
        seen: Chips that have been tried, be it that the trial failed, `(n,)`.
        failed: Those of them that have no number; they are no good ones, `(n,)`.
        missing: Chips not tried yet, which are left out, `(n,)`.
        mean: Of the measured number over the chips that have one, `(n,)`; NaN where none has.
        share: `good / seen`; NaN where none has been tried.
        low, high: Its 95 % interval (Clopper and Pearson), `(n,)`.
        between: The same between the swept values.
        by_factors: Whether the swept values grow by a factor.
        goal: What makes a chip a good one.
        at: Values of the other parameters, in words, e.g. "splitter loss = 0.1 dB".
        notes: What has to be known along with the numbers.
    """

    path: str
    words: str
    unit: str
    x: NDArray[np.float64]
    whole: bool
    good: NDArray[np.int64]
    seen: NDArray[np.int64]
    failed: NDArray[np.int64]
    missing: NDArray[np.int64]
    mean: NDArray[np.float64]
    share: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    between: Stretches
    by_factors: bool
    goal: Goal
    at: tuple[str, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain numbers and words, for JSON; None where no chip has been tried."""
        columns = {name: getattr(self, name) for name in ("x", "good", "seen", "failed", "missing")}
        shares = {name: getattr(self, name) for name in ("mean", "share", "low", "high")}
        return {
            "parameter": self.path,
            "unit": self.unit,
            "metric": self.goal.metric,
            "threshold": self.goal.threshold,
            "threshold_from": self.goal.threshold_from,
            "at": list(self.at),
            **{name: column.tolist() for name, column in columns.items()},
            **{name: [None if np.isnan(v) else v for v in column.tolist()] for name, column in shares.items()},
            "notes": list(self.notes),
        }


def yield_curve(
    result: SweepResult,
    parameter: str | None = None,
    *,
    metric: str | None = None,
    threshold: float | None = None,
    fixed: Mapping[str, Any] | None = None,
) -> YieldCurve:
    """Share of good chips at each value of one parameter, the others held.

    Trials that failed count as chips that are not good; chips that have not been tried yet are left out.

    Args:
        result: Of a grid, or of a zip, whose other parameters change along.
        parameter: Path of an axis of numbers, or its end; None is the first one.
        metric: The measured number; None is what the trial is about.
        threshold: What a good chip reaches; None is the usual threshold of the metric, or else 98 % of the best point's
            mean (where less is better, the mean divided by 0.98).
        fixed: Values of other axes by path, or its end; the rest stay at the first value that was swept.

    Raises:
        PhotonicsError: for a sampled design, a parameter of words, an unknown name, or a value that was not swept.
    """
    goal = goal_of(result, metric, threshold)
    cut = cut_of(result, goal.metric, parameter, fixed)
    margin = np.where(cut.seen, goal.margin(cut.values), np.nan)
    good, seen = (margin >= 0).sum(axis=1), cut.seen.sum(axis=1)
    low, high = binomial_interval(good, seen)
    names, units = names_of(result.axes), {axis.path: axis.unit for axis in result.axes}
    at = {path: f"{names[path]} = {shown(value, units[path])}" for path, value in cut.fixed.items()}
    failed, missing = (np.isnan(margin) & cut.seen).sum(axis=1), (~cut.seen).sum(axis=1)
    return YieldCurve(
        path=cut.axis.path,
        words=names[cut.axis.path],
        unit=cut.axis.unit,
        x=cut.x,
        whole=cut.axis.values.dtype.kind in "iu",
        good=good,
        seen=seen,
        failed=failed,
        missing=missing,
        mean=mean_over_chips(cut.values),
        share=np.where(seen > 0, good / np.maximum(seen, 1), np.nan),
        low=low,
        high=high,
        between=_stretches(cut.x, margin, cut.seen),
        by_factors=is_spread_by_factors(cut.x),
        goal=goal,
        at=tuple(at.values()),
        notes=tuple(_notes(cut, names, at, int(failed.sum()), int(missing.sum()))),
    )


def binomial_interval(good: ArrayLike, seen: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The 95 % interval of a share, after Clopper and Pearson: it holds the truth at least as often as it says.

    Args:
        good: Counts.
        seen: Of so many, broadcast with `good`.

    Returns:
        Lower and upper ends; 0 and 1 where nothing was seen.
    """
    k, n = np.broadcast_arrays(np.asarray(good, dtype=np.float64), np.asarray(seen, dtype=np.float64))
    tail = (1 - CONFIDENCE) / 2
    low = np.where(k > 0, beta.ppf(tail, np.maximum(k, 1), n - k + 1), 0.0)
    high = np.where(k < n, beta.isf(tail, k + 1, np.maximum(n - k, 1)), 1.0)
    return low, high


def _stretches(x: NDArray[np.float64], margin: NDArray[np.float64], seen: NDArray[np.bool_]) -> Stretches:
    """Good chips between the swept values at which any chip has been tried.

    Args:
        x: `(n,)`.
        margin: Distance from the threshold, `(n, chips)`; NaN is no good.
        seen: `(n, chips)`.
    """
    by_factors = is_spread_by_factors(x)
    (tried,) = np.nonzero(seen.any(axis=1))
    parts: list[tuple[NDArray[Any], ...]] = [(np.zeros(0), np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for left, right in pairwise(tried):
        both = seen[left] & seen[right]
        places, good = _events(margin[left, both], margin[right, both])
        at = _between(x[left], x[right], places, by_factors=by_factors)
        long = (np.diff(at) > 0) & both.any()
        parts.append((at[:-1][long], at[1:][long], good[long], np.full(long.sum(), both.sum())))
    return Stretches(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _between(left: float, right: float, places: NDArray[np.float64], *, by_factors: bool) -> NDArray[np.float64]:
    """Values at places from 0 to 1; both ends come out exactly."""
    return left ** (1 - places) * right**places if by_factors else (1 - places) * left + places * right


def _events(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Where chips change sides between two swept values.

    Args:
        a, b: Distances from the threshold at the left value and the right one, `(chips,)`.

    Returns:
        Places from 0 to 1, `(events + 2,)`, rising, both ends included; and the good chips between each and the next.
    """
    was, will = a >= 0, b >= 0
    with np.errstate(invalid="ignore"):  # infinite distances count as none
        falls, rises = (a[moved] / (a[moved] - b[moved]) for moved in (was & ~will, ~was & will))
    falls, rises = np.nan_to_num(falls, nan=0.0), np.nan_to_num(rises, nan=1.0)
    # a chip that is right at the threshold is good: where some come and others go, both are there
    at = np.concatenate([rises, falls])
    step = np.concatenate([np.ones(len(rises), np.int64), -np.ones(len(falls), np.int64)])
    order = np.argsort(at, kind="stable")
    good = was.sum() + np.concatenate([[0], np.cumsum(step[order])])
    return np.concatenate([[0.0], at[order], [1.0]]), good


def _notes(cut: Cut, names: Mapping[str, str], at: Mapping[str, str], failed: int, missing: int) -> list[str]:
    notes = []
    if cut.by_default:
        held = ", ".join(at[path] for path in cut.by_default)
        notes.append(f"Held at the first value that was swept: {held}. Others can be fixed instead.")
    if cut.along:
        notes.append(f"Changed along with {names[cut.axis.path]}: {', '.join(names[path] for path in cut.along)}.")
    if failed:
        said = "trial that gave no number counts as a chip that is"
        said = said if failed == 1 else "trials that gave no number count as chips that are"
        notes.append(f"{failed} {said} not good.")
    if missing:
        notes.append(f"{missing} {'trial' if missing == 1 else 'trials'} of this curve not made yet, and left out.")
    return notes
