"""Pictures and page of a universality check."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure as AnyFigure

from photonics_sim import PhotonicsError, load_card
from photonics_sim.analysis import Strength, UniversalityReport, check_universality
from photonics_sim.plots import plot_coupling, plot_orders, plot_residuals, universality_report


@pytest.fixture(scope="module")
def degenerate() -> UniversalityReport:
    """Phases side by side: pairs vanish."""
    found = check_universality(lambda x: torch.exp(1j * x).sum(-1), 3, period=2 * math.pi)
    strengths = {1: Strength(0.9, 0.1, 600), 2: Strength(1e-31, 1e-32, 600), 3: Strength(-1e-3, 1e-2, 600)}
    return replace(found, coupling=strengths)


def marks(figure: AnyFigure, marker: str) -> list[tuple[float, float]]:
    """Where marks of one kind stand, legends aside."""
    axes: Axes = figure.axes[0]
    lines = [line for line in axes.lines if line.get_marker() == marker and len(line.get_xdata())]
    return [(float(x), float(y)) for line in lines for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)]


def test_orders_stand_where_they_were_measured(degenerate: UniversalityReport) -> None:
    figure = plot_orders(degenerate)
    drawn = sorted(x for x, _ in marks(figure, "o") + marks(figure, "D"))
    assert drawn == pytest.approx(sorted(max(one.largest, 1e-18) for one in degenerate.measured))
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels[-1] == "0 1 1"


def test_a_spectrum_is_drawn_by_the_inputs_of_its_frequencies(degenerate: UniversalityReport) -> None:
    assert degenerate.spectrum is not None
    assert degenerate.spectrum.by_inputs == pytest.approx((1, 0, 0), abs=1e-20)
    figure = plot_coupling(degenerate)
    assert (1.0, pytest.approx(1.0)) in marks(figure, "o")


def test_what_noise_hides_is_a_limit_and_what_is_zero_a_cross(degenerate: UniversalityReport) -> None:
    figure = plot_coupling(degenerate)
    assert sorted(marks(figure, "x")) == [(2, 1e-26), (2, 1e-26), (3, 1e-26)], "of spectrum and strengths alike"
    assert [x for x, _ in marks(figure, "o")] == [1, 1]
    ((place, limit),) = marks(figure, "v")
    assert place == 3
    assert limit == pytest.approx(1.96e-2)
    assert figure.axes[0].get_ylim() == pytest.approx((1e-26, 2))


def test_the_legend_of_the_coupling_stands_below_the_stems(degenerate: UniversalityReport) -> None:
    figure = plot_coupling(degenerate)
    figure.draw_without_rendering()
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert legend.get_window_extent().y1 < figure.axes[0].get_window_extent().y0


@pytest.mark.parametrize("hidden", [Strength(-2.1, 5, 600), Strength(0.3, math.inf, 600), Strength(0, math.inf, 600)])
def test_a_limit_and_an_axis_say_no_more_than_a_share_can_be(degenerate: UniversalityReport, hidden: Strength) -> None:
    figure = plot_coupling(replace(degenerate, spectrum=None, coupling={1: Strength(0.02, 1e-3, 600), 2: hidden}))
    assert marks(figure, "v") == [(2, 1)]
    assert not marks(figure, "x")
    assert figure.axes[0].get_ylim() == pytest.approx((0.002, 2)), "no crosses, no room for them"


def test_residuals_are_drawn_for_each_target(degenerate: UniversalityReport) -> None:
    figure = plot_residuals(degenerate)
    assert len(marks(figure, "o")) == 2 * len(degenerate.features)


def test_nothing_to_draw_is_said() -> None:
    found = check_universality(lambda x: torch.exp(1j * x.sum(-1)), 2, noise=0.01)
    for draw, words in ((plot_orders, "orders"), (plot_coupling, "spectrum"), (plot_residuals, "residuals")):
        with pytest.raises(PhotonicsError, match=words):
            draw(found)


def test_the_page_says_verdict_evidence_and_caveats(degenerate: UniversalityReport, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    universality_report(degenerate, path, name="phases side by side", card=load_card("mzi-thermo-optic"))
    text = path.read_text()
    for words in (
        "phases side by side is degenerate in 3 inputs",
        "Evidence and limits",
        "Which mixed derivatives vanish",
        "How many inputs are coupled",
        "What few features reach",
        "Orders that were measured",
        "Error that remains",
        "shifter.pi_power_mw".replace("_", "_<wbr>").replace(".", ".<wbr>"),
    ):
        assert words in text
    assert text.count("<svg") == 3


def test_the_page_of_a_noisy_check_has_no_empty_parts(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    found = check_universality(lambda x: torch.exp(1j * x).sum(-1), 3, noise=0.1)
    universality_report(found, path, name="noisy")
    text = path.read_text()
    assert "is not decided" in text
    assert "How strongly all inputs are coupled" in text
    assert text.count("<svg") == 1, "its strength is all there is"


@pytest.mark.parametrize(
    ("strength", "words"),
    [
        (Strength(-1e-3, 1e-2, 600), ("not seen", "below 0.02 of the variance")),
        (Strength(-2.1, 1.5, 600), ("not seen", "noise hides any share")),
        (Strength(0.25, 0.01, 600), ("0.25", "standard error 0.01")),
        (Strength(0.0, 0.0, 600), ('value">0<', "standard error 0")),
    ],
)
def test_a_share_within_its_error_is_not_quoted(
    degenerate: UniversalityReport, tmp_path: Path, strength: Strength, words: tuple[str, str]
) -> None:
    path = tmp_path / "report.html"
    universality_report(replace(degenerate, strength=strength), path, name="some")
    text = path.read_text()
    for some in words:
        assert some in text


def test_the_page_repeats_the_command_without_the_folder_of_the_program(
    degenerate: UniversalityReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["/opt/some/bin/photonics-sim", "universality", "mzi-thermo-optic"])
    path = tmp_path / "report.html"
    universality_report(degenerate, path, name="some")
    text = path.read_text()
    assert "<pre><span>photonics-sim</span> <span>universality</span>" in text
    assert "/opt/some" not in text
