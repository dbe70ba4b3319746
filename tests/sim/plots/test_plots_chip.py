"""The picture of a chip: every part is there, in the colour of its number, from 2 to 128 modes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path as File

import matplotlib.figure
import numpy as np
import pytest
from chip_cases import Columns, butterfly, drawing, rectangle, triangle
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.path import Path

from photonics_sim import plots
from photonics_sim.device import ChipDrawing
from photonics_sim.errors import PhotonicsError
from photonics_sim.plots._chip_panels import Scales, splitter_map
from photonics_sim.plots._chip_shapes import Shapes
from photonics_sim.plots._style import LIGHT, PHASE

TURN = 2 * np.pi


def texts(figure: plots.Figure) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]+)</text>", figure.svg())


def panels(figure: matplotlib.figure.Figure) -> list[Axes]:
    """Every axes of the board."""
    return figure.axes[0].child_axes


def mesh_of(figure: matplotlib.figure.Figure) -> Axes:
    return next(ax for ax in panels(figure) if len(ax.collections) > 1)


def coloured(ax: Axes, colormap: object) -> list[PathCollection]:
    return [
        c for c in ax.collections if isinstance(c, PathCollection) and c.get_array() is not None and c.cmap is colormap
    ]


def strokes(collection: PathCollection) -> int:
    return sum(int((np.asarray(path.codes) == Path.MOVETO).sum()) for path in collection.get_paths())


@pytest.mark.parametrize(
    ("columns", "cells"),
    [(rectangle(3), 3), (rectangle(4), 6), (rectangle(8), 28), (rectangle(16), 120), (triangle(8), 28),
     (butterfly(16), 32), (rectangle(64), 2016)],
)  # fmt: skip
def test_every_cell_shifter_and_piece_of_waveguide_is_drawn(columns: Columns, cells: int) -> None:
    case = drawing(columns)
    figure = plots.plot_chip([case])
    crossings, dots = coloured(mesh_of(figure), PHASE)
    assert strokes(crossings) == 2 * cells
    assert strokes(dots) == len(case.phases) - cells
    (light,) = coloured(mesh_of(figure), LIGHT)
    assert strokes(light) == case.power.size
    assert figure.get_size_inches()[0] <= 7
    assert len(figure.svg()) < 400_000
    assert any(text.startswith(f"{cells:,} cells · {len(case.phases):,} shifters drawing") for text in texts(figure))


def test_colours_follow_the_phases_round_the_circle() -> None:
    phases = np.array([0.0, np.pi, 1.0, TURN - 0.01, np.pi / 2, -0.01, 1.0 + TURN])
    base = drawing([[(0, 1)]] * 3)
    case = replace(base, phases=np.append(phases[:6], [phases[6], 0.0]), shifters=base.shifters)
    figure = plots.plot_chip([case])
    crossings, dots = coloured(mesh_of(figure), PHASE)
    for collection, expected in ((crossings, phases[[1, 3, 5]]), (dots, [*phases[[0, 2, 4, 6]], 0.0])):
        drawn = np.asarray(collection.get_array())
        nearest = np.abs(np.mod(np.asarray(expected), TURN)[:, None] - drawn).min(axis=1)
        assert (nearest <= TURN / 128 + 1e-12).all()
    figure.svg()
    np.testing.assert_array_equal(crossings.get_edgecolors(), PHASE(crossings.norm(crossings.get_array())))
    assert np.abs(np.subtract(PHASE(0.0), PHASE(1.0))).max() < 1e-12


def test_more_light_is_a_wider_and_darker_waveguide() -> None:
    figure = plots.plot_chip([drawing(rectangle(8))])
    (light,) = coloured(mesh_of(figure), LIGHT)
    figure.svg()
    assert (np.diff(light.get_linewidths()) > 0).all()
    lightness = light.get_edgecolors()[:, :3] @ [0.21, 0.72, 0.07]
    assert (np.diff(lightness) < 0).all()


def test_the_scale_reaches_down_to_the_light_that_is_left() -> None:
    weak = drawing(rectangle(4))
    weak = replace(weak, power=weak.power * np.array([[1.0], [0.1], [0.01], [1e-3], [1e-4]]))
    assert Scales.of([weak]).power.vmin < weak.power[-1].mean()
    assert Scales.of([drawing(rectangle(4))]).power.vmin == pytest.approx(drawing(rectangle(4)).power.max() / 100)


@pytest.mark.parametrize(
    ("parts", "expected", "others"),
    [("psps", [1.0], 1), ("ps", [0.0], 0), ("spsps", [1.0], 1), ("sPs", [0.0 - 1.0], 2), ("s", [np.nan], 0)],
)
def test_the_inner_phase_of_each_kind_of_cell(parts: str, expected: list[float], others: int) -> None:
    case = drawing([[(0, 1)]], parts=parts)
    case = replace(case, phases=np.arange(len(case.phases), dtype=np.float64))
    shapes = Shapes(case)
    np.testing.assert_array_equal(shapes.phases, expected)
    assert len(shapes.dots()) == others + 2
    assert "1 cell · " in " ".join(texts(plots.plot_chip([case])))


def test_a_shifter_at_the_place_of_a_splitter_comes_before_it() -> None:
    case = drawing([[(0, 1)]])
    places = np.array([0.0, 0.5, 0.0, 0.0])
    case = replace(case, shifters=np.column_stack([case.shifters[:, :2], places]), phases=np.arange(4.0))
    case = replace(case, splitters=np.column_stack([case.splitters[:, :2], [0.0, 0.5]]))
    assert Shapes(case).phases.tolist() == [1.0]


def test_neighbours_cross_in_curves_and_distant_modes_straight_in_wider_columns() -> None:
    shapes = Shapes(drawing(butterfly(8)))
    assert not shapes.local
    np.testing.assert_allclose(np.diff(shapes.starts), [1, 2**0.5, 2])
    near, far = shapes.crossings(curved=True)[[0, -1]]
    assert near[0, 0, 1] == near[0, 1, 1]  # leaves along the waveguide
    np.testing.assert_allclose(np.diff(far[0], axis=0), np.diff(far[0], axis=0)[[0, 0, 0]])
    for cell in (near, far):
        assert cell[0, 0, 1] == cell[1, -1, 1]
        assert cell[0, -1, 1] == cell[1, 0, 1]


def test_waveguides_and_crossings_meet() -> None:
    case = drawing(triangle(5))
    shapes = Shapes(case)
    ends = {tuple(np.round(point, 6)) for piece in shapes.waveguides()[0] for point in piece[0]}
    for cell in shapes.crossings(curved=True):
        for stroke in cell:
            assert {tuple(np.round(stroke[0], 6)), tuple(np.round(stroke[-1], 6))} <= ends


def test_inputs_and_outputs_lie_outside_of_the_columns() -> None:
    case = drawing(rectangle(2))
    inputs = np.array([[-1.0, 0, 0.5], [-1.0, 1, 0.5]])
    case = replace(
        case, shifters=np.concatenate([inputs, case.shifters]), phases=np.zeros(6), electrical_power_w=np.zeros(6)
    )
    across = Shapes(case).dots()[:, 0, :, 0].mean(axis=1)
    assert (across[:2] < 0).all()
    assert (across[-2:] > case.columns).all()


def test_splitter_errors_are_a_panel_where_there_are_any() -> None:
    exact, built = drawing(rectangle(4), error_rad=0), drawing(rectangle(4), error_rad=0.02)
    assert "Splitter errors" not in texts(plots.plot_chip([exact]))
    said = texts(plots.plot_chip([built]))
    errors = 1e3 * built.splitter_errors
    worst = abs(errors).max()
    assert f"{(errors**2).mean() ** 0.5:.3g} mrad rms, {worst:.3g} mrad at most" in said
    assert "splitter error (mrad)" in said
    image = next(ax.images[0] for ax in panels(plots.plot_chip([built])) if ax.images)
    assert (image.norm.vmin, image.norm.vmax) == (-worst, worst)
    table = splitter_map(built)
    assert table.shape == (4, 8)
    np.testing.assert_array_equal(table[[0, 1], :2], errors[[0, 1]][None].repeat(2, axis=0))
    assert np.isnan(table[[0, 3], 2:4]).all()


def test_units_and_modes_are_written() -> None:
    figure = plots.plot_chip([drawing(rectangle(4), name="mesh", power_w=2e-3)])
    said = texts(figure)
    assert {"Mesh", "phase (rad)", "optical power (W)", "in (mW)", "input mode", "output mode", "column", "2π"} <= set(
        said
    )
    assert any(
        re.fullmatch(r"6 cells · 16 shifters drawing .* mW · light 2 mW → .* \(\N{MINUS SIGN}\d\.\d dB\)", t)
        for t in said
    )
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", figure.svg())]
    assert min(sizes) >= 7
    many = texts(plots.plot_chip([drawing(rectangle(64), error_rad=0)]))
    assert "60" in many
    assert "61" not in many


def test_meshes_stand_above_one_another_on_one_scale() -> None:
    two = plots.plot_chip([drawing(rectangle(8), name="right", seed=1), drawing(rectangle(8), name="left", seed=2)])
    assert {"Right", "Left"} <= set(texts(two))
    one = plots.plot_chip([drawing(rectangle(8))])
    assert two.get_size_inches()[1] > 1.8 * one.get_size_inches()[1]
    assert texts(two).count("phase (rad)") == 1


def test_no_light_is_no_failure() -> None:
    case = drawing(rectangle(4), error_rad=0)
    dark = texts(plots.plot_chip([replace(case, power=np.zeros_like(case.power))]))
    assert any("light 0 W → 0 W" in text and "dB" not in text for text in dark)
    passive = replace(case, electrical_power_w=np.zeros(len(case.phases)))
    assert any("drawing 0 W" in text for text in texts(plots.plot_chip([passive])))
    empty = drawing(rectangle(2))
    empty = replace(empty, cells=np.zeros((0, 3), np.int64), splitters=np.zeros((0, 3)), splitter_errors=np.zeros(0))
    assert any(text.startswith("0 cells") for text in texts(plots.plot_chip([empty])))


def test_the_same_bytes_every_time(tmp_path: File) -> None:
    for suffix in ("svg", "pdf", "png"):
        paths = [tmp_path / f"{i}.{suffix}" for i in range(2)]
        for path in paths:
            plots.plot_chip([drawing(rectangle(4))]).write(path)
        assert paths[0].read_bytes() == paths[1].read_bytes()


def test_it_takes_the_place_of_given_axes() -> None:
    board = matplotlib.figure.Figure(figsize=(9, 4))
    left, right = board.subplots(1, 2)
    assert plots.plot_chip([drawing(rectangle(4))], ax=left) is board
    assert left.child_axes
    assert not left.axison
    assert not right.child_axes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"power": np.ones((3, 4))}, r"drawing 'mesh': power has shape \(3, 4\); expected \(5, 4\)"),
        ({"phases": np.ones(3)}, "'mesh': shifters has shape"),
        ({"power": np.full((5, 4), np.nan)}, "power holds 20 values that are not finite"),
        ({"power": np.full((5, 4), -1.0)}, r"a power of -1 W; give \|amplitude\|\^2"),
        ({"cells": np.array([[0, 3, 4]])}, "cells outside of its 4 columns and 4 modes"),
        ({"cells": np.array([[4, 0, 1]])}, "cells outside"),
    ],
)
def test_drawings_that_do_not_fit_are_refused(change: dict[str, object], message: str) -> None:
    case: ChipDrawing = replace(drawing(rectangle(4)), **change)  # type: ignore[arg-type]
    with pytest.raises(PhotonicsError, match=message):
        plots.plot_chip([case])
    with pytest.raises(PhotonicsError, match="no chip to draw"):
        plots.plot_chip([])
