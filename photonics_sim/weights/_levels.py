"""Weights that take evenly spaced levels."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.weights._model import Moment, WeightModel, straight_through


class UniformLevels(WeightModel):
    """The nearest of evenly spaced levels from `low` to `high`, both among them; beyond them, the end.

    Between the ends its error is at most half a step, with rms step / sqrt(12) where the target is spread over many
    steps (Widrow and Kollar, Quantization Noise, 2008). The gradient passes straight through, and is 0 beyond the ends.

    Args:
        levels: How many, at least 2.
        low, high: The ends, in the unit of the target.

    Raises:
        PhotonicsError: for fewer than two levels, or ends that are not finite or in the wrong order.
    """

    def __init__(self, levels: int, low: float = -1.0, high: float = 1.0) -> None:
        if levels < 2 or not low < high or not math.isfinite(high - low):
            raise PhotonicsError(
                f"{levels} levels from {low:g} to {high:g}: give at least 2 levels, and finite ends, low below high"
            )
        self.levels, self.low, self.high = levels, low, high

    @property
    def step(self) -> float:
        """Distance of neighbouring levels, in the unit of the target."""
        return (self.high - self.low) / (self.levels - 1)

    def actual(self, target: Tensor, moment: Moment) -> Tensor:
        within = target.clamp(self.low, self.high)
        which = torch.round((within - self.low) / self.step)
        # divided last, so that the last level is the end itself
        nearest = self.low + which * (self.high - self.low) / (self.levels - 1)
        return moment.over_chips(straight_through(within, nearest))

    def reading_rms(self, target: Tensor, moment: Moment) -> None:
        return None
