"""The numbers of a multi-pass processor. Free of torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from photonics_devices.free_space._panel_card import PanelCard
from photonics_sim.device import Section
from photonics_sim.signals import DetectorCard


class LoopCard(Section):
    """The way of the light from one pass to the next, and the splitter where fresh light joins it."""

    imperfections: ClassVar[Mapping[str, Any]] = {"loss_db": 0.0}

    length_mm: float = Field(gt=0, le=1e6, description="optical path of one pass, relays included")
    loss_db: float = Field(
        default=0.0, ge=0, le=60, description="power lost from one pass to the next: mirrors, switch"
    )
    coupling: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of the power that the splitter takes out of the loop, and lets in of fresh light; 0: none",
    )
    fresh_share: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of the light that each pass but the first is offered as fresh; 0: all goes into the first",
    )


class MultiPassProcessorCard(PanelCard):
    """Card of `MultiPassProcessor`."""

    small: ClassVar[Mapping[str, Any]] = {"pixels": 12, "passes": 2, "region_px": 2}
    way_field: ClassVar[str] = "spacing_mm"

    passes: int = Field(ge=1, le=64, description="how often light crosses the data: the degree of the polynomial")
    spacing_mm: float = Field(gt=0, le=1e5, description="free space that mixes, behind each mask")
    loop: LoopCard
    oscillator_share: float = Field(
        default=0.1, gt=0, lt=1, description="share of the laser's power that lights all detectors as local oscillator"
    )
    detector: DetectorCard = Field(description="each photodiode of a pair")

    @property
    def first_field(self) -> float:
        """Field of the first pass, of the panel lit by the whole laser."""
        return math.sqrt((1 - self.oscillator_share) * (1 - (self.passes - 1) * self.loop.fresh_share))

    @property
    def kept_field(self) -> float:
        """Share of the field that stays in the loop from one pass to the next."""
        return math.sqrt(1 - self.loop.coupling) * 10 ** (-self.loop.loss_db / 20)

    @property
    def fresh_field(self) -> float:
        """Field that joins at each later pass, of the panel lit by the whole laser, a quarter of a turn ahead."""
        return math.sqrt((1 - self.oscillator_share) * self.loop.coupling * self.loop.fresh_share)

    @property
    def joined_db(self) -> float:
        """Power at the end over what it would be if all light went all the way: fresh light crosses and turns less.

        Of masks that scatter, so that the lights of all pulses are not in step.
        """
        once = 10 ** (-(self.encoder.loss_db + self.mask.main_order_loss_db) / 10) * self.kept_field**2
        power, longest = self.first_field**2, 0.0
        for _ in range(self.passes - 1):
            power, longest = power * once + self.fresh_field**2, longest + 10 * math.log10(once)
        return 10 * math.log10(power / (1 - self.oscillator_share)) - longest

    @property
    def slope(self) -> float:
        """Reading over laser power for each unit of the field's real part: 2 sqrt(P_LO / P_0)."""
        return 2 * math.sqrt(self.oscillator_share / self.classes)

    @model_validator(mode="after")
    def _light_is_spent_once(self) -> Self:
        loop, later = self.loop, self.passes - 1
        if later * loop.fresh_share >= 1:
            raise ValueError(
                f"loop.fresh_share = {loop.fresh_share:g}: {later} later passes leave no light for the first; take "
                f"less than {1 / later:.3g}"
            )
        if loop.fresh_share and not loop.coupling:
            raise ValueError(
                f"loop.fresh_share = {loop.fresh_share:g} of the light meets no splitter; set loop.coupling above 0, "
                "or loop.fresh_share = 0"
            )
        return self

    @model_validator(mode="after")
    def _the_loop_holds_its_space(self) -> Self:
        if self.loop.length_mm < self.spacing_mm:
            raise ValueError(
                f"loop.length_mm = {self.loop.length_mm:g}: the path of a pass holds spacing_mm = {self.spacing_mm:g}; "
                "take as much or more"
            )
        return self

    @model_validator(mode="after")
    def _one_mode_beats_with_its_oscillator(self) -> Self:
        if self.source_extent.angular_radius_mrad:
            raise ValueError(
                f"source_extent.angular_radius_mrad = {self.source_extent.angular_radius_mrad:g}: light of many modes "
                "has no phase against a local oscillator; set 0"
            )
        return self

    def memory_bytes(self) -> dict[str, int]:
        plane = 8 * self.pixels**2
        # of a batch of 128, for each pass: the light before and behind the data and on the padded plane; the data once
        return {"passes": plane * self.passes * 128 * 2, "pixels": plane * (128 * 5 + 8)}
