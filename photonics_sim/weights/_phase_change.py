"""Phase-change cells as slow weights: programming noise, drift, read noise, levels."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photonics_sim.weights._levels import UniformLevels
from photonics_sim.weights._model import Moment, WeightModel
from photonics_sim.weights._phase_change_card import PhaseChangeCard


class PhaseChangeWeights(WeightModel):
    r"""State of a phase-change cell, transmission or conductance as a share of its range; targets from 0 to 1.

    .. math::
        G_p = [G + \sigma_p(G)\, n_1]_+, \quad
        G(t) = G_p \left(\frac{t + t_0}{t_0}\right)^{-\nu}, \quad \nu = |\mu(G) + s(G)\, n_2|, \quad
        \sigma_r(t) = G(t)\, Q(G) \sqrt{\ln\frac{t + t_0 + t_r}{2 t_r}}

    t is the age; n_1 and n_2 are drawn once per cell and write; sigma_r is the rms of one reading, which takes t_r. At
    age 0 a cell is as t_0 after its pulse, when measured ones were first read. The card says which coefficients: those
    measured on electronic cells (Nandakumar et al., ICECS 2019; Joshi et al., Nat. Commun. 11, 2473 (2020); IBM's
    Hermes chip; conventions of aihwkit), or numbers of its own, for optical cells. The three effects are switched one
    by one.

    Args:
        card: The cell's numbers.
    """

    def __init__(self, card: PhaseChangeCard) -> None:
        self.card = card
        self.fit = card.coefficients()
        self._levels = UniformLevels(card.levels, 0.0, 1.0) if card.levels else None

    def actual(self, target: Tensor, moment: Moment) -> Tensor:
        wanted = self._wanted(target)
        there = moment.over_chips(wanted)
        if self.card.programming_noise and moment.seed is not None:
            there = (there + self.fit.programming(wanted) * moment.normal("programming", target)).clamp_min(0)
        if self.card.drift and moment.age_s:
            spread = self.fit.spread_exponent(wanted) * moment.normal("exponent", target)
            exponent = (self.fit.mean_exponent(wanted) + spread).abs()
            there = there * torch.exp(-math.log1p(moment.age_s / self.fit.start_s) * exponent)
        return there

    def reading_rms(self, target: Tensor, moment: Moment) -> Tensor | None:
        if not self.card.read_noise or self.fit.reading is None:
            return None
        quality = self.fit.reading(self._wanted(target.detach()))
        return self.fit.growth(moment.age_s) * quality * self.actual(target.detach(), moment)

    def _wanted(self, target: Tensor) -> Tensor:
        return self._levels.actual(target, Moment()) if self._levels else target.clamp(0, 1)
