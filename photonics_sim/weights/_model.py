"""What every model of a slow weight is: a pure function of its target and of the moment at which it is read."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from photonics_sim.device import derive_key, normal
from photonics_sim.errors import PhotonicsError


@dataclass(frozen=True)
class Moment:
    """When slow weights are read, and of which chip.

    Attributes:
        age_s: Seconds since the last write.
        writes: Which write that was; each misses its target in its own way.
        seed: Of these weights on their chip; None reads the nominal chip: every random number is 0, its mean.
        chips: Length of a leading axis of chips; None without one.
        previous: What the weights had been before the last write, for elements that relax, `([chips,] ...)`; None at
            rest.

    Raises:
        PhotonicsError: for an age that is negative or not finite.
    """

    age_s: float = 0.0
    writes: int = 1
    seed: int | None = None
    chips: int | None = None
    previous: Tensor | None = None

    def __post_init__(self) -> None:
        if self.age_s < 0:
            raise PhotonicsError(
                f"weights are read {-self.age_s:g} s before their last write, when nobody knows them; read them at or "
                "after it (age_s of 0 or more, a clock that is not behind)"
            )
        if not math.isfinite(self.age_s):
            raise PhotonicsError(f"age_s = {self.age_s:g}: give the seconds since the last write as a finite number")

    def normal(self, effect: str, target: Tensor) -> Tensor:
        """Standard normal numbers of this chip and write for one effect, `([chips,] *target.shape)`; 0 if nominal.

        A pure function of seed, effect, write and shape, whatever the age.

        Args:
            effect: Names what is drawn.
            target: Gives shape, number type and place.
        """
        lead = () if self.chips is None else (self.chips,)
        if self.seed is None:
            return torch.zeros((*lead, *target.shape), dtype=target.dtype, device=target.device)
        return normal(derive_key(self.seed, effect, self.writes), *lead, *target.shape, like=target)

    def over_chips(self, values: Tensor) -> Tensor:
        """The same for all chips: `([chips,] ...)` of `(...)`."""
        return values if self.chips is None else values.expand(self.chips, *values.shape)

    def before(self, end: Tensor, rest: float = 0.0) -> Tensor:
        """What had been there before the last write, in the shape of what is there in the end; `rest` if unknown.

        Raises:
            PhotonicsError: where `previous` is of another shape.
        """
        if self.previous is None:
            return torch.full_like(end, rest)
        try:
            return self.previous.to(end).expand_as(end)
        except RuntimeError:
            raise PhotonicsError(
                f"previous has shape {tuple(self.previous.shape)}, the weights {tuple(end.shape)}; pass what these "
                "weights had been before the write, as actual() gave it"
            ) from None


class WeightModel(ABC):
    """From the target that is written to what is there. A final subclass for each kind of element.

    Nothing degrades in place: the same moment gives the same weight, however often it is read, and reading at one time
    leaves no trace in a reading at a later one.
    """

    @abstractmethod
    def actual(self, target: Tensor, moment: Moment) -> Tensor:
        """What is there of a target `(...)`, without the noise of one reading: `([chips,] ...)`, differentiable."""

    @abstractmethod
    def reading_rms(self, target: Tensor, moment: Moment) -> Tensor | None:
        """Rms of the noise that is fresh in every reading, like `actual` but without a gradient; None where none is."""


class IdealWeights(WeightModel):
    """The target itself, at all times."""

    def actual(self, target: Tensor, moment: Moment) -> Tensor:
        return moment.over_chips(target)

    def reading_rms(self, target: Tensor, moment: Moment) -> None:
        return None


def straight_through(value: Tensor, steps: Tensor) -> Tensor:
    """`steps`, with the gradient of `value`: that of the mean over a dither."""
    return steps.detach() + (value - value.detach())
