"""Where panels go: into a new figure, or into the place of axes that the caller gives."""

from __future__ import annotations

import math
from typing import Any

import matplotlib.figure
from matplotlib.axes import Axes
from matplotlib.gridspec import GridSpec, GridSpecFromSubplotSpec
from matplotlib.layout_engine import ConstrainedLayoutEngine

from photonics_sim.errors import PhotonicsError
from photonics_sim.plots._figure import Figure

# Two columns of a paper; one column is 3.4 inches.
FULL_WIDTH = 7.0


def panels(
    count: int, size: tuple[float, float], ax: Axes | None, *, columns: int | None = None, **grid: Any
) -> tuple[matplotlib.figure.Figure, list[Axes]]:
    """`count` axes in rows of `columns` (None: one row): in a new figure, or in the place of `ax`.

    Args:
        count: How many panels.
        size: Width and height of a new figure in inches.
        ax: Axes to draw in; several panels take their place and they are removed.
        columns: Panels in a row.
        grid: Options of the grid, such as `width_ratios`.

    Raises:
        PhotonicsError: where several panels shall take the place of axes that are no cell of a grid.
    """
    columns = min(columns or count, count)
    rows = math.ceil(count / columns)
    if ax is None:
        figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06, wspace=0.04, hspace=0.04))
        cells: GridSpec | GridSpecFromSubplotSpec = figure.add_gridspec(rows, columns, **grid)
        return figure, [figure.add_subplot(cells[divmod(i, columns)]) for i in range(count)]
    root = ax.figure.figure
    if count == 1:
        return root, [ax]
    place = ax.get_subplotspec()
    if place is None:
        raise PhotonicsError(f"ax= was placed by hand and has no room for {count} panels; give axes of subplots()")
    parent = ax.figure
    ax.remove()
    cells = GridSpecFromSubplotSpec(rows, columns, place, **{"wspace": 0.45, "hspace": 0.55} | grid)
    return root, [parent.add_subplot(cells[divmod(i, columns)]) for i in range(count)]


class Board:
    """Panels whose places are given in inches, on a new figure or in the place of axes that the caller gives.

    Attributes:
        figure: What is drawn on.
        width, height: Size of the board in inches; in the place of given axes it is stretched.
    """

    def __init__(self, ax: Axes | None, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._ax = Figure(figsize=(width, height)).add_axes((0, 0, 1, 1)) if ax is None else ax
        self._ax.set_axis_off()
        self.figure: matplotlib.figure.Figure = self._ax.figure.figure

    def panel(self, left: float, bottom: float, width: float, height: float) -> Axes:
        """Axes in this place."""
        place = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        return self._ax.inset_axes(place)

    def points(self, width: float, height: float) -> tuple[float, float]:
        """How many points wide and high something is on the figure as it is now."""
        across, down = self.figure.get_size_inches()
        place = self._ax.get_position()
        return 72 * across * place.width * width / self.width, 72 * down * place.height * height / self.height
