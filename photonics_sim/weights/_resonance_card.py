"""How the resonances of microrings keep their place. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from photonics_sim.device import Section


class ResonanceCard(Section):
    """How a resonance keeps its place; imperfections are off at their defaults."""

    imperfections: ClassVar[Mapping[str, Any]] = {"drift": False}

    wander_pm: float = Field(
        default=0.0, ge=0, le=1e5, description="rms wander of a resonance in the first hour, grows as sqrt(t)"
    )
    temperature_drift_k: float = Field(
        default=0.0, ge=-100, le=100, description="by how much all rings are warmer an hour after the write than at it"
    )
    shift_pm_per_k: float = Field(default=0.0, ge=0, le=1e3, description="shift of a resonance with temperature")
    drift: bool = Field(default=True, description="whether the resonances drift at all")

    @model_validator(mode="after")
    def _warmth_shifts(self) -> Self:
        if self.temperature_drift_k and not self.shift_pm_per_k:
            raise ValueError(
                "temperature_drift_k moves no resonance without shift_pm_per_k; set it (silicon: about 80)"
            )
        return self
