"""Phase shifters as slow weights: drive, settling, and a phase that wanders."""

from __future__ import annotations

import math

from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.weights._actual import actual_phases
from photonics_sim.weights._crosstalk import Crosstalk
from photonics_sim.weights._model import Moment, WeightModel
from photonics_sim.weights._settling import settle
from photonics_sim.weights._shifter_card import PhaseShifterCard

HOUR_S = 3600.0


class PhaseShifterWeights(WeightModel):
    r"""Phases held by thermo-optic, electro-optic, MEMS or phase-change shifters; targets in rad, `(..., shifters)`.

    .. math::
        \varphi = \varphi_0 + (d(\text{target}) - \varphi_0) (1 - e^{-t / \tau}) + \sigma_1 \sqrt{t / 1\,\text{h}}\; n

    d is the drive (range, limit, converter steps or levels, heat of the neighbours: `actual_phases`), tau the time
    constant, phi_0 the phase before the write, sigma_1 the rms wander of a phase in the first hour and n one standard
    normal number per shifter and write. A random walk has this variance at every age (Einstein, Ann. Phys. 322, 549
    (1905)); that its path is a straight line in sqrt(t) here keeps readings at two ages consistent, and makes them more
    alike than those of a walk. Drive and time constant of a heater: Harris et al., Opt. Express 22, 10487 (2014).

    Args:
        card: The shifter's numbers.
        crosstalk: Where the shifters are; needed where the card has crosstalk.
        wander_rad: Rms wander of a phase in the first hour after a write.

    Raises:
        PhotonicsError: for a wander that is negative or not finite.
    """

    def __init__(self, card: PhaseShifterCard, crosstalk: Crosstalk | None = None, *, wander_rad: float = 0.0) -> None:
        if not 0 <= wander_rad < math.inf:
            raise PhotonicsError(f"wander_rad = {wander_rad:g}: an rms is finite and 0 or more")
        self.card, self.crosstalk, self.wander_rad = card, crosstalk, wander_rad

    def actual(self, target: Tensor, moment: Moment) -> Tensor:
        crosstalk = self.crosstalk and self.crosstalk.to(target.device)
        phases = moment.over_chips(actual_phases(target, self.card, crosstalk=crosstalk))
        if self.card.response_time_us:
            phases = settle(moment.before(phases), phases, moment.age_s, self.card)
        if not self.wander_rad:
            return phases
        return phases + self.wander_rad * math.sqrt(moment.age_s / HOUR_S) * moment.normal("wander", target)

    def reading_rms(self, target: Tensor, moment: Moment) -> None:
        return None
