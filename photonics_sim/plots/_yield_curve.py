"""Which share of the chips is good along a parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, overload

import matplotlib
import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from photonics_sim.plots._figure import Figure
from photonics_sim.plots._layout import panels
from photonics_sim.plots._style import BLUE, FAINT, MUTED, VERMILION, style
from photonics_sim.plots._sweep_axes import label_of, set_title, signs, wrapped
from photonics_sim.sweeps import SweepResult
from photonics_sim.tolerance import Required, YieldCurve, binomial_interval, required


@overload
def plot_yield(
    result: SweepResult,
    parameter: str | None = None,
    yield_: float = 0.9,
    *,
    metric: str | None = None,
    threshold: float | None = None,
    fixed: Mapping[str, Any] | None = None,
    ax: None = None,
) -> Figure: ...
@overload
def plot_yield(
    result: SweepResult,
    parameter: str | None = None,
    yield_: float = 0.9,
    *,
    metric: str | None = None,
    threshold: float | None = None,
    fixed: Mapping[str, Any] | None = None,
    ax: Axes,
) -> matplotlib.figure.Figure: ...


def plot_yield(
    result: SweepResult,
    parameter: str | None = None,
    yield_: float = 0.9,
    *,
    metric: str | None = None,
    threshold: float | None = None,
    fixed: Mapping[str, Any] | None = None,
    ax: Axes | None = None,
) -> matplotlib.figure.Figure:
    """Share of good chips along a parameter with its 95 % band, and where it falls below the yield that is asked for.

    Args:
        result: Of a grid, or of a zip.
        parameter: Path of an axis of numbers, or its end; None is the first one.
        yield_: Share of good chips that is asked for, between 0 and 1.
        metric: The measured number; None is what the trial is about.
        threshold: What a good chip reaches; None as in `yield_curve`.
        fixed: Values of other axes by path, or its end; the rest stay at the first value that was swept.
        ax: Axes to draw in; None makes a figure.

    Raises:
        PhotonicsError: as `required`.
    """
    found = required(result, parameter, yield_, metric=metric, threshold=threshold, fixed=fixed)
    curve = found.curve
    with style():
        figure, (panel,) = panels(1, (5.2, 3.6), ax)
        if curve.by_factors:
            panel.set_xscale("log")
        else:
            pad = 0.03 * float(np.ptp(curve.x))
            panel.set_xlim(curve.x[0] - pad, curve.x[-1] + pad)
        _draw_curve(panel, curve)
        panel.axhline(100 * yield_, color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)), zorder=1)
        _draw_limits(panel, found)
        panel.set_ylim(-4, 104)
        panel.set_yticks([0, 25, 50, 75, 100])
        panel.grid(True, axis="y", color=FAINT)
        panel.set_xlabel(label_of(curve.words, curve.unit))
        panel.set_ylabel(signs(f"chips with {curve.goal} (%)"))
        set_title(panel, found.answer())
        below = panel.transAxes + ScaledTranslation(-0.1, -0.42, panel.figure.dpi_scale_trans)
        panel.legend(loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=below, borderaxespad=0, alignment="left")
    return figure


def _draw_curve(panel: Axes, curve: YieldCurve) -> None:
    steps, tried = curve.between, curve.seen > 0
    x = np.stack([steps.start, steps.end], axis=1).ravel()
    share = np.repeat(100 * steps.good / steps.seen, 2)
    low, high = (np.repeat(100 * end, 2) for end in binomial_interval(steps.good, steps.seen))
    chips = sorted({int(seen) for seen in curve.seen[tried]})
    counted = " to ".join(str(count) for count in dict.fromkeys((chips[0], chips[-1])))
    at = f" at {', '.join(curve.at)}" if curve.at else ""
    panel.plot(x, share, color=BLUE, linewidth=1.1, zorder=3)
    label = wrapped(panel, f"{counted} chips{at}")
    panel.plot(curve.x[tried], 100 * curve.share[tried], "o", color=BLUE, markersize=4, zorder=4, label=label)
    panel.fill_between(x, low, high, color=BLUE, alpha=0.18, linewidth=0, zorder=2, label="95 % interval of the share")


def _draw_limits(panel: Axes, found: Required) -> None:
    """Each limit with its interval; where one end is open the interval goes to the edge."""
    edges = panel.get_xlim()
    named = False
    for limit, way in ((found.lower, -1), (found.upper, 1)):
        if limit is None or limit.value is None:
            continue
        inner, outer = edges[::way]
        near = inner if limit.proven is None else limit.proven
        far = outer if limit.refuted is None else limit.refuted
        label = None if named else f"where {100 * found.yield_:.3g} % is reached, with its 95 % interval"
        panel.axvspan(min(near, far), max(near, far), color=VERMILION, alpha=0.16, linewidth=0, zorder=1)
        panel.axvline(limit.value, color=VERMILION, linewidth=1.2, zorder=3, label=label)
        named = True
    panel.set_xlim(edges)
