"""Can sums of this encoding approximate anything?"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from photonics_sim.analysis._certificate import annihilator, span_residuals
from photonics_sim.analysis._device_response import Encoder, device_response
from photonics_sim.analysis._probe import Probe, Readout, Response
from photonics_sim.analysis._report import UniversalityReport, Verdict
from photonics_sim.analysis._spectrum import Spectrum, torus_spectrum
from photonics_sim.analysis._stencil import Measured, measure_difference
from photonics_sim.analysis._strength import Strength, coupling_strength
from photonics_sim.analysis._tower import is_smooth, measure_derivative
from photonics_sim.device import Device
from photonics_sim.errors import PhotonicsError

SAMPLES = 256
CALLABLE_FEATURES: tuple[int, ...] = (16, 64, 256)  # of the span test
DEVICE_FEATURES: tuple[int, ...] = (16, 64)  # a device takes longer to answer
MOST_POINTS = 2**26
DETECTED = 5.0  # standard errors
_NESTED = 3  # levels of forward mode that are taken to confirm a zero
_POLYNOMIAL = 9  # a ridge whose differences of this order do not vanish is no polynomial of lower degree

_LIMIT = (
    "the criterion is a statement about ever more features: it says nothing of accuracy with few, of training or noise"
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
    seed: int = 0,
) -> UniversalityReport:
    """Judge an encoding by the non-degeneracy criterion of arXiv:2509.05420.

    Mixed differences with tensor stencils decide first, smooth or not: one that is not zero proves that the derivative
    of its order is not zero as a distribution. Nested derivatives see couplings too weak for differences, the spectrum
    decides periodic encodings for all orders.

    Args:
        response: `(batch, inputs)` to `(batch,)`, real or complex: what is combined linearly with trainable weights; or
            a device, whose first output, encoder and read-out are taken, with inputs beyond `inputs` frozen at random.
        inputs: How many inputs are tested together.
        order: K: derivatives up to this order in each input are tested.
        domain: Range of each input, bias included.
        encoder: "diagonal" where each input has one scale and bias of its own; "dense" where inputs are mixed freely.
        readout: "coherent" where fields are summed before detection, "intensity_sum" where intensities are.
        period: Of the response in every input, if it has one.
        noise: Rms of one reading, per quadrature: differences below it decide nothing.
        seed: Of all sampled points.

    Raises:
        PhotonicsError: for a response or a device that cannot be asked, and orders that would take too many points.
    """
    features = CALLABLE_FEATURES
    if isinstance(response, Device):
        response, encoder, readout = device_response(response, inputs, seed)
        features = DEVICE_FEATURES
    _check_size(inputs, order, domain)
    probe = Probe(response, inputs, readout=readout, domain=domain, seed=seed)
    strength = coupling_strength(probe, noise=noise)
    if noise:
        return _noisy(strength, encoder, readout)
    smooth = is_smooth(probe)
    if encoder == "dense":
        return _dense(probe, strength, readout, smooth, features)
    found = _judge(probe, order, smooth, torus_spectrum(probe, period) if period is not None else None)
    vanishing = found.witness if found.verdict == "degenerate" else None
    return UniversalityReport(
        verdict=found.verdict,
        order_proved=found.proved,
        encoder=encoder,
        readout=readout,
        witness=found.witness,
        strength=strength,
        smooth=smooth,
        spectrum=found.spectrum,
        certificate=annihilator(probe, vanishing.alpha) if vanishing is not None else None,
        residuals=span_residuals(probe, features),
        measured=tuple(found.measured),
        caveats=_caveats(found, smooth, strength),
    )


@dataclass
class _Finding:
    """What the noiseless tests say together."""

    verdict: Verdict = "inconclusive"
    proved: int | Literal["all"] = 0
    witness: Measured | None = None
    spectrum: Spectrum | None = None
    measured: list[Measured] = field(default_factory=list)


def _judge(probe: Probe, order: int, smooth: bool | None, spectrum: Spectrum | None) -> _Finding:
    found = _Finding(spectrum=spectrum)
    corner = (order,) * probe.inputs
    seen = _look(probe, corner, smooth)
    found.measured += seen
    nonzero = [one for one in seen if one.is_nonzero]
    if spectrum is not None and (spectrum.is_nonzero or spectrum.is_zero):
        found.verdict, found.proved = ("nondegenerate", "all") if spectrum.is_nonzero else ("degenerate", 0)
    elif nonzero:
        found.verdict, found.proved = "nondegenerate", order
    if nonzero:
        found.witness = max(nonzero, key=lambda one: one.largest / one.floor)
    if found.verdict != "nondegenerate":
        _find_vanishing(probe, order, smooth, found)
    return found


def _look(probe: Probe, alpha: tuple[int, ...], smooth: bool | None) -> list[Measured]:
    """The difference of one order, and the derivative where that leaves a doubt and derivatives can be trusted.

    Nesting is dear: a vanishing order is confirmed by its derivative where it has few, and a high one is left to its
    difference, which sees as weak a coupling.
    """
    difference = measure_difference(probe, alpha, SAMPLES)
    doubtful = not difference.is_nonzero and (not difference.is_zero or sum(alpha) <= _NESTED)
    tower = measure_derivative(probe, alpha) if smooth and doubtful else None
    return [difference] if tower is None else [difference, tower]


def _find_vanishing(probe: Probe, order: int, smooth: bool | None, found: _Finding) -> None:
    """A vanishing order with as few derivatives as there can be: all larger ones vanish with it."""
    orders = itertools.product(range(order + 1), repeat=probe.inputs)
    for alpha in sorted(orders, key=lambda a: (sum(a), max(a), a))[1:]:
        seen = _look(probe, alpha, smooth)
        found.measured += seen
        if all(one.is_zero for one in seen):
            found.verdict, found.proved, found.witness = "degenerate", 0, seen[0]
            return


def _noisy(strength: Strength, encoder: Encoder, readout: Readout) -> UniversalityReport:
    """Through noise only a coupling of all inputs can be seen, and its absence cannot."""
    detected = strength.z > DETECTED
    needed = strength.pairs_for(DETECTED)
    more = f"some {needed:,} pairs of readings would decide a coupling of this size" if needed else "nothing was seen"
    return UniversalityReport(
        verdict="nondegenerate" if detected else "inconclusive",
        order_proved=1 if detected else 0,
        encoder=encoder,
        readout=readout,
        witness=None,
        strength=strength,
        smooth=None,
        caveats=(
            f"z = {strength.z:.1f} standard errors over {strength.pairs} pairs of readings",
            "couplings of all inputs alone were tested (order 1 in each): higher orders are not shown"
            if detected
            else f"not detected at this noise, which is not degenerate: {more}",
            _LIMIT,
        ),
    )


def _dense(
    probe: Probe, strength: Strength, readout: Readout, smooth: bool | None, features: tuple[int, ...]
) -> UniversalityReport:
    """Freely mixed inputs make ridge functions: any continuous response that is no polynomial is enough."""
    direction = torch.nn.functional.normalize(probe.points("ridge", 8), dim=-1)
    middle = sum(probe.domain) / 2

    def ridge(t: Tensor) -> Tensor:
        """Along eight lines at once would take one call each; their sum is a polynomial where each of them is."""
        return sum((probe.differentiable(middle + t * d.to(t)) for d in direction), torch.zeros(len(t)).to(t))

    line = Probe(ridge, 1, readout="coherent", domain=probe.domain, seed=0)
    seen = [measure_difference(line, (m,), SAMPLES) for m in range(1, _POLYNOMIAL + 1)]
    vanishing = next((one for one in seen if one.is_zero), None)
    found = _Finding(measured=seen)
    if seen[-1].is_nonzero:
        found.verdict, found.proved, found.witness = "nondegenerate", _POLYNOMIAL - 1, seen[-1]
    elif vanishing is not None:
        found.verdict, found.witness = "degenerate", vanishing
    return UniversalityReport(
        verdict=found.verdict,
        order_proved=found.proved,
        encoder="dense",
        readout=readout,
        witness=found.witness,
        strength=strength,
        smooth=smooth,
        residuals=span_residuals(probe, features),
        measured=tuple(seen),
        caveats=(
            f"a dense encoder asks only for a response that is no polynomial: it is none of degree below {_POLYNOMIAL}"
            if found.verdict == "nondegenerate"
            else "a polynomial stays one of its degree, however its inputs are mixed",
            _LIMIT,
        ),
    )


def _caveats(found: _Finding, smooth: bool | None, strength: Strength) -> tuple[str, ...]:
    said = [_LIMIT]
    if found.verdict == "nondegenerate" and found.proved != "all":
        said.append(f"orders above {found.proved} in an input were not tested; (x1 + ... + xd)^n passes low ones")
    if found.verdict == "degenerate" and not (found.spectrum is not None and found.spectrum.is_zero):
        said.append(_SAMPLED)
    if found.verdict == "inconclusive":
        said.append("values lie between rounding and what is surely more: try another domain, or a higher order")
    if smooth is None:
        said.append("forward-mode derivatives do not pass the response: differences alone decided")
    elif not smooth:
        said.append("the response has kinks or steps, or its derivative is not its own: differences alone decided")
    if 0 < strength.share < 1e-4 and found.verdict == "nondegenerate":
        said.append(
            f"all inputs together explain {strength.share:.1g} of the variance: noise far below that would hide it"
        )
    return tuple(said)


def _check_size(inputs: int, order: int, domain: tuple[float, float]) -> None:
    if inputs < 1 or order < 1:
        raise PhotonicsError(f"inputs = {inputs}, order = {order}: both are at least 1")
    if not -math.inf < domain[0] < domain[1] < math.inf:
        raise PhotonicsError(f"domain = {domain}: give its low and its high end")
    points = SAMPLES * (order + 1) ** inputs
    if points > MOST_POINTS:
        raise PhotonicsError(
            f"order {order} in {inputs} inputs takes {points:,} points, of which {MOST_POINTS:,} can be asked. Lower "
            "one: a subset of the inputs that fails refutes universality, passing ones do not prove it"
        )
