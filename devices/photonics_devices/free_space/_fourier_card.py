"""The numbers of an optical Fourier processor. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from photonics_devices.free_space._panel_card import PanelCard
from photonics_sim.device import format_si, to_si
from photonics_sim.signals import LONGEST_M, CameraCard


class FourierProcessorCard(PanelCard):
    """Card of `FourierProcessor`."""

    small: ClassVar[Mapping[str, Any]] = {"pixels": 12, "mask_pixels": 14, "region_px": 2}
    way_field: ClassVar[str] = "focal_length_mm"

    mask_pixels: int = Field(ge=4, le=4096, description="pixels of the mask in the Fourier plane, per axis")
    focal_length_mm: float = Field(gt=0, le=1e5, description="of both lenses")
    camera: CameraCard

    @model_validator(mode="after")
    def _orders_lie_apart(self) -> Self:
        pitch, wavelength = to_si("pitch_um", self.pitch_um), to_si("wavelength_nm", self.laser.wavelength_nm)
        widest = max(self.pixels, self.mask_pixels)
        shortest = widest * pitch**2 / wavelength
        if to_si("focal_length_mm", self.focal_length_mm) < shortest:
            raise ValueError(
                f"focal_length_mm = {self.focal_length_mm:g}: {widest} pixels of {self.pitch_um:g} um are wider than "
                f"the lattice of orders, wavelength f/pitch; take {format_si(shortest, 'm')} or more, or fewer pixels"
            )
        return self

    @model_validator(mode="after")
    def _the_camera_sees_it(self) -> Self:
        if to_si("wavelength_nm", self.laser.wavelength_nm) > LONGEST_M:
            raise ValueError(
                f"laser.wavelength_nm = {self.laser.wavelength_nm:g} is light that no camera sees; take at most "
                f"{LONGEST_M * 1e9:g}"
            )
        return self

    def memory_bytes(self) -> dict[str, int]:
        # of a batch of 128: four planes each of panel and mask
        return {"pixels": 8 * 4 * 128 * self.pixels**2, "mask_pixels": 8 * 4 * 128 * self.mask_pixels**2}
