"""The numbers of phase-change cells, measured or of one's own. Free of torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from photonics_sim.device import Section
from photonics_sim.weights._fits import ClippedLog, ClippedPower, Fit, Joined, Polynomial


@dataclass(frozen=True)
class Coefficients:
    """What `PhaseChangeWeights` needs of a cell; shares of the range throughout.

    Attributes:
        programming: Rms of a write.
        start_s: t_0, the time after a write at which the cell was first read, and from where its age counts.
        mean_exponent, spread_exponent: Mean and rms of the drift exponent.
        reading: Q, the relative rms of a reading at unit growth; None without.
        read_time_s: t_r, the length of one reading.
    """

    programming: Fit
    start_s: float
    mean_exponent: Fit
    spread_exponent: Fit
    reading: Fit | None
    read_time_s: float = 250e-9

    def growth(self, age_s: float) -> float:
        """How 1/f noise has grown at an age, sqrt(ln((t + t_r) / (2 t_r))) with t = age + t_0."""
        return math.sqrt(math.log((age_s + self.start_s + self.read_time_s) / (2 * self.read_time_s)))


_HERMES_MEAN = Joined(ClippedLog(-0.0387, -0.0182, 0.072, 0.13), 0.0945, Polynomial((0.0736, -0.0126, -0.0436)))
MEASURED = {
    # one cell, 25 uS: Nandakumar et al., ICECS (2019), and Joshi et al., Nat. Commun. 11, 2473 (2020)
    "joshi": Coefficients(
        Polynomial((0.26348 / 25, 1.9650 / 25, -1.1731 / 25)),
        20.0,
        ClippedLog(-0.0155, 0.0244, 0.049, 0.1),
        ClippedLog(-0.0125, -0.0059, 0.008, 0.045),
        ClippedPower(0.0088, -0.65, 0.2),
    ),
    # IBM's Hermes chip, two cells of 20.7 uS per weight: Le Gallo et al., Nat. Electron. 6, 680 (2023), as in aihwkit
    "hermes-two-cells": Coefficients(
        Polynomial((0.16603 / 20.7, 4.71806 / 20.7, -8.48101 / 20.7, 4.68961 / 20.7)),
        300.0,
        _HERMES_MEAN,
        Joined(ClippedLog(-0.0117, -0.0057, 0.0091, 0.04), 0.3055, Polynomial((0.0073, 0.0093, -0.0118))),
        Joined(ClippedLog(-0.0117, -0.0069, 0.015, 0.04), 0.16, Polynomial((0.0123, 0.0211, -0.0280, 0.0069))),
        read_time_s=512e-9,
    ),
    # the same, one cell of 10.35 uS
    "hermes-one-cell": Coefficients(
        Polynomial((0.15782 / 10.35, 2.32444 / 10.35, -2.16311 / 10.35, 0.68842 / 10.35)),
        200.0,
        _HERMES_MEAN,
        Joined(ClippedLog(-0.0120, -0.0023, 0.0124, 0.04), 0.3039, Polynomial((0.0104, 0.0116, -0.0165))),
        Joined(ClippedLog(-0.0078, 0.0038, 0.0179, 0.04), 0.1591, Polynomial((0.0088, 0.0768, -0.1352, 0.0664))),
        read_time_s=512e-9,
    ),
}


class PhaseChangeCard(Section):
    """A phase-change cell; three effects, each with its own switch, on where the card has numbers for it."""

    imperfections: ClassVar[Mapping[str, Any]] = {
        "levels": 0,
        "programming_noise": False,
        "drift": False,
        "read_noise": False,
    }
    exact: ClassVar[Mapping[str, Any]] = {"levels": 0}

    cell: Literal["own", "joshi", "hermes-two-cells", "hermes-one-cell"] = Field(
        default="own",
        description="whose coefficients: the numbers below, or in their place those measured on electronic cells",
    )
    levels: int = Field(default=0, ge=0, le=2**16, description="even levels from 0 to the full range; 0 for continuous")
    programming_noise: bool = Field(default=True, description="whether a write misses its target")
    drift: bool = Field(default=True, description="whether a cell drifts after its write")
    read_noise: bool = Field(default=True, description="whether each reading has noise of its own")
    programming_error: float = Field(
        default=0.0, ge=0, le=0.5, description='rms of a write as a share of the range; cell = "own"'
    )
    drift_exponent: float = Field(default=0.0, ge=0, le=1, description='mean of the drift exponent; cell = "own"')
    drift_spread: float = Field(default=0.0, ge=0, le=1, description='its rms from cell to cell; cell = "own"')
    drift_start_s: float = Field(
        default=20.0, ge=1e-6, le=1e6, description='when drift is first seen after a write; cell = "own"'
    )
    reading_error: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description='rms of a reading just after the write, relative to the state; grows slowly; cell = "own"',
    )

    @model_validator(mode="after")
    def _numbers_belong_together(self) -> Self:
        if self.levels == 1:
            raise ValueError("levels = 1 holds the state 0 alone; at least 2, or 0 for continuous")
        if self.drift_spread and not self.drift_exponent:
            raise ValueError("drift_spread is that of an exponent whose mean is missing; set drift_exponent")
        return self

    def coefficients(self) -> Coefficients:
        """The numbers in the form of the model."""
        if self.cell != "own":
            return MEASURED[self.cell]
        values = (self.programming_error, self.drift_exponent, self.drift_spread)
        error, mean, spread = (Polynomial((value,)) for value in values)
        plain = Coefficients(error, self.drift_start_s, mean, spread, None)
        if not self.reading_error:
            return plain
        return replace(plain, reading=Polynomial((self.reading_error / plain.growth(0.0),)))
