"""How modulators follow their settings in time, and light through columns of modulators and mixers."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from photonics_devices.time_multiplexed._time_multiplexed_card import TimeMultiplexedProcessorCard
from photonics_sim.device import to_si
from photonics_sim.weights import Switch


def bin_times(card: TimeMultiplexedProcessorCard) -> list[float]:
    """Seconds that each bin lasts; where another bank follows, until the switch has moved."""
    moving = Switch(card.switch).time_s
    changes = card.schedule.schedule().changes
    return [to_si("bin_ns", card.bin_ns) + (moving if changed else 0.0) for changed in changes]


def gate_moments(card: TimeMultiplexedProcessorCard) -> tuple[list[float], list[Tensor] | list[None]]:
    r"""At which moments of the gate light is looked at: their shares, and how the modulators then stand.

    A setting u_j is held from the start of bin j until the next one starts, T_j later; the modulators follow with a
    time constant tau. A time t into bin j they stand at

    .. math::
        \phi_j(t) = u_j + (s_{j-1} - u_j) e^{-t / \tau}, \quad s_j = u_j + (s_{j-1} - u_j) e^{-T_j / \tau}, \quad
        s_{-1} = u_0

    This is linear in the settings, phi(t) = M(t) u, with M lower triangular and rows that sum to 1.

    Returns:
        Shares that sum to 1 (Gauss-Legendre), and for each M `(bins, bins)` in float64; one moment without M where
        modulators have settled before the gate opens.
    """
    if not card.lags:
        return [1.0], [None]
    tau, guard_s = card.modulator.time_constant_s, to_si("guard_ns", card.guard_ns)
    points, shares = np.polynomial.legendre.leggauss(card.gate_samples)
    lasting = torch.tensor(bin_times(card), dtype=torch.float64)
    moments = [guard_s + card.gate_s * (point + 1) / 2 for point in points.tolist()]
    return (shares / 2).tolist(), [_followed(moment / tau, lasting / tau) for moment in moments]


def _followed(elapsed: float, lasting: Tensor) -> Tensor:
    """M at a time into each bin, `(bins, bins)`; times in units of tau."""
    bins = len(lasting)
    ends = lasting.cumsum(0)
    since = (ends[:, None] - ends).tril()  # from the end of bin i to that of bin j
    reached = -torch.expm1(-lasting)
    reached[0] = 1.0  # the modulators wait for the first bin
    stood = (torch.exp(-since) * reached).tril()
    before = torch.cat([torch.eye(1, bins, dtype=torch.float64), stood[:-1]])
    left = math.exp(-elapsed)
    return (1 - left) * torch.eye(bins, dtype=torch.float64) + left * before


def through_columns(transmission: Tensor, mixers: Tensor, per_column: int) -> Tensor:
    """The field in front of the last mixer, for light of unit power split over all waveguides.

    Args:
        transmission: Of every data modulator, complex `(bins, inputs, b)`.
        mixers: Matrices `([chips,] bins or 1, columns + 1, waveguides, waveguides)`.
        per_column: Modulators in a column, on its first waveguides.

    Returns:
        `([chips,] bins, waveguides, b)`.
    """
    waveguides = mixers.shape[-1]
    field = mixers[..., 0, :, :].sum(-1, keepdim=True) / math.sqrt(waveguides)
    for column, modulated in enumerate(transmission.split(per_column, -2)):
        if column:
            field = mixers[..., column, :, :] @ field
        lit = field[..., : modulated.shape[-2], :] * modulated
        bare = field[..., modulated.shape[-2] :, :]
        field = torch.cat([lit, bare.expand(*lit.shape[:-2], -1, lit.shape[-1])], -2)
    return field
