"""Where the parts of a chip lie in its picture: across in widths of a column of neighbours, down in modes."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

import numpy as np
from matplotlib.path import Path
from numpy.typing import NDArray

from photonics_sim.device import ChipDrawing

Array = NDArray[np.float64]

# Of a column: first the waveguides with the dots on them, then the crossing, then a bit of waveguide.
LEAD, TAIL = 0.44, 0.06
REACH = 0.5  # how far the waveguides stand out on both sides
_DOT = 0.012  # length of a dot's stroke; of length zero, some programs draw none


class Shapes:
    """The strokes of one drawing.

    Attributes:
        starts: Where each column begins, and where the last one ends, `(columns + 1,)`. A column whose cells join
            distant modes is wider.
        local: Whether every cell joins neighbours.
    """

    def __init__(self, drawing: ChipDrawing) -> None:
        self._drawing = drawing
        span = np.ones(drawing.columns)
        column, top, bottom = drawing.cells.T
        np.maximum.at(span, column, bottom - top)
        self.starts = np.concatenate([[0.0], np.cumsum(np.sqrt(span))])
        self.local = bool((span == 1).all())

    def waveguides(self) -> tuple[Array, Array]:
        """Straight pieces `(pieces, 1, 2, 2)` between crossings, and the power on each in W, `(pieces,)`."""
        modes = self._drawing.modes
        start = np.repeat(self.starts[:, None] - TAIL, modes, axis=1)
        end = np.concatenate([start[1:], start[-1:] + TAIL + REACH])
        start[0] = -REACH
        for column, *pair in self._drawing.cells.tolist():
            end[column, pair] = self.starts[column] + LEAD
        mode = np.broadcast_to(np.arange(modes), start.shape)
        pieces = np.stack([np.stack([start, mode], -1), np.stack([end, mode], -1)], axis=2)
        return pieces.reshape(-1, 1, 2, 2), self._drawing.power.reshape(-1)

    def crossings(self, *, curved: bool) -> Array:
        """Two strokes for each cell, `(cells, 2, points, 2)`; `curved` bends those between neighbours."""
        column, top, bottom = self._drawing.cells.T
        left, right = self.starts[column] + LEAD, self.starts[column + 1] - TAIL
        strokes = []
        for a, b in ((top, bottom), (bottom, top)):
            points = [(left, a), (right, b)]
            if curved:
                bend = np.where(bottom - top == 1, 1.0, 0.0)
                third = (right - left) * (4 + bend) / 12
                rise = (b - a) * (1 - bend) / 3
                points[1:1] = [(left + third, a + rise), (right - third, b - rise)]
            strokes.append(np.stack([np.stack(point, -1) for point in points], axis=1))
        return np.stack(strokes, axis=1)

    def dots(self) -> Array:
        """A dot for each shifter that does not decide a cell's phase, as a short stroke `(dots, 1, 2, 2)`."""
        column, mode, place = self._drawing.shifters[~self.decides].T
        start = np.concatenate([self.starts, [-1.0]])[column.astype(np.int64)]  # the inputs' column is -1
        outside = np.where(column < 0, 0.75, 0.2)
        inside = (column >= 0) & (column < self._drawing.columns)
        middle = start + np.where(inside, 0.08 + 0.28 * place, outside)
        ends = np.stack([middle - _DOT / 2, middle + _DOT / 2], axis=1)
        return np.stack([ends, np.repeat(mode[:, None], 2, axis=1)], axis=-1)[:, None]

    @property
    def phases(self) -> Array:
        """Of each cell in rad, `(cells,)`; nan where no shifter acts between its splitters.

        It is the phase between the last two splitters, top less bottom; before the only one, if it is alone.
        """
        return self._inner[0]

    @property
    def decides(self) -> NDArray[np.bool_]:
        """Which shifters alone make a cell's phase, `(shifters,)`."""
        return self._inner[1]

    @cached_property
    def _inner(self) -> tuple[Array, NDArray[np.bool_]]:
        drawing = self._drawing
        on_waveguide: dict[tuple[int, int], list[int]] = defaultdict(list)
        for number, (column, mode, _) in enumerate(drawing.shifters.tolist()):
            on_waveguide[int(column), int(mode)].append(number)
        splitters: dict[tuple[int, int], list[float]] = defaultdict(list)
        for column, top, place in drawing.splitters.tolist():
            splitters[int(column), int(top)].append(place)
        phases = np.full(len(drawing.cells), np.nan)
        decides = np.zeros(len(drawing.phases), dtype=np.bool_)
        for cell, (column, top, bottom) in enumerate(drawing.cells.tolist()):
            low, high = [-np.inf, -np.inf, *sorted(splitters[column, top])][-2:]
            inside = [
                (number, sign)
                for mode, sign in ((top, 1), (bottom, -1))
                for number in on_waveguide[column, mode]
                if low < drawing.shifters[number, 2] <= high
            ]
            if inside:
                phases[cell] = sum(sign * drawing.phases[number] for number, sign in inside)
            if len(inside) == 1:
                decides[inside[0][0]] = True
        return phases, decides


def joined(strokes: Array) -> Path:
    """Strokes `(..., points, 2)` as one path: of two points straight, of four a curve."""
    points = strokes.shape[-2]
    codes = np.full((strokes.size // (2 * points), points), Path.LINETO if points == 2 else Path.CURVE4)
    codes[:, 0] = Path.MOVETO
    path = Path(strokes.reshape(-1, 2), codes.reshape(-1))
    path.should_simplify = False  # it would lose the dots
    return path
