"""The spectrum of a periodic encoding on its torus: finite sums of exponentials are decided exactly."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photonics_sim.analysis.universality._findings import Spectrum
from photonics_sim.analysis.universality._probe import Probe
from photonics_sim.errors import PhotonicsError

_FIRST, _LAST = 4, 64  # points along each input
_MOST = 2**16  # points of a grid
_RESOLVED = 1e-9  # largest error between the points of the grid, over the largest value


def torus_spectrum(probe: Probe, period: float) -> Spectrum | None:
    """The spectrum of an encoding with this period in every input, in units of 2 pi / period; None for many inputs.

    The grid is doubled until the trigonometric polynomial through it gives the response between its points as well.

    Raises:
        PhotonicsError: where the response has another period.
    """
    _check_period(probe, period)
    grid = _FIRST
    if grid**probe.inputs > _MOST:
        return None
    while True:
        found = _on_grid(probe, period, grid)
        if found.resolved or grid == _LAST or (2 * grid) ** probe.inputs > _MOST:
            return found
        grid *= 2


def _check_period(probe: Probe, period: float) -> None:
    if not 0 < period < math.inf:
        raise PhotonicsError(f"period = {period}: give the period of the response in each input, or None")
    x = probe.points("period", 8)
    values = probe(x)
    for k in range(probe.inputs):
        shift = torch.zeros(probe.inputs, dtype=torch.float64)
        shift[k] = period
        change = float((probe(x + shift) - values).abs().max())
        if change > 1e-6 * float(values.abs().max()):
            raise PhotonicsError(
                f"the response does not have the period {period:g} in x{k + 1}: it changes by {change:.2g}; leave "
                "period out, or scale the input"
            )


def _on_grid(probe: Probe, period: float, grid: int) -> Spectrum:
    d = probe.inputs
    axis = probe.domain[0] + period * torch.arange(grid, dtype=torch.float64) / grid
    values = probe(torch.cartesian_prod(*[axis] * d).reshape(-1, d)).reshape([grid] * d)
    coefficients = torch.fft.fftn(values) / grid**d
    numbers = torch.fft.fftfreq(grid, 1 / grid, dtype=torch.float64).round()
    nonzero = (numbers != 0).to(torch.int64)
    count = torch.stack(torch.meshgrid(*[nonzero] * d, indexing="ij")).sum(0)
    size = coefficients.abs()
    by_inputs = power_by_inputs(size.flatten(), count.flatten(), d)
    masked = torch.where(count == d, size, torch.zeros_like(size))
    at = torch.unravel_index(masked.argmax(), masked.shape)
    scale = float(values.abs().max())
    return Spectrum(
        grid=grid,
        share=by_inputs[-1],
        by_inputs=by_inputs,
        largest=float(masked.max()),
        frequency=tuple(int(numbers[i]) for i in at),
        floor=4 * probe.rounding * scale,
        resolved=_missed(probe, coefficients, numbers, period) <= _RESOLVED * scale,
    )


def _missed(probe: Probe, coefficients: Tensor, numbers: Tensor, period: float) -> float:
    """Largest error of the trigonometric polynomial at points between those of its grid."""
    x = probe.points("between", 32)
    turns = (x - probe.domain[0]) * (2 * math.pi / period)
    between = coefficients.expand(len(x), *coefficients.shape)
    for k in range(probe.inputs):
        waves = torch.polar(torch.ones(1, dtype=torch.float64), turns[:, k, None] * numbers)
        between = torch.einsum("pg,pg...->p...", waves, between)
    return float((between - probe(x)).abs().max())


def power_by_inputs(sizes: Tensor, count: Tensor, inputs: int) -> tuple[float, ...]:
    """Power of amplitudes `(terms,)` whose frequencies have `count` inputs, over that of all but the constant."""
    power = torch.zeros(inputs + 1, dtype=torch.float64).index_add(0, count, sizes.square())[1:]
    varying = float(power.sum())
    return tuple((power / varying).tolist() if varying > 0 else [0.0] * inputs)
