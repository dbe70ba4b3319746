"""What a training writes down of itself: metrics.h5, at every epoch and at the end."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from photonics_sim.device import Ages, Device, derive_key
from photonics_sim.runs import Metric, Run, TrainSettings, measure_of, write_metrics
from photonics_sim.training._evaluate import Evaluation, evaluate, judge_chips
from photonics_sim.training._loop import TrainingData
from photonics_sim.training._state import TrainState

AGES_H = (0.0, 1.0, 24.0, 168.0, 720.0)
AGED_CHIPS = 5


def record_epoch(run: Run, state: TrainState, data: TrainingData, *, epochs_run: int) -> None:
    """Renew metrics.h5 after an epoch."""
    summary = _summary(run, state, data, epochs_run) | {"state": "running"}
    write_metrics(run.metrics_path, _history(state, data), summary)


def finish_run(run: Run, state: TrainState, data: TrainingData, settings: TrainSettings, *, epochs_run: int) -> None:
    """Judge the best weights on the test part, nominal and as built, and write everything down.

    The test part is looked at here alone: after all choices are made.
    """
    result = evaluate(
        state.device,
        data.dataset,
        pipeline=data.pipeline,
        chips=settings.chips,
        seed=derive_key(settings.seed, "test"),
    )
    costs = state.device.costs()
    summary = _summary(run, state, data, epochs_run) | {
        "state": "finished",
        "on_device": settings.on_device,
        f"test_{result.measure.name}": result.score,
        "test_loss": result.loss,
        "test_samples": len(result.targets),
        "as_built": result.as_built.to_dict() if result.as_built else None,
        "seconds_per_inference": costs.total_latency_s,
        "joules_per_inference": costs.total_energy_j,
        # without a link there is no such number, and JSON knows no infinity
        "signal_to_noise_db": min(costs.signal_to_noise_db, 1e3),
        **_ledger(state.device),
    }
    ageing = _ageing(state.device, data, settings, result)
    write_metrics(run.metrics_path, _history(state, data) | _results(result, data) | ageing, summary)


def _ledger(device: Device) -> dict[str, Any]:
    """What slow weights have cost so far."""
    if not isinstance(device, Ages):
        return {}
    ledger = device.history()["ledger"]
    return {
        "writes": ledger["writes"],
        "endurance_used": ledger["writes"] / ledger["endurance"] if ledger["endurance"] else 0.0,
        "hardware_seconds": sum(ledger["seconds"].values()),
        "hardware_joules": sum(ledger["joules"].values()),
    }


def _ageing(device: Device, data: TrainingData, settings: TrainSettings, at_once: Evaluation) -> dict[str, Metric]:
    """The test score of the first of the chips, hours after their weights were written."""
    if not isinstance(device, Ages) or at_once.as_built is None:
        return {}
    chips, seed = min(settings.chips, AGED_CHIPS), derive_key(settings.seed, "test")
    later = [
        judge_chips(device, data.dataset, pipeline=data.pipeline, chips=chips, seed=seed, after_hours=hours)
        for hours in AGES_H[1:]
    ]
    measure = measure_of(data.dataset.task)
    return {
        "age_hours": Metric(np.asarray(AGES_H), ("age",), "h", "time since the weights were written"),
        "aged_score": Metric(
            np.asarray([at_once.as_built.scores[:chips], *(built.scores for built in later)]),
            ("age", "aged_chip"),
            measure.unit,
            f"test {measure.label} of fabricated chips at that age",
        ),
    }


def _summary(run: Run, state: TrainState, data: TrainingData, epochs_run: int) -> dict[str, Any]:
    return {
        "run": str(run.path),
        "card": run.card.name,
        "data": data.dataset.name,
        "task": data.dataset.task,
        "seed": run.config.training.seed,
        "epochs": state.epoch,
        "epochs_run": epochs_run,
        "best_epoch": state.best_epoch,
        f"validation_{measure_of(data.dataset.task).name}": state.best[0] if state.best else math.nan,
        "training_seconds": sum(state.history["seconds"]),
    }


def _history(state: TrainState, data: TrainingData) -> dict[str, Metric]:
    measure = measure_of(data.dataset.task)
    name, label, unit = measure.name, measure.label, measure.unit
    meaning = {
        "train_loss": ("train_loss", "1", "mean training loss over the epoch"),
        "train_score": (f"train_{name}", unit, f"training {label} over the epoch"),
        "validation_loss": ("validation_loss", "1", "mean validation loss after the epoch"),
        "validation_score": (f"validation_{name}", unit, f"validation {label} after the epoch"),
        "learning_rate": ("learning_rate", "1", "learning rate of the epoch's last step"),
        "seconds": ("seconds", "s", "time spent on the epoch's steps"),
    }
    epochs = Metric(np.arange(1, state.epoch + 1), ("epoch",), "1", "epoch")
    return {"epoch": epochs} | {
        public: Metric(np.asarray(state.history[key], dtype=np.float64), ("epoch",), of, long_name)
        for key, (public, of, long_name) in meaning.items()
    }


def _results(result: Evaluation, data: TrainingData) -> dict[str, Metric]:
    sample = data.pipeline.inputs(data.dataset.test.inputs[:1])[0].numpy()
    metrics = {
        "sample": Metric(sample, ("feature",), "1", "prepared inputs of the first test sample"),
    }
    if result.predictions.ndim == 1:
        metrics["test_target"] = Metric(result.targets, ("test_sample",), "1", "class of the test samples")
        metrics["test_prediction"] = Metric(result.predictions, ("test_sample",), "1", "predicted class")
    else:
        dims = ("test_sample", "target_column")
        metrics["test_target"] = Metric(result.targets, dims, "user's", "targets of the test samples")
        metrics["test_prediction"] = Metric(result.predictions, dims, "user's", "predicted values")
    if result.confusion is not None:
        metrics["confusion"] = Metric(
            result.confusion,
            ("true_class", "predicted_class"),
            "1",
            "test samples per true and predicted class",
        )
    if result.bits is not None:
        metrics["test_bits"] = Metric(result.bits, ("test_sample",), "bit", "what the true character takes")
    if result.as_built is not None:
        metrics["as_built_score"] = Metric(
            np.asarray(result.as_built.scores),
            ("chip",),
            result.measure.unit,
            f"test {result.measure.label} of each fabricated chip",
        )
    return metrics
