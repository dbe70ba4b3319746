"""One look for all figures: thin lines, a palette that colour-blind people can read, sizes of a paper column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import matplotlib
import matplotlib.figure
from matplotlib.axes import Axes
from matplotlib.gridspec import GridSpecBase, GridSpecFromSubplotSpec

from photonics_sim.errors import PhotonicsError

INK, MUTED, FAINT = "#22262b", "#6b737c", "#d9dde1"
# Okabe and Ito's colours, darkened to carry thin lines on white.
BLUE, VERMILION, GREEN, PURPLE, OCHRE = "#2a6f97", "#c8553d", "#3a8f6b", "#8a5a9e", "#b7862c"
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, OCHRE)

FULL_WIDTH = 7.0  # inches: two columns of a paper; one column is 3.4

STYLE: dict[str, Any] = {
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "savefig.dpi": 200,
    "savefig.bbox": None,
    "savefig.facecolor": "white",
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.usetex": False,
    "text.color": INK,
    "mathtext.default": "regular",
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.facecolor": "white",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "legend.handlelength": 1.4,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.minor.visible": False,
    "ytick.minor.visible": False,
    "image.interpolation": "none",
    "image.origin": "upper",
    "svg.fonttype": "none",
    "svg.hashsalt": "photonics_sim",
    "svg.image_inline": True,
    "svg.id": None,
    "pdf.fonttype": 42,
    "pdf.compression": 6,
}


def grid_in(ax: Axes, rows: int, columns: int, **spacing: Any) -> GridSpecBase:
    """Give up the place of `ax` to a grid of panels.

    Raises:
        PhotonicsError: where the axes were placed by hand and are no cell of a grid.
    """
    place = ax.get_subplotspec()
    if place is None:
        raise PhotonicsError("ax= was placed by hand; several panels need axes from add_subplot() or subplots()")
    ax.remove()
    return GridSpecFromSubplotSpec(rows, columns, place, **spacing)


def panels(
    count: int, columns: int, size: tuple[float, float], ax: Axes | None, **ratios: Sequence[float]
) -> tuple[matplotlib.figure.Figure, list[Axes]]:
    """`count` axes in rows of at most `columns`: in a new figure of `size` inches, or in the place of `ax`."""
    from photonics_sim.plots._figure import Figure

    columns = min(columns, count)
    rows = math.ceil(count / columns)
    if ax is None:
        figure: matplotlib.figure.Figure = Figure(figsize=size, layout="constrained")
        grid: GridSpecBase = figure.add_gridspec(rows, columns, **ratios)
    else:
        figure = figure_of(ax)
        grid = grid_in(ax, rows, columns, **ratios)
    return figure, [figure.add_subplot(grid[i // columns, i % columns]) for i in range(count)]
