"""How a training went: loss and score over the epochs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, overload

import matplotlib
import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.plots._figure import Figure
from photonics_sim.plots._layout import FULL_WIDTH, panels
from photonics_sim.plots._style import BLUE, FAINT, MUTED, VERMILION, style
from photonics_sim.runs import Measure, measure_of

History = Mapping[str, NDArray[Any]]
Curves = Mapping[str, NDArray[np.float64]]


@overload
def plot_training(history: History, task: str, *, best_epoch: int | None = None, ax: None = None) -> Figure: ...
@overload
def plot_training(
    history: History, task: str, *, best_epoch: int | None = None, ax: Axes
) -> matplotlib.figure.Figure: ...


def plot_training(
    history: History, task: str, *, best_epoch: int | None = None, ax: Axes | None = None
) -> matplotlib.figure.Figure:
    """Loss and score over the epochs, on the training and the validation part.

    Args:
        history: Arrays of one length (epochs,): "epoch", "train_loss", "validation_loss", and
            "train_accuracy", "validation_accuracy" (fractions, 0..1), or likewise "r2" or "bits_per_character".
            Others are not looked at. Values that are not finite leave a gap, and the picture says so.
        task: "classification", "regression" or "next-token".
        best_epoch: Epoch whose weights were kept; marked.
        ax: Axes whose place the two panels take; None makes a figure.

    Raises:
        PhotonicsError: for an unknown task, a missing array, unequal lengths, or a curve without numbers.
    """
    measure = measure_of(task)
    curves = _check(history, measure.name)
    with style():
        figure, (left, right) = panels(2, (FULL_WIDTH, 2.6), ax)
        _draw(left, curves, "loss", 1.0, best_epoch)
        _draw(right, curves, measure.name, measure.scale, best_epoch)
        _scale_loss(left, curves)
        _scale_score(right, curves, measure)
        left.set(title="Loss", ylabel="loss")
        right.set(title=measure.title, ylabel=measure.axis)
        left.legend(loc="best")
    return figure


def _check(history: History, score: str) -> Curves:
    names = ["epoch", *(f"{part}_{what}" for what in ("loss", score) for part in ("train", "validation"))]
    missing = [name for name in names if name not in history]
    if missing:
        raise PhotonicsError(f"history has no {', '.join(missing)}; found {', '.join(history) or 'nothing'}")
    curves = {name: np.asarray(history[name], dtype=np.float64) for name in names}
    length = curves["epoch"].size
    for name, curve in curves.items():
        if curve.shape != (length,) or length == 0:
            raise PhotonicsError(f"history[{name!r}] has shape {curve.shape}; expected ({length},), as epoch")
        if not np.isfinite(curve).any():
            raise PhotonicsError(f"history[{name!r}] holds no finite number; there is nothing to draw")
    return curves


def _draw(ax: Axes, curves: Curves, what: str, scale: float, best: int | None) -> None:
    epochs = curves["epoch"]
    look: dict[str, Any] = {"marker": "o", "markersize": 5 if epochs.size == 1 else 3}
    look = look if epochs.size <= 30 else {}
    finite = np.ones(epochs.shape, dtype=bool)
    for part, name, colour in (("train", "training", MUTED), ("validation", "validation", BLUE)):
        curve = curves[f"{part}_{what}"] * scale
        finite &= np.isfinite(curve)
        shown = np.where(np.isfinite(curve), curve, np.nan)
        ax.plot(epochs, shown, color=colour, label=name, zorder=3, **look)
    if best is not None:
        dashed: dict[str, Any] = {"linewidth": 0.8, "linestyle": (0, (3, 3))}
        ax.axvline(best, color=MUTED, label=f"kept: epoch {best}", zorder=1, **dashed)
    if not finite.all():
        text = f"not finite: {(~finite).sum()} of {finite.size} epochs, first {epochs[~finite][0]:g}"
        ax.text(0.02, 0.02, text, transform=ax.transAxes, color=VERMILION, fontsize=8)
    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
    ax.set_xlim(epochs.min() - 0.5, epochs.max() + 0.5)
    ax.grid(True, axis="y", color=FAINT)


def _scale_loss(ax: Axes, curves: Curves) -> None:
    values = np.concatenate([curves["train_loss"], curves["validation_loss"]])
    values = values[np.isfinite(values)]
    low, high = float(values.min()), float(values.max())
    if low <= 0 or high <= 10 * low:
        pad = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
        ax.set_ylim(max(0.0, low - pad) if low >= 0 else low - pad, high + pad)
        return
    decades = math.log10(high / low)
    ax.set_yscale("log")
    ax.set_ylim(low / 1.25, high * 1.25)
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2 else (1,), numticks=8))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_locator(NullLocator())


def _scale_score(ax: Axes, curves: Curves, measure: Measure) -> None:
    values = np.concatenate([curves[f"{part}_{measure.name}"] for part in ("train", "validation")])
    values = values[np.isfinite(values)]
    shown = np.clip(values, *measure.span)
    low, high = float(shown.min()), float(shown.max())
    pad = max(0.06 * (high - low), 0.02)
    limits = np.clip([low - pad, high + pad], *measure.span)
    ax.set_ylim(*(measure.scale * limits))
    for line in ax.lines:  # one that keeps to the limits is drawn in full width
        line.set_clip_on(not np.array_equal(shown, values))
