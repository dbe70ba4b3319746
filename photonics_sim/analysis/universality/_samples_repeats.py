"""What repeated readings tell besides the coupling: noise, drift, a converter's steps, and how many more would do."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from scipy import stats
from torch import Tensor

from photonics_sim.analysis.universality._probe import EPS
from photonics_sim.analysis.universality._stencil import tensor_stencil
from photonics_sim.analysis.universality._strength import unbiased_squares

_MOST_REPEATS = 10**9
_DRIFT = 5.0  # standard errors


@dataclass(frozen=True)
class Repeats:
    """Of readings `(repeats, rows)`.

    Attributes:
        noise: Rms of one reading, per quadrature where it is complex; what all readings of a repeat share is left out,
            since no difference sees it.
        signal: Rms deviation of the response itself.
        drift: Largest offset of a repeat from their mean, in standard errors.
        step: Smallest distance of two readings that differ: that of the converter, where there is one; rounding of
            the number type that holds them, where it is more.
    """

    noise: float
    signal: float
    drift: float
    step: float

    @property
    def counts_steps(self) -> bool:
        """Whether the noise is too small to blur the converter's steps, which then look like coupling."""
        return self.noise < self.step / 2


def look_at_repeats(readings: Tensor) -> Repeats:
    """Noise, drift and steps of readings `(repeats, rows)`."""
    repeats, rows = readings.shape
    offsets = readings.mean(1) - readings.mean()
    means = readings.mean(0)
    within = _power(readings - means - offsets[:, None]) * repeats / (repeats - 1)
    signal = max(_power(means - means.mean()) - within / repeats, 0.0)
    furthest, error = float(offsets.abs().max()), math.sqrt(within / rows * (repeats - 1) / repeats)
    parts = torch.view_as_real(readings).unbind(-1) if readings.is_complex() else (readings,)
    steps = [float(gaps.min()) for gaps in (part.unique().diff() for part in parts) if len(gaps)]
    return Repeats(
        noise=math.sqrt(within / len(parts)),
        signal=math.sqrt(signal),
        drift=furthest / error if within > (16 * EPS * float(readings.abs().max())) ** 2 else 0.0,
        step=max([*steps, 16 * _precision(readings) * float(readings.abs().max())]),
    )


def _precision(readings: Tensor) -> float:
    """Of the narrowest number type that holds all readings as they are."""
    narrow = readings.to(torch.complex64 if readings.is_complex() else torch.float32)
    return torch.finfo(torch.float32).eps if torch.equal(narrow.to(readings.dtype), readings) else EPS


def _power(values: Tensor) -> float:
    return float(values.abs().square().mean())


def detection(z: float, boxes: int) -> float:
    """What z standard errors are among many boxes, where there are few to estimate the error from (Student)."""
    return float(stats.t.isf(stats.norm.sf(z), boxes - 1))


def repeats_needed(readings: Tensor, order: int, inputs: int, z: float) -> tuple[int | None, int]:
    r"""Repeats of the same points, and boxes with as many repeats as now, that would bring a coupling to z errors.

    With tau^2 = sum of the squared weights times the power of the noise, the estimate of one box |Delta|^2 = u has

        Var u = V + 4 u tau^2 / R + 2 tau^4 / (R (R - 1)),    half of both noise terms where readings are complex,

    V its spread from box to box. While noise limits, z = E u sqrt(boxes / Var u) grows as sqrt(R (R - 1)), about R; it
    ends at E u sqrt(boxes / V), beyond which only boxes help, as their root. V counts as (E u)^2 at least: where noise
    limits, it cannot be told.

    Returns:
        None and 0 where no coupling is seen; None for repeats where no number of them would do.
    """
    weights = tensor_stencil((order,) * inputs)[1].to(readings)
    repeats, boxes = readings.shape[:2]
    squares = unbiased_squares(readings @ weights)
    mean, spread = float(squares.mean()), float(squares.var())
    if mean <= 0:
        return None, 0
    within = float((readings - readings.mean(0)).abs().square().mean()) * repeats / (repeats - 1)
    tau = within * float(weights.abs().square().sum())
    share = 1.0 if readings.is_complex() else 2.0

    def noise_part(r: float) -> float:
        return share * (2 * mean * tau / r + tau**2 / (r * (r - 1)))

    own = max(spread - noise_part(repeats), mean**2)
    allowed = boxes * (mean / z) ** 2
    more = math.ceil(boxes * max(spread, own) / allowed)
    if own + noise_part(_MOST_REPEATS) > allowed:
        return None, more
    low, high = 1, _MOST_REPEATS
    while high - low > 1:  # the noise part falls with every repeat
        middle = (low + high) // 2
        low, high = (low, middle) if own + noise_part(middle) <= allowed else (middle, high)
    return high, more
