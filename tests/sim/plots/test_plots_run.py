"""The pictures and the report of a run: what its device can show, from files that are each read once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drawn_device import CARD
from torch.utils.data import TensorDataset

import photonics_sim as ps
from photonics_sim import plots
from photonics_sim.device import Device, build_device, format_si
from photonics_sim.errors import PhotonicsError
from photonics_sim.plots import _run_figures as run_figures


def run_of(device: Device, folder: Path) -> ps.Run:
    rng = np.random.default_rng(0)
    targets = np.arange(60) % 3
    inputs = rng.normal(size=(60, 5)) + 2 * np.eye(5)[targets]
    data = TensorDataset(torch.tensor(inputs, dtype=torch.float32), torch.tensor(targets))
    return ps.train(device, data, out=folder, epochs=1, batch_size=16, chips=0, progress=False)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> ps.Run:
    return run_of(build_device(CARD), tmp_path_factory.mktemp("runs") / "drawn")


@pytest.fixture(scope="module")
def imaged(tmp_path_factory: pytest.TempPathFactory) -> ps.Run:
    return run_of(
        ps.load_device("free-space-scatterer", inputs=5, classes=3), tmp_path_factory.mktemp("runs") / "imaged"
    )


def test_the_report_of_a_chip_shows_it_and_what_its_drives_take(drawn: ps.Run) -> None:
    page = plots.report(drawn).read_text()
    assert "<h2>The chip</h2>" in page
    assert "Light on its way" not in page
    assert "First mesh" in page
    assert "Second mesh" in page
    total = sum(float(d.electrical_power_w.sum()) for d in run_figures.OpenRun(drawn).drawings)
    assert f'<dt>Shifter drives</dt><dd class="value">{format_si(total, "W")}</dd>' in page
    assert "32 phase shifters at their settings" in page


def test_the_chip_is_lit_by_the_first_test_sample(drawn: ps.Run) -> None:
    sample = drawn.metrics["sample"].values
    (first, _) = run_figures.OpenRun(drawn).drawings
    assert first.power[0].sum() == pytest.approx(np.exp(sample[0]))
    assert plots.RUN_FIGURES["chip"](drawn).svg() == plots.RUN_FIGURES["chip"](drawn).svg()


def test_metrics_are_read_once_for_a_report(drawn: ps.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    original = run_figures.read_metrics

    def counted(path: Path) -> Any:
        read.append(path)
        return original(path)

    monkeypatch.setattr(run_figures, "read_metrics", counted)
    monkeypatch.setattr("photonics_sim.runs._run.read_metrics", counted)
    plots.report(drawn)
    assert read == [drawn.metrics_path]


def test_what_a_device_does_not_show_is_said_in_words(drawn: ps.Run, imaged: ps.Run) -> None:
    with pytest.raises(PhotonicsError, match=r"drawn shows no planes of light; choose curves, result, chip, costs$"):
        plots.RUN_FIGURES["light"](drawn)
    with pytest.raises(PhotonicsError, match=r"draws no chip of waveguides; choose curves, result, light, costs$"):
        plots.RUN_FIGURES["chip"](imaged)
    page = plots.report(imaged).read_text()
    assert "The chip" not in page
    assert "Shifter drives" not in page
    assert "Light on its way" in page


def test_a_run_that_is_not_finished_has_no_chip_yet(drawn: ps.Run, tmp_path: Path) -> None:
    started = tmp_path / "started"
    started.mkdir()
    for path in (drawn.card_path, drawn.config_path, drawn.model_path):
        (started / path.name).write_bytes(path.read_bytes())
    for ask in (plots.report, plots.RUN_FIGURES["chip"], plots.RUN_FIGURES["curves"]):
        with pytest.raises(PhotonicsError, match="has no finished epoch yet; `photonics-sim resume"):
            ask(ps.Run(started))


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> ps.Run:
    device = ps.load_device("diffractive-visible", inputs=5, classes=3, pixels=12, masks=2, region_px=2)
    return run_of(device, tmp_path_factory.mktemp("runs") / "followed")


def test_light_is_followed_from_the_side(followed: ps.Run, imaged: ps.Run) -> None:
    page = plots.report(followed).read_text()
    assert "<h2>The light on its way, from the side</h2>" in page
    assert "Through 2 phase masks" in page
    svg = plots.RUN_FIGURES["way"](followed).svg()
    assert svg == plots.RUN_FIGURES["way"](followed).svg()
    assert svg in page
    with pytest.raises(PhotonicsError, match=r"shows no light from the side; choose curves, result, light, costs$"):
        plots.RUN_FIGURES["way"](imaged)
    assert "from the side" not in plots.report(imaged).read_text()


def test_a_view_that_would_be_too_wide_is_left_out(followed: ps.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("photonics_devices.free_space._side_view.WIDEST", 11)
    assert "from the side" not in plots.report(followed).read_text()
    with pytest.raises(PhotonicsError, match=r"shows no light from the side; choose curves, result, light, costs$"):
        plots.RUN_FIGURES["way"](followed)


def test_the_bar_is_where_the_samples_class_is_read(followed: ps.Run) -> None:
    opened = run_figures.OpenRun(followed)
    view, square = opened.side_view, opened.device.regions[opened.output]
    assert view is not None
    columns = square.any(0).nonzero().flatten()
    assert view.detector == pytest.approx(((float(columns[0]) - 6) * 8e-6, (float(columns[-1]) - 5) * 8e-6))
