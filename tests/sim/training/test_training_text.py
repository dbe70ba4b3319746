"""Learning to predict the next character: in bits, batch by batch, and the same after a stop."""

from __future__ import annotations

import math
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import photonics_sim as ps
from photonics_sim import PhotonicsError
from photonics_sim.datasets import Dataset, fit_pipeline, load_text
from photonics_sim.device import Device
from photonics_sim.plots import RUN_FIGURES, report
from photonics_sim.runs import TrainSettings
from photonics_sim.training import Progress, evaluate, load_trained
from photonics_sim.training._loop import TrainingData

# four letters, of which the one before tells the next one or leaves two that are equally likely
FOLLOWERS = {"a": "bb", "b": "ac", "c": "dd", "d": "aa"}
SMALL: dict[str, Any] = {"epochs": 3, "batch_size": 64, "chips": 2, "seed": 4, "progress": False}


def device() -> Device:
    return ps.load_device("free-space-scatterer", seed=4, inputs=8, classes=4)


@pytest.fixture
def text(workplace: Path) -> Dataset:
    rng, written = np.random.default_rng(0), ["a"]
    while len(written) < 2000:
        written.append(FOLLOWERS[written[-1]][rng.integers(2)])
    (workplace / "mine.txt").write_text("".join(written))
    return load_text("mine.txt")


def test_it_learns_the_bits_that_the_text_leaves_open(text: Dataset) -> None:
    run = ps.train(device(), "mine.txt", **SMALL | {"epochs": 8, "learning_rate": 0.3})
    assert run.summary["task"] == "next-token"
    bits, target = (run.metrics[name].values for name in ("test_bits", "test_target"))
    assert run.summary["test_bits_per_character"] == pytest.approx(bits.mean(), rel=1e-12)
    assert run.summary["test_loss"] == pytest.approx(bits.mean() * math.log(2), rel=1e-5)
    assert run.metrics["test_bits"].unit == run.metrics["validation_bits_per_character"].unit == "bit"
    # a and c cost one bit after b; all else is certain
    by_letter = [bits[target == letter].mean() for letter in range(4)]
    assert max(by_letter[1], by_letter[3]) < 0.3
    assert 0.4 < bits.mean() < 0.7
    scores = run.metrics["validation_bits_per_character"].values
    assert run.summary["best_epoch"] == 1 + scores.argmin()
    assert evaluate(load_trained(run), text, part="validation").score == scores.min()


def test_the_set_is_never_prepared_as_a_whole(text: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    found = device()
    pipeline = fit_pipeline(text, 8)
    data = TrainingData.prepare(text, pipeline, TrainSettings(), found)
    assert data.inputs.prepared is None
    assert data.validation_inputs.prepared is None
    index = torch.tensor([5, 0, 1200])
    prepared = data.batch(index, TrainSettings(), key=0)
    assert torch.equal(prepared, pipeline.inputs(text.train.inputs[index]))
    sizes: list[int] = []
    original = type(pipeline.front).__call__

    def counted(front: Any, raw: torch.Tensor) -> torch.Tensor:
        sizes.append(len(raw))
        return original(front, raw)

    monkeypatch.setattr(type(pipeline.front), "__call__", counted)
    ps.train(found, text, **SMALL | {"epochs": 1})
    assert max(sizes) <= 256
    assert sum(sizes) > len(text.train)


def test_a_stopped_run_resumes_to_the_same_numbers(text: Dataset) -> None:
    def stop(now: Progress) -> None:
        if (now.epoch, now.step) == (2, 3):
            signal.raise_signal(signal.SIGINT)

    whole = ps.train(device(), "mine.txt", name="whole", **SMALL)
    part = ps.train(device(), "mine.txt", name="part", callbacks=[stop], **SMALL)
    assert part.state == "interrupted"
    ended = ps.resume(part, progress=False)
    for name in ("test_bits", "train_loss", "validation_bits_per_character", "as_built_score"):
        assert np.array_equal(ended.metrics[name].values, whole.metrics[name].values), name


def test_the_pictures_and_the_report_speak_of_bits(text: Dataset) -> None:
    run = ps.train(device(), "mine.txt", **SMALL)
    bits = f"{run.summary['test_bits_per_character']:.3f}"
    assert f">{bits} bits per character (" in RUN_FIGURES["result"](run).svg()
    assert ">bits per character<" in RUN_FIGURES["curves"](run).svg()
    assert f"reaches a test cross-entropy of {bits} bits/char" in report(run).read_text()


def test_a_text_is_not_augmented(text: Dataset) -> None:
    with pytest.raises(PhotonicsError, match=r"need images .*mine has samples \(64,\)"):
        ps.train(device(), text, **SMALL, shift_px=1.0)
    assert not Path("runs").exists()
