"""What the kernel of a device is like, and what regression with it does, as pictures."""

from __future__ import annotations

import math
from typing import overload

import matplotlib
import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from photonics_sim.analysis.ntk import KernelReport
from photonics_sim.plots._figure import Figure
from photonics_sim.plots._layout import FULL_WIDTH, panels
from photonics_sim.plots._style import BLUE, FAINT, GREEN, INK, MUTED, OCHRE, PALETTE, SHARE, VERMILION, style

_LOWEST = 1e-16  # of the variance; what fits leave below it is rounding


@overload
def plot_kernel_matrix(report: KernelReport, *, ax: None = None) -> Figure: ...
@overload
def plot_kernel_matrix(report: KernelReport, *, ax: Axes) -> matplotlib.figure.Figure: ...


def plot_kernel_matrix(report: KernelReport, *, ax: Axes | None = None) -> matplotlib.figure.Figure:
    """The kernel of the training samples as cosines, K(x, x') / sqrt(K(x, x) K(x', x')), samples sorted by class.

    Blocks on the diagonal are classes that the kernel holds together. Samples of a regression are sorted by target.

    Args:
        report: Of `kernel_report`.
        ax: Axes to draw in; None makes a figure.
    """
    order = np.argsort(report.labels, kind="stable")
    size = np.sqrt(np.maximum(report.matrix.diagonal(), np.finfo(float).tiny))
    cosines = (report.matrix / size[:, None] / size)[order][:, order]
    with style():
        figure, (panel,) = panels(1, (4.6, 3.7), ax)
        image = panel.imshow(cosines, cmap=SHARE, vmin=float(cosines.min()), vmax=1, interpolation="none")
        if report.task == "classification":
            _mark_classes(panel, report.labels[order])
        else:
            panel.set(xlabel="samples, by rising target", ylabel="samples, by rising target")
        panel.spines[:].set_visible(False)
        panel.set_title(f"{report.train_samples} samples against each other")
        bar = figure.colorbar(image, ax=panel, fraction=0.045, pad=0.03)
        bar.set_label("cosine between slopes")
        bar.outline.set_visible(False)
    return figure


@overload
def plot_kernel_spectrum(report: KernelReport, *, ax: None = None) -> Figure: ...
@overload
def plot_kernel_spectrum(report: KernelReport, *, ax: Axes) -> matplotlib.figure.Figure: ...


def plot_kernel_spectrum(report: KernelReport, *, ax: Axes | None = None) -> matplotlib.figure.Figure:
    """The eigenvalues, and how much of trace and targets the leading directions hold.

    Args:
        report: Of `kernel_report`.
        ax: Axes whose place the two panels take; None makes a figure.
    """
    values = np.array(report.eigenvalues)
    shares, number = values / values.sum(), np.arange(1, len(values) + 1)
    with style():
        figure, (left, right) = panels(2, (FULL_WIDTH, 2.9), ax)
        kept = slice(0, report.rank)
        left.loglog(number[kept], shares[kept], "o", color=BLUE, markersize=2.5)
        if report.rank < len(values):
            left.axvspan(report.rank + 0.5, 1.1 * len(values), color=FAINT, linewidth=0)
            left.annotate("0 to rounding ", (1, 0.03), xycoords="axes fraction", ha="right", fontsize=8, color=MUTED)
        left.set(title="Eigenvalues", xlabel="number", ylabel="share of the trace", xlim=(0.9, 1.1 * len(values)))
        left.yaxis.set_major_locator(LogLocator(numticks=8))
        left.yaxis.set_minor_locator(NullLocator())
        right.semilogx(number, 100 * np.cumsum(shares), color=BLUE, label="of the trace")
        right.semilogx(number, 100 * np.cumsum(report.alignment), color=VERMILION, label="of the targets")
        right.set(title="In so many leading directions", xlabel="directions", ylabel="share (%)", ylim=(0, 102))
        right.set_xlim(0.9, 1.1 * len(values))
        for panel in (left, right):
            panel.grid(True, color=FAINT)
            panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        right.legend(loc="lower right")
    return figure


@overload
def plot_kernel_learning(report: KernelReport, *, ax: None = None) -> Figure: ...
@overload
def plot_kernel_learning(report: KernelReport, *, ax: Axes) -> matplotlib.figure.Figure: ...


def plot_kernel_learning(report: KernelReport, *, ax: Axes | None = None) -> matplotlib.figure.Figure:
    """Scores over the time of training without ridge, beside ridge regression with the kernel and on the inputs.

    Args:
        report: Of `kernel_report`.
        ax: Axes to draw in; None makes a figure.
    """
    percent = 100.0 if report.task == "classification" else 1.0
    with style():
        figure, (panel,) = panels(1, (5.6, 3.1), ax)
        for curve, color, name in ((report.train_curve, BLUE, "train"), (report.test_curve, VERMILION, "test")):
            panel.semilogx(report.times, percent * np.array(curve), color=color, label=f"{name}, no ridge")
        lines = [(report.score, GREEN, "test, ridge"), (report.linear_score, OCHRE, "test, inputs alone")]
        lines += [(report.chance, MUTED, "chance")] if report.task == "classification" else []
        for number, (score, color, name) in enumerate(lines):  # dashes of equal scores fill each other's gaps
            dashes = (4.0 * number, (4, 8))
            panel.axhline(percent * score, color=color, linewidth=1.2, linestyle=dashes, label=name)
        if math.isfinite(report.learning_time):
            panel.axvline(report.learning_time, color=FAINT, linewidth=1.0, zorder=0)
            panel.annotate(
                "90 % of\nthe targets", (report.learning_time, 0.03), (3, 0), xycoords=("data", "axes fraction"),
                textcoords="offset points", fontsize=8, color=MUTED,
            )  # fmt: skip
        lowest = min(*report.train_curve, *report.test_curve, report.score, report.linear_score)
        panel.set_ylim((0, 102) if percent == 100.0 else (max(-1.0, min(0.0, lowest)) - 0.05, 1.02))
        panel.set(xlabel="time, in steps of 1 / the largest eigenvalue", ylabel=_score_label(report))
        panel.set_title("What training by small steps learns")
        panel.grid(True, color=FAINT)
        panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=2.2)
    return figure


@overload
def plot_kernel_rays(report: KernelReport, *, ax: None = None) -> Figure: ...
@overload
def plot_kernel_rays(report: KernelReport, *, ax: Axes) -> matplotlib.figure.Figure: ...


def plot_kernel_rays(report: KernelReport, *, ax: Axes | None = None) -> matplotlib.figure.Figure:
    """The regression along rays out of the data, and what polynomials of each degree leave of it.

    Args:
        report: Of `kernel_report`.
        ax: Axes whose place the two panels take; None makes a figure.
    """
    left_over = np.maximum(report.rays.unexplained, _LOWEST)
    power = np.maximum(report.rays.next_power, _LOWEST)
    degrees = np.arange(len(left_over))
    with style():
        figure, (left, right) = panels(2, (FULL_WIDTH, 2.9), ax)
        for number, values in enumerate(report.along):
            left.plot(
                report.distances,
                values,
                ".-",
                markersize=4,
                color=PALETTE[number % len(PALETTE)],
                linewidth=1.0,
                alpha=0.8,
            )
        left.axvspan(0, 1, color=FAINT, linewidth=0)
        left.annotate(
            "data", (0.5, 0.97), xycoords=("data", "axes fraction"), ha="center", va="top", fontsize=7, color=MUTED
        )
        what = "score of the first class" if report.task == "classification" else "first target"
        left.set(title="Along rays out of the data", xlabel="distance / size of the data", ylabel=what)
        left.set_xlim(0, None)
        right.semilogy(degrees, left_over, "o-", color=BLUE, label="of the regression")
        right.semilogy(degrees, power, "s:", color=MUTED, markersize=3, label="of the next power alone")
        if (degree := report.rays.degree) is not None:
            right.plot(degree, left_over[degree], "o", color=VERMILION, markersize=7, label="explains it")
        right.set(title="What polynomials leave", xlabel="degree", ylabel="share of the variance", ylim=(None, 3))
        right.xaxis.set_major_locator(MaxNLocator(integer=True))
        right.yaxis.set_major_locator(LogLocator(numticks=8))
        right.yaxis.set_minor_locator(NullLocator())
        right.grid(True, axis="y", color=FAINT)
        right.legend(loc="lower left")
    return figure


def _score_label(report: KernelReport) -> str:
    return "accuracy (%)" if report.task == "classification" else "R² (1 is perfect)"


def _mark_classes(panel: Axes, labels: NDArray[np.int64]) -> None:
    classes, starts = np.unique(labels, return_index=True)
    edges = np.append(starts, len(labels))
    for edge in starts[1:]:
        panel.axhline(edge - 0.5, color=INK, linewidth=0.5)
        panel.axvline(edge - 0.5, color=INK, linewidth=0.5)
    step = -(-len(classes) // 20)
    middles = (edges[:-1] + edges[1:] - 1)[::step] / 2
    panel.set_xticks(middles, classes[::step].tolist())
    panel.set_yticks(middles, classes[::step].tolist())
    panel.tick_params(length=0)
    panel.set(xlabel="class", ylabel="class")
