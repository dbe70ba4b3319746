"""Trainings of `time_bins.py`: a chip of some encoding, laser and number of bins, on images or on a sign."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _cells import Entry, Job, KeptCells
from _paired import Scores

import photonics_sim as ps
from photonics_sim.datasets import Dataset, Part, Pipeline, fit_pipeline
from photonics_sim.device import Device, derive_key, normal

CARD, COMPONENTS, FACTORS = "time-multiplexed-electro-optic", 16, 3
COLUMNS = {"non-degenerate": 0, "degenerate": 1}  # one for each input, and all inputs side by side
RATES, TUNED_BINS, TUNED_SEED = (0.02, 0.05, 0.1, 0.2, 0.4), 16, 1000
QUIET = {"detector.shot_noise": False, "detector.thermal_noise": False}


@dataclass(frozen=True, eq=False)
class Task:
    """A data set, how its samples become the inputs of a chip, and how long its bins last (0: as the card says)."""

    data: Dataset
    pipeline: Pipeline
    bin_ns: float = 0.0

    @property
    def name(self) -> str:
        return self.data.name


def image_task(data: Dataset, samples: int, bin_ns: float = 0.0) -> Task:
    """Principal components of at most so many training samples."""
    data = replace(data, train=Part(data.train.inputs[:samples], data.train.targets[:samples]))
    return Task(data, fit_pipeline(data, pca=COMPONENTS), bin_ns)


def sign_task(samples: int) -> Task:
    """The sign of x1 x2 x3 for independent normal inputs: no two of them tell anything of it."""

    def part(name: str, n: int) -> Part:
        x = normal(derive_key(0, "sign", name), n, FACTORS).float()
        return Part(x, (x.prod(-1) > 0).long())

    parts = part("train", samples), part("validation", 2000), part("test", 4000)
    data = Dataset("sign", "classification", *parts, ("negative", "positive"))
    return Task(data, fit_pipeline(data))


@dataclass(frozen=True)
class Cell:
    """One training."""

    task: Task
    encoding: str
    laser_mw: float
    bins: int
    rate: float
    seed: int

    @property
    def name(self) -> str:
        lasting = f" of {self.task.bin_ns:g} ns" if self.task.bin_ns else ""
        return f"{self.task.name} {self.encoding} {self.laser_mw:g} mW, {self.bins} bins{lasting}, #{self.seed}"

    @property
    def cost(self) -> float:
        """Milliseconds of a step, roughly: columns one after the other, bins side by side."""
        return (
            4
            + 0.15 * self.bins
            + (0 if COLUMNS[self.encoding] else self.task.pipeline.features * (0.3 + self.bins / 60))
        )


def chip(task: Task, encoding: str, bins: int, laser_mw: float | None = None, seed: int = 0) -> Device:
    card: Any = ps.load_card(CARD)
    # a terminated line burns its power for as long as the bin lasts
    joules = card.modulator.energy_fj * task.bin_ns / card.bin_ns
    fields = {"laser.power_mw": laser_mw, "bin_ns": task.bin_ns, "modulator.energy_fj": joules}
    return ps.load_device(
        CARD,
        inputs=task.pipeline.features,
        outputs=task.data.outputs,
        columns=COLUMNS[encoding],
        seed=seed,
        **{"schedule.layers": bins, **{name: value for name, value in fields.items() if value}},
    )


def parameters(device: Device) -> int:
    return sum(values.numel() for values in device.parameters() if values.requires_grad)


def measure(cell: Cell, epochs: int) -> Entry:
    """Accuracies and cross-entropy in bits of a trained chip; "quiet": where photodiodes read it without noise."""
    task, device = cell.task, chip(cell.task, cell.encoding, cell.bins, cell.laser_mw, cell.seed)
    with tempfile.TemporaryDirectory() as folder:
        run = ps.train(
            device,
            task.data,
            pipeline=task.pipeline,
            epochs=epochs,
            learning_rate=cell.rate,
            seed=cell.seed,
            chips=0,
            progress=False,
            out=Path(folder) / "run",
        )
        if run.state != "finished":  # Ctrl-C: `train` has ended cleanly, and so should we
            raise KeyboardInterrupt
        found = {part: float(run.summary[f"{part}_accuracy"]) for part in ("validation", "test")}
        found["bits"] = float(run.summary["test_loss"]) / math.log(2)
        quiet = ps.evaluate(ps.load_trained(run, QUIET), task.data, pipeline=task.pipeline).score
    return found | {"quiet": float(quiet)}


class Trainings:
    """All cells of one call; what the file has is not trained again."""

    def __init__(self, path: Path, epochs: int, seeds: int, bins: list[int]) -> None:
        self._kept, self._epochs = KeptCells(path, "epochs="), epochs
        self.seeds, self.bins = range(seeds), bins

    def choose_rates(self, task: Task, laser_mw: float) -> dict[str, float]:
        """For each encoding the best rate on the validation part, with a seed that is used for nothing else."""
        bins = max((n for n in self.bins if n <= TUNED_BINS), default=self.bins[0])
        tried = {e: [Cell(task, e, laser_mw, bins, rate, TUNED_SEED) for rate in RATES] for e in COLUMNS}
        self._fill([cell for cells in tried.values() for cell in cells])
        return {e: max(cells, key=lambda cell: self._entry(cell)["validation"]).rate for e, cells in tried.items()}

    def fill(self, asked: list[tuple[Task, float, dict[str, float]]]) -> None:
        """Train chips of tasks with lasers (mW) and the rates of each encoding."""
        self._fill([cell for one in asked for e in COLUMNS for row in self._cells(*one, e) for cell in row])

    def scores(self, task: Task, laser_mw: float, rates: dict[str, float], encoding: str, kind: str = "test") -> Scores:
        """Accuracy in %, `(seeds, bins)`."""
        return 100 * self._table(task, laser_mw, rates, encoding, kind)

    def bits_told(self, task: Task, laser_mw: float, rates: dict[str, float], encoding: str) -> Scores:
        """What the cross-entropy says that outputs tell of the class, `(seeds, bins)`; below 0 where they mislead."""
        return math.log2(task.data.outputs) - self._table(task, laser_mw, rates, encoding, "bits")

    def _table(self, task: Task, laser_mw: float, rates: dict[str, float], encoding: str, kind: str) -> Scores:
        rows = self._cells(task, laser_mw, rates, encoding)
        return np.array([[self._entry(cell)[kind] for cell in row] for row in rows])

    def _cells(self, task: Task, laser_mw: float, rates: dict[str, float], encoding: str) -> list[list[Cell]]:
        rate = rates[encoding]
        return [[Cell(task, encoding, laser_mw, n, rate, seed) for n in self.bins] for seed in self.seeds]

    def _key(self, cell: Cell) -> str:
        data = (
            f"{cell.task.data.digest[:12]} rate={cell.rate:g} epochs={self._epochs} threads={torch.get_num_threads()}"
        )
        return f"{cell.name} {data}"

    def _entry(self, cell: Cell) -> Entry:
        return self._kept.known[self._key(cell)]

    def _fill(self, cells: list[Cell]) -> None:
        def told(entry: Entry) -> str:
            return f"{100 * entry['validation']:5.1f} % on validation"

        missing = [cell for cell in cells if self._key(cell) not in self._kept.known]
        self._kept.fill(
            [Job(self._key(cell), cell.name, cell.cost, partial(measure, cell, self._epochs), told) for cell in missing]
        )
