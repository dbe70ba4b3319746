"""Predicted against true values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, overload

import matplotlib
import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.plots._figure import Figure
from photonics_sim.plots._layout import FULL_WIDTH, panels
from photonics_sim.plots._style import BLUE, INK, MUTED, style

MAX_PANELS = 9
MAX_VECTOR_POINTS = 2000  # above, points become an image, so that the file stays small


@overload
def plot_regression(
    targets: NDArray[Any], predictions: NDArray[Any], names: Sequence[str], *, ax: None = None
) -> Figure: ...
@overload
def plot_regression(
    targets: NDArray[Any], predictions: NDArray[Any], names: Sequence[str], *, ax: Axes
) -> matplotlib.figure.Figure: ...


def plot_regression(
    targets: NDArray[Any], predictions: NDArray[Any], names: Sequence[str], *, ax: Axes | None = None
) -> matplotlib.figure.Figure:
    """Predicted against true value of each target, with the diagonal and R².

    Args:
        targets: True values in the user's units, shape (samples, k).
        predictions: Predicted values, shape (samples, k).
        names: What the k targets are called, with their units. The first nine are drawn.
        ax: Axes whose place the panels take; None makes a figure.

    Raises:
        PhotonicsError: where shapes and names do not fit, or a value is not finite.
    """
    true, predicted = np.asarray(targets, dtype=np.float64), np.asarray(predictions, dtype=np.float64)
    _check(true, predicted, names)
    count = min(len(names), MAX_PANELS)
    columns = min(count, 3)
    width = {1: 3.4, 2: 5.2, 3: FULL_WIDTH}[columns]
    rows = math.ceil(count / columns)
    with style():
        figure, axes = panels(count, (width, rows * width / columns), ax, columns=columns)
        for column, panel in enumerate(axes):
            _draw(panel, true[:, column], predicted[:, column])
            panel.set_title(names[column])
        if len(names) > count and ax is None:
            figure.suptitle(f"{count} of {len(names)} targets", x=0.99, ha="right", fontsize=8, color=MUTED)
    return figure


def _check(true: NDArray[np.float64], predicted: NDArray[np.float64], names: Sequence[str]) -> None:
    if true.ndim != 2 or true.shape != predicted.shape or true.shape[1] != len(names) or not true.size:
        raise PhotonicsError(
            f"targets {true.shape} and predictions {predicted.shape} must both be (samples, {len(names)}), "
            "one column per name"
        )
    for what, values in (("targets", true), ("predictions", predicted)):
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            raise PhotonicsError(f"{what}[{row}, {column}] is {values[row, column]}; values must be finite")


def _draw(ax: Axes, true: NDArray[np.float64], predicted: NDArray[np.float64]) -> None:
    both = np.concatenate([true, predicted])
    low, high = float(both.min()), float(both.max())
    pad = 0.05 * (high - low) or 0.1 * abs(high) or 1.0
    limits = (low - pad, high + pad)
    crowded = true.size > MAX_VECTOR_POINTS
    ax.plot(limits, limits, color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)), zorder=1)
    size, alpha = (2.0, 0.25) if crowded else (3.5 if true.size < 500 else 2.5, 0.55)
    ax.plot(
        true,
        predicted,
        "o",
        color=BLUE,
        markersize=size,
        alpha=alpha,
        markeredgewidth=0,
        zorder=2,
        rasterized=crowded,
    )
    ax.set(xlim=limits, ylim=limits, xlabel="true value", ylabel="predicted value", aspect="equal")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(4))
    ax.text(0.04, 0.96, _score(true, predicted), transform=ax.transAxes, va="top", fontsize=8, color=INK)


def _score(true: NDArray[np.float64], predicted: NDArray[np.float64]) -> str:
    spread = float(((true - true.mean()) ** 2).sum())
    if spread == 0:
        return "R² undefined\n(all true values are equal)"
    return f"R² = {1 - float(((true - predicted) ** 2).sum()) / spread:.3f}\nn = {true.size:,}"
