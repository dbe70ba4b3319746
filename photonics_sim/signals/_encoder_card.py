"""The numbers of the modulators that write data on coherent light. Free of torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from photonics_sim.device import Section


class EncoderCard(Section):
    """One modulator per input; every imperfection is off at its default."""

    imperfections: ClassVar[Mapping[str, Any]] = {
        "dac_bits": 0,
        "loss_db": 0.0,
        "phase_noise_rad": 0.0,
        "extinction_db": 0.0,
    }
    exact: ClassVar[Mapping[str, Any]] = {"dac_bits": 0}

    kind: Literal["amplitude", "phase", "linear"] = Field(
        default="amplitude",
        description="amplitude: sin(drive x + bias) of the field; phase: e^(i drive x); linear: drive x + bias, "
        "looked up, from -1 to 1",
    )
    drive_rad: float = Field(default=0.5, gt=0, le=100, description="phase in the modulator per unit of input")
    bias_rad: float = Field(
        default=math.pi / 4, ge=-100, le=100, description="phase without input; pi/4 is half power; not of kind phase"
    )
    dac_bits: int = Field(default=0, ge=0, le=24, description="resolution over 2 pi of that phase; 0 for continuous")
    phase_noise_rad: float = Field(default=0.0, ge=0, le=10, description="noise of that phase in one reading, rms")
    extinction_db: float = Field(
        default=0.0, ge=0, le=100, description="bright over dark power; 0 for perfect dark; not of kind phase"
    )
    loss_db: float = Field(default=0.0, ge=0, le=60, description="power lost in one modulator")
    bandwidth_ghz: float = Field(gt=0, le=1e4, description="1 / it is the time to settle on new data")
    energy_fj: float = Field(ge=0, le=1e9, description="energy to drive one symbol")
    dac_energy_pj: float = Field(ge=0, le=1e6, description="energy to convert one symbol")

    @model_validator(mode="after")
    def _only_what_darkens_has_an_extinction(self) -> Self:
        if self.kind == "phase" and self.extinction_db:
            raise ValueError(
                f"extinction_db = {self.extinction_db:g}: a modulator of kind phase makes nothing dark; set 0, or "
                "another kind"
            )
        return self

    @property
    def leak(self) -> float:
        """Field that is left in the dark, of 1: 10^(-extinction / 20)."""
        return 10 ** (-self.extinction_db / 20) if self.extinction_db else 0.0
