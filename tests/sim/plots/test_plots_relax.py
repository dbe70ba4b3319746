"""Pictures and report of a run with slow weights: a pass in time, ageing, what else could be built, and the wear."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

import photonics_sim as ps
from photonics_sim import plots
from photonics_sim.errors import PhotonicsError


def run_of(folder: Path, card: str = "relax-pcm", *, chips: int = 2, on_device: bool = False) -> ps.Run:
    rng = np.random.default_rng(0)
    targets = np.arange(60) % 3
    inputs = rng.normal(size=(60, 5)) + 2 * np.eye(5)[targets]
    data = TensorDataset(torch.tensor(inputs, dtype=torch.float32), torch.tensor(targets))
    small = {"width": 4} if card.startswith("relax") else {}
    device = ps.load_device(card, inputs=5, **({"outputs": 3} if small else {"classes": 3}), **small)
    settings = {"epochs": 2, "batch_size": 32, "chips": chips, "on_device": on_device}
    return ps.train(device, data, out=folder, progress=False, **settings)


@pytest.fixture(scope="module")
def relax(tmp_path_factory: pytest.TempPathFactory) -> ps.Run:
    return run_of(tmp_path_factory.mktemp("runs") / "relax")


def test_the_report_shows_a_pass_ageing_the_ways_to_build_it_and_the_wear(relax: ps.Run) -> None:
    page = plots.report(relax).read_text()
    headings = re.findall(r"<h2>([^<]*)</h2>", page)
    assert headings[:6] == [
        "Training",
        "Result on the test part",
        "Ageing",
        "Where time and energy go",
        "One pass in time",
        "The same device, three ways",
    ]
    assert page.count('<th scope="row">full instantiation</th>') == 1
    assert re.search(r"<td>[\d.]+ .?s \([\d,]+ x\)</td>", page)
    assert "no wear</td>" in page
    assert re.search(r"<td>[\d.]+ h</td>", page)
    assert '<dt>Writes of each cell</dt><dd class="value">1</dd><dd class="note">0.0002 % of its endurance' in page
    assert "Training on the device" not in page


def test_the_pictures_are_of_the_device_and_the_metrics(relax: ps.Run) -> None:
    panel = plots.RUN_FIGURES["timeline"](relax).axes[0]
    assert [label.get_text() for label in panel.get_yticklabels()] == ["bank 0", "bank 1", "switch", "electronics"]
    ax = plots.RUN_FIGURES["ageing"](relax).axes[0]
    scores = relax.metrics["aged_score"].values
    np.testing.assert_allclose(ax.lines[0].get_ydata(), 100 * scores.mean(axis=1))
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["at once", "1", "24", "168", "720"]


def test_a_training_on_the_device_says_what_it_took(tmp_path: Path) -> None:
    run = run_of(tmp_path / "on", chips=0, on_device=True)
    page = plots.report(run).read_text()
    writes = run.summary["writes"]
    assert writes > 1
    assert f'<dt>Writes of each cell</dt><dd class="value">{writes}</dd>' in page
    assert re.search(
        r"<dt>Training on the device</dt><dd class=.value.>[\d.]+ .?s</dd><dd[^>]*>[\d.]+ .?J, writing", page
    )
    assert "<h2>Ageing</h2>" not in page
    with pytest.raises(
        PhotonicsError, match=r"no scores of aged chips: .*--chips 0; choose curves, result, costs, time"
    ):
        plots.RUN_FIGURES["ageing"](run)


def test_a_device_without_slow_weights_has_neither_picture_nor_tile(tmp_path: Path) -> None:
    run = run_of(tmp_path / "plain", "free-space-scatterer")
    with pytest.raises(PhotonicsError, match=r"has no schedule to draw; choose curves, result, light, costs$"):
        plots.RUN_FIGURES["timeline"](run)
    with pytest.raises(PhotonicsError, match=r"holds no scores of aged chips"):
        plots.RUN_FIGURES["ageing"](run)
    page = plots.report(run).read_text()
    for absent in ("<h2>Ageing", "<h2>One pass in time", "<h2>The same network", "Writes of each cell"):
        assert absent not in page
