"""The picture of light from the side: its scales, its planes, what it refuses."""

from __future__ import annotations

import re
from typing import Any

import matplotlib.figure
import numpy as np
import pytest
from matplotlib.colors import LogNorm
from plot_cases import side_view

from photonics_sim import plots
from photonics_sim.errors import PhotonicsError


def drawn(**fields: Any) -> tuple[plots.Figure, Any]:
    figure = plots.plot_side_view(side_view(**fields))
    figure.svg()
    return figure, figure.axes[0]


def names(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_power_is_drawn_over_three_decades_at_its_place() -> None:
    view = side_view()
    figure, ax = drawn()
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), view.power.T)
    assert isinstance(image.norm, LogNorm)
    assert image.norm.vmax == pytest.approx(view.power.max())
    assert image.norm.vmin == pytest.approx(view.power.max() / 1000)
    assert image.cmap.name == "inferno"
    assert image.get_extent() == pytest.approx((-0.0025, 0.0425, -48e-6, 48e-6))
    assert ax.get_title(loc="left") == "Through a mask"
    svg = figure.svg()
    assert {"z (mm)", "x (um)"} <= set(re.findall(r">([^<>]+)</text>", svg))
    assert "power per column of pixels" in svg
    assert "\N{MINUS SIGN}40" in svg


def test_planes_are_lines_with_names_and_the_detector_a_bar() -> None:
    _, ax = drawn()
    *lines, bar = ax.lines
    assert [line.get_xdata()[0] for line in lines] == [0, 0.02, 0.04]
    assert names(ax) == ["data", "mask 1", "detectors"]
    assert list(bar.get_ydata()) == [-1.6e-5, 8e-6]


@pytest.mark.parametrize(("count", "named"), [(9, 9), (10, 5), (30, 8), (101, 8)])
def test_of_many_planes_some_have_no_name(count: int, named: int) -> None:
    marks = tuple((float(z), f"mask {k}") for k, z in enumerate(np.linspace(0, 0.04, count)))
    _, ax = drawn(marks=marks)
    assert len(ax.lines) == count + 1
    assert len(names(ax)) == named
    assert (names(ax)[0], names(ax)[-1]) == ("mask 0", f"mask {count - 1}")


def test_edges_that_stay_dark_are_left_out_but_not_the_detector() -> None:
    x = (np.arange(101) - 50) * 8e-6
    power = np.zeros((9, 101))
    power[:, 45:56] = 1.0
    near = drawn(x=x, power=power)[1].get_ylim()
    far = drawn(x=x, power=power, detector=(1e-4, 2e-4))[1].get_ylim()
    assert near == pytest.approx((-4.4e-5, 4.4e-5))
    assert far == pytest.approx((-2.2e-4, 2.2e-4))


def test_places_need_not_be_even() -> None:
    z = np.array([0, 0.01, 0.03, 0.04])
    power = np.arange(1, 49.0).reshape(4, 12)
    _, ax = drawn(z=z, power=power)
    np.testing.assert_array_equal(ax.images[0].get_array(), power[[0, 1, 1, 2, 3]].T)


def test_light_of_another_size_has_its_own_unit() -> None:
    figure, _ = drawn(z=np.linspace(0, 3, 9), marks=((0.0, "data"), (3.0, "end")))
    assert "z (m)" in figure.svg()


def test_no_light_is_said() -> None:
    figure, _ = drawn(power=np.zeros((9, 12)))
    assert "no light" in figure.svg()


def test_it_takes_the_place_of_given_axes() -> None:
    board = matplotlib.figure.Figure()
    left, _ = board.subplots(1, 2)
    assert plots.plot_side_view(side_view(), ax=left) is board
    assert left.images


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"power": np.ones((9, 11))}, r"power has shape \(9, 11\) for 9 places along z and 12 along x"),
        ({"z": np.zeros(9)}, r"z\[1\] is not beyond z\[0\]; give increasing places"),
        ({"x": np.r_[0:11, 3.0]}, r"x\[11\] is not beyond x\[10\]"),
        ({"power": np.full((9, 12), -1.0)}, r"power\[0, 0\] is -1; expected finite powers from 0 up"),
        ({"power": np.full((9, 12), np.nan)}, r"power\[0, 0\] is nan"),
    ],
)
def test_what_is_no_view_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(PhotonicsError, match=said):
        plots.plot_side_view(side_view(**fields))
