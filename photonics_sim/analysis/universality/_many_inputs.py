"""Verdicts on more inputs than differences can take together: by support, by paths, by subsets."""

from __future__ import annotations

from typing import Any

import torch

from photonics_sim.analysis.universality._certificate import annihilator
from photonics_sim.analysis.universality._exponentials import ExponentialSum
from photonics_sim.analysis.universality._findings import Measured, PathBound, Strength
from photonics_sim.analysis.universality._judge import SAMPLES, judge_diagonal
from photonics_sim.analysis.universality._probe import Probe
from photonics_sim.analysis.universality._report import UniversalityReport, monomial
from photonics_sim.analysis.universality._stencil import measure_difference
from photonics_sim.analysis.universality._strength import coupling_strength

SUBSET = 3  # inputs that are tested together where all are too many
SUBSETS = 6
_SAMPLES = 32  # of each subset: a witness is a single point, and a wide device takes long to answer
_MEASURED = 8  # derivatives up to which a vanishing order is looked at too, besides being derived
_EXACT = Strength(0.0, 0.0, 0)


def judge_exponentials(response: ExponentialSum, probe: Probe) -> UniversalityReport:
    """A finite sum of exponentials is non-degenerate if and only if one of its frequencies has no component 0."""
    terms = response.detected(probe.readout)
    spectrum = terms.spectrum()
    share = Strength(spectrum.share, 0.0, 0)
    exactly = "the support of the sum decides exactly"
    if spectrum.is_nonzero:
        said = (f"{exactly}, for all orders",)
        return UniversalityReport.on(
            probe, "nondegenerate", share, order_proved="all", smooth=True, spectrum=spectrum, caveats=said
        )
    return _refuted(probe, terms.uncoupled(), share, exactly, smooth=True, spectrum=spectrum)


def refuted_by_paths(probe: Probe, bound: PathBound) -> UniversalityReport:
    """More inputs than a path of light can meet: degenerate, whatever is measured."""
    alpha = tuple(int(k <= bound.coupled) for k in range(probe.inputs))
    return _refuted(probe, alpha, _EXACT, "path counting decides exactly")


def _refuted(probe: Probe, alpha: tuple[int, ...], strength: Strength, why: str, **evidence: Any) -> UniversalityReport:
    """The report on an order that vanishes for certain, looked at and certified where it has few derivatives."""
    few = sum(alpha) <= _MEASURED
    seen = measure_difference(probe, alpha, 64) if few else None
    return UniversalityReport.on(
        probe,
        "degenerate",
        strength,
        witness=seen,
        certificate=annihilator(probe, alpha) if few else None,
        measured=(seen,) if seen is not None else (),
        caveats=(f"{why}: {monomial(alpha)} is out of reach",),
        **evidence,
    )


def judge_subsets(probe: Probe, order: int) -> UniversalityReport:
    """A few inputs at a time, the others frozen: one subset that fails refutes the whole."""
    counted = (
        f"order {order} in all {probe.inputs} inputs would take {SAMPLES} x {order + 1}^{probe.inputs} points: random "
        f"subsets of {SUBSET} were tested instead, the others frozen"
    )
    generator = probe.generator("subsets")
    measured: list[Measured] = []
    strengths: list[Strength] = []
    for _ in range(SUBSETS):
        chosen = torch.randperm(probe.inputs, generator=generator)[:SUBSET].sort().values
        part = probe.restricted(chosen)
        found = judge_diagonal(part, order, None, None, samples=_SAMPLES)
        strengths.append(coupling_strength(part, pairs=2 * _SAMPLES))
        if found.vanishing is not None:
            alpha = torch.zeros(probe.inputs, dtype=torch.int64).scatter(0, chosen, torch.tensor(found.vanishing))
            why = f"{counted}; one of them fails, at all points that were sampled"
            return _refuted(probe, tuple(alpha.tolist()), strengths[-1], why)
        measured += found.measured
    return UniversalityReport.on(
        probe,
        "inconclusive",
        min(strengths, key=lambda one: one.share),
        measured=tuple(measured),
        caveats=(
            counted,
            f"none of {SUBSETS} subsets fails, which is necessary and not sufficient; the strength is that of the "
            "weakest one",
            "what would decide: the spectrum written out as an ExponentialSum, or a count of the inputs on a path",
        ),
    )
