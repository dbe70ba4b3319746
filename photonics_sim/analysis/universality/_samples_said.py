"""What a report on readings says in plain words."""

from __future__ import annotations

import math

from torch import Tensor

from photonics_sim.analysis.universality._check import DETECTED, check_universality
from photonics_sim.analysis.universality._findings import Strength
from photonics_sim.analysis.universality._judge import POLYNOMIAL
from photonics_sim.analysis.universality._probe import Encoder, Readout, Response
from photonics_sim.analysis.universality._samples_file import Samples
from photonics_sim.analysis.universality._samples_repeats import Repeats, repeats_needed
from photonics_sim.device import Device

COPIED = (
    "all repeats are the same, digit by digit: copies tell nothing of noise. Measure every row anew; a device without "
    "noise is judged by check_universality"
)
_AGREE = 3.0  # standard errors
_STEPS = 4.0  # times the share that a converter's steps make by themselves


def is_steps(strength: Strength, seen: Repeats) -> bool:
    """Whether a coupling may be nothing but the steps of a converter, step^2 / 12 each, that no noise blurs."""
    own = seen.step**2 / 12 / seen.signal**2 if seen.signal > 0 else math.inf
    return seen.counts_steps and strength.share < _STEPS * own


def counted(strength: Strength, samples: Samples, used: int, threshold: float) -> str:
    """How surely the coupling is seen, and in how many readings."""
    rows, repeats = samples.outputs.shape
    left = f"; {rows - used:,} rows belong to no whole box" if rows > used else ""
    read = f"{strength.pairs:,} boxes, each read {repeats} times"
    return f"z = {strength.z:.1f} standard errors over {read}, of which {threshold:.1f} show a coupling{left}"


def without_polynomials(degree: int) -> tuple[int, str]:
    """A dense encoder asks for no polynomial: what a difference of this total order proves of it."""
    if degree >= POLYNOMIAL:
        return degree - 1, f"a dense encoder asks only for a response that is no polynomial: none below {degree}"
    return 0, (
        f"a dense encoder asks for a response that is no polynomial; these boxes show none of degree below {degree}, "
        f"and {POLYNOMIAL} is asked: plan a higher order"
    )


def undecided(strength: Strength, readings: Tensor, inputs: int, threshold: float) -> str:
    """What would decide: the share is reported at order 1, and so is this."""
    said = "not detected in these readings, which is not degenerate"
    repeats, boxes = repeats_needed(readings, 1, inputs, threshold)
    if not math.isfinite(strength.error):
        return f"{said}: the response itself does not rise above the noise"
    if strength.z > threshold or not boxes:
        return f"{said}: a share of {threshold * strength.error:.2g} would have been seen"
    few = f"some {repeats:,} repeats of these points" if repeats is not None else "no number of repeats"
    return f"{said}: {few} would decide a coupling of this size, or some {boxes:,} boxes with as many repeats as now"


def about_repeats(seen: Repeats, strength: Strength) -> list[str]:
    """What the repeats say of the set-up itself."""
    said = [
        f"noise of one reading: {seen.noise:.3g} rms per quadrature, of a response that varies by {seen.signal:.3g}"
    ]
    if seen.drift > DETECTED:
        said.append(
            f"repeats differ by an offset of {seen.drift:.0f} standard errors: the set-up drifts; offsets cancel, "
            "changes of its gain do not"
        )
    if seen.counts_steps:
        what = "may be nothing but" if is_steps(strength, seen) else "is above that of"
        said.append(
            f"the noise is below half the smallest step of the readings, {seen.step:.3g}, and does not blur it: the "
            f"coupling {what} such steps"
        )
    return said


def against_twin(
    twin: Response | Device | None,
    strength: Strength,
    proved: bool,
    samples: Samples,
    encoder: Encoder,
    readout: Readout,
) -> list[str]:
    """How the device compares with its simulation."""
    if twin is None:
        return []
    inputs, order = samples.inputs.shape[1], samples.order or 1
    told = check_universality(twin, inputs, order=order, domain=samples.domain, encoder=encoder, readout=readout)
    error = math.hypot(strength.error, told.strength.error)
    apart = abs(strength.share - told.strength.share)
    errors = apart / error if error > 0 else math.copysign(math.inf, apart) if apart else 0.0
    if told.verdict == "degenerate" and proved:
        verdicts = "verdicts differ: the device couples what its twin does not, or drift and crosstalk of the set-up do"
    elif told.verdict == "nondegenerate" and proved:
        verdicts = "verdicts agree"
    else:
        verdicts = f"verdicts cannot be compared, the {'twin' if proved else 'measurement'} decides nothing"
    return [
        f"twin: {told.verdict}, share {told.strength.share:.3g} +- {told.strength.error:.1g}; {verdicts}",
        f"strengths {'agree' if errors <= _AGREE else 'differ'}: {errors:.1f} standard errors apart",
    ]
