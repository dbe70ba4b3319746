"""What was measured over the parameters that were swept."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, overload

import matplotlib
import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.plots._figure import Figure
from photonics_sim.plots._layout import FULL_WIDTH, panels
from photonics_sim.plots._style import INK, SHARE, VERMILION, style
from photonics_sim.plots._sweep_axes import axis_label, metric_label, set_title, tick_values
from photonics_sim.plots._sweep_points import draw_curve, draw_dots, draw_scale, scale_of
from photonics_sim.sweeps import Axis, SweepResult
from photonics_sim.tolerance import Goal, goal_of, mean_over_chips, metric_of, names_of, section, shown, words_of

MOST_PANELS = 6
SMALLEST_LETTERS = 5.5  # points
_NOTHING = "#e3e6e9"


@overload
def plot_heatmap(
    result: SweepResult,
    metric: str | None = None,
    x: str | None = None,
    y: str | None = None,
    *,
    threshold: float | None = None,
    fixed: Mapping[str, Any] | None = None,
    ax: None = None,
) -> Figure: ...
@overload
def plot_heatmap(
    result: SweepResult,
    metric: str | None = None,
    x: str | None = None,
    y: str | None = None,
    *,
    threshold: float | None = None,
    fixed: Mapping[str, Any] | None = None,
    ax: Axes,
) -> matplotlib.figure.Figure: ...


def plot_heatmap(
    result: SweepResult,
    metric: str | None = None,
    x: str | None = None,
    y: str | None = None,
    *,
    threshold: float | None = None,
    fixed: Mapping[str, Any] | None = None,
    ax: Axes | None = None,
) -> matplotlib.figure.Figure:
    """The mean of a measured number over the chips, as colour over two parameters, with the line of the threshold.

    Of a grid one cell per point, and a panel for each value of a third parameter, up to six; the others are held. Of a
    single parameter it is a curve with the band that holds 90 % of the chips, of a sample or a zip a dot per point.

    Args:
        result: Of any design.
        metric: The measured number; None is what the trial is about.
        x, y: Paths of the two axes, or their ends; None are the first ones that have several values.
        threshold: What a good chip reaches; None as in `yield_curve`.
        fixed: Values of further axes by path, or its end; the rest stay at the first value that was swept.
        ax: Axes to draw in, or whose place several panels take; None makes a figure.

    Raises:
        PhotonicsError: for an unknown name, a value that was not swept, or a sweep of one point.
    """
    name, _ = metric_of(result, metric)
    goal = _goal(result, name, threshold)
    held = {result.axis(path).path: value for path, value in (fixed or {}).items()}
    axes = _axes(result, x, y, held)
    with style():
        if len(axes) > 1 and result.design == "grid":
            return _draw_maps(result, name, goal, axes, held, ax)
        figure, (panel,) = panels(1, (5.2, 3.4), ax)
        if len(axes) > 1:
            draw_dots(panel, result, name, (axes[0].path, axes[1].path), goal)
        else:
            chips = result.values[name]
            if result.design == "grid":
                chips, _ = section(result, chips, [axes[0].path], held)
            draw_curve(panel, result, name, axes[0].path, chips, goal)
        set_title(panel, words_of(name) + (f" of {result.chips} chips" if result.chips > 1 else ""))
    return figure


def _goal(result: SweepResult, metric: str, threshold: float | None) -> Goal | None:
    """What a good chip reaches, where that can be told."""
    try:
        return goal_of(result, metric, threshold)
    except PhotonicsError:
        if threshold is not None:
            raise
        return None


def _axes(result: SweepResult, x: str | None, y: str | None, held: Mapping[str, Any]) -> list[Axis]:
    """The axes that were asked for, filled up with the next ones of several values, and then the rest of those."""
    asked = [None if path is None else result.axis(path) for path in (x, y)]
    taken = [axis.path for axis in asked if axis is not None] + list(held)
    if len(set(taken)) < len(taken):
        raise PhotonicsError(f"{taken[-1]} is there twice; the two axes and what is fixed are different parameters")
    free = iter([axis for axis in result.axes if len(axis.values) > 1 and axis.path not in taken])
    first = [axis if axis is not None else next(free, None) for axis in asked]
    found = [axis for axis in (*first, *free) if axis is not None]
    if not found:
        raise PhotonicsError(f"{result.path} leaves nothing to vary: there is no axis to draw along")
    return found


def _draw_maps(
    result: SweepResult,
    metric: str,
    goal: Goal | None,
    axes: Sequence[Axis],
    held: Mapping[str, Any],
    ax: Axes | None,
) -> matplotlib.figure.Figure:
    """One map, or one for each value of the third axis."""
    names, orders = names_of(result.axes), [_order(axis) for axis in axes[:3]]
    x, y = axes[:2]
    third = axes[2] if len(axes) > 2 else None
    along = [axis.path for axis in (third, y, x) if axis is not None]
    means, others = section(result, mean_over_chips(result.values[metric]), along, held)
    means = means[..., orders[1], :][..., orders[0]]
    places = [0] if third is None else _chosen(orders[2])
    maps = [means if third is None else means[place] for place in places]
    count = len(maps)
    rows = math.ceil(count / 3)
    size = (5.4, float(np.clip(1.3 + 0.3 * len(y.values), 2.4, 5.0))) if count == 1 else (FULL_WIDTH, 0.6 + 2.1 * rows)
    figure, drawn = panels(count, size, ax, columns=3)
    scale = scale_of(np.stack(maps))
    at = [f"{names[one.path]} = {shown(others[one.path], one.unit)}" for one in result.axes if one.path in others]
    for number, (panel, place, image) in enumerate(zip(drawn, places, maps, strict=True)):
        _draw_map(panel, image, scale, goal if x.is_number and y.is_number else None)
        tick_values(panel, "x", x.values[orders[0]], most=12 if count == 1 else 5)
        tick_values(panel, "y", y.values[orders[1]], most=12 if count == 1 else 8)
        panel.set_xlabel(axis_label(result, x.path) if number >= count - 3 else "")
        panel.set_ylabel(axis_label(result, y.path) if number % 3 == 0 else "")
        if third is not None:
            panel.set_title(f"{names[third.path]} = {shown(third.values[place], third.unit)}")
        else:
            set_title(panel, _title(metric, result.chips, at, unknown=bool(np.isnan(image).any())))
    label = f"mean {metric_label(result, metric)}"
    if third is not None:
        label += f"\nat {', '.join(at)}" if at else ""
        label += f"\n{count} of {len(third.values)} values of {names[third.path]}" if count < len(third.values) else ""
    draw_scale(drawn[min(count, 3) - 1], scale, label, goal)
    return figure


def _order(axis: Axis) -> NDArray[np.int64]:
    """Numbers rise; words stay as they are."""
    return np.argsort(axis.values, kind="stable") if axis.is_number else np.arange(len(axis.values))


def _chosen(order: NDArray[np.int64]) -> list[int]:
    """At most six of the values of the third axis, the ends among them."""
    kept = np.unique(np.round(np.linspace(0, len(order) - 1, MOST_PANELS)).astype(int))
    return [int(order[place]) for place in kept]


def _title(metric: str, chips: int, at: Sequence[str], *, unknown: bool) -> str:
    said = f"mean {words_of(metric)} of {chips} chips" if chips > 1 else words_of(metric)
    said += f" at {', '.join(at)}" if at else ""
    return said + ("; grey: no number" if unknown else "")


def _draw_map(panel: Axes, image: NDArray[np.float64], scale: tuple[float, float], goal: Goal | None) -> None:
    """One map, `(ny, nx)`, with its numbers where they fit into the cells."""
    panel.set_facecolor(_NOTHING)
    panel.imshow(image, cmap=SHARE, norm=Normalize(*scale), origin="lower", aspect="auto", interpolation="none")
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    _write(panel, image, scale)
    known = image[np.isfinite(image)]
    if goal is not None and min(image.shape) > 1 and (known < goal.threshold).any() and (known > goal.threshold).any():
        panel.contour(image, levels=[goal.threshold], colors=[VERMILION], linewidths=1.4)


def _write(panel: Axes, image: NDArray[np.float64], scale: tuple[float, float]) -> None:
    places = min(max(1 - math.floor(math.log10(scale[1] - scale[0])), 0), 6)
    texts = {place: f"{value:.{places}f}" for place, value in np.ndenumerate(image) if np.isfinite(value)}
    longest = max(map(len, texts.values()), default=1)
    # labels and the scale of the colours take about a fifth
    room = 0.8 * 72 * np.array(panel.get_position().size) * panel.figure.figure.get_size_inches()
    letters = min(8.0, room[0] / image.shape[1] / (0.68 * longest), 0.7 * room[1] / image.shape[0])
    if letters < SMALLEST_LETTERS:
        return
    for (row, column), text in texts.items():
        colour = "white" if image[row, column] > (scale[0] + scale[1]) / 2 else INK
        panel.text(column, row, text, ha="center", va="center", fontsize=letters, color=colour)
