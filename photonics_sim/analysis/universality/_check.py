"""Can sums of this encoding approximate anything?"""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from photonics_sim.analysis.universality._certificate import annihilator, span_residuals
from photonics_sim.analysis.universality._device_response import device_response
from photonics_sim.analysis.universality._exponentials import ExponentialSum
from photonics_sim.analysis.universality._findings import PathBound, Spectrum, Strength
from photonics_sim.analysis.universality._judge import (
    POLYNOMIAL,
    RIDGES,
    SAMPLES,
    Finding,
    judge_dense,
    judge_diagonal,
    ridge_probe,
)
from photonics_sim.analysis.universality._many_inputs import SUBSET, judge_exponentials, judge_subsets, refuted_by_paths
from photonics_sim.analysis.universality._paths import path_bound
from photonics_sim.analysis.universality._probe import Encoder, Probe, Readout, Response
from photonics_sim.analysis.universality._report import UniversalityReport
from photonics_sim.analysis.universality._spectrum import torus_spectrum
from photonics_sim.analysis.universality._strength import coupling_strength
from photonics_sim.analysis.universality._tower import is_smooth
from photonics_sim.device import Device
from photonics_sim.errors import PhotonicsError

CALLABLE_FEATURES: tuple[int, ...] = (16, 32, 64, 128, 256)  # of the span test
DEVICE_FEATURES: tuple[int, ...] = (8, 16, 32, 64)  # a device takes longer to answer
MOST_POINTS = 2**22
_TOLD_POINTS = 2**16  # of what path counting has decided already
DETECTED = 5.0  # standard errors
_TOGETHER = 12  # inputs whose corners are read together

_UNDECIDED = (
    "what may vanish lies too near to rounding, or the response varies too little over the domain to tell: widen the "
    "domain, or raise the precision of the response"
)
_SAMPLED = "vanishing was seen at all sampled points to rounding: evidence, not a proof"


def check_universality(
    response: Response | Device,
    inputs: int,
    *,
    order: int = 2,
    domain: tuple[float, float] = (-2.0, 2.0),
    encoder: Encoder = "diagonal",
    readout: Readout = "coherent",
    period: float | None = None,
    noise: float = 0.0,
    crossings: int | None = None,
    seed: int = 0,
) -> UniversalityReport:
    """Judge an encoding by the non-degeneracy criterion of arXiv:2509.05420.

    Mixed differences with tensor stencils decide first, smooth or not: one that is not zero proves that the derivative
    of its order is not zero as a distribution. Nested derivatives see couplings too weak for differences, the spectrum
    decides periodic encodings for all orders. Where there are too many inputs to test together, path counting or
    random subsets of them may refute.

    Args:
        response: `(batch, inputs)` to `(batch,)`, real or complex: what is combined linearly with trainable weights; an
            `ExponentialSum`, which is decided exactly for any number of inputs; or a device, whose first output,
            encoder, read-out, period and crossings are taken, with inputs beyond `inputs` frozen at random.
        inputs: How many inputs are tested together.
        order: K: derivatives up to this order in each input are tested.
        domain: Range of each input, bias included.
        encoder: "diagonal" where each input has one scale and bias of its own; "dense" where inputs are mixed freely.
        readout: "coherent" where fields are summed before detection, "intensity_sum" where intensities are.
        period: Of the response in every input, if it has one.
        noise: Rms of one reading, per quadrature: differences below it decide nothing.
        crossings: Most inputs that a path of light meets, where that is known (`most_crossings` counts them).
        seed: Of all sampled points.

    Raises:
        PhotonicsError: for a response or a device that cannot be asked, and orders that would take too many points.
    """
    features, frozen = CALLABLE_FEATURES, 0
    if isinstance(response, Device):
        asked = device_response(response, inputs, seed)
        response, encoder, readout, crossings = asked.response, asked.encoder, asked.readout, asked.crossings
        period, features, frozen = asked.period, DEVICE_FEATURES, asked.inputs - inputs
    points = _count(inputs, order)
    bound = path_bound(crossings, inputs, readout) if encoder == "diagonal" else None
    refuted = bound is not None and bound.refutes
    if isinstance(response, ExponentialSum) and response.inputs != inputs:
        raise PhotonicsError(f"the exponentials have {response.inputs} inputs; found inputs = {inputs}")
    probe = Probe(response, inputs, encoder=encoder, readout=readout, domain=domain, seed=seed)
    if encoder == "dense":
        report = _dense(probe, noise, features)
    elif isinstance(response, ExponentialSum):
        report = judge_exponentials(response, probe)
    elif bound is not None and refuted and (noise or points > _TOLD_POINTS):
        report = refuted_by_paths(probe, bound)
    elif noise:
        report = _noisy(probe, order, noise, points)
    elif points > MOST_POINTS:
        report = judge_subsets(probe, order)
    else:
        report = _noiseless(probe, order, period, features, bound)
    if bound is not None and refuted and report.verdict != "degenerate":
        if report.verdict == "nondegenerate":
            raise PhotonicsError(
                f"crossings = {crossings} says that {bound.coupled} inputs couple at most, yet {inputs} do; count again"
            )
        report = refuted_by_paths(probe, bound)
    whole = path_bound(crossings, inputs + frozen, readout) if encoder == "diagonal" else None
    return replace(report, paths=whole, caveats=(*report.caveats, *_about_whole(probe, report.verdict, frozen, whole)))


def _noiseless(
    probe: Probe, order: int, period: float | None, features: tuple[int, ...], bound: PathBound | None
) -> UniversalityReport:
    strength, smooth = coupling_strength(probe), is_smooth(probe)
    spectrum = torus_spectrum(probe, period) if period is not None else None
    found = judge_diagonal(probe, order, smooth, spectrum)
    return found.report(
        probe,
        strength,
        smooth=smooth,
        spectrum=spectrum,
        certificate=annihilator(probe, found.vanishing) if found.vanishing is not None else None,
        features=features,
        residuals=span_residuals(probe, features),
        caveats=_about(found, smooth, strength, spectrum, bound),
    )


def _dense(probe: Probe, noise: float, features: tuple[int, ...]) -> UniversalityReport:
    """What counts behind a dense encoder is being no polynomial along a line, whatever the number of inputs."""
    shown = probe if probe.inputs <= _TOGETHER else probe.restricted(torch.arange(SUBSET))
    strength = coupling_strength(shown, noise=noise)
    said = () if shown is probe else (f"strength and residuals are those of the first {SUBSET} inputs",)
    if noise:
        line = coupling_strength(ridge_probe(probe), noise=noise * RIDGES**0.5, order=POLYNOMIAL)
        return _through_noise(probe, noise, strength, {POLYNOMIAL - 1: line}, said)
    found = judge_dense(probe)
    what = {
        "nondegenerate": f"a dense encoder asks only for a response that is no polynomial: none of degree below "
        f"{POLYNOMIAL} is it",
        "degenerate": "a polynomial stays one of its degree, however its inputs are mixed",
        "inconclusive": _UNDECIDED,
    }[found.verdict]
    return found.report(
        probe,
        strength,
        smooth=is_smooth(probe),
        features=features,
        residuals=span_residuals(shown, features),
        caveats=(what, *said),
    )


def _noisy(probe: Probe, order: int, noise: float, points: int) -> UniversalityReport:
    """Through noise a coupling can be seen, and its absence cannot."""
    if points > MOST_POINTS:
        raise PhotonicsError(
            f"order {order} in {probe.inputs} inputs takes {SAMPLES} x {order + 1}^{probe.inputs} noisy readings, of "
            f"which {MOST_POINTS:,} can be taken; ask for fewer inputs"
        )
    strengths = {k: coupling_strength(probe, noise=noise, order=k) for k in range(1, order + 1)}
    return _through_noise(probe, noise, strengths[1], strengths)


def _through_noise(
    probe: Probe, noise: float, strength: Strength, tested: dict[int, Strength], said: tuple[str, ...] = ()
) -> UniversalityReport:
    proved = max((order for order, one in tested.items() if one.z > DETECTED), default=0)
    needed = strength.pairs_for(DETECTED)
    more = f"some {needed:,} pairs of readings would decide a coupling of this size" if needed else "nothing was seen"
    return UniversalityReport.on(
        probe,
        "nondegenerate" if proved else "inconclusive",
        strength,
        order_proved=proved,
        caveats=(
            f"z = {strength.z:.1f} standard errors over {strength.pairs} pairs of readings; noise of {noise:.3g} "
            f"beside a response that varies by {_deviation(probe):.2g} rms",
            f"orders above {proved} in each input are not shown at this noise"
            if proved
            else f"not detected at this noise, which is not degenerate: {more}",
            *said,
        ),
    )


def _about(
    found: Finding, smooth: bool | None, strength: Strength, spectrum: Spectrum | None, bound: PathBound | None
) -> tuple[str, ...]:
    said: list[str] = []
    if found.verdict == "nondegenerate" and found.proved != "all":
        said.append(f"orders above {found.proved} in an input were not tested; (x1 + ... + xd)^n passes low ones")
    if found.verdict == "degenerate" and bound is not None and bound.refutes:
        said.append(f"path counting proves it: no sum of paths couples {bound.coupled + 1} inputs")
    elif found.verdict == "degenerate" and not (spectrum is not None and spectrum.is_zero):
        said.append(_SAMPLED)
    if found.verdict == "inconclusive":
        said.append(_UNDECIDED)
    if smooth is None:
        said.append("forward-mode derivatives do not pass the response: differences alone decided")
    elif not smooth:
        said.append("the response has kinks or steps, or its derivative is not its own: differences alone decided")
    if 0 < strength.share < 1e-4 and found.verdict == "nondegenerate":
        said.append(f"all inputs together explain no more than {strength.share:.1g} of the variance")
    return tuple(said)


def _about_whole(probe: Probe, verdict: str, frozen: int, whole: PathBound | None) -> tuple[str, ...]:
    """What the verdict on some inputs of one reading means for the device."""
    said = []
    if whole is not None and whole.refutes and verdict != "degenerate":
        n, most = whole.inputs, whole.coupled
        said.append(f"all {n} inputs together are degenerate: path counting lets {most} of them couple at most")
    if frozen:
        said.append(
            f"{probe.inputs} of {probe.inputs + frozen} inputs, the others frozen at random: a subset that fails "
            "refutes universality of the whole, one that passes is necessary, not sufficient"
        )
    if verdict == "degenerate" and probe.readout == "coherent" and probe.is_complex:
        said.append("judged are sums of fields before one detector; an intensity couples up to twice as many inputs")
    return tuple(said)


def _deviation(probe: Probe) -> float:
    values = probe(probe.points("deviation", SAMPLES))
    return float((values - values.mean()).abs().square().mean().sqrt())


def _count(inputs: int, order: int) -> int:
    """Points that a test of all inputs together takes."""
    if inputs < 1 or order < 1:
        raise PhotonicsError(f"inputs = {inputs}, order = {order}: both are at least 1")
    few, corners = min(inputs, SUBSET), order + 1
    if SAMPLES * corners**few > MOST_POINTS:
        raise PhotonicsError(
            f"order {order} in {few} inputs takes {SAMPLES} x {corners}^{few} points, of which {MOST_POINTS:,} can be "
            "asked; lower it"
        )
    return math.prod([corners] * inputs, start=SAMPLES)
