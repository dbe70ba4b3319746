"""Cells of `relax_orderings.py`: a network of some L_W and L_T, trained once for each seed side by side, and judged."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from _cells import Entry, Job, KeptCells
from torch import Tensor
from torch.nn.functional import cross_entropy

import photonics_sim as ps
from photonics_sim.datasets import Dataset, fit_pipeline, load_text
from photonics_sim.reuse import IdealBanks

BATCH, WARM_UP, CLIP = 256, 0.05, 1.0
CHARACTERS, COMPONENTS = 16, 64
JUDGED, DEPLOYED = 4096, 3000  # samples of a pass; samples on which imperfect banks are judged
ERRORS = (0.05, 0.20)  # rms error of a bank's weights in units of their own rms
FIRST_SEED = 100


@dataclass(frozen=True)
class Cell:
    """One network; `stream` is the recurrent mode, with alpha 0 and one character for each layer."""

    task: str
    banks: int
    layers: int
    width: int = 64
    stream: bool = False

    @property
    def name(self) -> str:
        return f"{self.task}{' stream' if self.stream else ''} L_W={self.banks} L_T={self.layers} N={self.width}"


@dataclass(frozen=True)
class Settings:
    """What all cells have in common."""

    steps: int
    seeds: int
    batches: int  # seed of the order of the samples
    draws: int  # of imperfect banks
    gain: float = 1.0  # of the input weights at the start


class Task:
    """A data set and what its networks take and are judged by."""

    def __init__(self, name: str, dataset: Dataset) -> None:
        self.name, self.data, self.is_text = name, dataset, dataset.task == "next-token"
        self.unit, self.digits = ("bits/char", 3) if self.is_text else ("%", 2)
        self._components = min(COMPONENTS, dataset.features // 2)
        self.features = CHARACTERS * dataset.outputs if self.is_text else self._components
        self._prepared: dict[str, Tensor] = {}

    def rates(self, cell: Cell) -> tuple[float, ...]:
        """Learning rates to choose from on validation."""
        if self.is_text:
            return (1e-2,)
        return (3e-3, 1e-2, 3e-2) if cell.layers <= 4 else (1e-3, 3e-3, 1e-2)

    def samples(self, cell: Cell, part: str) -> Callable[[Tensor], Tensor]:
        """Inputs of a part, by numbers: of a text made for each batch, of images once."""
        raw = self.data.parts[part].inputs
        if self.is_text:
            characters = cell.layers if cell.stream else CHARACTERS
            pipeline = fit_pipeline(self.data, features=characters * self.data.outputs)
            shape = (-1, cell.layers, self.data.outputs) if cell.stream else (-1, self.features)
            return lambda chosen: pipeline.inputs(raw[chosen]).reshape(shape)
        if not self._prepared:
            fitted = fit_pipeline(self.data, pca=self._components)
            self._prepared = {name: fitted.inputs(some.inputs) for name, some in self.data.parts.items()}
        return lambda chosen: self._prepared[part][chosen]

    def parameters(self, banks: int, width: int, *, total: bool = True) -> int:
        """Trainable numbers, with or without input and readout."""
        outside = width * self.features + self.data.outputs * (width + 1)
        return banks * (width * width + width) + total * outside

    def width_for(self, banks: int, budget: int, *, total: bool) -> int:
        """Largest N within a budget."""
        width = 1
        while self.parameters(banks, width + 1, total=total) <= budget:
            width += 1
        return width


def load_tasks(names: list[str], folder: Path | None, *, quick: bool) -> dict[str, Task]:
    """Tiny Shakespeare and Fashion-MNIST; without a folder, quick takes this file and digits instead."""
    tasks = {}
    for name in names:
        if folder is not None or not quick:
            dataset = ps.datasets.load("shakespeare" if name == "shk" else "fashion-mnist", root=folder)
        elif name == "shk":
            dataset = load_text(__file__, vocabulary=["newline", *map(chr, range(32, 127))])
        else:
            dataset = ps.datasets.load("digits")
        tasks[name] = Task(name, dataset)
    return tasks


def measure(task: Task, cell: Cell, settings: Settings, *, deployed: bool) -> Entry:
    """Train with each rate, keep the one of the lowest mean validation cross-entropy, and judge it."""
    tried: Entry = {}
    best, chosen = math.inf, None
    for rate in task.rates(cell):
        network = train(task, cell, rate, settings)
        entropy, score = judge(network, task, cell, "validation")
        tried[f"{rate:g}"] = {
            "cross_entropy": entropy.tolist(),
            "validation": score.tolist(),
            "test": judge(network, task, cell, "test")[1].tolist(),
        }
        if chosen is None or float(entropy.mean()) < best:
            best, chosen, kept = float(entropy.mean()), rate, network
    parameters = kept.bank_parameter_count + kept.projection_parameter_count
    entry = {"rate": chosen, "parameters": parameters, "tried": tried, **tried[f"{chosen:g}"]}
    return entry | ({"deployed": deploy(kept, task, cell, settings.draws)} if deployed else {})


def build(task: Task, cell: Cell, replicas: int) -> ps.ReLaXNet:
    return ps.ReLaXNet(
        task.data.outputs if cell.stream else task.features,
        cell.width,
        task.data.outputs,
        weight_sets=cell.banks,
        layers=cell.layers,
        residual=0.0 if cell.stream else 1.0,
        inject="sequence" if cell.stream else "once",
        replicas=replicas,
        seed=FIRST_SEED,
    )


def train(task: Task, cell: Cell, rate: float, settings: Settings) -> ps.ReLaXNet:
    """Adam with a linear warm-up and a cosine; every replica sees the same batches and is clipped for itself."""
    network = build(task, cell, settings.seeds)
    network.input.weight.data *= settings.gain
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    warm = max(1, round(WARM_UP * settings.steps))
    samples, targets = task.samples(cell, "train"), task.data.train.targets
    order = torch.Generator().manual_seed(settings.batches)
    for step in range(settings.steps):
        fall = 0.5 * (1 + math.cos(math.pi * (step - warm) / (settings.steps - warm)))
        optimiser.param_groups[0]["lr"] = rate * ((step + 1) / warm if step < warm else fall)
        chosen = torch.randint(len(targets), (BATCH,), generator=order)
        outputs = network(samples(chosen))
        loss = cross_entropy(outputs.flatten(0, 1), targets[chosen].repeat(settings.seeds))
        optimiser.zero_grad()
        (settings.seeds * loss).backward()
        clip([parameter.grad for parameter in network.parameters() if parameter.grad is not None])
        optimiser.step()
    return network


def clip(gradients: list[Tensor]) -> None:
    """To a norm of `CLIP` for each replica, the leading axis of all."""
    norm = torch.stack([gradient.flatten(1).square().sum(1) for gradient in gradients]).sum(0).sqrt()
    factor = (CLIP / (norm + 1e-6)).clamp(max=1)
    for gradient in gradients:
        gradient.mul_(factor.reshape(-1, *[1] * (gradient.ndim - 1)))


@torch.no_grad()
def judge(
    network: ps.ReLaXNet, task: Task, cell: Cell, part: str, chosen: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Cross-entropy in nats, and bits per character or error in %, of each replica."""
    samples, targets = task.samples(cell, part), task.data.parts[part].targets
    numbers = torch.arange(len(targets)) if chosen is None else chosen
    entropy, wrong = torch.zeros(2, len(network.input.weight), dtype=torch.float64)
    for some in numbers.split(JUDGED):
        outputs, wanted = network(samples(some)), targets[some].expand(len(entropy), -1)
        entropy += cross_entropy(outputs.mT, wanted, reduction="none").double().sum(1)
        wrong += (outputs.argmax(-1) != wanted).sum(1)
    entropy /= len(numbers)
    return entropy, entropy / math.log(2) if task.is_text else 100 * wrong / len(numbers)


def deploy(network: ps.ReLaXNet, task: Task, cell: Cell, draws: int) -> Entry:
    """Score of each replica with imperfect banks, mean over draws: errors that stay, or are fresh at each visit.

    A network of L_T banks that are copies with errors stands for both.
    """
    banks, visited = network.banks, torch.tensor(network.schedule.banks)
    total = len(task.data.test)
    chosen = torch.linspace(0, total - 1, min(DEPLOYED, total)).round().long()
    untied = Cell(cell.task, cell.layers, cell.layers, cell.width, cell.stream)
    drawn = torch.Generator().manual_seed(FIRST_SEED)
    found = {"clean": judge(network, task, cell, "test", chosen)[1].tolist()}
    size = banks.weight.detach().square().mean((-2, -1), keepdim=True).sqrt()
    for error in ERRORS:
        for kind in ("static", "fresh"):
            scores = []
            for _ in range(draws):
                shape = banks.weight.shape if kind == "static" else banks.weight[:, visited].shape
                off = error * torch.randn(shape, generator=drawn)
                off = off[:, visited] if kind == "static" else off
                built = build(task, untied, len(banks.weight))
                built.input, built.readout = network.input, network.readout
                built.banks = IdealBanks.holding(
                    banks.weight.detach()[:, visited] + off * size[:, visited], banks.bias.detach()[:, visited]
                )
                scores.append(judge(built, task, untied, "test", chosen)[1])
            found[f"{kind} {100 * error:g}%"] = torch.stack(scores).mean(0).tolist()
    return found


class Cells:
    """Entries of cells, measured where they are not in the file yet."""

    def __init__(self, tasks: dict[str, Task], settings: Settings, path: Path) -> None:
        self.tasks, self.settings = tasks, settings
        self._kept = KeptCells(path, "steps=")

    @property
    def known(self) -> dict[str, Entry]:
        return self._kept.known

    def __getitem__(self, cell: Cell) -> Entry:
        return self.known[self._key(cell)]

    def _key(self, cell: Cell) -> str:
        s = self.settings
        gain = f" gain={s.gain:g}" if s.gain != 1 else ""
        data = self.tasks[cell.task].data.name
        return f"{data} {cell.name} steps={s.steps} seeds={s.seeds} batches={s.batches}{gain}"

    def fill(self, wanted: dict[Cell, bool]) -> None:
        """Measure what is missing of cells, with imperfect banks where true."""
        missing = [(cell, deployed) for cell, deployed in wanted.items() if not self._has(cell, deployed)]
        self._kept.fill([self._job(cell, deployed) for cell, deployed in missing])

    def _job(self, cell: Cell, deployed: bool) -> Job:
        task = self.tasks[cell.task]

        def told(entry: Entry) -> str:
            mean = sum(entry["test"]) / len(entry["test"])
            return f"{mean:7.3f} {task.unit:9s} rate {entry['rate']:g}"

        cost = len(task.rates(cell)) * (cell.layers + (12 if cell.task == "shk" else 4))
        run = partial(measure, task, cell, self.settings, deployed=deployed)
        return Job(self._key(cell), cell.name, cost, run, told)

    def _has(self, cell: Cell, deployed: bool) -> bool:
        entry = self.known.get(self._key(cell))
        return entry is not None and (not deployed or "deployed" in entry)
