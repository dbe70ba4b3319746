"""Banks of microrings: each row weighs all colours and sums them on two photodiodes."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from photonics_sim.device import derive_key, normal, to_si
from photonics_sim.mesh import RingCard, heater_power, program_ring, ring_detuning, ring_row, weight_range
from photonics_sim.reuse._slow_banks import Compensation, SlowBanks
from photonics_sim.weights import Clock, IdealWeights, ResonanceCard, ResonanceWeights, WeightBank

_REACH = 0.9  # of the weights that a ring reaches: at the ends it has no slope


class RingBanks(SlowBanks):
    """Matrices on rows of add-drop rings, read as drop less through power: W_k = g_k (D_k - T_k).

    The trained settings are heater powers, as P_max sigmoid(setting). Broadcast and weight: Tait et al., J. Lightwave
    Technol. 32, 4029 (2014).

    Args:
        weight_sets, width: L_W and N, rows of N rings.
        layers: L_T, for the size of the initial weights, which are those of `IdealBanks` of the same seed.
        ring: The rings.
        wavelengths_m: Of the channels, `(width)`.
        resonance: How the resonances keep their place; None keeps them.
        clock: Simulated time; None for one of their own.
        noise: See `SlowBanks`.
        compensation: Of drift.
        seed: Of the initial weights; None leaves them at 0, to be loaded.

    Attributes:
        setting: Slow settings, target `(weight_sets, width, width)`.
    """

    coherent: ClassVar[bool] = False
    wavelengths: Tensor
    resonance_error: Tensor | None

    def __init__(
        self,
        weight_sets: int,
        width: int,
        *,
        layers: int,
        ring: RingCard,
        wavelengths_m: Tensor,
        resonance: ResonanceCard | None = None,
        clock: Clock | None = None,
        noise: float = 0.0,
        compensation: Compensation | None = None,
        seed: int | None = 0,
    ) -> None:
        super().__init__()
        self.ring = ring
        self.resonance = ResonanceWeights(resonance or ResonanceCard())
        self.register_buffer("wavelengths", wavelengths_m.double(), persistent=False)
        self.register_buffer("resonance_error", None, persistent=False)
        settings = torch.zeros(weight_sets, width, width, dtype=torch.get_default_dtype())
        self.setting = WeightBank(settings, IdealWeights(), clock=clock)
        self._add_electronics(weight_sets, width, layers=layers, noise=noise, compensation=compensation, seed=seed)

    @property
    def _middle_m(self) -> float:
        return float(self.wavelengths.mean())

    def take_over(self, matrices: Tensor) -> None:
        low, high = weight_range(*self.ring.amplitudes(self._middle_m))
        gain = matrices.abs().amax((-2, -1)) / (_REACH * min(-low, high))
        wanted = matrices / gain[:, None, None]
        detuning = program_ring(wanted, self.ring, self._middle_m, self.wavelengths)
        power = heater_power(detuning, self.ring, check=False)
        share = (power / self._most_w).clamp(1e-4, 1 - 1e-4)
        self.setting.target.copy_(share.logit())
        self.gain.copy_(gain)

    def build(self, seed: int | None, chips: int | None = None) -> None:
        self.setting.on_chip(seed, chips)
        self.resonance_error = None
        if seed is not None:
            lead = () if chips is None else (chips,)
            drawn = normal(derive_key(seed, "resonance error"), *lead, *self.setting.target.shape, like=self.gain)
            self.resonance_error = to_si("resonance_error_pm", self.ring.resonance_error_pm) * drawn

    @property
    def cells(self) -> int:
        return self.width**2

    def slow(self) -> list[WeightBank]:
        return [self.setting]

    def heater_power(self) -> Tensor:
        """Commanded heater powers in W, `(weight_sets, width, width)`."""
        return self._most_w * self.setting.target.sigmoid()

    def transfer(self, age_s: float | None = None) -> Tensor:
        error = None if self.resonance_error is None else self.resonance_error.to(self.gain)
        detuning = ring_detuning(self.heater_power(), self.ring)
        there = self.resonance.actual(detuning, self.setting.now(age_s))
        there = there if error is None else there + error
        through, drop = ring_row(there, self.wavelengths, self.ring, self._middle_m)
        return drop - through

    def transfer_rms(self, age_s: float | None = None) -> None:
        return None

    @property
    def _most_w(self) -> float:
        return to_si("max_power_mw", self.ring.heater.max_power_mw)
