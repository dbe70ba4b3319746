"""Slow weights on the command line: reuse, training in the loop, and what time does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from photonics_sim.cli import main

QUICK = ["--data", "digits", "--epochs", "1", "--chips", "2", "--set", "width=8"]


def answer(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *args: str) -> Any:
    return json.loads(said(capsys, monkeypatch, 0, *args, "--json").out)


def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, code: int, *args: str) -> Any:
    """What a command prints, in this process: starting another costs more than what is tested here."""
    monkeypatch.setattr("sys.argv", ["photonics-sim", *args])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        main()
    found = capsys.readouterr()
    assert (ended.value.code or 0) == code, found.err
    return found


def test_a_network_that_reuses_its_banks(
    workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = ["--set", "schedule.weight_sets=2", "--set", "schedule.layers=6", "--name", "reuse"]
    summary = answer(capsys, monkeypatch, "train", "relax-pcm", *QUICK, *sets)
    assert summary["writes"] == 1
    assert {"test_accuracy", "seconds_per_inference", "joules_per_inference"} <= set(summary)
    judged = answer(capsys, monkeypatch, "evaluate", "reuse", "--after-hours", "24", "--chips", "3")
    assert judged["after_hours"] == 24
    assert judged["as_built"]["low"] <= judged["as_built"]["mean"] <= judged["as_built"]["high"]
    said(capsys, monkeypatch, 0, "plot", "reuse", "--what", "timeline")
    assert (workplace / "runs/reuse/timeline.svg").exists()
    assert "before the last write" in said(capsys, monkeypatch, 2, "evaluate", "reuse", "--after-hours", "-1").err


def test_a_training_in_the_loop_wears_the_cells(
    workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = answer(capsys, monkeypatch, "train", "relax-pcm", *QUICK, "--on-device", "--name", "loop")
    assert summary["writes"] == 5 + 1 + 1  # steps of an epoch, its validation, and the best weights at the end
    judged = said(capsys, monkeypatch, 0, "evaluate", "loop", "--chips", "1").err
    assert "the chip it was trained on" in judged
    assert "a single chip" in judged
    short = ["--set", "write.endurance_cycles=3", "--name", "worn"]
    told = said(capsys, monkeypatch, 2, "train", "relax-pcm", *QUICK, "--on-device", *short)
    assert "epoch 1, step 4: the cells are worn out" in told.err
    assert (workplace / "runs/worn/checkpoint.safetensors").exists()


@pytest.mark.filterwarnings("always")
def test_a_slow_switch_is_one_line_of_warning(
    workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = ["--set", "switch.rise_time_ns=5000", "--dry-run"]
    told = said(capsys, monkeypatch, 0, "train", "relax-mrr", *QUICK, *sets).err
    assert "warning: relax-mrr: the switch takes" in " ".join(told.split())
    assert ".py:" not in told


def test_own_mistakes(workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for args, words in (
        (["--set", "schedule.weight_sets=9"], "weight_sets = 9, layers = 4"),
        (["--set", "schedule.order=0-1-2-0"], "names a bank that does not exist"),
        (["--set", "schedule.layer=9"], "did you mean"),
        (["--set", "write.time_us=0"], "time_us"),
    ):
        assert words in said(capsys, monkeypatch, 2, "train", "relax-pcm", *QUICK, *args).err
    assert not (workplace / "runs").exists()
