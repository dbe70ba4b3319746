"""The numbers of a row of phase masks in free space. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from photonics_devices.free_space._panel_card import PanelCard
from photonics_sim.signals import DetectorCard


class DiffractiveStackCard(PanelCard):
    """Card of `DiffractiveStack`."""

    small: ClassVar[Mapping[str, Any]] = {"pixels": 12, "masks": 2, "region_px": 2}
    way_field: ClassVar[str] = "spacing_mm"

    masks: int = Field(ge=1, le=100, description="phase masks in a row")
    spacing_mm: float = Field(gt=0, le=1e5, description="distance from each plane to the next")
    detector: DetectorCard

    def memory_bytes(self) -> dict[str, int]:
        plane = 8 * self.pixels**2
        # of a batch of 128: the light on each mask, and some three planes more; two transfer functions
        return {"masks": plane * self.masks * (128 + 3), "pixels": plane * (128 * 3 + 8)}
