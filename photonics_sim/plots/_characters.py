"""How well each character of a text is predicted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import matplotlib
import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.plots._figure import Figure
from photonics_sim.plots._layout import FULL_WIDTH, panels
from photonics_sim.plots._style import BLUE, FAINT, INK, MUTED, VERMILION, style

MAX_SHOWN = 65


@overload
def plot_characters(bits: NDArray[Any], targets: NDArray[Any], names: Sequence[str], *, ax: None = None) -> Figure: ...
@overload
def plot_characters(
    bits: NDArray[Any], targets: NDArray[Any], names: Sequence[str], *, ax: Axes
) -> matplotlib.figure.Figure: ...


def plot_characters(
    bits: NDArray[Any], targets: NDArray[Any], names: Sequence[str], *, ax: Axes | None = None
) -> matplotlib.figure.Figure:
    """Mean bits that each true character takes, the frequent ones first, beside what its frequency alone would take.

    Args:
        bits: What the true character takes at each position, -log2 of its predicted probability, shape (n,).
        targets: Number of the true character, shape (n,).
        names: What the characters are called, by number. The 65 most frequent are drawn.
        ax: Axes to draw in; None makes a figure.

    Raises:
        PhotonicsError: where shapes do not fit, a number has no name, or bits are negative or not finite.
    """
    values, numbers = np.asarray(bits, dtype=np.float64), np.asarray(targets)
    _check(values, numbers, names)
    counts = np.bincount(numbers, minlength=len(names))
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    shown = order[:MAX_SHOWN]
    means = np.bincount(numbers, weights=values, minlength=len(names))[shown] / counts[shown]
    alone = -np.log2(counts / len(numbers), where=counts > 0, out=np.zeros(len(names)))
    with style():
        figure, (panel,) = panels(1, (FULL_WIDTH, 3.0), ax)
        places = np.arange(len(shown))
        panel.bar(places, means, width=0.72, color=BLUE, label="predicted", zorder=2)
        panel.plot(places, alone[shown], "_", color=VERMILION, markersize=7, label="by its frequency alone", zorder=3)
        mean, entropy = values.mean(), float(counts @ alone) / len(numbers)
        panel.axhline(mean, color=INK, linewidth=0.8, linestyle=(0, (3, 3)), label="mean", zorder=4)
        panel.set_title(f"{mean:.3f} bits per character ({entropy:.3f} by frequencies alone)")
        _label(panel, [names[number] for number in shown], len(order))
    return figure


def _check(values: NDArray[np.float64], numbers: NDArray[Any], names: Sequence[str]) -> None:
    if values.ndim != 1 or values.shape != numbers.shape or not values.size or numbers.dtype.kind not in "iu":
        raise PhotonicsError(
            f"bits {values.shape} and targets {numbers.shape} ({numbers.dtype}) must both be (n,), targets of integers"
        )
    if numbers.min() < 0 or numbers.max() >= len(names):
        raise PhotonicsError(f"targets go from {numbers.min()} to {numbers.max()}; there are {len(names)} names")
    if not np.isfinite(values).all() or (values < 0).any():
        raise PhotonicsError("bits holds values that are negative or not finite; give -log2 of probabilities")


def _label(ax: Axes, names: Sequence[str], total: int) -> None:
    few = f" ({len(names)} of {total})" if len(names) < total else ""
    ax.set_xticks(range(len(names)), [name.replace("$", r"\$") for name in names])
    for tick in ax.get_xticklabels():
        if len(tick.get_text()) > 2:
            tick.set(rotation=90)
    ax.tick_params(axis="x", length=0, labelsize=7)
    ax.set(xlabel=f"true character, the most frequent first{few}", ylabel="bits per character")
    ax.set_xlim(-0.7, len(names) - 0.3)
    ax.grid(True, axis="y", color=FAINT)
    ax.legend(loc="upper left", labelcolor=MUTED, ncols=3)
