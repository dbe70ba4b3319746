"""Banks of slow physical weights behind an electronic gain: what all of them share."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from photonics_sim.device import derive_key, normal
from photonics_sim.reuse._banks import Banks, with_leakage
from photonics_sim.weights import drift_scale


@dataclass(frozen=True)
class Compensation:
    """How the electronics undoes a drift that all weights share: by a factor that restores the mean reading.

    Attributes:
        by: One factor for a bank ("global") or one for each of its outputs ("output"); "none" leaves drift alone.
        readout: Whether the mean is read without noise ("ideal") or with that of one reading ("noisy").
    """

    by: Literal["none", "global", "output"] = "none"
    readout: Literal["ideal", "noisy"] = "noisy"


class SlowBanks(Banks):
    """Banks whose matrices are W_k = g_k M_k: M_k passive and slow, g_k an electronic gain that also amplifies noise.

    Attributes:
        gain: Trainable, `(weight_sets)`.
        noise: Rms of one detected output of M over the largest input; see `Banks.output_rms`.
        compensation: Of drift.
    """

    gain: nn.Parameter
    noise: float
    compensation: Compensation

    @abstractmethod
    def transfer(self, age_s: float | None = None) -> Tensor:
        """M of all banks now, or as it was so long after the last write: `([chips,] weight_sets, width, width)`."""

    @abstractmethod
    def transfer_rms(self, age_s: float | None = None) -> Tensor | None:
        """Rms of the noise that each reading adds to each element of M; None without."""

    @abstractmethod
    def program(self, matrices: Tensor) -> None:
        """Set targets and gains for these matrices `(weight_sets, width, width)`, as if nothing else acted on them."""

    @abstractmethod
    def build(self, seed: int | None, chips: int | None = None) -> None:
        """Make these the banks of one fabricated chip, or of several as a leading axis; None is the design."""

    @property
    @abstractmethod
    def cells(self) -> int:
        """Slow elements in one bank."""

    def matrices(self, leakage: float = 0.0) -> Tensor:
        return self._amplify(with_leakage(self.transfer(), leakage))

    def element_rms(self) -> Tensor | None:
        rms = self.transfer_rms()
        return None if rms is None else self._amplify(rms).abs()

    def output_rms(self) -> Tensor | None:
        return self.noise * self.gain.abs() if self.noise else None

    def _amplify(self, values: Tensor) -> Tensor:
        amplified = self.gain[:, None, None] * values
        by = self.compensation.by
        if by == "none" or not any(bank.now().age_s for bank in self.slow()):
            return amplified
        with torch.no_grad():
            scale = drift_scale(self._calibration(0.0), self._calibration(None), by)
        return amplified * scale

    def _calibration(self, age_s: float | None) -> Tensor:
        """M as the calibration reads it."""
        transfer, rms = self.transfer(age_s), self.transfer_rms(age_s)
        moment = self.slow()[0].now(age_s)
        if self.compensation.readout == "ideal" or moment.seed is None:
            return transfer
        noise = self.noise if rms is None else (rms.square() + self.noise**2).sqrt()
        key = derive_key(moment.seed, "calibration", moment.writes, repr(moment.age_s))
        return transfer + noise * normal(key, *transfer.shape, like=transfer)
