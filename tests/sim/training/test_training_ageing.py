"""Training a chip in the loop, and what has become of its weights later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photonics_sim import PhotonicsError, Run, evaluate, load_device, load_trained, resume, train
from photonics_sim.datasets import load
from photonics_sim.device import derive_key
from photonics_sim.testing import assert_close
from photonics_sim.training import estimate_training, training_settings

DIGITS = load("digits")
QUICK: dict[str, Any] = {"epochs": 2, "batch_size": 256, "chips": 2, "progress": False}
STEPS = 2 * -(-len(DIGITS.train) // 256)


def device(name: str = "relax-pcm", **changes: Any) -> Any:
    return load_device(name, inputs=64, outputs=10, width=8, **changes)


def test_in_the_model_weights_are_written_once(tmp_path: Path) -> None:
    run = train(device(), DIGITS, out=tmp_path / "run", **QUICK)
    summary = run.summary
    assert summary["writes"] == 1
    assert summary["hardware_seconds"] == pytest.approx(2 * 2 * 100e-6)  # two banks of 128 cells, 64 at a time
    assert {"test_accuracy", "seconds_per_inference", "joules_per_inference"} <= set(summary)
    metrics = run.metrics
    assert metrics["aged_score"].values.shape == (len(metrics["age_hours"].values), 2)
    assert np.array_equal(metrics["aged_score"].values[0], metrics["as_built_score"].values)


def test_in_the_loop_each_step_writes_and_takes_time(tmp_path: Path) -> None:
    trained = device()
    run = train(trained, DIGITS, out=tmp_path / "run", on_device=True, **QUICK)
    writes = STEPS + 2 + 1  # before each step, before each validation, and the best weights at the end
    assert run.summary["writes"] == writes
    assert run.summary["endurance_used"] == pytest.approx(writes / 5e5)
    passes = 2 * (len(DIGITS.train) + len(DIGITS.validation))
    expected = writes * 4e-4 + passes * trained.costs().total_latency_s
    assert run.summary["hardware_seconds"] == pytest.approx(expected)
    again = load_trained(run)
    assert again.ledger.writes == writes
    judged = evaluate(again, DIGITS, seed=derive_key(0, "test"))
    assert judged.score == run.summary["test_accuracy"]  # the same chip, at the same age
    assert trained.ledger.writes == 0  # the device that was passed takes the weights over, not the wear


def test_a_resumed_run_in_the_loop_is_the_unbroken_one(tmp_path: Path) -> None:
    whole = train(device(), DIGITS, out=tmp_path / "whole", on_device=True, **QUICK)

    class EnoughError(Exception):
        pass

    def stop(now: Any) -> None:
        if now.epoch_done:
            raise EnoughError

    with pytest.raises(EnoughError):
        train(device(), DIGITS, out=tmp_path / "parts", on_device=True, callbacks=[stop], **QUICK)
    parts = resume(tmp_path / "parts", progress=False)
    for key in ("writes", "hardware_seconds", "hardware_joules", "test_accuracy", "test_loss"):
        assert parts.summary[key] == pytest.approx(whole.summary[key], rel=1e-12)
    for found, expected in zip(load_trained(parts).parameters(), load_trained(whole).parameters(), strict=True):
        assert_close(found.detach(), expected.detach(), "equal")


def test_worn_cells_stop_the_training_and_keep_the_run(tmp_path: Path) -> None:
    with pytest.raises(PhotonicsError, match=r"epoch 2, step 2: .*written 7 times.*run is kept"):
        train(device(**{"write.endurance_cycles": 7.0}), DIGITS, out=tmp_path / "run", on_device=True, **QUICK)
    run = Run(tmp_path / "run")
    assert run.state == "interrupted"
    assert run.summary["epochs"] == 1
    assert evaluate(load_trained(run), DIGITS).score > 0.1
    with pytest.raises(PhotonicsError, match="epoch 2, step 2"):
        resume(run, progress=False)


def test_worn_cells_at_the_very_end_leave_the_best_weights(tmp_path: Path) -> None:
    enough = device(**{"write.endurance_cycles": STEPS + 2.0})
    with pytest.raises(PhotonicsError, match=r"after the last epoch, where the best weights are written back: .*kept"):
        train(enough, DIGITS, out=tmp_path / "run", on_device=True, **QUICK)
    assert evaluate(load_trained(tmp_path / "run"), DIGITS).score > 0.1


def test_a_forecast_in_the_loop_counts_the_writes() -> None:
    settings = training_settings(device().card, {"on_device": True, "epochs": 2})
    worn = device(**{"write.endurance_cycles": 3.0})
    forecast = estimate_training(worn, DIGITS, settings)
    steps = 2 * -(-len(DIGITS.train) // 256)
    assert forecast.endurance_used == pytest.approx((steps + 3) / 3)
    passes_s = steps * 256 * worn.costs().total_latency_s
    assert forecast.hardware_s == pytest.approx(passes_s + (steps + 3) * 4e-4)
    assert worn.ledger.writes == 0
    with pytest.raises(PhotonicsError, match="no slow weights"):
        estimate_training(load_device("ring-bank-silicon", inputs=64, rows=10), DIGITS, settings)


def test_scores_after_hours() -> None:
    drifting = device(**{"cell.drift_exponent": 0.2, "cell.drift_spread": 0.1, "compensation.by": "none"})
    at_once, later = (evaluate(drifting, DIGITS, chips=2, after_hours=hours) for hours in (0.0, 1000.0))
    assert at_once.loss != later.loss
    assert evaluate(drifting, DIGITS, chips=2, after_hours=1000.0).as_built == later.as_built
    assert evaluate(drifting, DIGITS).loss == at_once.loss  # the device has not moved


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(PhotonicsError, match="2 h before the last write"):
        evaluate(device(), DIGITS, after_hours=-2.0)
    with pytest.raises(PhotonicsError, match="at most"):
        evaluate(device(), DIGITS, after_hours=float("inf"))
    still = load_device("ring-bank-silicon", inputs=16, rows=10)
    with pytest.raises(PhotonicsError, match="no weights that age"):
        evaluate(still, DIGITS, after_hours=1.0)
    with pytest.raises(PhotonicsError, match="no slow weights that a step could write"):
        train(still, DIGITS, out=tmp_path / "run", on_device=True, **QUICK)
    assert not (tmp_path / "run").exists()


def test_a_card_brings_the_settings_that_suit_it(tmp_path: Path) -> None:
    run = train(device(), DIGITS, out=tmp_path / "run", epochs=1, chips=0, progress=False, clip_norm=0.5)
    assert run.config.training.learning_rate == 0.01
    assert run.config.training.batch_size == 256
    assert run.config.training.clip_norm == 0.5
