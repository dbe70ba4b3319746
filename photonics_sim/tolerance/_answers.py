"""What is asked of a sweep: which number, what makes a chip a good one, and where chips are best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.sweeps import Meaning, SweepResult
from photonics_sim.tolerance._words import shown, words_of

GOOD_ENOUGH = 0.98  # of the best point's mean: what a good chip reaches where nobody says


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of a sweep.

    Attributes:
        metric: The measured number; None is what the trial is about.
        threshold: What a good chip reaches; None is the usual threshold of the metric, or else 98 % of the best point's
            mean (where less is better, the mean divided by 0.98).
        yield_: Share of good chips that is asked for, between 0 and 1.
        parameter: Path of an axis, or its end; None is the first that has several numbers.
        fixed: Value of other axes by path, or its end; the others stay at the first value that was swept.
    """

    metric: str | None = None
    threshold: float | None = None
    yield_: float = 0.9
    parameter: str | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Goal:
    """What makes a chip a good one.

    Attributes:
        metric: The measured number.
        words: The same as people say it.
        unit: Its unit, "1" for a plain number.
        higher_is_better: Which way is good.
        threshold: What a good chip reaches.
        threshold_from: Where that comes from, in words.
    """

    metric: str
    words: str
    unit: str
    higher_is_better: bool
    threshold: float
    threshold_from: str

    def __str__(self) -> str:
        sign = ">=" if self.higher_is_better else "<="
        return f"{self.words} {sign} {shown(float(f'{self.threshold:.4g}'), self.unit)}"

    def margin(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far values lie on the good side of the threshold; NaN stays NaN and is no good."""
        return values - self.threshold if self.higher_is_better else self.threshold - values


def metric_of(result: SweepResult, metric: str | None) -> tuple[str, Meaning]:
    """A measured number and what it says; None is the one that the trial is about.

    Raises:
        PhotonicsError: where the sweep has none of this name; near ones are suggested.
    """
    name = result.headline if metric is None else metric
    if name not in result.meanings:
        known = list(result.meanings)
        raise PhotonicsError(f"{result.path} has no {name}{did_you_mean(name, known)} (measured: {', '.join(known)})")
    return name, result.meanings[name]


def mean_over_chips(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the chips that have a number, `(points,)` from `(points, chips)`; NaN where none has."""
    there = ~np.isnan(values)
    count = there.sum(axis=1)
    return np.where(count > 0, np.where(there, values, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)


def best_point(result: SweepResult, metric: str | None = None) -> int:
    """The point whose chips are best on average, the first one where no way is the good one.

    Points where less than half as many chips have a number as elsewhere are passed over.

    Raises:
        PhotonicsError: for an unknown metric, or where nothing has been measured.
    """
    name, meaning = metric_of(result, metric)
    count = (~np.isnan(result.values[name])).sum(axis=1)
    if not count.any():
        raise PhotonicsError(f"{result.path} has no number for {name} yet; `photonics-sim resume {result.path}`")
    means = np.where(2 * count >= count.max(), mean_over_chips(result.values[name]), np.nan)
    if meaning.higher_is_better is None:
        return int(np.flatnonzero(~np.isnan(means))[0])
    return int(np.nanargmax(means) if meaning.higher_is_better else np.nanargmin(means))


def goal_of(result: SweepResult, metric: str | None, threshold: float | None) -> Goal:
    """What makes a chip of this sweep a good one.

    Raises:
        PhotonicsError: for a number of which neither way is the good one, a threshold that is no number, or where none
            is given and none can be told from the best point.
    """
    name, meaning = metric_of(result, metric)
    words = words_of(name, 0)
    if meaning.higher_is_better is None:
        better = [known for known, says in result.meanings.items() if says.higher_is_better is not None]
        others = f"choose {' or '.join(better)}" if better else f"the trial {result.trial} measures none"
        raise PhotonicsError(f"{name} is better neither high nor low, so no chip is a good one by it; {others}")
    if threshold is not None:
        source, value = "as asked for", float(threshold)
    elif meaning.threshold is not None:
        source, value = f"usual for {words}", meaning.threshold
    else:
        best = float(mean_over_chips(result.values[name])[best_point(result, name)])
        source = "98 % of the best point's mean" if meaning.higher_is_better else "the best point's mean / 98 %"
        value = best * GOOD_ENOUGH if meaning.higher_is_better else best / GOOD_ENOUGH
        if not best > 0:
            raise PhotonicsError(f"{name} has no usual threshold, and is {best:.4g} at the best point; give threshold=")
    if not np.isfinite(value):
        raise PhotonicsError(f"threshold is {value:g}; give the {words} that a good chip reaches, a finite number")
    return Goal(name, words, meaning.unit, meaning.higher_is_better, value, source)
