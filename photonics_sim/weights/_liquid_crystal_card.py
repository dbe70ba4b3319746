"""The numbers of a liquid-crystal cell. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from photonics_sim.device import Section


class LiquidCrystalCard(Section):
    """A cell of liquid crystal that transmits from 0 to 1; imperfections are off at their defaults."""

    imperfections: ClassVar[Mapping[str, Any]] = {"bits": 0, "extinction_db": 0.0, "read_noise": False}
    exact: ClassVar[Mapping[str, Any]] = {"bits": 0}

    rise_time_ms: float = Field(gt=0, le=1e5, description="time constant (to 1/e) towards more transmission")
    fall_time_ms: float = Field(gt=0, le=1e5, description="time constant towards less")
    bits: int = Field(default=0, ge=0, le=16, description="grey levels of the drive; 0 for continuous")
    extinction_db: float = Field(
        default=0.0, ge=0, le=60, description="largest over smallest transmitted power; 0: it closes fully"
    )
    flicker: float = Field(
        default=0.0, ge=0, lt=1, description="rms of the transmission at one reading as a share of full scale"
    )
    read_noise: bool = Field(default=True, description="whether a reading sees the flicker")
