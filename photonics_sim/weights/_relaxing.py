"""Liquid crystal as a slow weight: it follows its voltage over milliseconds, up and down at different speeds."""

from __future__ import annotations

import torch
from torch import Tensor

from photonics_sim.device import to_si
from photonics_sim.weights._levels import UniformLevels
from photonics_sim.weights._liquid_crystal_card import LiquidCrystalCard
from photonics_sim.weights._model import Moment, WeightModel


class LiquidCrystalWeights(WeightModel):
    r"""Transmission of a liquid-crystal cell; targets from 0 to 1.

    .. math::
        T = T_0 + (T_\infty - T_0)(1 - e^{-t / \tau}), \quad T_\infty = 1/r + (1 - 1/r)\; q(\text{target})

    q is the nearest grey level, r the extinction, T_0 what was there before the write (1/r at rest), and tau the rise
    time where T_inf lies above T_0, the fall time where it lies below. One exponential for each direction is the
    simplest model of the director's relaxation; nematic cells take some 10 ms (Thalhammer et al., Opt. Express 21, 1779
    (2013)).

    Args:
        card: The cell's numbers.
    """

    def __init__(self, card: LiquidCrystalCard) -> None:
        self.card = card
        self._levels = UniformLevels(2**card.bits, 0.0, 1.0) if card.bits else None

    def actual(self, target: Tensor, moment: Moment) -> Tensor:
        dark = 10 ** (-self.card.extinction_db / 10) if self.card.extinction_db else 0.0
        within = self._levels.actual(target, Moment()) if self._levels else target.clamp(0, 1)
        end = moment.over_chips(dark + (1 - dark) * within)
        before = moment.before(end, dark)
        rise, fall = (moment.age_s / to_si(key, getattr(self.card, key)) for key in ("rise_time_ms", "fall_time_ms"))
        lapsed = torch.where(end > before, torch.full_like(end, rise), fall)
        return before * torch.exp(-lapsed) - end * torch.expm1(-lapsed)

    def reading_rms(self, target: Tensor, moment: Moment) -> Tensor | None:
        if not (self.card.flicker and self.card.read_noise):
            return None
        return moment.over_chips(torch.full_like(target.detach(), self.card.flicker))
