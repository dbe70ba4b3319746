"""How a score holds while the weights age."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, overload

import matplotlib
import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from numpy.typing import ArrayLike, NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.plots._figure import Figure
from photonics_sim.plots._layout import panels
from photonics_sim.plots._style import FAINT, MUTED, PALETTE, style
from photonics_sim.runs import Measure, measure_of

AT_ONCE = 0.6  # decades between age 0, which a logarithm does not know, and the first age after it
MANY_CHIPS = 20  # from which the middle 95 % say more than the extremes
Curves = Mapping[str, NDArray[np.float64]]


@overload
def plot_ageing(hours: ArrayLike, curves: Mapping[str, ArrayLike], task: str, *, ax: None = None) -> Figure: ...
@overload
def plot_ageing(
    hours: ArrayLike, curves: Mapping[str, ArrayLike], task: str, *, ax: Axes
) -> matplotlib.figure.Figure: ...


def plot_ageing(
    hours: ArrayLike, curves: Mapping[str, ArrayLike], task: str, *, ax: Axes | None = None
) -> matplotlib.figure.Figure:
    """Score of fabricated chips against the time since their weights were written: the mean, and how far chips differ.

    Time is logarithmic; age 0 stands before the first age, as "at once". The band goes from the worst chip to the best,
    from 20 chips on over the middle 95 %.

    Args:
        hours: Ages in hours, `(ages)`, rising; the first may be 0.
        curves: Scores as metrics have them, e.g. accuracy 0..1, `(ages, chips)`, by what the legend calls them.
        task: "classification", "regression" or "next-token".
        ax: Axes to draw in; None makes a figure.

    Raises:
        PhotonicsError: for an unknown task, ages that do not rise from 0 or more, no curve, or one that does not fit
            the ages or is not finite.
    """
    measure = measure_of(task)
    ages = np.asarray(hours, dtype=np.float64)
    scores = {name: np.asarray(curve, dtype=np.float64) for name, curve in curves.items()}
    _check(ages, scores)
    places, many = _places(ages), min(curve.shape[1] for curve in scores.values()) >= MANY_CHIPS
    with style():
        figure, (panel,) = panels(1, (5.2, 3.0), ax)
        for number, (name, curve) in enumerate(scores.items()):
            look: dict[str, Any] = {"color": PALETTE[number % len(PALETTE)], "zorder": 3}
            low, high = np.percentile(measure.scale * curve, [2.5, 97.5] if many else [0, 100], axis=1)
            if curve.shape[1] > 1:
                panel.fill_between(places, low, high, **look | {"alpha": 0.18, "linewidth": 0, "zorder": 2})
            _draw(panel, places, measure.scale * curve.mean(axis=1), name, look, broken=ages[0] == 0)
        _scale_time(panel, places, ages)
        _scale_score(panel, scores, measure)
        panel.set_title(f"{measure.title} after writing")
        _explain(panel, scores, many=many)
    return figure


def _check(ages: NDArray[np.float64], scores: Curves) -> None:
    if ages.ndim != 1 or not ages.size or not np.isfinite(ages).all() or ages[0] < 0 or (np.diff(ages) <= 0).any():
        raise PhotonicsError(f"hours are {ages.tolist()}; give finite ages that rise from 0 or more, e.g. 0, 1, 24")
    if not scores:
        raise PhotonicsError("there is no curve to draw; give at least one, with scores (ages, chips)")
    for name, curve in scores.items():
        if curve.ndim != 2 or len(curve) != ages.size or not curve.size:
            raise PhotonicsError(
                f"curve {name!r} has shape {curve.shape}; expected ({ages.size}, chips), a row per age"
            )
        if not np.isfinite(curve).all():
            age, chip = np.argwhere(~np.isfinite(curve))[0]
            raise PhotonicsError(f"curve {name!r}: chip {chip} scores {curve[age, chip]} at {ages[age]:g} hours")


def _places(ages: NDArray[np.float64]) -> NDArray[np.float64]:
    """Decades of an hour; age 0 a little before the first age after it."""
    later = np.log10(ages[ages > 0])
    first = later[0] - AT_ONCE if later.size else 0.0
    return np.concatenate([[first], later]) if ages[0] == 0 else later


def _draw(
    ax: Axes, places: NDArray[np.float64], mean: NDArray[np.float64], name: str, look: dict[str, Any], *, broken: bool
) -> None:
    ax.plot(places, mean, linestyle="none", marker="o", markersize=4, label=name, **look)
    ax.plot(places[int(broken) :], mean[int(broken) :], **look)
    if broken:  # no time scale lies between these two
        ax.plot(places[:2], mean[:2], linestyle=(0, (1.5, 2)), **look)


def _scale_time(ax: Axes, places: NDArray[np.float64], ages: NDArray[np.float64]) -> None:
    span = float(places[-1] - places[0]) or 1.0
    ax.set_xlim(places[0] - 0.04 * span, places[-1] + 0.04 * span)
    kept: list[int] = []
    for number, place in enumerate(places):
        if not kept or place - places[kept[-1]] >= 0.1 * span:
            kept.append(number)
    ax.set_xticks(places[kept], [f"{ages[number]:.4g}" if ages[number] else "at once" for number in kept])
    ax.set_xlabel("time since the weights were written (h)")


def _scale_score(ax: Axes, scores: Curves, measure: Measure) -> None:
    values = np.concatenate([curve.ravel() for curve in scores.values()])
    inside = bool(((values >= measure.span[0]) & (values <= measure.span[1])).all())
    values = np.clip(values, *measure.span)
    pad = max(0.08 * float(np.ptp(values)), 0.01)
    limits = np.clip([values.min() - pad, values.max() + pad], *measure.span)
    ax.set_ylim(*(measure.scale * limits))
    ax.set_ylabel(f"test {measure.axis}")
    ax.grid(True, axis="y", color=FAINT)
    for line in ax.lines:  # a mark on the edge is drawn whole
        line.set_clip_on(not inside)


def _explain(ax: Axes, scores: Curves, *, many: bool) -> None:
    handles: list[Any] = ax.get_legend_handles_labels()[0]
    chips = sorted({curve.shape[1] for curve in scores.values()})
    if chips[-1] > 1:
        counted = " to ".join(str(count) for count in dict.fromkeys((chips[0], chips[-1])))
        label = f"{'95 %' if many else 'worst to best'} of {counted} chips"
        handles.append(Patch(color=MUTED, alpha=0.25, linewidth=0, label=label))
    ax.legend(handles=handles, loc="best")
