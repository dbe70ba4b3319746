"""A mesh of interferometers with the light on its way through it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, overload

import matplotlib
import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize

from photonics_sim.device import ChipDrawing, format_si
from photonics_sim.errors import PhotonicsError
from photonics_sim.plots._chip_check import check_drawing
from photonics_sim.plots._chip_panels import ERROR, TURN, Scales, draw_errors, draw_mesh, draw_power
from photonics_sim.plots._chip_shapes import Shapes
from photonics_sim.plots._figure import Figure
from photonics_sim.plots._layout import FULL_WIDTH, Board
from photonics_sim.plots._style import LIGHT, MUTED, PHASE, style

# In inches: room beside, above and below a panel, and what lies in it.
SIDE, HEAD, FOOT = 0.98, 0.5, 0.44
BAR, BAR_GAP, SCALE, SCALE_GAP = 0.5, 0.03, 0.09, 0.12
MESH_HEIGHT = 5.4


@overload
def plot_chip(drawings: Sequence[ChipDrawing], *, ax: None = None) -> Figure: ...
@overload
def plot_chip(drawings: Sequence[ChipDrawing], *, ax: Axes) -> matplotlib.figure.Figure: ...


def plot_chip(drawings: Sequence[ChipDrawing], *, ax: Axes | None = None) -> matplotlib.figure.Figure:
    """The meshes of a chip, one above the other, with one sample's light on its way through them.

    Light runs from left to right. A waveguide is the wider and darker the more power it carries; a cell is a crossing
    in the colour of the phase between its splitters, every other phase shifter a dot in the colour of its own. Bars
    give the power that goes in and comes out. Where splitters err, a panel below shows by how much.

    Args:
        drawings: What `Drawn.drawings` gives, in the order of the light.
        ax: Axes in whose place the panels are drawn; None makes a figure.

    Raises:
        PhotonicsError: where there is no drawing, its arrays do not fit one another, or a number is not finite.
    """
    if not drawings:
        raise PhotonicsError("there is no chip to draw; give at least one ChipDrawing")
    for drawing in drawings:
        check_drawing(drawing)
    scales = Scales.of(drawings)
    errors = any(drawing.splitter_errors.any() for drawing in drawings)
    pitch = min(max(MESH_HEIGHT / max(drawing.modes for drawing in drawings), 0.02), 0.36)
    heights = [
        [drawing.modes * pitch, min(max(0.4 * drawing.modes * pitch, 0.7), 1.7)][: 1 + errors] for drawing in drawings
    ]
    width = min(max(2 * SIDE + 0.6 * max(Shapes(drawing).starts[-1] for drawing in drawings), 5.6), FULL_WIDTH)
    height = sum(HEAD + part + FOOT for parts in heights for part in parts) + SCALE_GAP + SCALE + FOOT
    with style():
        board = Board(ax, width, height)
        top = height
        for drawing, parts in zip(drawings, heights, strict=True):
            for part, draw in zip(parts, (_draw_mesh, _draw_errors), strict=False):
                top -= HEAD + part
                draw(board, top, part, drawing, scales)
                top -= FOOT
        _draw_scales(board, scales, errors)
    return board.figure


def _draw_mesh(board: Board, bottom: float, height: float, drawing: ChipDrawing, scales: Scales) -> None:
    inside = board.width - 2 * SIDE
    ax = board.panel(SIDE, bottom, inside, height)
    draw_mesh(ax, drawing, scales, board.points(inside, height))
    draw_power(board.panel(SIDE - BAR - BAR_GAP, bottom, BAR, height), drawing, scales, left=True)
    draw_power(board.panel(SIDE + inside + BAR_GAP, bottom, BAR, height), drawing, scales, left=False)
    _head(ax, drawing.name[:1].upper() + drawing.name[1:], _numbers(drawing))


def _draw_errors(board: Board, bottom: float, height: float, drawing: ChipDrawing, scales: Scales) -> None:
    ax = board.panel(SIDE, bottom, board.width - 2 * SIDE, height)
    draw_errors(ax, drawing, scales)
    errors = 1e3 * drawing.splitter_errors
    spread = math.sqrt(float((errors**2).mean())) if errors.size else 0.0
    most = float(np.abs(errors).max(initial=0))
    _head(ax, "Splitter errors", f"{spread:.3g} mrad rms, {most:.3g} mrad at most")


def _head(ax: Axes, title: str, caption: str) -> None:
    above: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}
    start = -72 * BAR - 2
    ax.annotate(title, (0, 1), (start, 20), fontweight="bold", **above)
    ax.annotate(caption, (0, 1), (start, 8), fontsize=8, color=MUTED, **above)


def _numbers(drawing: ChipDrawing) -> str:
    numbers = drawing.numbers()
    light_in, light_out = numbers["power_in_w"], numbers["power_out_w"]
    light = f"light {format_si(light_in, 'W')} → {format_si(light_out, 'W')}"
    if light_in > 0 and light_out > 0:
        light += f" ({10 * math.log10(light_out / light_in):+.1f} dB)".replace("-", "\N{MINUS SIGN}")
    drawn = format_si(numbers["electrical_power_w"], "W")
    cells, shifters = (
        f"{numbers[what]:,} {what[: -1 if numbers[what] == 1 else None]}" for what in ("cells", "shifters")
    )
    bound = drawing.reflection_bound
    reflected = f" · back-reflections move the matrix by {100 * bound:.2g} % at most" if 0 < bound < 1 else ""
    return f"{cells} · {shifters} drawing {drawn} · {light}{reflected}"


def _draw_scales(board: Board, scales: Scales, errors: bool) -> None:
    """What the colours mean, in a row at the bottom."""
    turn = {k * TURN / 4: text for k, text in enumerate(("0", "π/2", "π", "3π/2", "2π"))}
    rows: list[tuple[str, Normalize, Colormap, dict[float, str] | None]] = [
        ("phase (rad)", scales.phase, PHASE, turn),
        ("optical power (W)", scales.power, LIGHT, _decades(scales.power)),
        ("splitter error (mrad)", scales.error, ERROR, None),
    ][: 2 + errors]
    gap = 0.4
    width = (board.width - 2 * SIDE + 2 * BAR - gap * (len(rows) - 1)) / len(rows)
    for number, (label, norm, cmap, ticks) in enumerate(rows):
        ax = board.panel(SIDE - BAR + number * (width + gap), FOOT, width, SCALE)
        bar = ax.figure.colorbar(ScalarMappable(norm, cmap), cax=ax, orientation="horizontal")
        if ticks is not None:
            bar.set_ticks(list(ticks), labels=list(ticks.values()))
        bar.minorticks_off()
        bar.set_label(label, fontsize=8)
        bar.outline.set_visible(False)
        ax.tick_params(labelsize=7, length=2)


def _decades(norm: Normalize) -> dict[float, str]:
    """Powers of ten within a scale, every second one where there are many."""
    low, high = (math.log10(end or 1.0) for end in (norm.vmin, norm.vmax))
    powers = range(math.floor(high + 1e-9), math.ceil(low - 1e-9) - 1, -1 if high - low < 4 else -2)
    return {10.0**power: format_si(10.0**power, "W") for power in powers}
