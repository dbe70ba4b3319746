"""Which value of a parameter still gives the yield that is asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.sweeps import SweepResult
from photonics_sim.tolerance._answers import Question
from photonics_sim.tolerance._words import shown
from photonics_sim.tolerance._yields import CONFIDENCE, YieldCurve, binomial_interval, yield_curve

_ROUNDING = 1e-12
Answer = Literal["needs", "everywhere", "nowhere"]


@dataclass(frozen=True)
class Limit:
    """How far a parameter may go from where chips are good.

    Attributes:
        value: Where the yield falls below what is asked; None where it holds up to the end that was swept.
        proven: Up to where the lower end of the 95 % interval of the yield holds what is asked; None where it does so
            nowhere, as with few chips.
        refuted: From where on its upper end falls short; None where it never does.
        end: The swept value that is farthest in this direction.
    """

    value: float | None
    proven: float | None
    refuted: float | None
    end: float


@dataclass(frozen=True)
class Required:
    """The values of a parameter that give the yield that is asked for.

    Limits have 95 % intervals by test inversion, from `proven` to `refuted`: the values at which the binomial interval
    of the yield holds what is asked. They tell what other chips may do, not what lies between swept values.

    Attributes:
        yield_: Share of good chips that is asked for.
        curve: The yield along the parameter.
        outcome: "needs": within the limits; "everywhere" that was swept; or "nowhere".
        upper: How large the parameter may be; None where it is not limited that way.
        lower: How small it may be; None where it is not limited that way.
        again: Whether the yield is reached again beyond a limit.
    """

    yield_: float
    curve: YieldCurve
    outcome: Answer
    upper: Limit | None
    lower: Limit | None
    again: bool

    def sentence(self) -> str:
        """The answer in words, with units, and what it holds for."""
        where = f" at {', '.join(self.curve.at)}" if self.curve.at else ""
        again = "; the yield is not steady: it is reached again farther out" if self.again else ""
        return f"{self.answer()}{where}; a chip is good with {self.curve.goal}{again}"

    def answer(self) -> str:
        """The answer alone, in words, with units."""
        asked, words = f"yield {percent(self.yield_)}", self.curve.words
        if self.outcome == "nowhere":
            return f"{asked} is not reached at any {words} that was swept; {self._best()}"
        if self.outcome == "everywhere":
            return f"{asked} holds for {words} {self._everywhere()}"
        return f"{asked} needs {words} {self.limits()}"

    def limits(self) -> str:
        """The limits alone, e.g. `<= 0.017 rad (95 % interval 0.015 to 0.019)`; empty where there are none."""
        said = []
        for sign, limit in ((">=", self.lower), ("<=", self.upper)):
            if limit is not None and limit.value is not None:
                value = self._said(limit.value, limit, self.curve.unit)
                said.append(f"{sign} {value} ({self._interval(limit)})")
        return " and ".join(said)

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be known along with the answer."""
        notes = []
        for limit in (self.lower, self.upper):
            if limit is not None and limit.value is not None:
                around = " and ".join(shown(x, self.curve.unit) for x in self._gap(limit))
                notes.append(f"Between {around}, which were swept, each chip is followed in a straight line.")
        needed = math.ceil(math.log((1 - CONFIDENCE) / 2) / math.log(self.yield_))
        chips = int(self.curve.seen.max())
        if chips < needed:
            asked = percent(self.yield_)
            notes.append(f"{chips} chips cannot prove a yield of {asked}: it takes {needed}, all of them good.")
        return (*self.curve.notes, *notes)

    def to_dict(self) -> dict[str, Any]:
        """As plain numbers and words, for JSON."""
        return {
            "sentence": self.sentence(),
            "yield": self.yield_,
            "outcome": self.outcome,
            "upper": asdict(self.upper) if self.upper else None,
            "lower": asdict(self.lower) if self.lower else None,
            "again": self.again,
            "notes": list(self.notes),
            "curve": self.curve.to_dict(),
        }

    def _said(self, value: float, limit: Limit, unit: str = "1") -> str:
        return shown(round(value), unit) if self.curve.whole else shown_number(value, self._width(limit), unit)

    def _gap(self, limit: Limit) -> tuple[float, float]:
        """The swept values around a limit."""
        at = limit.end if limit.value is None else limit.value
        right = int(np.clip(np.searchsorted(self.curve.x, at), 1, len(self.curve.x) - 1))
        return float(self.curve.x[right - 1]), float(self.curve.x[right])

    def _width(self, limit: Limit) -> float:
        """How uncertain a limit is: its interval, or else the gap between the swept values around it."""
        known = [end for end in (limit.proven, limit.refuted) if end is not None]
        if len(known) == 2 and known[0] != known[1]:
            return abs(known[1] - known[0])
        at = limit.end if limit.value is None else limit.value
        return min([float(np.diff(self._gap(limit))[0]), *(2 * abs(at - end) for end in known if end != at)])

    def _interval(self, limit: Limit) -> str:
        near, far = (None if end is None else self._said(end, limit) for end in (limit.proven, limit.refuted))
        if near is None and far is None:
            return "with so few chips, no 95 % interval"
        if near is not None and far is not None:
            low, high = (near, far) if limit is self.upper else (far, near)
            return f"95 % interval {low} to {high}" if low != high else "the 95 % interval holds no other"
        below = (near is None) == (limit is self.upper)
        return f"95 % interval {'below' if below else 'above'} {far if near is None else near}"

    def _everywhere(self) -> str:
        curve = self.curve
        for limit, way, most in ((self.upper, "up to", "largest"), (self.lower, "down to", "smallest")):
            if limit is not None:
                (at,) = np.flatnonzero(curve.x == limit.end)
                there = f"{percent(curve.share[at])} there, 95 % interval {_span(curve.low[at], curve.high[at])}"
                if limit.proven is not None and limit.proven != limit.end:
                    there += f", proven {way} {self._said(limit.proven, limit, curve.unit)}"
                return f"{way} {shown(limit.end, curve.unit)}, the {most} that was swept ({there})"
        return "that was swept"

    def _best(self) -> str:
        curve = self.curve
        best = int(np.nanargmax(curve.share))
        span = _span(curve.low[best], curve.high[best])
        return f"the best is {percent(curve.share[best])} at {shown(curve.x[best], curve.unit)} (95 % interval {span})"


def required(
    result: SweepResult,
    parameter: str | None = None,
    yield_: float = 0.9,
    *,
    metric: str | None = None,
    threshold: float | None = None,
    fixed: Mapping[str, Any] | None = None,
) -> Required:
    """Which value of a parameter still gives this yield, with a 95 % interval.

    Chips are the same at every swept value, so the number of each chip is followed in a straight line from one value to
    the next; that gives the yield in between, and where it first falls below what is asked on the way out from the good
    end. Small or large is good as the yields at the two ends say; where both fall short and the middle does not, both
    sides are limited.

    Args:
        result: Of a grid, or of a zip, whose other parameters change along.
        parameter: Path of an axis of numbers, or its end; None is the first one.
        yield_: Share of good chips that is asked for, between 0 and 1.
        metric: The measured number; None is what the trial is about.
        threshold: What a good chip reaches; None as in `yield_curve`.
        fixed: Values of other axes by path, or its end; the rest stay at the first value that was swept.

    Raises:
        PhotonicsError: as `yield_curve`, for a yield that is no share, or where fewer than two values have been tried.
    """
    if not 0 < yield_ < 1:
        hint = f"; did you mean {yield_ / 100:g}?" if 1 < yield_ < 100 else ""
        raise PhotonicsError(f"yield is {yield_:g}; give a share of good chips between 0 and 1, e.g. 0.9{hint}")
    curve = yield_curve(result, parameter, metric=metric, threshold=threshold, fixed=fixed)
    if not curve.between.start.size:
        raise PhotonicsError(
            f"{result.path}: no chip has been tried at two values of {curve.path} yet; "
            f"`photonics-sim resume {result.path}`"
        )
    with np.errstate(invalid="ignore"):
        enough = curve.share >= yield_ - _ROUNDING
    if not enough.any():
        return Required(yield_, curve, "nowhere", None, None, again=False)
    sides = _sides(curve, enough)
    found = {way: _limit(curve, anchor, yield_, way) for way, anchor in sides.items()}
    holds = all(limit.value is None for limit in found.values())
    again = any(_again(curve, enough, limit, way) for way, limit in found.items())
    return Required(yield_, curve, "everywhere" if holds else "needs", found.get(1), found.get(-1), again)


def required_by(result: SweepResult, question: Question) -> Required:
    """`required`, as a question asks it."""
    return required(
        result,
        question.parameter,
        question.yield_,
        metric=question.metric,
        threshold=question.threshold,
        fixed=question.fixed,
    )


def _sides(curve: YieldCurve, enough: NDArray[np.bool_]) -> dict[int, int]:
    """Which ways to go (1 up, -1 down) to find limits, each from which swept value."""
    tried = np.flatnonzero(curve.seen > 0)
    first, last = int(tried[0]), int(tried[-1])
    if enough[first] and enough[last]:
        rises = curve.share[last] - curve.share[first]
        rises = rises if rises else curve.goal.margin(curve.mean[last]) - curve.goal.margin(curve.mean[first])
        return {-1: last} if rises > 0 else {1: first}
    if enough[first] or enough[last]:
        return {1: first} if enough[first] else {-1: last}
    best = int(np.nanargmax(curve.share))
    return {-1: best, 1: best}


def _limit(curve: YieldCurve, anchor: int, asked: float, way: int) -> Limit:
    """The first value on the way out from a swept one at which the yield, and each end of its interval, falls short."""
    tried, steps = curve.seen > 0, curve.between
    good = np.concatenate([steps.good, curve.good[tried]])
    seen = np.concatenate([steps.seen, curve.seen[tried]])
    near = np.concatenate([steps.start if way > 0 else steps.end, curve.x[tried]])
    low, high = binomial_interval(good, seen)
    outward = way * (near - curve.x[anchor]) >= 0
    end = float(curve.x[tried][-1 if way > 0 else 0])

    def falls(short: NDArray[np.bool_]) -> float | None:
        places = way * near[short & outward]
        if not places.size:
            return None
        place = way * float(places.min())
        # of a whole number the last that is still good
        return way * float(math.floor(way * place + _ROUNDING)) if curve.whole else place

    proven = None
    if curve.low[anchor] >= asked:
        short_of = falls(low < asked)
        proven = end if short_of is None else short_of
    return Limit(falls(good < (asked - _ROUNDING) * seen), proven, falls(high < asked), end)


def _again(curve: YieldCurve, enough: NDArray[np.bool_], limit: Limit, way: int) -> bool:
    """Whether swept values beyond a limit have the yield again."""
    return limit.value is not None and bool(enough[way * (curve.x - limit.value) > 0].any())


def shown_number(value: float, width: float, unit: str = "1") -> str:
    """A number to the place that its uncertainty supports.

    Args:
        value: The number.
        width: Of the interval that it has.
        unit: Symbol, "1" for a plain number.
    """
    if not width > 0:
        return shown(float(value), unit)
    places = math.ceil(-math.log10(width / 4))
    rounded = round(float(value), places)
    if 0 <= places <= 6:
        said = f"{rounded:.{places}f}"
    else:
        digits = 1 + places + (math.floor(math.log10(abs(rounded))) if rounded else 0)
        said = f"{rounded:.{max(digits, 1)}g}" if places > 0 else f"{rounded:.0f}"
    return said if unit == "1" else f"{said} {unit}"


def percent(share: float) -> str:
    """A share as people read it."""
    return f"{100 * share:.3g} %"


def _span(low: float, high: float) -> str:
    return f"{100 * low:.3g} to {100 * high:.3g} %"
