"""The nonlinearity of a branch: none, ReLU, or a polynomial."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from photonics_sim.errors import PhotonicsError, did_you_mean

_NAMES = ("identity", "relu")


@dataclass(frozen=True)
class Branch:
    """phi, entry by entry: "identity", "relu", or the polynomial a_0 + a_1 z + a_2 z^2 + ...

    Attributes:
        coefficients: (a_0, a_1, ...), with a_p other than 0 in the last place; None for ReLU.
    """

    coefficients: tuple[float, ...] | None

    @staticmethod
    def of(what: str | Sequence[float] | Branch) -> Branch:
        """A branch by name, or by the coefficients of its polynomial, lowest power first.

        Raises:
            PhotonicsError: for an unknown name, coefficients that are not finite, and a polynomial that is constant.
        """
        if isinstance(what, Branch):
            return what
        if isinstance(what, str):
            if what not in _NAMES:
                raise PhotonicsError(
                    f"no branch {what!r}{did_you_mean(what, _NAMES)}; choose {' or '.join(_NAMES)}, or give the "
                    "coefficients of a polynomial, lowest power first, e.g. (0, 1, 0.5)"
                )
            return Branch((0.0, 1.0) if what == "identity" else None)
        numbers = [float(number) for number in what]
        if not all(map(math.isfinite, numbers)):
            raise PhotonicsError(f"coefficients {tuple(numbers)} of a branch must be finite")
        while numbers and numbers[-1] == 0:
            numbers.pop()
        if len(numbers) < 2:
            raise PhotonicsError(
                f"the polynomial with coefficients {tuple(what)} is a constant; give a_1, or a higher one, other than 0"
            )
        return Branch(tuple(numbers))

    @property
    def degree(self) -> int | None:
        """Of the polynomial; None for ReLU."""
        return None if self.coefficients is None else len(self.coefficients) - 1

    @property
    def name(self) -> str:
        """As `of` takes it."""
        if self.coefficients is None:
            return "relu"
        return "identity" if self.coefficients == (0.0, 1.0) else str(self.coefficients)

    def apply(self, z: Tensor) -> Tensor:
        """phi(z), same shape."""
        if self.coefficients is None:
            return z.relu()
        if self.coefficients == (0.0, 1.0):
            return z
        *lower, top = self.coefficients
        value: Tensor = top * z + lower.pop()
        while lower:
            value = value * z + lower.pop()
        return value
