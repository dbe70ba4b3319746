"""Figures are the same bytes every time, stand next to each other, and need no display."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import pytest
from plot_cases import every_figure

from photonics_sim import plots
from photonics_sim.errors import PhotonicsError

ID = re.compile(r' id="([^"]+)"')


@pytest.fixture(scope="module")
def figures() -> dict[str, plots.Figure]:
    return every_figure()


@pytest.mark.parametrize("suffix", ["svg", "pdf", "png"])
def test_two_saves_are_the_same_bytes(suffix: str, tmp_path: Path, figures: dict[str, plots.Figure]) -> None:
    afresh = every_figure()
    for name in afresh if suffix == "svg" else ["planes"]:
        paths = [tmp_path / f"{name}-{i}.{suffix}" for i in range(2)]
        for figure, path in zip((figures[name], afresh[name]), paths, strict=True):
            figure.write(path)
        assert len({path.read_bytes() for path in paths}) == 1, name


def test_a_persons_own_style_changes_nothing(figures: dict[str, plots.Figure]) -> None:
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "black", "savefig.facecolor": "red"}):
        assert {name: figure.svg() for name, figure in every_figure().items()} == {
            name: figure.svg() for name, figure in figures.items()
        }


def test_svg_is_one_element_with_text_and_no_day(figures: dict[str, plots.Figure]) -> None:
    for name, figure in figures.items():
        svg = figure.svg()
        assert svg.startswith("<svg ")
        assert svg.endswith("</svg>")
        assert ElementTree.fromstring(svg).tag.endswith("svg")
        assert not re.search(r"<metadata|<style|<script|<!DOCTYPE|20\d\d-\d\d-\d\d", svg), name
        assert figure._repr_svg_() == svg
    assert ">epoch</text>" in figures["training"].svg()


def test_ids_of_two_pictures_in_one_page_do_not_clash(figures: dict[str, plots.Figure]) -> None:
    for figure in figures.values():
        svg = figure.svg()
        own = set(ID.findall(svg))
        used = set(re.findall(r"url\(#([^)]+)\)", svg)) | set(re.findall(r'href="#([^"]+)"', svg))
        assert used <= own
    ids = [name for figure in figures.values() for name in ID.findall(figure.svg())]
    assert len(ids) == len(set(ids))


def test_outlines_are_written_to_a_hundredth_of_a_point(figures: dict[str, plots.Figure]) -> None:
    outlines = re.findall(r' d="([^"]*)"', figures["chip"].svg())
    assert len(outlines) > 20
    for outline in outlines:
        assert re.fullmatch(r"(?:[MLCQ](?:-?\d+(?:\.\d{1,2})?(?: |(?=[A-Zz])|$))+|[zZ])+", outline), outline


def test_format_may_differ_from_the_suffix(tmp_path: Path) -> None:
    plots.Figure().write(tmp_path / "picture.tmp", format="pdf")
    assert (tmp_path / "picture.tmp").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("name", ["picture.jpeg", "picture", "picture.pngg"])
def test_another_format_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(PhotonicsError, match=r"name it \.svg, \.pdf or \.png"):
        plots.Figure().write(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhotonicsError, match=r"cannot write .*missing"):
        plots.Figure().write(tmp_path / "missing" / "picture.svg")


def test_neither_pyplot_nor_torch_is_imported() -> None:
    code = (
        "import sys; from plot_cases import every_figure; from photonics_sim import plots; "
        "svg = [f.svg() for f in every_figure().values()]; "
        "plots.render_report(plots.ReportData(title='t', sentence='s', figures=[('h', 'c', svg[0])])); "
        "bad = {'matplotlib.pyplot', 'torch', 'photonics_sim.training'} & set(sys.modules); "
        "sys.exit(repr(bad) if bad else 0)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, check=True)
