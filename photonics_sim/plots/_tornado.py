"""Which parameter matters most."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, overload

import matplotlib
import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes

from photonics_sim.plots._figure import Figure
from photonics_sim.plots._layout import panels
from photonics_sim.plots._style import BLUE, FAINT, INK, MUTED, style
from photonics_sim.plots._sweep_axes import metric_label
from photonics_sim.sweeps import SweepResult
from photonics_sim.tolerance import Influence, sensitivity, shown, words_of

MOST_ROWS = 15
_LIGHT = "#a9c4d4"  # of a total index behind the first one


@overload
def plot_tornado(result: SweepResult, metric: str | None = None, *, ax: None = None) -> Figure: ...
@overload
def plot_tornado(result: SweepResult, metric: str | None = None, *, ax: Axes) -> matplotlib.figure.Figure: ...


def plot_tornado(result: SweepResult, metric: str | None = None, *, ax: Axes | None = None) -> matplotlib.figure.Figure:
    """Parameters by their influence on a measured number, the largest on top.

    Of a grid each bar goes from the lowest mean over the chips to the highest while one parameter moves and the others
    stay at the best point; its ends say at which values. Of samples the bars are shares of the variance. Whiskers are
    95 % intervals.

    Args:
        result: Of any design.
        metric: The measured number; None is what the trial is about.
        ax: Axes to draw in; None makes a figure.

    Raises:
        PhotonicsError: as `sensitivity`.
    """
    name = result.headline if metric is None else metric
    found = sensitivity(result, metric)
    drawn = found[:MOST_ROWS]
    with style():
        figure, (panel,) = panels(1, (5.2, 1.35 + 0.36 * len(drawn)), ax)
        kind = drawn[0].kind
        if kind == "range":
            _draw_ranges(panel, drawn)
            panel.set_xlabel(f"mean {metric_label(result, name)}, the others at the best point")
        else:
            _draw_shares(panel, drawn)
            panel.set_xlabel(f"share of the variance of the mean {words_of(name)} (%)")
        panel.set_yticks(range(len(drawn)), [one.words for one in drawn])
        panel.tick_params(axis="y", length=0)
        panel.set_ylim(len(drawn) - 0.4, -0.6)
        panel.spines["left"].set_visible(False)
        panel.grid(True, axis="x", color=FAINT)
        some = f", the first {MOST_ROWS} of {len(found)}" if len(found) > MOST_ROWS else ""
        panel.set_title(f"What {words_of(name)} depends on most{some}")
    return figure


def _draw_ranges(panel: Axes, found: Sequence[Influence]) -> None:
    lows, highs = np.array([one.means for one in found]).T
    spread = float(highs.max() - lows.min()) or abs(float(highs.max())) or 1.0
    panel.barh(range(len(found)), highs - lows, left=lows, height=0.55, color=BLUE, zorder=2)
    # the end that moves is the one far from where all bars meet
    meets_high = np.ptp(highs) <= np.ptp(lows)
    for row, one in enumerate(found):
        error = (one.high - one.low) / 2
        moving, sign = (lows[row], -1) if meets_high else (highs[row], 1)
        if math.isfinite(error):
            panel.errorbar(moving, row, xerr=error, color=INK, linewidth=0.9, capsize=2, zorder=3)
        reach = error if math.isfinite(error) else 0.0
        for place, at, way in ((lows[row], 0, -1), (highs[row], 1, 1)):
            beyond = place + (way * reach if way == sign else 0)
            value = one.settings[at] if one.settings else ""
            ha: Any = "right" if way < 0 else "left"
            look: dict[str, Any] = {"ha": ha, "va": "center", "fontsize": 8, "color": MUTED}
            panel.annotate(shown(value, one.unit), (beyond, row), (5 * way, 0), textcoords="offset points", **look)
    errors = np.nan_to_num([(one.high - one.low) / 2 for one in found])
    ends = ((lows - errors).min(), highs.max()) if meets_high else (lows.min(), (highs + errors).max())
    panel.set_xlim(ends[0] - 0.24 * spread, ends[1] + 0.24 * spread)
    slack = 0.02 * spread  # no ticks where no mean is: a fidelity above 1 is none
    panel.set_xticks([tick for tick in panel.get_xticks() if ends[0] - slack <= tick <= ends[1] + slack])


def _draw_shares(panel: Axes, found: Sequence[Influence]) -> None:
    """Shares, or of Sobol' indices the total one behind the first one."""
    two = found[0].kind == "indices"
    for row, one in enumerate(found):
        size, low, high = (100 * value for value in (one.size, one.low, one.high))
        label = "with others: total index" if two else None
        panel.barh(row, size, height=0.62, color=_LIGHT if two else BLUE, zorder=2, label=label if row == 0 else None)
        bars = [[max(size - low, 0)], [max(high - size, 0)]]
        at = row - 0.18 if two else row
        panel.errorbar(size, at, xerr=bars, color=INK, linewidth=0.9, capsize=2, zorder=4)
        if one.first is not None and one.first_low is not None and one.first_high is not None:
            first = 100 * max(one.first, 0.0)
            label = "alone: first index" if row == 0 else None
            panel.barh(row + 0.14, first, height=0.34, color=BLUE, zorder=3, label=label)
            bars = [[max(first - 100 * one.first_low, 0)], [max(100 * one.first_high - first, 0)]]
            panel.errorbar(first, row + 0.14, xerr=bars, color=INK, linewidth=0.9, capsize=2, zorder=4)
    panel.set_xlim(0, max(100.0, 105 * max(one.size for one in found)))
    if two:
        panel.legend(loc="lower right")
