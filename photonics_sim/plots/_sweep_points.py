"""What was measured along one parameter, or at points that lie in no grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Normalize
from numpy.typing import NDArray

from photonics_sim.plots._style import BLUE, FAINT, MUTED, SHARE, VERMILION
from photonics_sim.plots._sweep_axes import axis_label, metric_label, signs, spread_axis
from photonics_sim.sweeps import SweepResult
from photonics_sim.tolerance import Goal, mean_over_chips

BAND = (5, 95)  # per cent of the chips


def draw_curve(
    panel: Axes, result: SweepResult, metric: str, path: str, chips: NDArray[np.float64], goal: Goal | None
) -> None:
    """The mean over the chips along one parameter, and where 90 % of them lie.

    Args:
        panel: Axes to draw in.
        result: The sweep.
        metric: The measured number.
        path: Of the parameter.
        chips: The measured number at its values, `(n, chips)`; of a sample at all points.
        goal: With a line at its threshold.
    """
    values = result.axis(path).values if result.design == "grid" else result.points[path]
    is_number = values.dtype.kind in "iuf"
    order = np.argsort(values, kind="stable") if is_number else np.arange(len(values))
    place, chips = spread_axis(panel, "x", values)[order], chips[order]
    mean, there = mean_over_chips(chips), np.isfinite(chips).any(axis=1)
    if result.chips > 1 and there.any():
        low, high = np.nanpercentile(chips[there], BAND, axis=1)
        if is_number:
            panel.fill_between(place[there], low, high, color=BLUE, alpha=0.18, linewidth=0, label="90 % of the chips")
        else:
            bars = np.stack([mean[there] - low, high - mean[there]]).clip(0)
            look: dict[str, Any] = {"color": BLUE, "alpha": 0.35, "linewidth": 5, "label": "90 % of the chips"}
            panel.errorbar(place[there], mean[there], yerr=bars, fmt="none", **look)
    linked = is_number and result.design in ("grid", "zip")
    label = f"mean of {result.chips} chips" if result.chips > 1 else None
    panel.plot(place[there], mean[there], "o-" if linked else "o", color=BLUE, markersize=4, label=label)
    if goal is not None:
        panel.axhline(goal.threshold, color=VERMILION, linewidth=1, linestyle=(0, (4, 3)), label=signs(str(goal)))
    panel.set_xlabel(axis_label(result, path))
    panel.set_ylabel(metric_label(result, metric))
    panel.grid(True, axis="y", color=FAINT)
    if not is_number:
        panel.set_xlim(place.min() - 0.5, place.max() + 0.5)
    if panel.get_legend_handles_labels()[0]:
        panel.legend(loc="best")


def draw_dots(panel: Axes, result: SweepResult, metric: str, paths: tuple[str, str], goal: Goal | None) -> None:
    """A dot for each point, coloured by the mean over the chips; a cross where there is no number.

    Args:
        panel: Axes to draw in.
        result: The sweep.
        metric: The measured number.
        paths: Of the two parameters.
        goal: With a line at its threshold on the scale of the colours.
    """
    mean = mean_over_chips(result.values[metric])
    there = np.isfinite(mean)
    x, y = (spread_axis(panel, way, result.points[path]) for way, path in zip("xy", paths, strict=True))
    scale = scale_of(mean)
    size = float(np.clip(3000 / len(mean), 6, 36))
    look: dict[str, Any] = {"cmap": SHARE, "s": size, "edgecolors": MUTED, "linewidths": 0.3}
    panel.scatter(x[there], y[there], c=mean[there], norm=Normalize(*scale), **look)
    if not there.all():
        panel.plot(x[~there], y[~there], "x", color=VERMILION, markersize=4, label="no number")
        panel.legend(loc="upper left", bbox_to_anchor=(0, -0.16))
    panel.set_xlabel(axis_label(result, paths[0]))
    panel.set_ylabel(axis_label(result, paths[1]))
    draw_scale(panel, scale, f"mean {metric_label(result, metric)}", goal)


def scale_of(mean: NDArray[np.float64]) -> tuple[float, float]:
    """Ends of the scale of the colours: the lowest mean and the highest."""
    known = mean[np.isfinite(mean)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    room = 0.0 if high > low else 0.05 * abs(low) or 0.5
    return low - room, high + room


def draw_scale(panel: Axes, scale: tuple[float, float], label: str, goal: Goal | None) -> Colorbar:
    """The scale of the colours beside a panel, with a line at the threshold."""
    bar = panel.figure.colorbar(ScalarMappable(Normalize(*scale), SHARE), cax=panel.inset_axes((1.04, 0, 0.05, 1)))
    if goal is not None and scale[0] < goal.threshold < scale[1]:
        bar.ax.axhline(goal.threshold, color=VERMILION, linewidth=1.4)
        label += f"\n(line: {goal.threshold:.4g})"
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=7, length=2)
    return bar
