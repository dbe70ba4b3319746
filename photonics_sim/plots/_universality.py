"""What a universality check found, as pictures."""

from __future__ import annotations

from typing import Any, overload

import matplotlib
import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import NDArray

from photonics_sim.analysis import Strength, UniversalityReport
from photonics_sim.errors import PhotonicsError
from photonics_sim.plots._figure import Figure
from photonics_sim.plots._layout import panels
from photonics_sim.plots._style import BLUE, FAINT, MUTED, PALETTE, VERMILION, style

MOST_ORDERS = 24
_LOWEST = 1e-18  # what is exactly 0 is drawn there
_ROUNDING = 1e-26  # a share of the variance below it is what rounding makes of 0, and is drawn there
_TOP = 2.0  # a little above the largest share that can be
_LEAST = 1e-300  # where stems begin: below every axis
_MARKERS = {"difference": "o", "derivative": "D"}


@overload
def plot_orders(report: UniversalityReport, *, ax: None = None) -> Figure: ...
@overload
def plot_orders(report: UniversalityReport, *, ax: Axes) -> matplotlib.figure.Figure: ...


def plot_orders(report: UniversalityReport, *, ax: Axes | None = None) -> matplotlib.figure.Figure:
    """Largest mixed difference or derivative of each order that was looked at, against what rounding may give.

    Of a degenerate encoding the orders that vanish stand at their floor; of more than 24 the first are drawn.

    Args:
        report: Of `check_universality`, with orders that were measured.
        ax: Axes to draw in; None makes a figure.

    Raises:
        PhotonicsError: where nothing was measured, as through noise.
    """
    orders = list(dict.fromkeys(one.alpha for one in report.measured))[:MOST_ORDERS]
    if not orders:
        raise PhotonicsError("no orders were measured: there is nothing to draw")
    places = {alpha: place for place, alpha in enumerate(orders)}
    shown = [one for one in report.measured if one.alpha in places]
    with style():
        # a single order leaves room for the legend beside it
        figure, (panel,) = panels(1, (5.2, max(1.9, 1.1 + 0.2 * len(orders))), ax)
        for one in shown:
            color = VERMILION if one.is_zero else BLUE if one.is_nonzero else MUTED
            place = places[one.alpha]
            panel.plot([_LOWEST, max(one.floor, _LOWEST)], [place, place], color=FAINT, linewidth=5, zorder=1)
            panel.plot(max(one.largest, _LOWEST), place, _MARKERS[one.kind], color=color, markersize=5, zorder=3)
        panel.set_yticks(range(len(orders)), [_shown(alpha) for alpha in orders])
        panel.set_ylim(len(orders) - 0.5, -0.5)
        panel.set_xscale("log")
        panel.set_xlabel("largest value at the sampled points")
        panel.set_title("Orders of the mixed derivatives")
        _explain_orders(panel, {one.kind for one in shown})
    return figure


@overload
def plot_coupling(report: UniversalityReport, *, ax: None = None) -> Figure: ...
@overload
def plot_coupling(report: UniversalityReport, *, ax: Axes) -> matplotlib.figure.Figure: ...


def plot_coupling(report: UniversalityReport, *, ax: Axes | None = None) -> matplotlib.figure.Figure:
    """Share of the variance by the number of inputs that it needs.

    Of a periodic encoding the power at frequencies of so many inputs; of a device the strength of the first inputs
    together, with 95 % intervals. Shares end at 1; an interval that says no more than that is drawn up to there.

    Args:
        report: With `spectrum` or `coupling`.
        ax: Axes to draw in; None makes a figure.

    Raises:
        PhotonicsError: where the report has neither.
    """
    if not report.coupling and report.spectrum is None:
        raise PhotonicsError("the report has no spectrum and no coupling by number of inputs: nothing to draw")
    with style():
        figure, (panel,) = panels(1, (5.2, 3.1), ax)
        panel.set_yscale("log")
        counts: set[int] = set()
        drawn: list[float] = []
        if report.spectrum is not None:
            power = np.array(report.spectrum.by_inputs)
            counts |= set(range(1, len(power) + 1))
            drawn += _draw_powers(panel, power)
        if report.coupling:
            counts |= set(report.coupling)
            drawn += _draw_strengths(panel, report.coupling)
        lowest = min(drawn)
        if lowest <= _ROUNDING:
            panel.plot([], [], "x", color=MUTED, label="zero to rounding")
        panel.set_ylim(lowest if lowest <= _ROUNDING else 0.1 * lowest, _TOP)
        panel.set_xlim(min(counts) - 0.5, max(counts) + 0.5)
        panel.set_xticks(sorted(counts))
        panel.set_xlabel("number of inputs")
        panel.set_ylabel("share of the variance")
        panel.set_title("How much of the response couples how many inputs")
        panel.grid(True, axis="y", color=FAINT)
        panel.legend(loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=2)
    return figure


@overload
def plot_residuals(report: UniversalityReport, *, ax: None = None) -> Figure: ...
@overload
def plot_residuals(report: UniversalityReport, *, ax: Axes) -> matplotlib.figure.Figure: ...


def plot_residuals(report: UniversalityReport, *, ax: Axes | None = None) -> matplotlib.figure.Figure:
    """Held-out residual of least squares on randomly drawn features, by their number.

    Args:
        report: With `residuals`.
        ax: Axes to draw in; None makes a figure.

    Raises:
        PhotonicsError: where the report has none, as through noise.
    """
    if not report.residuals:
        raise PhotonicsError("the report has no residuals: nothing to draw")
    with style():
        figure, (panel,) = panels(1, (5.2, 2.8), ax)
        for (name, row), color in zip(report.residuals.items(), PALETTE, strict=False):
            panel.loglog(report.features, np.maximum(row, _LOWEST), "o-", color=color, label=name)
        lowest = min(min(row) for row in report.residuals.values())
        panel.set_ylim(bottom=min(0.1, 0.5 * max(lowest, _LOWEST)))
        panel.axhline(1, color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
        # on the side of the line where no curve ends
        va: Any = "top" if max(row[-1] for row in report.residuals.values()) >= 1 else "bottom"
        panel.annotate("nothing learned", (1, 1), xycoords=("axes fraction", "data"), va=va, ha="right", color=MUTED)
        panel.xaxis.set_major_locator(FixedLocator(list(report.features)))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.set_xticks(list(report.features), [str(size) for size in report.features])
        panel.set_xlabel("random features")
        panel.set_ylabel("residual / deviation of the target")
        panel.set_title("Functions from few features")
        panel.legend(loc="best")
    return figure


def _draw_powers(panel: Axes, power: NDArray[np.float64]) -> list[float]:
    """Stems of a spectrum, and crosses where it is 0; returns the heights."""
    counts, zero = np.arange(1, len(power) + 1), power < _ROUNDING
    panel.vlines(counts[~zero], _LEAST, power[~zero], color=BLUE, linewidth=3, zorder=2)
    label = "power of the spectrum at so many inputs"
    panel.plot(counts[~zero], power[~zero], "o", color=BLUE, label=label, clip_on=False, zorder=3)
    return [*power[~zero].tolist(), *_draw_zeros(panel, counts[zero], color=BLUE, markersize=9)]


def _draw_strengths(panel: Axes, coupling: dict[int, Strength]) -> list[float]:
    """With their intervals; an upper limit where noise hides them, and a cross where they are 0; returns heights."""
    counts = np.array(list(coupling))
    share = np.array([one.share for one in coupling.values()])
    error = np.array([1.96 * one.error for one in coupling.values()])
    zero = np.abs(share) + error < _ROUNDING
    seen = (share > error) & ~zero
    look: dict[str, Any] = {"color": VERMILION, "zorder": 3}
    if seen.any():
        height = np.minimum(share[seen], _TOP)  # more is noise, and points are not clipped
        bars = [np.minimum(error[seen], 0.99 * height), error[seen]]
        label = "strength of so many inputs"
        panel.errorbar(counts[seen], height, bars, fmt="o-", capsize=2, label=label, clip_on=False, **look)
    hidden = ~seen & ~zero
    # noise alone can put an interval above 1 or below 0: a share is neither
    limit = np.nan_to_num(np.clip(np.maximum(share, 0) + error, _ROUNDING, 1), nan=1.0)[hidden]
    if hidden.any():
        label = "not resolved: below this"
        panel.plot(counts[hidden], limit, "v", markerfacecolor="white", label=label, clip_on=False, **look)
    return [*share[seen].tolist(), *limit.tolist(), *_draw_zeros(panel, counts[zero], **look)]


def _draw_zeros(panel: Axes, counts: NDArray[np.int64], **look: Any) -> list[float]:
    heights = [_ROUNDING] * len(counts)
    if heights:  # an empty line that is not clipped would upset the layout
        panel.plot(counts, heights, "x", clip_on=False, **look)
    return heights


def _shown(alpha: tuple[int, ...]) -> str:
    return " ".join(map(str, alpha))


def _explain_orders(panel: Axes, kinds: set[str]) -> None:
    for kind, marker in _MARKERS.items():
        if kind in kinds:
            panel.plot([], [], marker, color=MUTED, label=kind)
    panel.plot([], [], "s", color=BLUE, label="not zero")
    panel.plot([], [], "s", color=VERMILION, label="vanishes")
    panel.plot([], [], color=FAINT, linewidth=5, label="rounding")
    panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
