"""From optical power to a number: photodiode, noise, saturation and converter, in a declared order."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from photonics_sim.device import ELEMENTARY_CHARGE_C, derive_key, normal, to_si
from photonics_sim.signals._detector_card import DetectorCard


def detect(power_w: Tensor, card: DetectorCard, key: int | None = None) -> Tensor:
    """Read optical powers with a photodetector.

    The stages come in the order of `card.chain`: `gain` (responsivity; all later stages see amperes), `noise` (shot
    2q(I + I_dark)B and thermal i_n^2 B, where switched on and a key is given), `clip` (saturation) and `quantise`
    (converter). A stage whose number is at its "off" value does nothing.

    Args:
        power_w: Optical power in watts, any shape.
        card: The detector's numbers.
        key: Names one reading; the same key reads the same noise. None reads the expectation.

    Returns:
        The reading in watts of equivalent optical power (current / responsivity), same shape. Differentiable: noise by
        reparametrisation, the converter straight through, which is the gradient of its mean over a dither.
    """
    signal = power_w
    for name in card.chain:
        signal = _STAGES[name](signal, card, key)
    return signal / card.responsivity_a_per_w


def quantise(signal: Tensor, bits: int, full_scale: float) -> Tensor:
    """The nearest of 2**bits levels from 0 to `full_scale`, which both are levels.

    The gradient is that of the mean over a dither of one step: 1 within the range and 0 beyond it.
    """
    step = full_scale / (2**bits - 1)
    within = signal.clamp(0, full_scale)
    nearest: Tensor = torch.round(within.detach() / step) * step
    return nearest + (within - within.detach())


def _gain(signal: Tensor, card: DetectorCard, key: int | None) -> Tensor:
    return signal * card.responsivity_a_per_w


def _noise(signal: Tensor, card: DetectorCard, key: int | None) -> Tensor:
    if key is None:
        return signal
    bandwidth = to_si("bandwidth_mhz", card.bandwidth_mhz)
    if card.shot_noise:
        dark = to_si("dark_current_na", card.dark_current_na)
        # the floor keeps the slope of the square root finite in the dark
        variance = 2 * ELEMENTARY_CHARGE_C * bandwidth * (signal.clamp_min(0) + dark)
        deviation = variance.clamp_min(ELEMENTARY_CHARGE_C**2 * bandwidth**2).sqrt()
        signal = signal + deviation * normal(derive_key(key, "shot"), *signal.shape, like=signal)
    if card.thermal_noise:
        density = to_si("thermal_noise_pa_per_rthz", card.thermal_noise_pa_per_rthz)
        signal = signal + density * bandwidth**0.5 * normal(derive_key(key, "thermal"), *signal.shape, like=signal)
    return signal


def _clip(signal: Tensor, card: DetectorCard, key: int | None) -> Tensor:
    return signal.clamp_max(to_si("saturation_ua", card.saturation_ua)) if card.saturation_ua else signal


def _quantise(signal: Tensor, card: DetectorCard, key: int | None) -> Tensor:
    return quantise(signal, card.adc_bits, to_si("saturation_ua", card.saturation_ua)) if card.adc_bits else signal


_STAGES: dict[str, Callable[[Tensor, DetectorCard, int | None], Tensor]] = {
    "gain": _gain,
    "noise": _noise,
    "clip": _clip,
    "quantise": _quantise,
}
