"""The tests that ask a response without noise, and what they say together."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from photonics_sim.analysis.universality._findings import Measured, Spectrum, Strength
from photonics_sim.analysis.universality._probe import Probe
from photonics_sim.analysis.universality._report import UniversalityReport, Verdict
from photonics_sim.analysis.universality._stencil import measure_difference
from photonics_sim.analysis.universality._tower import measure_derivative

SAMPLES = 256
POLYNOMIAL = 9  # a ridge whose differences of this order do not vanish is no polynomial of lower degree
RIDGES = 8  # lines that are looked along at once
_NESTED = 3  # levels of forward mode that are taken to confirm a zero
_DEEPEST = 8  # levels of forward mode at all: each doubles the time


@dataclass
class Finding:
    """What the tests say together.

    Attributes:
        verdict, proved, witness: As in the report.
        measured: All that was looked at.
    """

    verdict: Verdict = "inconclusive"
    proved: int | Literal["all"] = 0
    witness: Measured | None = None
    measured: list[Measured] = field(default_factory=list)

    @property
    def vanishing(self) -> tuple[int, ...] | None:
        """The order that vanishes, where one does."""
        return self.witness.alpha if self.verdict == "degenerate" and self.witness is not None else None

    def report(
        self, probe: Probe, strength: Strength, *, caveats: tuple[str, ...], **evidence: Any
    ) -> UniversalityReport:
        """The report on it, with what was found besides."""
        return UniversalityReport.on(
            probe,
            self.verdict,
            strength,
            order_proved=self.proved,
            witness=self.witness,
            measured=tuple(self.measured),
            caveats=caveats,
            **evidence,
        )


def judge_diagonal(
    probe: Probe, order: int, smooth: bool | None, spectrum: Spectrum | None, *, samples: int = SAMPLES
) -> Finding:
    """Every input has its own scale and bias: no mixed derivative may vanish, and a spectrum decides all of them."""
    found = Finding()
    seen = _look(probe, (order,) * probe.inputs, smooth, samples)
    found.measured += seen
    nonzero = [one for one in seen if one.is_nonzero]
    if spectrum is not None and (spectrum.is_nonzero or spectrum.is_zero):
        found.verdict, found.proved = ("nondegenerate", "all") if spectrum.is_nonzero else ("degenerate", 0)
    elif nonzero:
        found.verdict, found.proved = "nondegenerate", order
    if nonzero:
        found.witness = max(nonzero, key=lambda one: one.largest / one.floor)
    if found.verdict != "nondegenerate":
        _find_vanishing(probe, order, smooth, samples, found)
    return found


def judge_dense(probe: Probe) -> Finding:
    """Freely mixed inputs make ridge functions: any continuous response that is no polynomial is enough."""
    line = ridge_probe(probe)
    seen = [measure_difference(line, (m,), SAMPLES) for m in range(1, POLYNOMIAL + 1)]
    sizes = {(0,): float(line(line.points("sizes", SAMPLES)).abs().max())} | {one.alpha: one.largest for one in seen}
    vanishing = next((one for one in seen if one.is_zero and _would_be_seen(one, sizes)), None)
    found = Finding(measured=seen)
    if seen[-1].is_nonzero:
        found.verdict, found.proved, found.witness = "nondegenerate", POLYNOMIAL - 1, seen[-1]
    elif vanishing is not None:
        found.verdict, found.witness = "degenerate", vanishing
    return found


def ridge_probe(probe: Probe) -> Probe:
    """The sum of a response along random lines, as one of one input: a polynomial where each of them is."""
    direction = torch.nn.functional.normalize(probe.points("ridge", RIDGES), dim=-1)
    middle = sum(probe.domain) / 2

    def ridge(t: Tensor) -> Tensor:
        return sum((probe.differentiable(middle + t * d.to(t)) for d in direction), torch.zeros(len(t)).to(t))

    return Probe(ridge, 1, domain=probe.domain, seed=probe.seed)


def _look(probe: Probe, alpha: tuple[int, ...], smooth: bool | None, samples: int) -> list[Measured]:
    """The difference of one order, and the derivative where that leaves a doubt and derivatives can be trusted.

    Nesting is dear: a vanishing order is confirmed by its derivative where it has few, and a high one is left to its
    difference.
    """
    difference = measure_difference(probe, alpha, samples)
    doubtful = not difference.is_nonzero and (not difference.is_zero or sum(alpha) <= _NESTED)
    tower = measure_derivative(probe, alpha) if smooth and doubtful and sum(alpha) <= _DEEPEST else None
    return [difference] if tower is None else [difference, tower]


def _find_vanishing(probe: Probe, order: int, smooth: bool | None, samples: int, found: Finding) -> None:
    """A vanishing order with as few derivatives as there can be: all larger ones vanish with it."""
    sizes = {(0,) * probe.inputs: float(probe(probe.points("sizes", SAMPLES)).abs().max())}
    orders = itertools.product(range(order + 1), repeat=probe.inputs)
    for alpha in sorted(orders, key=lambda a: (sum(a), max(a), a))[1:]:
        seen = _look(probe, alpha, smooth, samples)
        found.measured += seen
        if all(one.is_zero for one in seen) and _would_be_seen(seen[0], sizes):
            found.verdict, found.proved, found.witness = "degenerate", 0, seen[0]
            return
        sizes[alpha] = seen[0].largest


def _would_be_seen(zero: Measured, sizes: dict[tuple[int, ...], float]) -> bool:
    """Whether an order that is not seen would be, were it as large as the orders below it let expect.

    Orders fall as powers do: that of alpha is like the product of those one lower in an input each, over the one that
    is lower in both. Of a response that hardly varies over the domain the high ones are lost in rounding.
    """
    expected = sizes[(0,) * len(zero.alpha)]
    for k, j in itertools.combinations_with_replacement(range(len(zero.alpha)), 2):
        below = _lower(zero.alpha, k, j)
        if min(below) >= 0 and sizes.get(below):
            sides = sizes.get(_lower(zero.alpha, k), 0.0) * sizes.get(_lower(zero.alpha, j), 0.0)
            expected = min(expected, sides / sizes[below])
    return expected >= 1e3 * zero.floor


def _lower(alpha: tuple[int, ...], *inputs: int) -> tuple[int, ...]:
    return tuple(order - inputs.count(k) for k, order in enumerate(alpha))
