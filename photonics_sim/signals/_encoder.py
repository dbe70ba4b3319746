"""From data to the field of coherent light."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photonics_sim.device import normal
from photonics_sim.signals._encoder_card import EncoderCard
from photonics_sim.signals._modulator import quantise_phase


def encode(x: Tensor, card: EncoderCard, key: int | None = None) -> Tensor:
    r"""Complex amplitudes that modulators make of one unit of light each.

    .. math::
        a = \sin(\kappa x + b) \quad \text{(amplitude: a push-pull interferometer)}, \qquad
        a = e^{i \kappa x} \quad \text{(phase)}, \qquad
        a = \kappa x + b \;\text{within}\; [-1, 1] \quad \text{(linear: the drive is looked up)}

    With an extinction of X dB a real a is :math:`\sqrt{1 - \epsilon^2}\, a + i\epsilon`, :math:`\epsilon = 10^{-X/20}`.
    This is the power that an interferometer of unequal arms sends. The leak has a fixed phase, in quadrature: there no
    bias of a signed field cancels it, and what is a polynomial of the data stays one.

    Args:
        x: Real data, any shape.
        card: The modulator's numbers.
        key: Names one reading, with its phase noise; None reads without.

    Returns:
        Complex, the same shape, |a| at most 1.
    """
    drive = card.drive_rad * x + (0.0 if card.kind == "phase" else card.bias_rad)
    scale = math.pi if card.kind == "linear" else 1.0  # its converter divides -1 to 1
    drive = quantise_phase(drive * scale, card.dac_bits) / scale
    if card.phase_noise_rad and key is not None:
        drive = drive + card.phase_noise_rad * normal(key, *drive.shape, like=drive)
    through: float = 10 ** (-card.loss_db / 20)
    if card.kind == "phase":
        return torch.complex(through * drive.cos(), through * drive.sin())
    bright: float = through * (1 - card.leak**2) ** 0.5
    field = bright * (drive.clamp(-1, 1) if card.kind == "linear" else drive.sin())
    return torch.complex(field, torch.full_like(field, through * card.leak))
