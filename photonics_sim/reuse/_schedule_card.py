"""The numbers of a schedule on a card. Free of torch."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from photonics_sim.device import Section
from photonics_sim.errors import PhotonicsError
from photonics_sim.reuse._schedule import LayerSchedule


class ScheduleCard(Section):
    """Which bank each layer visits."""

    weight_sets: int = Field(default=2, ge=1, le=1024, description="L_W, banks of weights that are there")
    layers: int = Field(default=4, ge=1, le=4096, description="L_T, layers in all: visits of banks")
    order: str = Field(default="cyclic", description="cyclic, blocked, palindrome, random, or banks as 0-1-1-0")
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="of the random order")

    @model_validator(mode="after")
    def _can_be_followed(self) -> Self:
        try:
            self.schedule()
        except PhotonicsError as error:
            raise ValueError(str(error)) from None
        return self

    def schedule(self) -> LayerSchedule:
        """The schedule itself."""
        parts = self.order.split("-")
        order = [int(part) for part in parts] if all(part.isdecimal() for part in parts) else self.order
        return LayerSchedule(self.weight_sets, self.layers, order, self.seed)
