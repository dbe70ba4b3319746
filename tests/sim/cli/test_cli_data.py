"""Text and principal components on the command line, in this process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photonics_sim.cli import main

Answer = Callable[..., Any]
TRAIN = ["train", "free-space-scatterer", "--epochs", "1", "--chips", "2", "--json"]


@pytest.fixture
def answer(workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Answer:
    """What a command prints as JSON; of one that ends with 2, its message."""
    rng = np.random.default_rng(0)
    (workplace / "mine.txt").write_text("".join(rng.choice(list("ab\n "), 1400)))
    (workplace / "other.txt").write_text("".join(rng.choice(list("ab "), 1400)))
    (workplace / "strange.txt").write_text("".join(rng.choice(list("abz"), 1400)))
    targets = np.arange(120) % 3
    np.savez(workplace / "own.npz", inputs=rng.normal(size=(120, 5)) + 2 * np.eye(5)[targets], targets=targets)

    def run(*args: str) -> Any:
        monkeypatch.setattr(sys, "argv", ["photonics-sim", *args])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        if ended.value.code == 2:
            return " ".join(err.split())
        assert ended.value.code in {None, 0}, err
        return json.loads(out) if "--json" in args else out

    return run


def test_a_text_of_ones_own(answer: Answer) -> None:
    text = ("--data", "mine.txt", "--set", "inputs=8", "--name", "text")
    summary = answer(*TRAIN, *text)
    assert summary["task"] == "next-token"
    assert 0 < summary["test_bits_per_character"] < 8
    (row,) = answer("runs", "list", "--json")
    assert (row["score"], row["test"]) == ("bits_per_character", summary["test_bits_per_character"])
    table = answer("runs", "list")
    assert f"{summary['test_bits_per_character']:.3f} bits/char" in table
    judged = answer("evaluate", "text", "--chips", "0", "--json")
    assert judged["test_bits_per_character"] == summary["test_bits_per_character"]
    other = answer("evaluate", "text", "--data", "other.txt", "--chips", "0", "--json")
    assert other["test_samples"] == judged["test_samples"]
    assert other["test_bits_per_character"] != judged["test_bits_per_character"]
    assert "'z' (U+007A) is not in the vocabulary of 4" in answer("evaluate", "text", "--data", "strange.txt")
    assert "own is for classification and the run for next-token" in answer("evaluate", "text", "--data", "own.npz")


def test_the_width_of_the_device_decides_how_many_characters_are_seen(answer: Answer) -> None:
    message = answer(*TRAIN, "--data", "mine.txt", "--set", "inputs=10")
    assert "cannot give 10 features: each character before the one to predict takes 4" in message
    forecast = answer(*TRAIN, "--data", "mine.txt", "--set", "inputs=12", "--dry-run")
    assert forecast["steps"] == 18
    assert not Path("runs").exists()


def test_principal_components(answer: Answer) -> None:
    projected = ("--data", "own.npz", "--pca", "3", "--name", "projected")
    assert answer(*TRAIN, *projected, "--dry-run")["trained_parameters"] > 0
    summary = answer(*TRAIN, *projected)
    assert (Path(summary["run"]) / "pipeline.safetensors").is_file()
    shown = answer("runs", "show", "projected", "--json")
    assert shown["config"]["data"]["pipeline"]["pca"] == 3
    for args in (("evaluate", "projected"), ("evaluate", "projected", "--data", "own.npz")):
        assert answer(*args, "--chips", "0", "--json")["test_accuracy"] == summary["test_accuracy"]
    more = answer("resume", "projected", "--epochs", "2", "--json")
    assert more["epochs"] == 2
    assert "inputs = 4, but the pipeline gives 3" in answer(*TRAIN, *projected, "--set", "inputs=4")
    assert "pca = 6, but 84 training samples of 5 features" in answer(*TRAIN, "--data", "own.npz", "--pca", "6")
    assert "mine is text" in answer(*TRAIN, "--data", "mine.txt", "--pca", "6")
