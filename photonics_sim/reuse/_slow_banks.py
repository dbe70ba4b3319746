"""Banks of slow physical weights behind an electronic gain: what all of them share."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from photonics_sim.device import derive_key, normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.reuse._banks import Banks, initial_matrices, with_leakage
from photonics_sim.weights import drift_scale


@dataclass(frozen=True)
class Compensation:
    """How the electronics undoes a drift that all weights share: by a factor that restores the mean reading.

    Attributes:
        by: One factor for a bank ("global") or one for each of its outputs ("output"); "none" leaves drift alone.
        readout: Whether the mean is read without noise ("ideal") or with that of one reading ("noisy").
        reference_s: Age at which the reference was read: when the cells had settled after their write.
    """

    by: Literal["none", "global", "output"] = "none"
    readout: Literal["ideal", "noisy"] = "noisy"
    reference_s: float = 0.0


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

    def _add_electronics(
        self,
        weight_sets: int,
        width: int,
        *,
        layers: int,
        noise: float,
        compensation: Compensation | None,
        seed: int | None,
    ) -> None:
        """What all kinds share, once their slow arrays are there: gains, biases, and initial weights."""
        self.weight_sets, self.width, self.noise = weight_sets, width, noise
        self.compensation = compensation or Compensation()
        dtype = torch.get_default_dtype()
        self.gain = nn.Parameter(torch.ones(weight_sets, dtype=dtype))
        self.bias = nn.Parameter(torch.zeros(weight_sets, width, dtype=dtype))
        if seed is not None:
            self.program(initial_matrices(weight_sets, width, layers, seed))

    @abstractmethod
    def transfer(self, age_s: float | None = None) -> Tensor:
        """M of all banks now, or as it was so long after the last write: `([chips,] weight_sets, width, width)`."""

    @abstractmethod
    def transfer_rms(self, age_s: float | None = None) -> Tensor | None:
        """Rms of the noise that each reading adds to each element of M; None without."""

    @abstractmethod
    def take_over(self, matrices: Tensor) -> None:
        """`program` for matrices that are checked, in double precision."""

    @abstractmethod
    def build(self, seed: int | None, chips: int | None = None) -> None:
        """Make these the banks of one fabricated chip, or of several as a leading axis; None is the design."""

    @property
    @abstractmethod
    def cells(self) -> int:
        """Slow elements in one bank."""

    def program(self, matrices: Tensor) -> None:
        """Set targets and gains for these matrices, as if nothing but a mean loss acted on them.

        Args:
            matrices: `(weight_sets, width, width)`.

        Raises:
            PhotonicsError: for another shape, a value that is not finite, or a matrix of zeros, which no gain scales.
        """
        wanted = (self.weight_sets, self.width, self.width)
        if tuple(matrices.shape) != wanted:
            raise PhotonicsError(f"the banks are programmed with matrices {wanted}; found {tuple(matrices.shape)}")
        wide = matrices.detach().double()
        for k, largest in enumerate(wide.abs().amax((-2, -1)).tolist()):
            if not 0 < largest < math.inf:
                raise PhotonicsError(
                    f"the matrix of bank {k} has a largest element of {largest:g}; give finite ones, not all 0"
                )
        with torch.no_grad():
            self.take_over(wide)

    def matrices(self, leakage: float = 0.0) -> Tensor:
        return self._amplified(with_leakage(self.transfer(), leakage))

    def element_rms(self) -> Tensor | None:
        rms = self.transfer_rms()
        return None if rms is None else self._amplified(rms).abs()

    def output_rms(self) -> Tensor | None:
        if not self.noise:
            return None
        return self._amplified(torch.full_like(self.gain[:, None, None], self.noise)).abs().squeeze(-1)

    def _amplified(self, values: Tensor) -> Tensor:
        """Behind the gain and the compensation, `([chips,] weight_sets, width or 1, ...)`."""
        amplified = self.gain[:, None, None] * values
        compensation = self.compensation
        if compensation.by == "none" or all(b.now().age_s <= compensation.reference_s for b in self.slow()):
            return amplified
        with torch.no_grad():
            then, now = self._calibration(compensation.reference_s), self._calibration(None)
            scale = drift_scale(then, now, compensation.by)
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
