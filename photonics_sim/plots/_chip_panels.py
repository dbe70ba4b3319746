"""The panels of a chip: its mesh with the light on it, and the errors of its splitters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import Colormap, LogNorm, Normalize
from matplotlib.ticker import FuncFormatter, MaxNLocator

from photonics_sim.device import ChipDrawing, format_si
from photonics_sim.plots._chip_shapes import REACH, Array, Shapes, joined
from photonics_sim.plots._style import INK, LIGHT, MUTED, PHASE

POWER_LEVELS, PHASE_LEVELS = 32, 64
MAX_CURVED = 24  # modes up to which a bend can be seen
MAX_VECTOR_CELLS = 10_000  # above, an image of the mesh is the smaller file
MIN_CASED = 12.0  # points between modes from which an outline leaves room for the colour
TURN = 2 * math.pi
ERROR = matplotlib.colormaps["RdBu_r"].with_extremes(bad="#eceff1")


@dataclass(frozen=True)
class Scales:
    """How numbers become colours, the same for all meshes of a figure.

    Attributes:
        power: Of light in W, logarithmic; all that is below its range looks alike.
        phase: In rad, one turn.
        error: Of a splitter's angle in mrad.
    """

    power: LogNorm
    phase: Normalize
    error: Normalize

    @classmethod
    def of(cls, drawings: Sequence[ChipDrawing]) -> Scales:
        """Scales that span all of these, and show what is left of the light at the end."""
        brightest = max(float(drawing.power.max()) for drawing in drawings) or 1.0
        left = min(float(drawing.power[-1].mean()) for drawing in drawings) or brightest
        decades = min(max(math.ceil(math.log10(brightest / left) + 0.5), 2), 6)
        worst = 1e3 * max(float(np.abs(drawing.splitter_errors).max(initial=0)) for drawing in drawings)
        return cls(
            power=LogNorm(brightest / 10**decades, brightest, clip=True),
            phase=Normalize(0, TURN),
            error=Normalize(-worst or -1.0, worst or 1.0),
        )


def unit_for(power: float) -> tuple[str, float]:
    """The symbol in which a power is written with few digits, and that unit's size in W."""
    digits, symbol = format_si(power, "W").split()
    return symbol, 10.0 ** round(math.log10(power / float(digits))) if power else 1.0


def draw_mesh(ax: Axes, drawing: ChipDrawing, scales: Scales, points: tuple[float, float]) -> None:
    """Waveguides from left to right, every cell a crossing, the other shifters as dots.

    Args:
        ax: Where to.
        drawing: The mesh.
        scales: Colours.
        points: Width and height of `ax`; strokes are as wide as there is room.
    """
    shapes = Shapes(drawing)
    pitch = min(points[1] / drawing.modes, 1.3 * points[0] / shapes.starts[-1])
    pen = _Pen(ax, rasterized=len(drawing.cells) > MAX_VECTOR_CELLS)
    wide, colours = min(max(0.26 * pitch, 2.0), 4.2), (scales.phase, PHASE)
    pen.strokes(*shapes.waveguides(), (scales.power, LIGHT), POWER_LEVELS, (0.2 * wide, wide), zorder=2)
    outline = INK if pitch >= MIN_CASED else None
    width = min(max(0.15 * pitch, 0.9), 3.4 if shapes.local else 2.0)
    crossings = shapes.crossings(curved=drawing.modes <= MAX_CURVED)
    unknown = np.isnan(shapes.phases)
    if unknown.any():
        pen.plain(crossings[unknown], MUTED, width, zorder=3)
    pen.cyclic(
        crossings[~unknown], shapes.phases[~unknown], colours, width, outline if shapes.local else None, zorder=4
    )
    dots = drawing.phases[~shapes.decides]
    pen.cyclic(shapes.dots(), dots, colours, min(max(0.3 * pitch, 1.5), 6.5), outline, zorder=6)
    ends = (-REACH, shapes.starts[-1] + REACH)
    ax.set(xlim=ends, ylim=(drawing.modes - 0.4, -0.6), yticks=[])
    ax.spines[:].set_visible(False)
    _number_columns(ax, (shapes.starts[:-1] + shapes.starts[1:]) / 2)


@dataclass(frozen=True)
class _Pen:
    """Draws many strokes as few paths, one for each colour, so that a file of thousands stays small."""

    ax: Axes
    rasterized: bool

    def strokes(
        self,
        strokes: Array,
        values: Array,
        colours: tuple[Normalize, Colormap],
        levels: int,
        widths: tuple[float, float],
        zorder: float,
    ) -> None:
        """Strokes `(things, strokes of each, points, 2)`, coloured and as wide as their values `(things,)` say."""
        norm, cmap = colours
        level = np.clip(np.floor(levels * np.asarray(norm(values))), 0, levels - 1).astype(np.int64)
        used = np.unique(level)
        shares = (used + 0.5) / levels
        self._add(
            [joined(strokes[level == k]) for k in used],
            zorder,
            array=norm.inverse(shares),
            norm=norm,
            cmap=cmap,
            linewidths=widths[0] + (widths[1] - widths[0]) * shares,
        )

    def cyclic(
        self,
        strokes: Array,
        phases: Array,
        colours: tuple[Normalize, Colormap],
        width: float,
        outline: str | None,
        zorder: float,
    ) -> None:
        """Strokes of one width, coloured by their phases in rad."""
        if outline is not None:
            self.plain(strokes, outline, width + 0.7, zorder - 0.5)
        self.strokes(strokes, np.mod(phases, TURN), colours, PHASE_LEVELS, (width, width), zorder)

    def plain(self, strokes: Array, colour: str, width: float, zorder: float) -> None:
        """All strokes in one colour."""
        self._add([joined(strokes)], zorder, edgecolors=colour, linewidths=width)

    def _add(self, paths: list[Any], zorder: float, **options: Any) -> None:
        if not paths:
            return
        options |= {"facecolors": "none", "capstyle": "round", "snap": False, "rasterized": self.rasterized}
        self.ax.add_collection(PathCollection(paths, zorder=zorder, **options), autolim=False)


def draw_power(ax: Axes, drawing: ChipDrawing, scales: Scales, *, left: bool) -> None:
    """Bars to stand beside the mesh: the power that goes in (left) or comes out, mode by mode."""
    power = drawing.power[0 if left else -1]
    symbol, size = unit_for(float(power.max()))
    ax.barh(range(drawing.modes), power / size, height=0.62, color=LIGHT(scales.power(power)), linewidth=0)
    most = 1.08 * float(power.max()) / size or 1.0
    ax.set(xlim=(most, 0) if left else (0, most), ylim=(drawing.modes - 0.4, -0.6))
    ax.xaxis.set_major_locator(MaxNLocator(2))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if value else ""))
    ax.set_xlabel(f"{'in' if left else 'out'} ({symbol})")
    ax.set_yticks(range(0, drawing.modes, _step(drawing.modes, 16)))
    ax.tick_params(axis="y", length=0, labelleft=left, labelright=not left)
    ax.yaxis.set_label_position("left" if left else "right")
    ax.set_ylabel("input mode" if left else "output mode")
    ax.spines[["left", "right"]].set_visible(False)


def draw_errors(ax: Axes, drawing: ChipDrawing, scales: Scales) -> None:
    """The error of every splitter, over column and mode."""
    shown = ax.imshow(
        splitter_map(drawing),
        cmap=ERROR,
        norm=scales.error,
        aspect="auto",
        interpolation="none",
        extent=(0, drawing.columns, drawing.modes - 0.5, -0.5),
    )
    shown.set_zorder(0)
    ax.set(xlim=(-REACH, drawing.columns + REACH), ylim=(drawing.modes - 0.5, -0.5), ylabel="mode")
    ax.spines[:].set_visible(False)
    ax.yaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
    _number_columns(ax, np.arange(0.5, drawing.columns, dtype=np.float64))


def splitter_map(drawing: ChipDrawing) -> Array:
    """Errors in mrad, `(modes, columns * splitters of a cell)`, on both modes of each; nan where there is none."""
    bottoms = {(column, top): bottom for column, top, bottom in drawing.cells.tolist()}
    keys = [(int(column), int(top)) for column, top, _ in drawing.splitters]
    order = np.argsort(drawing.splitters[:, 2], kind="stable")
    rank, met = np.zeros(len(keys), dtype=np.int64), dict.fromkeys(keys, 0)
    for number in order:
        rank[number] = met[keys[number]]
        met[keys[number]] += 1
    slots = max(met.values(), default=1)
    table = np.full((drawing.modes, drawing.columns * slots), np.nan)
    for number, (column, top) in enumerate(keys):
        modes = [top, bottoms.get((column, top), top)]
        table[modes, column * slots + rank[number]] = 1e3 * drawing.splitter_errors[number]
    return table


def _number_columns(ax: Axes, middles: Array) -> None:
    step = _step(len(middles), 20)
    ax.set_xticks(middles[::step], [str(column) for column in range(0, len(middles), step)])
    ax.tick_params(axis="x", length=0)
    ax.set_xlabel("column")


def _step(count: int, most: int) -> int:
    """How many to go on so that no more than `most` are named."""
    return int(2 ** max(0, math.ceil(math.log2(count / most))))
