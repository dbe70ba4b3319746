"""Crossbars: each signed weight is the difference of two cells that transmit from 0 to 1."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from photonics_sim.reuse._slow_banks import Compensation, SlowBanks
from photonics_sim.weights import Clock, IdealWeights, WeightBank, WeightModel

_REACH = 0.9  # of the full range: a hyperbolic tangent reaches it at infinity only


class CrossbarBanks(SlowBanks):
    r"""Matrices of cell pairs under balanced detection: W_k = g_k (G^+_k - G^-_k).

    Trained is u of w = tanh(u); the targets are G^+ = max(w, 0) and G^- = max(-w, 0). Phase-change crossbars: Feldmann
    et al., Nature 589, 52 (2021).

    Args:
        weight_sets, width: L_W and N; a bank has 2 N^2 cells.
        layers: L_T, for the size of the initial weights, which are those of `IdealBanks` of the same seed.
        model: What a cell makes of a target from 0 to 1; None holds it.
        clock: Simulated time; None for one of their own.
        noise: See `SlowBanks`.
        compensation: Of drift.
        seed: Of the initial weights; None leaves them at 0, to be loaded.

    Attributes:
        setting: Slow settings u, target `(weight_sets, width, width)`.
    """

    coherent: ClassVar[bool] = False

    def __init__(
        self,
        weight_sets: int,
        width: int,
        *,
        layers: int,
        model: WeightModel | None = None,
        clock: Clock | None = None,
        noise: float = 0.0,
        compensation: Compensation | None = None,
        seed: int | None = 0,
    ) -> None:
        super().__init__()
        self.model = model or IdealWeights()
        settings = torch.zeros(weight_sets, width, width, dtype=torch.get_default_dtype())
        self.setting = WeightBank(settings, IdealWeights(), clock=clock)
        self._add_electronics(weight_sets, width, layers=layers, noise=noise, compensation=compensation, seed=seed)

    def take_over(self, matrices: Tensor) -> None:
        gain = matrices.abs().amax((-2, -1)) / _REACH
        self.setting.target.copy_((matrices / gain[:, None, None]).atanh())
        self.gain.copy_(gain)

    def build(self, seed: int | None, chips: int | None = None) -> None:
        self.setting.on_chip(seed, chips)

    @property
    def cells(self) -> int:
        return 2 * self.width**2

    def slow(self) -> list[WeightBank]:
        return [self.setting]

    def transfer(self, age_s: float | None = None) -> Tensor:
        plus, minus = self.model.actual(self._pairs(), self.setting.now(age_s)).unbind(-4)
        return plus - minus

    def transfer_rms(self, age_s: float | None = None) -> Tensor | None:
        rms = self.model.reading_rms(self._pairs(), self.setting.now(age_s))
        return None if rms is None else rms.square().sum(-4).sqrt()

    def _pairs(self) -> Tensor:
        """Targets of both cells, `(2, weight_sets, width, width)`."""
        w = self.setting.target.tanh()
        plus = w.relu()
        return torch.stack([plus, plus - w])  # slopes add up to 1 at 0 too
