"""From optical power on pixels to numbers: photons, electrons, noise, full well and converter."""

from __future__ import annotations

import torch
from torch import Tensor

from photonics_sim.device import derive_key, normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.signals._camera_card import LONGEST_M, CameraCard
from photonics_sim.signals._detector import quantise


def expose(power_w: Tensor, card: CameraCard, wavelength_m: float, key: int | None = None) -> Tensor:
    """Take one picture of optical powers with a camera.

    A pixel collects N = eta P t lambda / (h c) photoelectrons and N_dark electrons without light. Shot noise of both
    and read noise are normal, of variance N + N_dark + sigma^2 (photon transfer: J. Janesick, Photon Transfer, SPIE
    2007; EMVA 1288). The well then holds at most `full_well_e`, the converter divides it from 0, and N_dark is
    subtracted as a dark frame would. A stage whose number is at its "off" value does nothing.

    Args:
        power_w: Mean optical power on each pixel during the exposure in watts, any shape.
        card: The camera's numbers.
        wavelength_m: Of the light in vacuum, in metres.
        key: Names one picture; the same key takes the same noise. None takes the expectation of the noise.

    Returns:
        The picture in watts of equivalent optical power, same shape. Differentiable: noise by reparametrisation, the
        converter straight through, which is the gradient of its mean over a dither.

    Raises:
        PhotonicsError: for a wavelength that no camera sees.
    """
    if not 0 < wavelength_m <= LONGEST_M:
        raise PhotonicsError(
            f"wavelength_m = {wavelength_m:g} m is no wavelength that a camera sees; give it in metres, 0 .. "
            f"{LONGEST_M:g} m, as 532e-9 for 532 nm"
        )
    electrons_per_w = card.electrons_per_w(wavelength_m)
    collected = power_w * electrons_per_w
    if key is not None:
        collected = collected + _noise(collected, card, key)
    if not card.full_well_e:
        return collected / electrons_per_w
    held = (collected + card.dark_e).clamp_max(card.full_well_e)
    if card.adc_bits:
        held = quantise(held, card.adc_bits, card.full_well_e)
    return (held - card.dark_e) / electrons_per_w


def _noise(electrons: Tensor, card: CameraCard, key: int) -> Tensor:
    noise = torch.zeros_like(electrons)
    if card.shot_noise:
        variance = electrons.clamp_min(0) + card.dark_e
        # sqrt(variance), but a straight line below a quarter electron: none in the dark, and a finite slope there
        deviation = variance / variance.clamp_min(0.25).sqrt()
        noise = noise + deviation * normal(derive_key(key, "shot"), *electrons.shape, like=electrons)
    if card.read_noise_e:
        noise = noise + card.read_noise_e * normal(derive_key(key, "read"), *electrons.shape, like=electrons)
    return noise
