"""Which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import matplotlib
import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.plots._figure import Figure
from photonics_sim.plots._layout import FULL_WIDTH, panels
from photonics_sim.plots._style import BLUE, FAINT, INK, MUTED, SHARE, style

MAX_WRITTEN = 20  # classes up to which every count is written into its cell


@overload
def plot_confusion(matrix: NDArray[Any], classes: Sequence[str], *, ax: None = None) -> Figure: ...
@overload
def plot_confusion(matrix: NDArray[Any], classes: Sequence[str], *, ax: Axes) -> matplotlib.figure.Figure: ...


def plot_confusion(matrix: NDArray[Any], classes: Sequence[str], *, ax: Axes | None = None) -> matplotlib.figure.Figure:
    """Confusion matrix: counts in the cells, share of the true class as colour, recall at the right.

    Args:
        matrix: Samples of true class (row) that were taken for a class (column), shape (n, n).
        classes: Names of the n classes.
        ax: Axes to draw in; None makes a figure.

    Raises:
        PhotonicsError: where the matrix is not square, holds no counts, or does not fit the names.
    """
    counts = _check(np.asarray(matrix), classes)
    n = len(counts)
    totals = counts.sum(axis=1)
    share = counts / np.maximum(totals, 1)[:, None]
    recall = np.where(totals > 0, np.diagonal(share), np.nan)
    side = min(1.9 + 0.26 * n, FULL_WIDTH - 1.3)
    size = (side + 1.3, side + 0.6) if n <= MAX_WRITTEN else (FULL_WIDTH, 5.1)
    with style():
        figure, (panel,) = panels(1, size, ax)
        # The square root lets a share of one per cent be seen at all.
        image = panel.imshow(share, cmap=SHARE, norm=PowerNorm(0.5, 0, 1), interpolation="none")
        _label(panel, classes)
        if n <= MAX_WRITTEN:
            _write_counts(panel, counts, share, cell=0.8 * 72 * side / n)
            _write_recall(panel, recall)
        else:
            _draw_recall(panel, recall)
            _draw_scale(panel, image)
        right, total = int(np.trace(counts)), int(counts.sum())
        panel.set_title(f"{right:,} of {total:,} right" + (f" ({100 * right / total:.1f} %)" if total else ""))
    return figure


def _check(matrix: NDArray[Any], classes: Sequence[str]) -> NDArray[np.int64]:
    n = len(classes)
    if matrix.shape != (n, n) or n == 0:
        raise PhotonicsError(f"confusion matrix {matrix.shape} should be ({n}, {n}), one row per class name")
    if not np.isfinite(matrix).all() or (matrix < 0).any() or (matrix != np.floor(matrix)).any():
        raise PhotonicsError("confusion matrix holds values that are no counts; give samples, not shares")
    return matrix.astype(np.int64)


def _label(ax: Axes, classes: Sequence[str]) -> None:
    n = len(classes)
    step = 1 if n <= 25 else next(s for s in (2, 4, 5, 10, 20, 50, 100, 200, 500, n) if n / s <= 25)
    shown = range(0, n, step)
    names = [name if len(name) <= 16 else name[:15] + "…" for name in (classes[i] for i in shown)]
    long = max(len(name) for name in names) > 3 or n > MAX_WRITTEN
    turned: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if long else {}
    ax.set_xticks(shown, names, **turned)
    ax.set_yticks(shown, names)
    ax.tick_params(length=0 if step == 1 else 3)
    ax.set(xlabel="predicted class", ylabel="true class")
    ax.spines[:].set_visible(False)
    if n <= MAX_WRITTEN:
        for edge in np.arange(-0.5, n):
            ax.axhline(edge, color=FAINT, linewidth=0.5)
            ax.axvline(edge, color=FAINT, linewidth=0.5)


def _write_counts(ax: Axes, counts: NDArray[np.int64], share: NDArray[np.float64], cell: float) -> None:
    """Every count in its cell, as large as the longest fits into `cell` points."""
    size = min(8.5, max(4.5, 1.2 * cell / len(str(counts.max()))))
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if share[row, column] > 0.35 else INK if count else "#b9c0c7"
        ax.text(column, row, f"{count}", ha="center", va="center", fontsize=size, color=colour)


def _write_recall(ax: Axes, recall: NDArray[np.float64]) -> None:
    beside = ax.get_yaxis_transform()
    above: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}
    ax.annotate("recall", (1.03, 1), (0, 8), fontsize=8, color=MUTED, va="baseline", **above)
    for row, value in enumerate(recall):
        text = "none" if np.isnan(value) else f"{100 * value:.1f} %"
        ax.text(1.03, row, text, transform=beside, fontsize=8, color=INK, va="center")


def _draw_recall(ax: Axes, recall: NDArray[np.float64]) -> None:
    strip = ax.inset_axes((1.02, 0, 0.16, 1), sharey=ax)
    strip.barh(np.arange(len(recall)), 100 * np.nan_to_num(recall), height=1.0, color=BLUE, linewidth=0)
    strip.tick_params(labelleft=False, left=False)
    strip.set(xlim=(0, 100), xticks=[0, 50, 100], xlabel="recall (%)")
    strip.spines["left"].set_visible(False)
    for at in (50, 100):
        strip.axvline(at, color=FAINT, linewidth=0.6, zorder=0)


def _draw_scale(ax: Axes, image: AxesImage) -> None:
    bar = ax.figure.colorbar(image, cax=ax.inset_axes((1.24, 0, 0.03, 1)))
    bar.set_ticks([0, 0.01, 0.1, 0.25, 0.5, 1], labels=["0", "1", "10", "25", "50", "100"])
    bar.set_label("share of the true class (%)")
    bar.outline.set_visible(False)
