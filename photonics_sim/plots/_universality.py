"""What a universality check found, as pictures."""

from __future__ import annotations

from typing import Any, overload

import matplotlib
import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import NDArray

from photonics_sim.analysis import UniversalityReport
from photonics_sim.errors import PhotonicsError
from photonics_sim.plots._figure import Figure
from photonics_sim.plots._layout import panels
from photonics_sim.plots._style import BLUE, FAINT, MUTED, PALETTE, VERMILION, style

MOST_ORDERS = 24
_LOWEST = 1e-18  # what is exactly 0 is drawn there
_ROUNDING = 1e-26  # a share of the variance below it is what rounding makes of 0
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
        figure, (panel,) = panels(1, (5.2, 1.1 + 0.2 * len(orders)), ax)
        for one in shown:
            color = VERMILION if one.is_zero else BLUE if one.is_nonzero else MUTED
            place = places[one.alpha]
            panel.plot([_LOWEST, max(one.floor, _LOWEST)], [place, place], color=FAINT, linewidth=5, zorder=1)
            panel.plot(max(one.largest, _LOWEST), place, _MARKERS[one.kind], color=color, markersize=5, zorder=3)
        panel.set_yticks(range(len(orders)), [_shown(alpha) for alpha in orders])
        panel.invert_yaxis()
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
    together, with 95 % intervals: below 0 nothing was seen.

    Args:
        report: With `spectrum` or `coupling`.
        ax: Axes to draw in; None makes a figure.

    Raises:
        PhotonicsError: where the report has neither.
    """
    if not report.coupling and report.spectrum is None:
        raise PhotonicsError("the report has no spectrum and no coupling by number of inputs: nothing to draw")
    with style():
        figure, (panel,) = panels(1, (5.2, 2.8), ax)
        if report.spectrum is not None:
            power = np.maximum(report.spectrum.by_inputs, _LOWEST)
            counts = np.arange(1, len(power) + 1)
            panel.vlines(counts, _LOWEST, power, color=BLUE, linewidth=3, zorder=2)
            panel.plot(counts, power, "o", color=BLUE, label="power of the spectrum at so many inputs", zorder=3)
        if report.coupling:
            counts = np.array(list(report.coupling))
            share = np.array([one.share for one in report.coupling.values()])
            error = np.array([1.96 * one.error for one in report.coupling.values()])
            _draw_strengths(panel, counts, share, error)
        panel.set_yscale("log")
        panel.set_xticks(counts)
        panel.set_xlabel("number of inputs")
        panel.set_ylabel("share of the variance")
        panel.set_title("How much of the response couples how many inputs")
        panel.grid(True, axis="y", color=FAINT)
        panel.legend(loc="best")
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
        panel.annotate(
            "nothing learned", (1, 1), xycoords=("axes fraction", "data"), va="bottom", ha="right", color=MUTED
        )
        panel.xaxis.set_major_locator(FixedLocator(list(report.features)))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.set_xticks(list(report.features), [str(size) for size in report.features])
        panel.set_xlabel("random features")
        panel.set_ylabel("residual / deviation of the target")
        panel.set_title("Functions from few features")
        panel.legend(loc="best")
    return figure


def _draw_strengths(
    panel: Axes, counts: NDArray[np.int64], share: NDArray[np.float64], error: NDArray[np.float64]
) -> None:
    """With their intervals; an upper limit where noise hides them, and a cross where they are 0."""
    zero = np.abs(share) < _ROUNDING
    seen = (share > error) & ~zero
    look: dict[str, Any] = {"color": VERMILION, "zorder": 3}
    low = np.minimum(error[seen], 0.99 * share[seen])
    panel.errorbar(
        counts[seen], share[seen], [low, error[seen]], fmt="o-", capsize=2, label="strength of so many inputs", **look
    )
    hidden = ~seen & ~zero
    if hidden.any():
        limit = (share + error)[hidden]
        panel.plot(counts[hidden], limit, "v", markerfacecolor="white", label="not resolved: below this", **look)
    if zero.any():
        panel.plot(counts[zero], np.full(int(zero.sum()), _ROUNDING), "x", label="zero to rounding", **look)


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
