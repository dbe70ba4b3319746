"""The numbers of a structural encoder. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from photonics_devices.free_space._panel_card import PanelCard
from photonics_sim.signals import DetectorCard


class StructuralEncoderCard(PanelCard):
    """Card of `StructuralEncoder`."""

    small: ClassVar[Mapping[str, Any]] = {"pixels": 12, "writes": 2, "region_px": 2}
    way_field: ClassVar[str] = "spacing_mm"

    writes: int = Field(ge=1, le=64, description="how often light meets the data: the order of the polynomial")
    spacing_mm: float = Field(gt=0, le=1e5, description="way of the light from one write to the next, and to the end")
    detector: DetectorCard

    def memory_bytes(self) -> dict[str, int]:
        plane = 8 * self.pixels**2
        # of a batch of 128, for each write: the data, the light before and behind them and on the padded plane
        return {"writes": plane * self.writes * 128 * 3, "pixels": plane * (128 * 4 + 8)}
