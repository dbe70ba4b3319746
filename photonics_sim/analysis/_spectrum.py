"""The spectrum of a periodic encoding on its torus: finite sums of exponentials are decided exactly."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photonics_sim.analysis._findings import Spectrum
from photonics_sim.analysis._probe import Probe
from photonics_sim.analysis._stencil import EPS

_MOST = 2**20  # points of the grid
_RESOLVED = 1e-9  # amplitude at the highest frequencies, over the largest


def torus_spectrum(probe: Probe, period: float) -> Spectrum:
    """The spectrum of an encoding with this period in every input, in units of 2 pi / period."""
    d = probe.inputs
    grid = min(64, 2 ** int(math.log2(_MOST) / d))
    axis = probe.domain[0] + period * torch.arange(grid, dtype=torch.float64) / grid
    points = torch.cartesian_prod(*[axis] * d).reshape(-1, d)
    values = probe(points).reshape([grid] * d)
    size = torch.fft.fftn(values).abs() / grid**d
    numbers = torch.fft.fftfreq(grid, 1 / grid).round().to(torch.int64)
    nonzero = numbers != 0
    count = torch.zeros_like(size, dtype=torch.int64)
    edge = torch.zeros_like(size, dtype=torch.bool)
    for k in range(d):
        shape = [1] * d
        shape[k] = grid
        count += nonzero.reshape(shape)
        edge |= (numbers.abs() >= 3 * grid // 8).reshape(shape)
    by_inputs = power_by_inputs(size.flatten(), count.flatten(), d)
    masked = torch.where(count == d, size, torch.zeros_like(size))
    at = torch.unravel_index(masked.argmax(), masked.shape)
    return Spectrum(
        grid=grid,
        share=by_inputs[-1],
        by_inputs=by_inputs,
        largest=float(masked.max()),
        frequency=tuple(int(numbers[i]) for i in at),
        floor=4 * EPS * float(values.abs().max()),
        resolved=float(size[edge].max()) <= _RESOLVED * float(size.max()),
    )


def power_by_inputs(sizes: Tensor, count: Tensor, inputs: int) -> tuple[float, ...]:
    """Power of amplitudes `(terms,)` whose frequencies have `count` inputs, over that of all but the constant."""
    power = torch.zeros(inputs + 1, dtype=torch.float64).index_add(0, count, sizes.square())[1:]
    varying = float(power.sum())
    return tuple((power / varying).tolist() if varying > 0 else [0.0] * inputs)
