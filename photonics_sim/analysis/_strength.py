"""How strongly all inputs are coupled, and how surely that is seen through noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from photonics_sim.analysis._device_response import device_response
from photonics_sim.analysis._probe import Probe
from photonics_sim.analysis._stencil import EPS, tensor_stencil
from photonics_sim.device import Device


@dataclass(frozen=True)
class Strength:
    """Share of the response's variance that only all inputs together explain.

    Attributes:
        share: S = E|Delta|^2 / (2^d Var), the highest-order Sobol index of the response; below 0 by noise alone.
        error: Its standard error.
        pairs: Pairs of readings behind it.
    """

    share: float
    error: float
    pairs: int

    @property
    def z(self) -> float:
        """Share over its error; infinite where nothing is uncertain."""
        return self.share / self.error if self.error > 0 else math.copysign(math.inf, self.share)

    def pairs_for(self, z: float) -> int:
        """Pairs of readings that would show a coupling of this strength with z standard errors, times four: what
        signal and noise do together makes z grow more slowly than the root of their number (Monte Carlo, 60 repeats).
        """
        return math.ceil(4 * self.pairs * (z / self.z) ** 2) if 0 < self.z < math.inf else 0


def coupling_strength(probe: Probe, *, noise: float = 0.0, pairs: int = 600, order: int = 1) -> Strength:
    """The share of variance that needs all inputs, from mixed differences between random corners.

    Each corner is read twice, with independent noise: the product of both differences expects |Delta|^2 alone.

    Args:
        probe: The response.
        noise: Rms noise of one reading, per quadrature where it is complex.
        pairs: Random boxes whose corners are read.
        order: Of the differences in each input. Above 1 the number is no share of the variance, but differs from 0 as
            surely where all inputs are coupled up to that order.
    """
    corners, weights = tensor_stencil((order,) * probe.inputs)
    low, high = (probe.points(f"strength {end}", pairs) for end in ("low", "high"))
    points = low.unsqueeze(1) + (high - low).unsqueeze(1) * (corners / order)
    values = probe(points.flatten(0, 1)).unflatten(0, (pairs, len(corners)))
    first, second = (_read(values, noise, probe.generator(f"noise {k}")) for k in range(2))
    product = ((first @ weights.to(first)) * (second @ weights.to(second)).conj()).real
    ends = first[:, ((corners == 0) | (corners == order)).all(-1)]  # each of them uniform in the domain
    variance = float((ends - ends.mean()).abs().square().mean()) - _power(noise, values)
    rounding = (16 * EPS * float(values.abs().max())) ** 2
    if variance <= rounding:  # a constant has no coupling
        return Strength(0.0, 0.0 if not noise else math.inf, pairs)
    scaled = product / (float(weights.square().sum()) * variance)
    return Strength(float(scaled.mean()), float(scaled.std()) / math.sqrt(pairs), pairs)


def coupling_spectrum(
    device: Device, largest: int = 6, *, noise: float = 0.0, pairs: int = 600, seed: int = 0
) -> dict[int, Strength]:
    """How fast the coupling of all inputs fades as there are more of them.

    Args:
        device: One that tells its field; of n inputs, the others are frozen at random.
        largest: Inputs up to which the strength is asked, from 1.
        noise: Rms of one reading, per quadrature.
        pairs: Random boxes for each number of inputs.
        seed: Of inputs and points.

    Returns:
        The strength by number of inputs.

    Raises:
        PhotonicsError: for a device that has fewer inputs, or does not tell its field.
    """
    found: dict[int, Strength] = {}
    for inputs in range(1, largest + 1):
        asked = device_response(device, inputs, seed)
        probe = Probe(asked.response, inputs, readout=asked.readout, seed=seed)
        found[inputs] = coupling_strength(probe, noise=noise, pairs=pairs)
    return found


def _power(noise: float, values: Tensor) -> float:
    return noise**2 * (2 if values.is_complex() else 1)


def _read(values: Tensor, noise: float, generator: torch.Generator) -> Tensor:
    if not noise:
        return values

    def drawn() -> Tensor:
        return noise * torch.randn(values.shape, generator=generator, dtype=torch.float64)

    return values + (torch.complex(drawn(), drawn()) if values.is_complex() else drawn())
