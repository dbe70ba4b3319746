"""What a sweep varies, and what a trial measures: values with their units and meanings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from photonics_sim.device import unit_of


@dataclass(frozen=True)
class Axis:
    """One thing that a sweep varies.

    Attributes:
        path: Dotted path of a field of the card, or a setting of the trial.
        values: `(n,)` whole or real numbers, truth values or words: those of the grid in their order, or of a sampled
            design the two ends of its range.
        unit: Symbol as the card has it, "1" for a plain number.
        long_name: What it is, in words.
    """

    path: str
    values: NDArray[Any]
    unit: str = "1"
    long_name: str = ""

    @property
    def is_number(self) -> bool:
        """Whether the values can be put on a scale."""
        return bool(self.values.dtype.kind in "iuf")


@dataclass(frozen=True)
class Meaning:
    """What a number that a trial returns says.

    Attributes:
        unit: Symbol, "1" for a plain number.
        long_name: In words, for an axis label.
        higher_is_better: Which way is good; None where it is neither.
        threshold: What a good chip reaches, where there is a usual one.
    """

    unit: str = "1"
    long_name: str = ""
    higher_is_better: bool | None = None
    threshold: float | None = None


def meaning_by_name(name: str) -> Meaning:
    """What the name of a number says of it: its unit, by the suffix that cards use too."""
    unit = unit_of(name)
    return Meaning(unit.symbol if unit else "1", name.replace("_", " "))
