"""What the tests of an encoding find, as numbers. Free of torch."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Literal

_LEAK = 1e4 * sys.float_info.epsilon  # what rounding makes of a sum that cancels


@dataclass(frozen=True)
class Measured:
    """What was found of one mixed derivative or difference.

    Attributes:
        alpha: Order in each input.
        largest, median: Of the magnitudes at the sampled points.
        floor: What rounding alone may give.
        point: Where it is largest.
        kind: "difference" or "derivative".
    """

    alpha: tuple[int, ...]
    largest: float
    median: float
    floor: float
    point: tuple[float, ...]
    kind: Literal["difference", "derivative"] = "difference"

    @property
    def is_nonzero(self) -> bool:
        """Far above the floor: not identically zero."""
        return self.largest > 1e3 * self.floor

    @property
    def is_zero(self) -> bool:
        """At the floor wherever it was looked at."""
        return self.largest <= 30 * self.floor


@dataclass(frozen=True)
class Strength:
    """Share of the response's variance that only all inputs together explain.

    Attributes:
        share: S = E|Delta|^2 / (2^d Var), the highest-order Sobol index of the response; below 0 by noise alone.
        error: Its standard error.
        pairs: Boxes behind it: pairs of readings, where each of their corners is read twice.
    """

    share: float
    error: float
    pairs: int

    @property
    def z(self) -> float:
        """Share over its error; infinite where nothing is uncertain."""
        if math.isnan(self.share) or math.isnan(self.error):
            return math.nan
        return self.share / self.error if self.error > 0 else math.copysign(math.inf, self.share)

    def pairs_for(self, z: float) -> int:
        """Pairs of readings that would show a coupling of this strength with z standard errors, times four: what
        signal and noise do together makes z grow more slowly than the root of their number (Monte Carlo, 60 repeats).
        """
        return math.ceil(4 * self.pairs * (z / self.z) ** 2) if 0 < self.z < math.inf else 0


@dataclass(frozen=True)
class Spectrum:
    """Fourier coefficients over one period in each input.

    A frequency has full support where none of its components is 0. Such a coefficient cannot come from aliasing: what
    is 0 stays 0 modulo the grid.

    Attributes:
        grid: Points along each input; None where the exponentials themselves were given.
        share: Power at frequencies of full support over the power of all but the constant.
        by_inputs: The same of frequencies with 1, 2, ... inputs: how much of the response couples how many.
        largest: Largest amplitude of full support.
        frequency: Where that is.
        floor: What rounding may give.
        resolved: Whether the coefficients give the response between the points of the grid too: nothing is hidden.
    """

    grid: int | None
    share: float
    by_inputs: tuple[float, ...]
    largest: float
    frequency: tuple[float, ...]
    floor: float
    resolved: bool

    @property
    def is_nonzero(self) -> bool:
        return self.largest > 1e3 * self.floor

    @property
    def is_zero(self) -> bool:
        return self.resolved and self.largest <= 30 * self.floor


@dataclass(frozen=True)
class PathBound:
    """How many inputs a response can couple at most.

    A path's amplitude is a product of what it meets, so the field is a sum of functions of at most `crossings` inputs,
    and its intensity one of at most twice as many: derivatives in one input more vanish for certain.

    Attributes:
        crossings: Most inputs that one path of light meets.
        coupled: Most inputs that what is combined linearly can couple.
        inputs: Inputs that there are.
    """

    crossings: int
    coupled: int
    inputs: int

    @property
    def refutes(self) -> bool:
        """Whether some inputs can never be coupled: degenerate, without a measurement."""
        return self.inputs > self.coupled


@dataclass(frozen=True)
class Certificate:
    """A function that no sum of the sampled features comes near; of all features where the order is known to vanish.

    Attributes:
        alpha: The function is x^alpha on [-1, 1]^d.
        error: What every sum misses it by somewhere, at least, but for the features' own leak times their weights.
        leak: Largest |mu(feature)| of the sampled features: rounding, where the certificate holds.
    """

    alpha: tuple[int, ...]
    error: float
    leak: float

    @property
    def holds(self) -> bool:
        return self.leak < _LEAK
