"""Does a polynomial network go on rightly where its data end? Two curves of Wu et al., NeurIPS 2022 (arXiv:2209.07736).

A cubic, y = x^3 + x^2 - 5x + 5, is learnt from [-2.5, 2.5] by a network of degree 3 and cos 2x from [-3 pi/4, 3 pi/4]
by one of degree 10, as the authors' code does it: identity branches with skip connections and biases, one hidden unit,
200 000 points without noise, Adam with weight decay 1e-3, batches of 512, 40 epochs, torch's initial values. Both are
judged to twice as far out. Beside the published rate of 1e-4 stand two larger ones; the one of the least error on
held-out points within the range is chosen. A ReLU network with 32 hidden units gets the same data and rates.

Found with 8 seeds (median, lowest and highest rms error outside the range): the cubic is continued by all of them at a
rate of 1e-3 (0.015; 0.005 to 0.018), by ReLU networks along straight lines (33). At the published rate 40 epochs are
too few for every seed (8.6; 0.5 to 56). The cosine is not continued: whatever the rate, errors stay small up to 1.08
times the range at best and then grow as x^10 (825; 11 to 13,000), more than those of straight lines (1.9). A
polynomial network leaves its data as a polynomial, which is right where the target is one.

    python examples/polynomial_extrapolation.py     # seven minutes of one core
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from _strengths import LOOK
from matplotlib.axes import Axes
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from photonics_sim.networks import MLP, SkipNet
from photonics_sim.plots import Figure

PUBLISHED, RATES = 1e-4, (1e-4, 3e-4, 1e-3)
FIRST_SEED = 6  # that of the published runs
TRAIN, HELD_OUT, BATCH, DECAY = 200_000, 2_000, 512, 1e-3
POLYNOMIAL, RELU = "polynomial", "ReLU"
COLOURS = {POLYNOMIAL: "#2a6f97", RELU: "#c8553d"}
CLOSE = 0.1  # of the target's standard deviation within the range: an error that a plot shows


@dataclass(frozen=True)
class Curve:
    """What is learnt, from -reach to reach, by a network of this degree."""

    title: str
    target: Callable[[Tensor], Tensor]
    reach: float
    degree: int

    @property
    def name(self) -> str:
        """The title as plain text."""
        return self.title.replace("$", "")

    def network(self, kind: str, seed: int) -> nn.Module:
        options: Any = {"parametrisation": "standard", "bias": 1.0, "seed": seed}
        if kind == RELU:
            return MLP(1, depth=1, width=32, **options)
        return SkipNet(1, degree=self.degree, width=1, branch="identity", **options)


CURVES = (
    Curve("$x^3 + x^2 - 5x + 5$, degree 3", lambda x: x**3 + x**2 - 5 * x + 5, 2.5, 3),
    Curve("cos 2x, degree 10", lambda x: torch.cos(2 * x), 3 * math.pi / 4, 10),
)


@dataclass(frozen=True)
class Learnt:
    """Predictions `(rates, seeds, places)`, twice as far out as the data, and errors `(rates, seeds)` held out."""

    curve: Curve
    places: np.ndarray
    target: np.ndarray
    predicted: np.ndarray
    held_out: np.ndarray

    @property
    def chosen(self) -> int:
        """The rate with the least median error on held-out points within the range."""
        return int(np.median(self.held_out, axis=1).argmin())

    def error(self, rate: int, outside: bool = True) -> np.ndarray:
        """Rms over the places outside the range, or within, for each seed."""
        there = (np.abs(self.places) > self.curve.reach) == outside
        return np.sqrt(np.mean((self.predicted[rate] - self.target)[:, there] ** 2, axis=1))

    def trusted(self, rate: int) -> np.ndarray:
        """For each seed, how far out errors stay `CLOSE`, over the reach of the data; below 1 they do not within."""
        scale = np.std(self.target[np.abs(self.places) <= self.curve.reach])
        off = np.abs(self.predicted[rate] - self.target) > CLOSE * scale
        distance = np.where(off, np.abs(self.places), np.inf).min(axis=1)
        return np.minimum(distance, 2 * self.curve.reach) / self.curve.reach


class Together:
    """Networks of all rates and seeds, trained at once: each sees the same batches and none sees another."""

    def __init__(self, curve: Curve, kind: str, seeds: int) -> None:
        nets = [curve.network(kind, FIRST_SEED + seed) for _ in RATES for seed in range(seeds)]
        stacked, _ = stack_module_state(nets)
        self.groups = [
            {name: part[k * seeds : (k + 1) * seeds].detach().requires_grad_() for name, part in stacked.items()}
            for k in range(len(RATES))
        ]
        one = nets[0]
        self.run = vmap(lambda weights, x: functional_call(one, weights, (x,)), in_dims=(0, None))

    def __call__(self, x: Tensor) -> Tensor:
        """`(points, 1)` to `(rates * seeds, points, 1)`."""
        names = self.groups[0]
        y: Tensor = self.run({name: torch.cat([group[name] for group in self.groups]) for name in names}, x)
        return y

    def train(self, x: Tensor, y: Tensor, batches: Iterator[Tensor]) -> None:
        groups = zip(self.groups, RATES, strict=True)
        optimiser = torch.optim.Adam(
            [{"params": list(group.values()), "lr": rate} for group, rate in groups], weight_decay=DECAY
        )
        for batch in batches:
            optimiser.zero_grad()
            (self(x[batch]) - y[batch]).square().mean((1, 2)).sum().backward()
            optimiser.step()


def learn(curve: Curve, kind: str, options: argparse.Namespace) -> Learnt:
    generator = torch.Generator().manual_seed(FIRST_SEED)
    x = (2 * torch.rand(options.points + HELD_OUT, 1, generator=generator) - 1) * curve.reach
    y, places = curve.target(x), torch.linspace(-2 * curve.reach, 2 * curve.reach, 801)
    together = Together(curve, kind, options.seeds)
    order = (torch.randperm(options.points, generator=generator) for _ in range(options.epochs))
    together.train(x, y, (batch for epoch in order for batch in epoch.split(BATCH)))
    with torch.no_grad():
        predicted, held = together(places[:, None])[..., 0], together(x[-HELD_OUT:]) - y[-HELD_OUT:]
    shape = len(RATES), options.seeds
    return Learnt(
        curve,
        places.numpy(),
        curve.target(places).numpy(),
        predicted.reshape(*shape, -1).numpy(),
        held.square().mean((1, 2)).sqrt().reshape(shape).numpy(),
    )


def said(values: np.ndarray, digits: str = ".2g") -> str:
    low, middle, high = (f"{value:{digits}}" for value in (values.min(), np.median(values), values.max()))
    return f"{middle} ({low} to {high})"


def show(found: dict[tuple[Curve, str], Learnt]) -> None:
    for (curve, kind), learnt in found.items():
        print(f"\n{curve.name}: {kind} network")
        for rate, value in enumerate(RATES):
            marks = [
                name for name, is_it in (("published", value == PUBLISHED), ("chosen", rate == learnt.chosen)) if is_it
            ]
            within, outside = said(learnt.error(rate, outside=False)), said(learnt.error(rate))
            print(
                f"  rate {value:.0e}: rms error within {within:28s} outside {outside:28s} small up to "
                f"{said(learnt.trusted(rate), '.2f')} times the range  {', '.join(marks)}"
            )


def conclude(found: dict[tuple[Curve, str], Learnt]) -> None:
    """Each claim with its verdict, from the numbers alone."""
    print("\nClaims of the paper")
    for curve in CURVES:
        ours, relu = found[curve, POLYNOMIAL], found[curve, RELU]
        far, near = ours.trusted(ours.chosen), ours.error(ours.chosen)
        whole = int((far > 1.99).sum())
        verdict = "confirmed" if whole == len(far) else "confirmed for some seeds" if whole else "not confirmed"
        print(
            f"  {curve.name} is continued outside the range: {verdict}, {whole} of {len(far)} seeds "
            f"(rms error {said(near)}; ReLU {said(relu.error(relu.chosen))})"
        )
        first = int((ours.trusted(RATES.index(PUBLISHED)) > 1.99).sum())
        print(f"    with the published rate and epochs: {first} of {len(far)} seeds")


def draw(found: dict[tuple[Curve, str], Learnt]) -> Figure:
    figure = Figure(figsize=(9.3, 5.2), layout="constrained")
    axes = figure.subplots(2, len(CURVES), sharex="col", gridspec_kw={"height_ratios": (3, 2)})
    for (upper, lower), curve in zip(axes.T, CURVES, strict=True):
        draw_curve(upper, lower, curve, [found[curve, kind] for kind in COLOURS])
    axes[0, 0].set_ylabel("y")
    axes[1, 0].set_ylabel("error |f - y|, median")
    axes[0, 0].legend(loc="upper left")
    return figure


def draw_curve(upper: Axes, lower: Axes, curve: Curve, learnt: list[Learnt]) -> None:
    for ax in (upper, lower):
        ax.axvspan(-curve.reach, curve.reach, color="#eef1f4", linewidth=0)
    spread = float(np.ptp(learnt[0].target))
    upper.set_ylim(learnt[0].target.min() - 0.3 * spread, learnt[0].target.max() + 0.3 * spread)
    for one, (kind, colour) in zip(learnt, COLOURS.items(), strict=True):
        for number, line in enumerate(one.predicted[one.chosen]):
            upper.plot(one.places, line, color=colour, linewidth=0.8, label=None if number else f"{kind} networks")
        middle = np.median(np.abs(one.predicted[one.chosen] - one.target), axis=0)
        lower.plot(one.places, middle, color=colour, linewidth=1)
    upper.plot(learnt[0].places, learnt[0].target, color="0.1", linestyle=(0, (2, 2)), linewidth=1.2, label="target")
    upper.set_title(curve.title)
    upper.text(0, upper.get_ylim()[0], "data", ha="center", va="bottom", color="0.45", fontsize=8)
    lower.set(yscale="log", xlabel="x")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--seeds", type=int, default=8, help="networks of each kind and rate")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--points", type=int, default=TRAIN, help="of the training data")
    parser.add_argument("--out", type=Path, default=Path("polynomial-extrapolation.svg"))
    options = parser.parse_args()
    found = {}
    for curve in CURVES:
        for kind in COLOURS:
            found[curve, kind] = learn(curve, kind, options)
            print(
                f"trained: {options.seeds} {kind} networks at {len(RATES)} rates, {curve.name}",
                flush=True,
            )
    show(found)
    conclude(found)
    with matplotlib.rc_context(LOOK):
        draw(found).write(options.out)
    print(f"\nfigure: {options.out}")


if __name__ == "__main__":
    main()
