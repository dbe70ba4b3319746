"""From data to the field of coherent light."""

from __future__ import annotations

import torch
from torch import Tensor

from photonics_sim.device import normal
from photonics_sim.signals._encoder_card import EncoderCard
from photonics_sim.signals._modulator import quantise_phase


def encode(x: Tensor, card: EncoderCard, key: int | None = None) -> Tensor:
    r"""Complex amplitudes that modulators make of one unit of light each.

    .. math::
        a = \sin(\kappa x + b) \quad \text{(amplitude: a push-pull interferometer)}, \qquad
        a = e^{i \kappa x} \quad \text{(phase)}

    Args:
        x: Real data, any shape.
        card: The modulator's numbers.
        key: Names one reading, with its phase noise; None reads without.

    Returns:
        Complex, the same shape, |a| at most 1.
    """
    drive = quantise_phase(card.drive_rad * x + (card.bias_rad if card.kind == "amplitude" else 0.0), card.dac_bits)
    if card.phase_noise_rad and key is not None:
        drive = drive + card.phase_noise_rad * normal(key, *drive.shape, like=drive)
    through: float = 10 ** (-card.loss_db / 20)
    if card.kind == "phase":
        return torch.complex(through * drive.cos(), through * drive.sin())
    field = through * drive.sin()
    return torch.complex(field, torch.zeros_like(field))
