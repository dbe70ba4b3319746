"""Microring weight bank: inputs as intensities of many colours, weighted by rings, summed on photodiodes."""

from __future__ import annotations

import math
from typing import Self

import torch
from torch import Tensor, nn

from photonics_devices.chip._ring_bank_card import RingBankCard
from photonics_devices.chip._ring_bank_costs import ring_bank_costs
from photonics_sim.device import Costs, Device, check_chips, derive_key, normal, to_si
from photonics_sim.errors import PhotonicsError
from photonics_sim.mesh import heater_power, program_ring, ring_detuning, ring_row, weight_range
from photonics_sim.signals import detect, quantise_phase


class RingBank(Device):
    r"""Each input modulates a laser of its own colour; each row of rings weighs all colours and sums them.

    With inputs x of width n, laser power P per colour and M rows:

    .. math::
        u_k = \frac{1 + \sin(\kappa x_k)}{2}, \quad
        y_m = g_m \sum_k (D_{mk} - T_{mk})\, u_k + o_m, \quad
        T_{mk} = \prod_j t_{mkj}, \quad D_{mk} = \sum_j d_{mkj} \prod_{i<j} t_{mki}

    t and d are the through and drop powers of ring j of row m for colour k (`photonics_sim.mesh.ring_powers`). Two
    photodiodes read the drop and the through bus of a row, each with its noise and converter; their difference is
    taken behind. Trained are the heater powers, as P_max sigmoid(setting), and the electronic gain g and offset o.
    Broadcast and weight: Tait et al., J. Lightwave Technol. 32, 4029 (2014).

    Args:
        card: The numbers.
        seed: Of the initial weights.
    """

    resonance_error: Tensor | None

    def __init__(self, card: RingBankCard, *, seed: int = 0) -> None:
        super().__init__()
        self.card: RingBankCard = card
        self.in_features, self.out_features = card.inputs, card.rows
        dtype = torch.get_default_dtype()
        low, high = weight_range(*card.ring.amplitudes(self._middle()))
        weights = 0.3 * normal(derive_key(seed, "weights"), card.rows, card.inputs)
        self.setting = nn.Parameter(self._settings(weights.clamp(0.9 * low, 0.9 * high)).to(dtype))
        self.gain = nn.Parameter(torch.full((card.rows,), 8 / math.sqrt(card.inputs), dtype=dtype))
        self.offset = nn.Parameter(torch.zeros(card.rows, dtype=dtype))
        self.register_buffer("resonance_error", None, persistent=False)

    def measure(self, x: Tensor, key: int | None) -> Tensor:
        keys = (None, None) if key is None else (derive_key(key, "through"), derive_key(key, "drop"))
        through, drop = (detect(power, self.card.detector, k) for power, k in zip(self._received(x), keys, strict=True))
        return self.gain * (drop - through) / self._row_watts() + self.offset

    def power(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Power of all lasers and on all photodiodes in watts, each `([chips,] *batch)`."""
        through, drop = self._received(x)
        leaving = (through + drop).sum(-1)
        return torch.full_like(leaving, self.card.inputs * to_si("power_mw", self.card.laser.power_mw)), leaving

    def weights(self) -> Tensor:
        """Weights of the rings as they are, losses before the rings not counted, `([chips,] rows, inputs)`."""
        through, drop = self._buses()
        return drop - through

    def program(self, weights: Tensor) -> None:
        """Set the heaters for these weights, as if each ring met its own channel alone.

        Args:
            weights: `(rows, inputs)`.

        Raises:
            PhotonicsError: for another shape, a weight that is not finite or one that the rings do not reach. Heaters
                stop short of the ends of their range.
        """
        if tuple(weights.shape) != (shape := tuple(self.setting.shape)):
            raise PhotonicsError(f"weights are (rows, inputs) = {shape}; found {tuple(weights.shape)}")
        if not bool(torch.isfinite(weights).all()):
            raise PhotonicsError("a weight is not finite; a ring bank is set to a finite weight for every ring")
        with torch.no_grad():
            self.setting.copy_(self._settings(weights))

    def heater_power(self) -> Tensor:
        """Commanded heater powers in watts, `(rows, inputs)`."""
        return to_si("max_power_mw", self.card.ring.heater.max_power_mw) * self.setting.sigmoid()

    def costs(self) -> Costs:
        with torch.no_grad():
            through, drop = self._received(torch.zeros_like(self.setting[0]))
            return ring_bank_costs(self.card, float((through + drop).mean()) / 2, float(self.heater_power().sum()))

    def ideal(self) -> Self:
        return self._rebuilt(self.card.ideal())

    def as_built(self, seed: int, chips: int | None = None) -> Self:
        check_chips(chips)
        lead = () if chips is None else (chips,)
        twin = self._rebuilt(self.card)
        deviation = to_si("resonance_error_pm", self.card.ring.resonance_error_pm)
        error = normal(derive_key(seed, "resonance error"), *lead, *self.setting.shape, like=self.setting)
        twin.resonance_error = deviation * error
        return twin

    def _middle(self) -> float:
        return to_si("wavelength_nm", self.card.laser.wavelength_nm)

    def _wavelengths(self) -> Tensor:
        return torch.tensor(self.card.wavelengths_m(), dtype=torch.float64)

    def _row_watts(self) -> float:
        """Power of one laser in one row, without losses: the unit of what the electronics reads."""
        return to_si("power_mw", self.card.laser.power_mw) / self.card.rows

    def _settings(self, weights: Tensor) -> Tensor:
        ring = self.card.ring
        detuning = program_ring(weights, ring, self._middle(), self._wavelengths().to(weights))
        power = heater_power(detuning, ring, check=False)
        # a sigmoid reaches the ends of the range at infinity only
        share = (power / to_si("max_power_mw", ring.heater.max_power_mw)).clamp(0.01, 0.99)
        return share.logit()

    def _buses(self) -> tuple[Tensor, Tensor]:
        """Through and drop power per power of the channel, each `([chips,] rows, inputs)`."""
        detuning = ring_detuning(self.heater_power(), self.card.ring, self.resonance_error)
        return ring_row(detuning, self._wavelengths().to(detuning.device), self.card.ring, self._middle())

    def _received(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Power in watts on the through and the drop photodiode of each row, each `([chips,] *batch, rows)`."""
        light = self._intensity(x).reshape(-1, self.in_features) * self._row_watts()

        def collect(bus: Tensor) -> Tensor:
            power = light @ bus.mT
            return power.reshape(*power.shape[:-2], *x.shape[:-1], self.out_features)

        through, drop = self._buses()
        return collect(through), collect(drop)

    def _intensity(self, x: Tensor) -> Tensor:
        """Share of a laser's power that reaches the rows, losses of modulator and link included; like x."""
        modulator = self.card.modulator
        dark = 10 ** (-modulator.extinction_db / 10) if modulator.extinction_db else 0.0
        swing = (1 + quantise_phase(modulator.drive_rad * x, modulator.dac_bits).sin()) / 2
        transmitted: float = 10 ** (-(modulator.loss_db + self.card.link_loss_db) / 10)
        return transmitted * (dark + (1 - dark) * swing)

    def extra_repr(self) -> str:
        card = self.card
        return f"{card.name}: {card.inputs} -> {card.rows}, Q={card.ring.quality_factor:g}"
