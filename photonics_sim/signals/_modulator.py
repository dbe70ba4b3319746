"""From a commanded phase to the transmission of a pixel."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photonics_sim.device import normal


def quantise_phase(phase: Tensor, bits: int) -> Tensor:
    """The nearest of 2**bits evenly spaced phases, `phase` in rad; 0 bits leave it as it is.

    The gradient passes straight through: it is that of the mean over a uniform dither of one step.
    """
    if bits == 0:
        return phase
    step = 2 * math.pi / 2**bits
    nearest: Tensor = torch.round(phase.detach() / step) * step
    return nearest + (phase - phase.detach())


def phase_transmission(
    phase: Tensor, *, bits: int = 0, noise_rad: float = 0.0, loss_db: float = 0.0, key: int | None = None
) -> Tensor:
    """Complex amplitude transmission of a phase modulator's pixels.

    Args:
        phase: Commanded phase in rad, any shape.
        bits: Resolution of the drive over 2 pi; 0 for a continuous one.
        noise_rad: Standard deviation of the phase noise of one reading, in rad.
        loss_db: Power lost in one crossing, in dB.
        key: Names the reading; without one the phase is noiseless.

    Returns:
        Complex transmission of the same shape, |t|^2 = 10^(-loss_db / 10).
    """
    phase = quantise_phase(phase, bits)
    if noise_rad and key is not None:
        phase = phase + noise_rad * normal(key, *phase.shape, like=phase)
    amplitude = 10 ** (-loss_db / 20)
    return torch.complex(amplitude * phase.cos(), amplitude * phase.sin())
