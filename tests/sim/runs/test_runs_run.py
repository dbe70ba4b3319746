"""Runs as they lie on the disk: found by name or path, in order, with their state."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from photonics_sim.device import load_card, render_card
from photonics_sim.errors import PhotonicsError
from photonics_sim.runs import (
    DataSource,
    Made,
    Metric,
    Run,
    RunConfig,
    TrainSettings,
    find_run,
    list_runs,
    lock_run,
    new_run_folder,
    write_metrics,
)

CONFIG = RunConfig(
    training=TrainSettings(epochs=2),
    data=DataSource(name="digits", digest="abc"),
    made=Made(command="train", date="today", versions={}, threads=1),
)


def make(name: str, age_s: int = 0) -> Run:
    run = Run(new_run_folder("card", name=name))
    CONFIG.write(run.config_path)
    os.utime(run.config_path, (1e9 - age_s, 1e9 - age_s))
    return run


def finish(run: Run, state: str = "finished") -> None:
    metrics = {"loss": Metric(np.array([2.0, 1.0]), ("epoch",), "1", "loss")}
    write_metrics(run.metrics_path, metrics, {"state": state, "accuracy": 0.5})


def test_a_run_tells_what_lies_in_its_folder(workplace: Path) -> None:
    run = make("one")
    card = load_card("free-space-scatterer", {"inputs": 5})
    run.card_path.write_text(render_card(card))
    finish(run)
    assert run.config == CONFIG
    assert run.card == card
    assert run.metrics["loss"].values.tolist() == [2.0, 1.0]
    assert run.summary == {"state": "finished", "accuracy": 0.5}
    assert run.config_path == Path("runs/one/config.toml")
    assert {run.model_path.name, run.checkpoint_path.name, run.report_path.name} == {
        "model.safetensors",
        "checkpoint.safetensors",
        "report.html",
    }


def test_metrics_are_read_afresh(workplace: Path) -> None:
    run = make("one")
    assert run.summary == {}
    finish(run, "interrupted")
    assert run.summary["state"] == "interrupted"
    finish(run)
    assert run.summary["state"] == "finished"


def test_states(workplace: Path) -> None:
    run = make("one")
    assert run.state == "interrupted"
    with lock_run(run.path):
        assert run.state == "running"
        finish(run, "running")
        assert run.state == "running"
    assert run.state == "interrupted", "what a killed run last wrote does not count"
    finish(run)
    assert run.state == "finished"
    with lock_run(run.path):
        assert run.state == "finished"


def test_a_damaged_run_is_told(workplace: Path) -> None:
    run = make("one")
    run.metrics_path.write_text("not metrics")
    with pytest.raises(PhotonicsError, match=r"metrics\.h5 is damaged"):
        _ = run.state
    with pytest.raises(PhotonicsError, match="no such file; expected a card"):
        _ = run.card


def test_a_run_is_found_by_name_and_by_path(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make("one")
    assert find_run("one") == run
    assert find_run("runs/one") == run
    assert find_run(workplace / "runs" / "one").path == workplace / "runs" / "one"
    monkeypatch.chdir(workplace / "runs")
    assert find_run("one") == Run(Path("one"))
    monkeypatch.chdir(workplace / "runs" / "one")
    assert find_run(".").config == CONFIG


def test_a_run_that_is_not_there_is_met_with_near_ones(workplace: Path) -> None:
    with pytest.raises(PhotonicsError, match=r"^no run scatterer-1 \(a run is a folder with config\.toml; "):
        find_run("scatterer-1")
    make("scatterer-1")
    with pytest.raises(PhotonicsError, match=r"^no run scaterer-1; did you mean scatterer-1\?"):
        find_run("scaterer-1")
    (workplace / "runs" / "bare").mkdir()
    with pytest.raises(PhotonicsError, match=r"^no run bare "):
        find_run("bare")


def test_runs_are_listed_oldest_first(workplace: Path) -> None:
    assert list_runs() == []
    for name, age_s in (("b", 10), ("a", 30), ("c", 20)):
        make(name, age_s)
    (workplace / "runs" / "bare").mkdir()
    (workplace / "runs" / "file").write_text("x")
    assert [run.path.name for run in list_runs()] == ["a", "c", "b"]
    assert [run.path for run in list_runs(workplace / "runs")] == [workplace / "runs" / name for name in "acb"]
    assert list_runs(workplace / "none") == []


def test_a_notebook_shows_text_not_markup(workplace: Path) -> None:
    run = make("<b>")
    write_metrics(run.metrics_path, {}, {"state": "finished", "<i>": "<script>"})
    shown = run._repr_html_()
    assert "finished" in shown
    assert not any(tag in shown for tag in ("<b>", "<i>", "<script>"))
