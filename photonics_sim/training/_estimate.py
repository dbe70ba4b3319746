"""What a training would take, from a few real steps: time, memory, disk, and the hardware's own seconds and joules."""

from __future__ import annotations

import copy
import math
import resource
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any, cast

import torch

from photonics_sim.datasets import Dataset, Pipeline, fit_pipeline
from photonics_sim.device import Ages, Device
from photonics_sim.runs import TrainSettings
from photonics_sim.training._chip import as_trained
from photonics_sim.training._loop import TrainingData, make_optimiser, train_step
from photonics_sim.training._state import TrainState

TIMED_STEPS = 4


@dataclass(frozen=True)
class Estimate:
    """A forecast; the times are a range, from the fastest and the slowest timed step."""

    trained_parameters: int
    steps: int
    low_s: float
    high_s: float
    memory_bytes: int
    disk_bytes: int
    hardware_s: float
    hardware_j: float
    endurance_used: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def estimate_training(
    device: Device, dataset: Dataset, settings: TrainSettings, pipeline: Pipeline | None = None
) -> Estimate:
    """Time a few training steps and scale up. Nothing is written, and the device is left as it was."""
    pipeline = pipeline or fit_pipeline(dataset, device.in_features)
    probe = copy.deepcopy(as_trained(device, settings))
    state = TrainState(probe, make_optimiser(probe, settings))
    data = TrainingData.prepare(dataset, pipeline, settings, probe)
    in_model = settings.model_copy(update={"on_device": False})  # what writing takes is known without trying
    n = len(dataset.train)
    steps = math.ceil(n / settings.batch_size) * settings.epochs
    times = []
    for number in range(TIMED_STEPS + 1):
        index = torch.arange(number * settings.batch_size, (number + 1) * settings.batch_size) % n
        started = time.perf_counter()
        train_step(state, data, in_model, index, number, number, steps)
        times.append(time.perf_counter() - started)
    timed = times[1:]  # the first one also warms up
    forward = 0.4 * min(timed) / settings.batch_size
    extra = settings.epochs * len(dataset.validation) * forward + (1 + settings.chips) * len(dataset.test) * forward
    trained = sum(p.numel() for p in device.parameters() if p.requires_grad)
    stored = sum(v.numel() * v.element_size() for v in device.state_dict().values())
    costs = device.costs()
    passes = steps * settings.batch_size
    writes = steps + settings.epochs + 1 if settings.on_device else 0
    write_s, write_j, endurance = _one_write(device) if writes else (0.0, 0.0, math.inf)
    return Estimate(
        trained_parameters=trained,
        steps=steps,
        low_s=steps * min(timed) + extra,
        high_s=1.3 * (steps * max(timed) + extra),
        memory_bytes=_peak_memory_bytes(),
        disk_bytes=5 * stored + 500_000,
        hardware_s=passes * costs.total_latency_s + writes * write_s,
        hardware_j=passes * costs.total_energy_j + writes * write_j,
        endurance_used=writes / endurance,
    )


def _one_write(device: Device) -> tuple[float, float, float]:
    """Seconds and joules of a write, and how many of them the weights survive."""
    twin = copy.deepcopy(cast(Ages, device))
    twin.write()
    ledger = twin.history()["ledger"]
    return sum(ledger["seconds"].values()), sum(ledger["joules"].values()), ledger["endurance"] or math.inf


def _peak_memory_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
