"""Microring resonances as slow weights: set by heat, and wandering."""

from __future__ import annotations

import math

from torch import Tensor

from photonics_sim.device import to_si
from photonics_sim.weights._model import Moment, WeightModel
from photonics_sim.weights._resonance_card import ResonanceCard
from photonics_sim.weights._shifter_weights import HOUR_S


class ResonanceWeights(WeightModel):
    r"""Detuning of rings from their channels; targets in metres, `(..., rings)`.

    .. math::
        \delta = \text{target} + \sigma_1 \sqrt{t / 1\,\text{h}}\; n + s\, \Delta T\, \min(t / 1\,\text{h}, 1)

    A random walk of each ring with rms sigma_1 in the first hour (as in `PhaseShifterWeights`), and a common drift of
    the chip's temperature that ends after an hour. Silicon rings shift by some 80 pm/K (83 pm/K in Shi et al., Open
    Phys. 21, 20230138 (2023)). Errors of the resonances as built are the ring's, not the weight's.

    Args:
        card: The numbers.
    """

    def __init__(self, card: ResonanceCard) -> None:
        self.card = card

    def actual(self, target: Tensor, moment: Moment) -> Tensor:
        there = moment.over_chips(target)
        if not self.card.drift:
            return there
        hours = moment.age_s / HOUR_S
        if self.card.temperature_drift_k:
            per_kelvin = to_si("shift_pm_per_k", self.card.shift_pm_per_k)
            there = there + per_kelvin * self.card.temperature_drift_k * min(hours, 1.0)
        if self.card.wander_pm:
            there = there + to_si("wander_pm", self.card.wander_pm) * math.sqrt(hours) * moment.normal("wander", target)
        return there

    def reading_rms(self, target: Tensor, moment: Moment) -> None:
        return None
