"""Each picture says what it should, also at the ends of its range."""

from __future__ import annotations

import math
import re
from typing import Any

import matplotlib.figure
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from plot_cases import aged, confusion, costs, history, planes, rewriting, timeline

from photonics_sim import plots
from photonics_sim.errors import PhotonicsError


def texts(figure: matplotlib.figure.Figure) -> list[str]:
    """Every text of the drawn figure."""
    assert isinstance(figure, plots.Figure)
    return re.findall(r"<text[^>]*>([^<]+)</text>", figure.svg())


def panel(figure: matplotlib.figure.Figure, title: str) -> Axes:
    return next(ax for ax in figure.axes if ax.get_title(loc="left") == title)


@pytest.mark.parametrize("epochs", [1, 2, 30, 500])
@pytest.mark.parametrize("task", ["classification", "regression", "next-token"])
def test_training_of_any_length(epochs: int, task: str) -> None:
    figure = plots.plot_training(history(epochs), task, best_epoch=epochs)
    loss, score = figure.axes
    assert loss.get_yscale() == ("log" if epochs >= 30 else "linear")
    assert score.get_ylim()[1] <= {"classification": 100, "regression": 1, "next-token": 8}[task]
    assert f"kept: epoch {epochs}" in texts(figure)
    assert loss.lines[0].get_marker() == ("None" if epochs == 500 else "o")


def test_accuracy_is_in_per_cent_and_the_first_epochs_of_a_regression_do_not_flatten_the_rest() -> None:
    accuracy = plots.plot_training(history(5), "classification").axes[1]
    np.testing.assert_allclose(accuracy.lines[0].get_ydata(), 100 * history(5)["train_accuracy"])
    bad = history(5)
    bad["train_r2"] = np.array([-1e6, -3, 0.1, 0.5, 0.8])
    assert plots.plot_training(bad, "regression").axes[1].get_ylim()[0] > -1.5


def test_values_that_are_not_finite_leave_a_gap_that_is_named() -> None:
    broken = history(8)
    broken["validation_loss"][5:] = [math.nan, math.inf, math.nan]
    assert "not finite: 3 of 8 epochs, first 6" in texts(plots.plot_training(broken, "classification"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train_loss": np.full(3, np.nan)}, "train_loss.*no finite number"),
        ({"train_loss": np.ones(2)}, r"train_loss.*shape \(2,\)"),
        ({name: np.zeros(0) for name in history(1)}, "shape"),
    ],
)
def test_histories_that_cannot_be_drawn(change: dict[str, Any], message: str) -> None:
    with pytest.raises(PhotonicsError, match=message):
        plots.plot_training(history(3) | change, "classification")


def test_a_missing_curve_and_an_unknown_task_are_named() -> None:
    with pytest.raises(PhotonicsError, match="no train_loss"):
        plots.plot_training({"epoch": np.ones(1)}, "classification")
    with pytest.raises(PhotonicsError, match="expected one of classification, regression, next-token"):
        plots.plot_training(history(2), "ranking")


@pytest.mark.parametrize("classes", [1, 2, 10, 20, 21, 100])
def test_confusion_of_any_size(classes: int) -> None:
    figure = plots.plot_confusion(confusion(classes), [f"class {i}" for i in range(classes)])
    said = texts(figure)
    assert ("90" in said or "97" in said) == (classes <= 20)
    assert sum(text.startswith("class ") for text in said) <= 50
    assert any("right" in text for text in said)
    assert max(figure.get_size_inches()) <= 7.01


def test_confusion_gives_recall_and_bears_a_class_without_samples() -> None:
    said = texts(plots.plot_confusion(np.array([[9, 1], [0, 0]]), ["yes", "no"]))
    assert {"90.0 %", "none", "9 of 10 right (90.0 %)"} <= set(said)
    assert "0 of 0 right" in texts(plots.plot_confusion(np.zeros((2, 2)), ["yes", "no"]))


@pytest.mark.parametrize("matrix", [np.ones((2, 3)), np.full((2, 2), 0.5), -np.eye(2), np.full((2, 2), np.nan)])
def test_what_is_no_confusion_matrix_is_refused(matrix: Any) -> None:
    with pytest.raises(PhotonicsError, match="confusion matrix"):
        plots.plot_confusion(matrix, ["yes", "no"])


def test_regression_gives_r_squared_of_every_target() -> None:
    true = np.column_stack([np.arange(10.0), np.ones(10)])
    figure = plots.plot_regression(true, true + np.array([1.0, 0.0]), ["x (m)", "y (V)"])
    assert f"R² = {1 - 10 / 82.5:.3f}" in texts(figure)
    assert "R² undefined" in texts(figure)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["x (m)", "y (V)"]


def test_regression_of_many_points_and_targets_stays_small() -> None:
    points = np.linspace(0, 1, 36000).reshape(3000, 12)
    figure = plots.plot_regression(points, points, [f"t{i}" for i in range(12)])
    assert len(figure.axes) == 9
    assert "9 of 12 targets" in texts(figure)
    assert len(figure.svg()) < 600_000


def test_regression_refuses_what_does_not_fit() -> None:
    with pytest.raises(PhotonicsError, match=r"must both be \(samples, 2\)"):
        plots.plot_regression(np.ones((3, 1)), np.ones((3, 1)), ["a", "b"])
    with pytest.raises(PhotonicsError, match=r"predictions\[1, 0\] is inf"):
        plots.plot_regression(np.ones((2, 1)), np.array([[1.0], [np.inf]]), ["a"])


@pytest.mark.parametrize("side", [1, 8, 64])
def test_planes_of_any_size(side: int) -> None:
    figure = plots.plot_planes(planes(side), sample=np.linspace(0, 1, side * side))
    detector = panel(figure, "Field at the detector")
    assert isinstance(detector.images[0].norm, LogNorm)
    assert detector.images[0].norm.vmax == pytest.approx(1000 * detector.images[0].norm.vmin)
    assert detector.lines[0].get_xydata().tolist() == [[side // 2, side // 2]]
    phase = panel(figure, "Phase of that field").images[0]
    np.testing.assert_allclose(phase.get_array(), planes(side)["phase at the modulator"], atol=1e-12)
    assert phase.cmap.name == "twilight"
    assert {"input (normalised)", "phase (rad)", "2π", "detector"} <= set(texts(figure))


def test_detectors_are_framed_and_the_right_one_is_named() -> None:
    squares = np.zeros((2, 8, 8))
    squares[0, 1:3, 2:4] = squares[1, 5:7, 4:7] = 1
    figure = plots.plot_planes({"light at the detectors": np.ones((8, 8), dtype=complex)}, detectors=(squares, 1))
    frames = [one.get_bbox().bounds for one in panel(figure, "Light at the detectors").patches]
    assert frames == [(1.5, 0.5, 2, 2), (3.5, 4.5, 3, 2)]
    assert "output 1" in texts(figure)


@pytest.mark.parametrize(("left", "aligned", "at"), [(0, "left", -0.5), (3, "center", 3.5), (6, "right", 7.5)])
def test_the_name_of_a_detector_stays_within_the_picture(left: int, aligned: str, at: float) -> None:
    squares = np.zeros((1, 8, 8))
    squares[0, 1:3, left : left + 2] = 1
    figure = plots.plot_planes({"light at the detectors": np.ones((8, 8), dtype=complex)}, detectors=(squares, 0))
    (name,) = panel(figure, "Light at the detectors").texts
    assert (name.get_text(), name.get_horizontalalignment(), name.xy[0]) == ("output 0", aligned, at)


def test_a_dark_plane_says_so_and_has_no_phase() -> None:
    figure = plots.plot_planes({"field at the modulator": np.zeros((4, 4), dtype=complex)})
    assert "no light" in texts(figure)
    assert np.ma.getmaskarray(panel(figure, "Phase of that field").images[0].get_array()).all()
    assert "no light" in texts(plots.plot_planes({"field at the detector": np.zeros((4, 4), dtype=complex)}))


@pytest.mark.parametrize("image", [np.ones(3), np.ones((0, 2)), np.full((2, 2), np.nan), np.full((2, 2), 1j * np.inf)])
def test_what_is_no_plane_is_refused(image: Any) -> None:
    with pytest.raises(PhotonicsError, match="mask"):
        plots.plot_planes({"mask": image})
    with pytest.raises(PhotonicsError, match="no plane to draw"):
        plots.plot_planes({})


def test_costs_are_written_with_their_units_largest_first() -> None:
    figure = plots.plot_costs(costs())
    assert {"Energy: 500 uJ", "500 uJ · 100 %", "2 nJ · &lt; 1 %", "Latency: 10 ms"} <= set(texts(figure))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["laser", "converters"]
    assert "0 J" in texts(plots.plot_costs(costs() | {"energy_by_part_j": {"laser": 0.0}}))


@pytest.mark.parametrize("table", [None, {}, {"laser": -1.0}, {"laser": math.inf}])
def test_costs_that_are_none_are_refused(table: Any) -> None:
    with pytest.raises(PhotonicsError, match="energy_by_part_j"):
        plots.plot_costs(costs() | {"energy_by_part_j": table})


def test_pictures_take_the_place_of_given_axes() -> None:
    board = matplotlib.figure.Figure(figsize=(14, 10))
    grid = board.subplots(2, 2)
    assert plots.plot_confusion(confusion(3), "abc", ax=grid[0, 0]) is board
    assert grid[0, 0].images
    assert plots.plot_training(history(3), "classification", ax=grid[0, 1]) is board
    assert plots.plot_planes(planes(4), ax=grid[1, 0]) is board
    assert plots.plot_costs(costs(), ax=grid[1, 1]) is board
    assert len(board.axes) == 1 + 2 + 4 + 2
    room = board.subfigures(1, 2)
    assert plots.plot_timeline([timeline(4), rewriting(4)], ax=room[0].subplots()) is board
    assert plots.plot_ageing([0, 1, 24, 720], {"chips": aged()}, "regression", ax=room[1].subplots()) is board
    assert len(room[0].axes) == 3
    assert len(room[1].axes) == 1
    below = matplotlib.figure.Figure().subfigures(1, 2)[0]
    assert plots.plot_costs(costs(), ax=below.subplots()) is below.figure
    with pytest.raises(PhotonicsError, match="placed by hand"):
        plots.plot_costs(costs(), ax=board.add_axes((0, 0, 1, 1)))
