"""A pass in time: bars where the spans are, lines where a bar would not be seen, and what is left out is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from plot_cases import rewriting, timeline

from photonics_sim.device import Alternative, Span, Timeline
from photonics_sim.errors import PhotonicsError
from photonics_sim.plots import plot_timeline
from photonics_sim.plots._style import BLUE, VERMILION


def bars(ax: Axes) -> list[Rectangle]:
    return [patch for patch in ax.patches if isinstance(patch, Rectangle)]


def lane_of(ax: Axes, bar: Rectangle) -> str:
    return ax.get_yticklabels()[round(bar.get_y() + bar.get_height() / 2)].get_text()


def said(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_every_span_is_a_bar_in_its_lane_and_colour() -> None:
    case = timeline(5, 3)
    panel = plot_timeline([case]).axes[0]
    assert [label.get_text() for label in panel.get_yticklabels()] == list(case.lanes)
    assert panel.get_ylim()[0] > panel.get_ylim()[1]
    drawn = {
        (lane_of(panel, bar), round(1e12 * bar.get_x()), round(1e12 * bar.get_width()), bar.get_facecolor())
        for bar in bars(panel)
    }
    colours = {"product": BLUE, "switch": VERMILION}
    for span in case.spans:
        start, length = round(1e12 * span.start_s), round(1e12 * (span.stop_s - span.start_s))
        found = {key[3] for key in drawn if key[:3] == (span.lane, start, length)}
        assert found == {Rectangle((0, 0), 1, 1, facecolor=colours[span.activity]).get_facecolor()}
    assert len(bars(panel)) == len(case.spans)
    assert said(panel)[:5] == ["1", "2", "3", "4", "5"]
    assert panel.get_title(loc="left") == "Taking turns"
    assert said(panel)[-1] == "the layers take 55 ns"


def test_what_is_too_short_to_be_seen_is_a_line_above_the_writes() -> None:
    panel = plot_timeline([timeline(4), rewriting(4)]).axes[1]
    thin = [bar for bar in bars(panel) if bar.get_width() == 0]
    wide = [bar for bar in bars(panel) if bar.get_width() > 0]
    assert [bar.get_x() for bar in thin] == pytest.approx([layer * 10.01e-6 for layer in range(4)])
    assert min(bar.get_linewidth() for bar in thin) >= 1
    assert max(bar.get_linewidth() for bar in wide) == 0
    assert min(bar.get_zorder() for bar in thin) > max(bar.get_zorder() for bar in wide)
    assert said(panel)[:4] == ["write"] * 4
    assert said(panel)[-1] == "the layers take 40.04 us, 910 times as long as the first way"


def test_each_panel_has_its_own_time_and_one_legend_says_how_long_things_take() -> None:
    figure = plot_timeline([timeline(4), rewriting(4, product_s=20e-9)])
    first, second, below = figure.axes
    assert first.get_xlim()[1] == pytest.approx(1.004 * 44e-9)
    assert second.get_xlim()[1] == pytest.approx(1.004 * 40.08e-6)
    assert all(panel.get_xlabel().endswith("(s)") for panel in (first, second))
    entries = [text.get_text() for text in below.get_legend().get_texts()]
    assert entries == ["product, 10 ns to 20 ns", "switch, 1 ns", "write, 10 us"]
    svg = figure.svg()
    assert ">20 ns<" in svg
    assert ">10 us<" in svg


def test_of_a_long_pass_the_first_layers_are_drawn_and_the_panel_says_so() -> None:
    panel = plot_timeline([timeline(64, 4)]).axes[0]
    assert len(bars(panel)) == 48
    assert panel.get_xlim()[1] == pytest.approx(1.004 * 24 * 11e-9)
    assert said(panel)[-1] == "the layers take 704 ns \u00b7 drawn: the first 24 of 64 layers"
    assert len(panel.get_yticks()) == 5
    whole = plot_timeline([timeline(24, 4)]).axes[0]
    assert "drawn" not in said(whole)[-1]


def test_of_many_lanes_those_that_rest_are_left_out() -> None:
    panel = plot_timeline([timeline(64, 64)]).axes[0]
    assert len(panel.get_yticks()) == 25
    assert panel.get_yticklabels()[-1].get_text() == "switch"
    assert said(panel)[-1].endswith("the first 24 of 64 layers, 25 of 65 lanes")
    few = Timeline("One works", ("bank 0", "bank 1"), (Span("bank 0", "product", 0.0, 1e-9),))
    assert len(plot_timeline([few]).axes[0].get_yticks()) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lanes": ("bank 0",)}, "'Taking turns': a span in lane 'switch'; its lanes are bank 0"),
        ({"spans": (Span("switch", "sleep", 0.0, 1.0),)}, "activity 'sleep'; expected one of product, switch, write"),
        ({"spans": (Span("switch", "switch", 1.0, 0.5),)}, "a switch from 1 s to 0.5 s; give finite times"),
        ({"spans": (Span("switch", "switch", -1.0, 0.5),)}, "a switch from -1 s"),
        ({"spans": (Span("switch", "switch", 0.0, float("nan")),)}, "to nan s"),
        ({"spans": (Span("switch", "switch", 0.0, float("inf")),)}, "to inf s"),
        ({"spans": (Span("switch", "switch", 0.0, 0.0),)}, "nothing in it takes time"),
        ({"spans": ()}, "nothing in it takes time"),
    ],
)
def test_what_cannot_be_drawn_is_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(PhotonicsError, match=message):
        plot_timeline([replace(timeline(1, 1), **change)])  # type: ignore[arg-type]


def test_no_pass_is_refused() -> None:
    with pytest.raises(PhotonicsError, match="no pass to draw"):
        plot_timeline([])


def test_ways_are_shown_with_their_ratio_to_the_first() -> None:
    slow = Alternative("reuse", 4e-3, 0.0, 1, 0, None)
    assert Alternative("full", 98.78e-9, 1.0, 1, 0, None).shown(slow)["time of a pass"] == "98.78 ns (1/40,500 x)"
    reuse = Alternative("reuse", 86.68e-9, 2e-9, 4096, 0, None)
    rewriting = Alternative("rewriting", 12.8e-3, 1e-9, 2048, 4, 0.4444)
    assert list(reuse.shown(reuse).values()) == ["reuse", "86.68 ns", "2 nJ", "4,096", "0", "no wear"]
    row = ["rewriting", "12.8 ms (148,000 x)", "1 nJ (0.5 x)", "2,048 (0.5 x)", "4", "0.444 h"]
    assert list(rewriting.shown(reuse).values()) == row
