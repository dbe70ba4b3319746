"""The shapes of curves that were fitted to measured cells, as functions of the state G from 0 to 1. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor

_DARK = 1e-9  # G below it counts as this: logarithms and powers keep a finite slope at 0


class Fit(Protocol):
    """A curve over G, any shape, with a finite slope everywhere."""

    def __call__(self, share: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Polynomial:
    """c_0 + c_1 G + c_2 G^2 ..."""

    coefficients: tuple[float, ...]

    def __call__(self, share: Tensor) -> Tensor:
        total = 0 * share
        for coefficient in reversed(self.coefficients):
            total = total * share + coefficient
        return total


@dataclass(frozen=True)
class ClippedLog:
    """slope ln G + offset, held between low and high."""

    slope: float
    offset: float
    low: float
    high: float

    def __call__(self, share: Tensor) -> Tensor:
        return (self.slope * share.clamp_min(_DARK).log() + self.offset).clamp(self.low, self.high)


@dataclass(frozen=True)
class ClippedPower:
    """scale G^power, at most high."""

    scale: float
    power: float
    high: float

    def __call__(self, share: Tensor) -> Tensor:
        return (self.scale * share.clamp_min(_DARK) ** self.power).clamp_max(self.high)


@dataclass(frozen=True)
class Joined:
    """One curve below a knee, another from there on."""

    below: Fit
    knee: float
    above: Fit

    def __call__(self, share: Tensor) -> Tensor:
        return self.above(share).where(share >= self.knee, self.below(share))
