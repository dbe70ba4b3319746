"""The report is one page that loads nothing, says everything and runs nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from plot_cases import every_figure

from photonics_sim import plots
from photonics_sim.errors import PhotonicsError

EVIL = "<script>alert('x')</script>"
VOID = {"meta", "wbr"}


class Page(HTMLParser):
    """Tags, attributes and headings of a page, and whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.words: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append((self.open[-1] if self.open else "", data))

    def under(self, tag: str) -> list[str]:
        return [data for at, data in self.words if at == tag]


@pytest.fixture(scope="module")
def data() -> plots.ReportData:
    card = [
        plots.CardRow("laser.power_mw", "10", "mW", "optical power", "data sheet X1"),
        plots.CardRow("modulator.phase_bits", "8", "bit", "levels", "", changed_from="0"),
    ]
    return plots.ReportData(
        title="runs/first",
        sentence="96.1 % of the digits are right.",
        tiles=[("Test accuracy", "96.1 %", "345 of 360"), ("Latency", "10 ms", "")],
        figures=[(name, f"about {name}", figure.svg()) for name, figure in every_figure().items()],
        tables=[
            plots.Table(
                "The same network, two ways",
                "In brackets the ratio.",
                [{"way": "reuse", "time": "45 ns"}, {"way": "rewriting", "time": "40 us (872 x)"}],
            )
        ],
        caveats=["it says nothing of noise"],
        link_budget=[("received power", "1.2 uW")],
        settings=[("epochs", "20")],
        card=card,
        not_modelled=["drift"],
        command="photonics-sim train free-space-scatterer --data digits --seed 0",
        reproduce=[("seed", "0"), ("data digest", "sha256:9f2c")],
        citations=["Savinson et al., https://doi.org/10.1/x (2025)"],
    )


def test_the_page_says_everything_in_order(data: plots.ReportData) -> None:
    page = Page(plots.render_report(data))
    assert page.open == []
    assert page.under("h1") == ["96.1\u00a0% of the digits are right."]
    tables = [
        "Evidence and limits",
        "The same network, two ways",
        "Link budget",
        "Settings",
        "Device card",
        "Not modelled",
        "How to reproduce",
        "Citations",
    ]
    assert page.under("h2") == [*every_figure(), *tables]
    said = "".join(words for _, words in page.words)
    for text in (
        "345 of 360",
        "about costs",
        "40 us (872 x)",
        "1.2 uW",
        "laser.power_mw",
        "data sheet X1",
        "drift",
        "sha256:9f2c",
    ):
        assert text in said
    assert data.command in said
    assert "https://doi.org/10.1/x" in said


def test_changed_and_unsourced_values_are_marked(data: plots.ReportData) -> None:
    text = plots.render_report(data)
    assert text.count('<tr class="changed">') == 1
    assert text.count("changed, was 0") == 1
    assert text.count(">design choice<") == 1
    assert "One value differs" in text


def test_nothing_is_loaded_and_nothing_runs(data: plots.ReportData) -> None:
    text = plots.render_report(data)
    assert not re.search(r"<script|<link|<iframe|@import|@font-face", text)
    assert set(re.findall(r"url\((.)", text)) <= {"#"}
    for tag, name, value in Page(text).attributes:
        assert not name.startswith("on"), (tag, name)
        if name in {"src", "srcset", "href", "xlink:href", "action", "data"}:
            assert value.startswith(("#", "data:image/png;base64,")), (tag, name, value[:40])


def test_ids_are_unique_and_the_page_is_the_same_every_time(data: plots.ReportData) -> None:
    text = plots.render_report(data)
    ids = [value for _, name, value in Page(text).attributes if name == "id"]
    assert len(ids) > 20
    assert len(ids) == len(set(ids))
    assert text == plots.render_report(data)


def test_everything_but_the_pictures_is_escaped() -> None:
    text = plots.render_report(
        plots.ReportData(
            title=EVIL,
            sentence=EVIL,
            tiles=[(EVIL, EVIL, EVIL)],
            figures=[(f'"{EVIL}', EVIL, plots.plot_confusion([[3]], [EVIL]).svg())],
            tables=[plots.Table(EVIL, EVIL, [{EVIL: EVIL, "": EVIL}])],
            caveats=[EVIL],
            link_budget=[(EVIL, EVIL)],
            settings=[(EVIL, EVIL)],
            card=[plots.CardRow(EVIL, EVIL, EVIL, EVIL, EVIL, changed_from=EVIL)],
            not_modelled=[EVIL],
            command=EVIL,
            reproduce=[(EVIL, EVIL)],
            citations=[EVIL],
        )
    )
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 20


def test_empty_parts_are_left_out() -> None:
    text = plots.render_report(plots.ReportData(title="t", sentence="Nothing yet."))
    page = Page(text)
    assert page.under("h2") == []
    assert not {"section", "figure", "table", "dl", "pre"} & set(re.findall(r"<(\w+)", text))
    assert page.under("h1") == ["Nothing yet."]


@pytest.mark.parametrize("svg", ["", "<p>", "<svg ><script></script></svg>"])
def test_what_is_no_picture_is_refused(svg: str, data: plots.ReportData) -> None:
    with pytest.raises(PhotonicsError, match="'curves' is no plain <svg>"):
        plots.render_report(replace(data, figures=[("curves", "", svg)]))
