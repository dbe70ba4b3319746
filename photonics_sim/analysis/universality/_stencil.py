"""Mixed differences: derivatives that ask nothing of a response but its values."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor

from photonics_sim.analysis.universality._findings import Measured
from photonics_sim.analysis.universality._probe import Probe


def tensor_stencil(alpha: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Corners `(corners, inputs)` in units of the steps, and their signed binomial weights `(corners,)`."""
    axes = [range(order + 1) for order in alpha]
    corners = list(itertools.product(*axes))
    weights = [
        math.prod((-1) ** (order - j) * math.comb(order, j) for order, j in zip(alpha, corner, strict=True))
        for corner in corners
    ]
    return torch.tensor(corners, dtype=torch.float64), torch.tensor(weights, dtype=torch.float64)


def outermost(order: int, inputs: int) -> Tensor:
    """Which corners of a stencil of one order in all inputs are those of its box, `(corners,)`."""
    corners, _ = tensor_stencil((order,) * inputs)
    return ((corners == 0) | (corners == order)).all(-1)


def mixed_differences(probe: Probe, alpha: tuple[int, ...], samples: int) -> tuple[Tensor, Tensor, float]:
    """Differences of order alpha with random steps at random places of the domain.

    Where one is not zero, the derivative of that order is not zero as a distribution: smooth or not.

    Returns:
        Differences `(samples,)`, where they were taken `(samples, inputs)`, and the rounding floor.
    """
    corners, weights = tensor_stencil(alpha)
    low, high = probe.domain
    room = (high - low) / torch.tensor([max(order, 1) for order in alpha], dtype=torch.float64)
    drawn = torch.rand(2, samples, probe.inputs, generator=probe.generator(f"stencil {alpha}"), dtype=torch.float64)
    step = (0.2 + 0.8 * drawn[0]) * room
    reach = step * torch.tensor(alpha, dtype=torch.float64)
    start = low + (high - low - reach) * drawn[1]
    points = start.unsqueeze(1) + step.unsqueeze(1) * corners
    values = probe(points.flatten(0, 1)).unflatten(0, (samples, len(corners)))
    floor = 4 * probe.rounding * float(weights.abs().sum().sqrt()) * float(values.abs().max())
    return (values * weights).sum(-1), start, floor


def measure_difference(probe: Probe, alpha: tuple[int, ...], samples: int = 256) -> Measured:
    """The mixed difference of order alpha, largest and median over the samples."""
    found, places, floor = mixed_differences(probe, alpha, samples)
    sizes = found.abs()
    at = int(sizes.argmax())
    return Measured(alpha, float(sizes[at]), float(sizes.median()), floor, tuple(places[at].tolist()))
