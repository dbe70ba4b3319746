"""How far from a point, and from one mode, the source of a bench is. Free of torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from photonics_sim.device import Section


class SourceCard(Section):
    """A source of some extent, such as a light-emitting diode; a point, and so coherent, at its default."""

    imperfections: ClassVar[Mapping[str, Any]] = {"angular_radius_mrad": 0.0}

    angular_radius_mrad: float = Field(
        default=0.0, ge=0, le=1000, description="radius of the source as seen from the data panel; 0 for a laser"
    )
    profile: Literal["disc", "gaussian"] = Field(
        default="disc", description="how bright it is; a gaussian has its radius where 1/e^2 is left"
    )
    modes: int = Field(
        default=16,
        ge=4,
        le=10**4,
        description="points of the source that light is added up over, an even number squared",
    )

    @model_validator(mode="after")
    def _even_square(self) -> Self:
        if math.isqrt(self.modes) ** 2 != self.modes or self.modes % 2:
            across = 2 * math.ceil(math.sqrt(self.modes) / 2)
            raise ValueError(f"modes = {self.modes}: expected the square of an even number; take {across**2}")
        return self
