"""The spectrum of a periodic encoding on its torus: finite sums of exponentials are decided exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from photonics_sim.analysis._probe import Probe
from photonics_sim.analysis._stencil import EPS

_MOST = 2**20  # points of the grid
_RESOLVED = 1e-9  # amplitude at the highest frequencies, over the largest


@dataclass(frozen=True)
class Spectrum:
    """Fourier coefficients over one period in each input.

    A frequency has full support where none of its components is 0. Such a coefficient cannot come from aliasing: what
    is 0 stays 0 modulo the grid.

    Attributes:
        grid: Points along each input; None where the exponentials themselves were given.
        share: Power at frequencies of full support over the power of all but the constant.
        largest: Largest amplitude of full support.
        frequency: Where that is.
        floor: What rounding may give.
        resolved: Whether the highest frequencies of the grid are empty: nothing is hidden beyond them.
    """

    grid: int | None
    share: float
    largest: float
    frequency: tuple[float, ...]
    floor: float
    resolved: bool

    @property
    def is_nonzero(self) -> bool:
        return self.largest > 1e3 * self.floor

    @property
    def is_zero(self) -> bool:
        return self.resolved and self.largest < 30 * self.floor


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
    full = torch.ones_like(size, dtype=torch.bool)
    edge = torch.zeros_like(full)
    for k in range(d):
        shape = [1] * d
        shape[k] = grid
        full &= nonzero.reshape(shape)
        edge |= (numbers.abs() >= 3 * grid // 8).reshape(shape)
    power = size.square()
    varying = float(power.sum() - power.flatten()[0])
    masked = torch.where(full, size, torch.zeros_like(size))
    at = torch.unravel_index(masked.argmax(), masked.shape)
    return Spectrum(
        grid=grid,
        share=float(power[full].sum()) / varying if varying > 0 else 0.0,
        largest=float(masked.max()),
        frequency=tuple(int(numbers[i]) for i in at),
        floor=4 * EPS * float(values.abs().max()),
        resolved=float(size[edge].max()) <= _RESOLVED * float(size.max()),
    )
