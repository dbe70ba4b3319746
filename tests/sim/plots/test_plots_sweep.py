"""Pictures and page of a sweep."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any

import matplotlib.figure
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure as AnyFigure
from matplotlib.text import Text

from photonics_sim import load_card
from photonics_sim.errors import PhotonicsError
from photonics_sim.plots import SWEEP_FIGURES, plot_heatmap, plot_tornado, plot_yield, sweep_report
from photonics_sim.plots._style import VERMILION
from photonics_sim.sweeps import SweepResult
from photonics_sim.tolerance import Question, required, yield_curve
from tests.sim.tolerance.sweep_cases import BITS, ERROR, LOSS, critical, failing, swept, tolerances


def texts(figure: AnyFigure) -> list[str]:
    """Every line of text of the drawn figure, with plain spaces."""
    figure.draw_without_rendering()
    written = [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text) and text.get_visible()]
    return [line.replace("\xa0", " ") for text in written for line in text.split("\n") if line]


def many(axes: int = 4) -> SweepResult:
    """Numbers and words, more than fit into one map."""
    values: dict[str, Any] = {ERROR: [0.0, 0.02, 0.04], LOSS: [0.3, 0.0], BITS: np.arange(4, 12)}
    values["mesh.topology"] = ["clements", "reck"]
    return swept(
        dict(list(values.items())[:axes]), lambda at, own: 1 - at[ERROR] * (5 + own) - 0.1 * at[LOSS] + 0 * at[BITS]
    )


def sampled(design: str = "sobol", points: int = 64) -> SweepResult:
    x = np.random.default_rng(0).random((2, points))
    axes = {ERROR: x[0], "detector.noise_na": 10 ** (3 * x[1])}
    return swept(axes, lambda at, own: 1 - at[ERROR] + 0.1 * own, design=design, chips=4)


def test_the_yield_is_drawn_with_its_limit_and_interval() -> None:
    result = tolerances()
    found, curve = required(result), yield_curve(result)
    figure = plot_yield(result)
    (ax,) = figure.axes
    dots = next(line for line in ax.lines if line.get_marker() == "o")
    np.testing.assert_allclose(dots.get_xdata(), curve.x)
    np.testing.assert_allclose(dots.get_ydata(), 100 * curve.share)
    assert found.upper is not None
    upright = next(line for line in ax.lines if to_rgba(line.get_color()) == to_rgba(VERMILION))
    assert set(upright.get_xdata()) == {found.upper.value}
    shade = ax.patches[0].get_window_extent().transformed(ax.transData.inverted())
    assert (shade.x0, shade.x1) == pytest.approx((found.upper.proven, found.upper.refuted))
    said = texts(figure)
    assert "Yield 90 % needs splitter error ≤ 0.0164 rad" in said
    assert "(95 % interval 0.0161 to 0.0166)" in said
    assert {"splitter error (rad)", "chips with fidelity ≥ 0.95 (%)", "50 chips at splitter loss = 0 dB"} <= set(said)


def test_an_open_interval_is_shaded_to_the_edge_and_a_window_has_two_limits() -> None:
    (ax,) = plot_yield(critical(np.linspace(0, 1, 5), 20)).axes
    shade = ax.patches[0].get_window_extent().transformed(ax.transData.inverted())
    assert shade.x0 == pytest.approx(ax.get_xlim()[0])
    window = swept({ERROR: np.linspace(-1, 1, 9)}, lambda at, own: 0.5 - abs(at[ERROR]) + 0 * own, threshold=0)
    (ax,) = plot_yield(window).axes
    assert len(ax.patches) == 2
    assert not plot_yield(critical([0.5, 0.9], 50)).axes[0].patches


def test_values_by_factors_stand_on_a_logarithmic_scale() -> None:
    result = swept({"detector.noise_na": np.geomspace(0.1, 1e3, 5)}, lambda at, own: 1 - 1e-3 * at["detector.noise_na"])
    assert plot_yield(result).axes[0].get_xscale() == "log"
    assert plot_heatmap(result).axes[0].get_xscale() == "log"


def test_a_map_shows_means_in_cells_and_the_line_of_the_threshold() -> None:
    result = tolerances()
    figure = plot_heatmap(result)
    ax = figure.axes[0]
    mean = result.values["fidelity"].mean(axis=1).reshape(11, 6).T
    np.testing.assert_allclose(ax.images[0].get_array(), mean)
    said = texts(figure)
    assert [said.count(f"{value:.2f}") >= 1 for value in mean.ravel()] == [True] * mean.size
    assert {"splitter error (rad)", "splitter loss (dB)", "0.035", "Mean fidelity of 50 chips"} <= set(said)
    assert "(line: 0.95)" in said
    (contour,) = (drawn for drawn in ax.collections if len(drawn.get_paths()))
    line = contour.get_paths()[0].vertices
    crossing = np.interp(-0.95, -mean[0], np.arange(11))
    assert line[line[:, 1] == 0][0, 0] == pytest.approx(crossing)
    assert "(line: 0.9)" in texts(plot_heatmap(result, threshold=0.9))


def test_axes_of_a_map_can_be_chosen_and_numbers_rise() -> None:
    figure = plot_heatmap(many(), x="mesh.topology", y=LOSS, fixed={ERROR: 0.02, BITS: 4})
    ax = figure.axes[0]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["0", "0.3"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["clements", "reck"]
    whole = " ".join(texts(figure))
    assert "Mean fidelity of 50 chips at splitter error = 0.02 rad, detector adc = 4 bit" in whole
    assert (np.diff(np.asarray(ax.images[0].get_array()), axis=0) < 0).all()


def test_a_third_parameter_makes_panels_up_to_six() -> None:
    figure = plot_heatmap(many())
    titles = [ax.get_title(loc="left") for ax in figure.axes if ax.images]
    assert titles == [f"detector adc = {bits} bit" for bits in (4, 5, 7, 8, 10, 11)]
    said = texts(figure)
    assert "6 of 8 values of detector adc" in said
    assert "at mesh topology = clements" in said
    assert len(plot_heatmap(many(3), fixed={BITS: 6}).axes) == 1


def test_points_without_a_number_are_grey_or_crossed_out() -> None:
    trials = [(3, chip) for chip in range(50)]
    figure = plot_heatmap(failing(tolerances(), trials, status=0))
    assert np.ma.getmaskarray(figure.axes[0].images[0].get_array()).sum() == 1
    assert "Mean fidelity of 50 chips; grey: no number" in texts(figure)
    dots = plot_heatmap(failing(sampled(), [(3, chip) for chip in range(4)]))
    assert "no number" in texts(dots)
    assert len(dots.axes[0].collections[0].get_offsets()) == 63
    assert dots.axes[0].get_yscale() == "log"


def test_a_single_parameter_is_a_curve_with_the_band_of_the_chips() -> None:
    result = swept({ERROR: [0.2, 0.0, 0.1]}, lambda at, own: 1 - at[ERROR] * own)
    figure = plot_heatmap(result)
    (ax,) = figure.axes
    np.testing.assert_allclose(ax.lines[0].get_xdata(), [0, 0.1, 0.2])
    np.testing.assert_allclose(ax.lines[0].get_ydata(), result.values["fidelity"].mean(axis=1)[[1, 2, 0]])
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert band.min() == pytest.approx(np.percentile(result.values["fidelity"][0], 5))
    assert {"mean of 50 chips", "90 % of the chips", "fidelity ≥ 0.95"} <= set(texts(figure))
    words = plot_heatmap(swept({"mesh.topology": ["reck", "clements"]}, lambda at, own: own, higher_is_better=None))
    assert [tick.get_text() for tick in words.axes[0].get_xticklabels()] == ["clements", "reck"]
    assert texts(plot_heatmap(many(), x=LOSS, fixed={ERROR: 0, BITS: 4, "topology": "reck"}))


def test_a_tornado_has_the_largest_influence_on_top() -> None:
    result = tolerances()
    figure = plot_tornado(result)
    (ax,) = figure.axes
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["splitter error", "splitter loss"]
    means = result.values["fidelity"].mean(axis=1).reshape(11, 6)
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches]
    assert ends[0] == pytest.approx((means[-1, 0], means[0, 0]))
    assert ends[1] == pytest.approx((means[0, -1], means[0, 0]))
    assert {"0.05 rad", "0 rad", "0.5 dB", "0 dB"} <= set(texts(figure))
    assert ax.get_xlabel() == "mean fidelity, the others at the best point"
    assert max(ax.get_xticks()) <= 1


def test_influences_in_samples_are_shares() -> None:
    figure = plot_tornado(sampled())
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["splitter error", "detector noise"]
    assert figure.axes[0].get_xlabel() == "share of the variance of the mean fidelity (%)"
    a, b = np.random.default_rng(0).random((2, 2, 32))
    points = np.concatenate([a, b, [b[0], a[1]], [a[0], b[1]]], axis=1)
    saltelli = swept({ERROR: points[0], LOSS: points[1]}, lambda at, own: at[ERROR] + own, design="saltelli", chips=2)
    assert {"with others: total index", "alone: first index"} <= set(texts(plot_tornado(saltelli)))
    long = swept({f"part{n}.loss_db": [0.0, 1.0] for n in range(16)}, lambda at, own: own, chips=1)
    assert "What fidelity depends on most, the first 15 of 16" in texts(plot_tornado(long))


@pytest.mark.parametrize("name", SWEEP_FIGURES)
def test_pictures_by_name_take_a_question_and_are_the_same_every_time(name: str) -> None:
    question = Question(threshold=0.9, yield_=0.5, parameter=LOSS, fixed={ERROR: 0.015})
    draw = SWEEP_FIGURES[name]
    assert draw(tolerances(), question).svg() == draw(tolerances(), question).svg()
    if name == "yield":
        assert "50 chips at splitter error = 0.015 rad" in texts(draw(tolerances(), question))


def test_pictures_go_into_given_axes() -> None:
    figure = matplotlib.figure.Figure()
    first, second, third, fourth = figure.subplots(2, 2).ravel()
    assert plot_yield(tolerances(), ax=first) is figure
    assert plot_tornado(tolerances(), ax=second) is figure
    assert plot_heatmap(tolerances(), ax=third) is figure
    assert plot_heatmap(many(), ax=fourth) is figure
    assert fourth not in figure.axes


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plot_yield(sampled()), "is a sobol sample"),
        (lambda: plot_heatmap(tolerances(), "fidelty"), "did you mean fidelity"),
        (lambda: plot_heatmap(tolerances(), x=ERROR, y=ERROR), "is there twice"),
        (lambda: plot_heatmap(tolerances(), fixed={ERROR: 0, LOSS: 0}), "nothing to vary"),
        (lambda: plot_heatmap(tolerances(), threshold=np.inf), "threshold is inf"),
        (lambda: plot_heatmap(many(), fixed={"topology": "mesh"}), "topology = mesh was not swept"),
        (lambda: plot_tornado(swept({ERROR: [0]}, lambda at, own: own)), "varies nothing"),
    ],
)
def test_what_cannot_be_drawn_says_why(draw: Any, message: str) -> None:
    with pytest.raises(PhotonicsError, match=message):
        draw()


def page(path: Path, result: SweepResult, **options: Any) -> str:
    sweep_report(result, path, **options)
    return unescape(path.read_text()).replace("\xa0", " ")


def test_the_page_of_a_grid_says_answer_numbers_and_failures(tmp_path: Path) -> None:
    result = failing(tolerances(), [(10, chip) for chip in range(25)] + [(3, 4)])
    result = failing(result, [(60, 1)], status=0)
    card = load_card("mzi-thermo-optic")
    command = "photonics-sim sweep mzi-thermo-optic --name tol"
    text = page(tmp_path / "r.html", result, card=card, command=command, reproduce=[("seed", "7")])
    for words in (
        "Yield 90 % needs splitter error <= 0.0164 rad (95 % interval 0.0161 to 0.0166) at splitter loss = 0 dB",
        "≤ 0.0164 rad",
        "at splitter error = 0 rad, splitter loss = 0 dB",
        "50 of 50",
        "a grid of 11 x 6",
        "of 3,299 that were made",
        "The sweep is not finished: 1 of 3,300 trials are missing.",
        "Held at the first value that was swept: splitter loss = 0 dB.",
        "splitter error = 0.005 rad, splitter loss = 0.4 dB",
        "0, 1, 2, 3, 4, 5, ... (25)",
        "fit did not converge",
        "fidelity >= 0.95, usual for fidelity",
        "49 of 50 chips",
        card.not_modelled[0],
        "<span>--name</span> <span>tol</span>",
    ):
        assert words in text
    assert text.count("<svg") == 3
    assert text.index("What was measured") < text.index("Trials that failed") < text.index("Device card")
    assert not re.search(r"(?:src|href)=\"https?:|<script", text)


def test_the_page_of_a_sample_says_why_there_is_no_yield(tmp_path: Path) -> None:
    text = page(tmp_path / "r.html", sampled(points=128))
    assert "The best mean fidelity is 1.0" in text
    assert "No yield: runs/tol is a sobol sample" in text
    assert "The 100 of 128 points with the highest means." in text
    assert text.count("<svg") == 2
    assert "Device card" not in text


def test_the_page_answers_the_question(tmp_path: Path) -> None:
    question = Question(threshold=0.97, yield_=0.5, parameter="splitter.loss_db", fixed={ERROR: 0.01})
    text = page(tmp_path / "r.html", tolerances(), question=question)
    assert "Yield 50 % needs splitter loss <= 0.33 dB" in text
    assert "a chip is good with fidelity >= 0.97" in text
    with pytest.raises(PhotonicsError, match="was not varied"):
        page(tmp_path / "r.html", tolerances(), question=Question(parameter="laser.power_mw"))


def test_the_page_of_a_number_that_is_neither_good_nor_bad(tmp_path: Path) -> None:
    loss = swept({ERROR: [0, 1]}, lambda at, own: at[ERROR] + 0 * own, higher_is_better=None, threshold=None)
    text = page(tmp_path / "r.html", loss)
    assert "The mean fidelity goes from 0 to 1 over 2 points." in text
    assert "better neither high nor low" in text
    with pytest.raises(PhotonicsError, match="no number for fidelity yet"):
        page(tmp_path / "r.html", failing(loss, np.ndindex(2, 50), status=0))


def test_neither_pyplot_nor_torch_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.sim.tolerance.sweep_cases import tolerances; "
        "from photonics_sim import plots; plots.sweep_report(tolerances(5), Path(sys.argv[1])); "
        "bad = {'matplotlib.pyplot', 'torch', 'photonics_sim.training'} & set(sys.modules); "
        "sys.exit(repr(bad) if bad else 0)"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "r.html")], cwd=root, check=True)
