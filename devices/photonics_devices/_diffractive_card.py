"""The numbers of a row of phase masks in free space. Free of torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from photonics_devices._images import near_root
from photonics_sim.device import Card, Section
from photonics_sim.signals import DetectorCard, EncoderCard, LaserCard


class PhaseMaskCard(Section):
    """Panels or plates that delay light; every imperfection is off at its default."""

    imperfections: ClassVar[Mapping[str, Any]] = {
        "phase_bits": 0,
        "phase_error_rad": 0.0,
        "shift_px": 0.0,
        "loss_db": 0.0,
    }

    phase_bits: int = Field(default=0, ge=0, le=16, description="resolution over 2 pi; 0 for continuous")
    phase_error_rad: float = Field(default=0.0, ge=0, le=10, description="static phase error of a pixel as built, rms")
    shift_px: float = Field(
        default=0.0, ge=0, le=100, description="lateral shift of each mask as built, rms per axis, pixels"
    )
    loss_db: float = Field(default=0.0, ge=0, le=60, description="power lost in one mask")


class DiffractiveStackCard(Card):
    """Card of `DiffractiveStack`."""

    output_field: ClassVar[str] = "classes"
    training: ClassVar[Mapping[str, Any]] = {"learning_rate": 0.05, "batch_size": 128, "epochs": 5}
    whole_images: ClassVar[bool] = True
    small: ClassVar[Mapping[str, Any]] = {"pixels": 12, "masks": 2, "region_px": 2}

    inputs: int = Field(ge=1, le=10**6, description="numbers in one sample, an image where that is possible")
    classes: int = Field(ge=1, le=10**4, description="detectors, one square of the last plane each")
    pixels: int = Field(ge=4, le=4096, description="pixels of each mask, per axis")
    masks: int = Field(ge=1, le=100, description="phase masks in a row")
    pitch_um: float = Field(gt=0, le=1e4, description="pixel pitch of masks and data panel")
    spacing_mm: float = Field(gt=0, le=1e5, description="distance from each plane to the next")
    data_share: float = Field(
        default=0.8, gt=0, le=1, description="largest share of a plane's width that the data fill"
    )
    region_px: int = Field(ge=1, le=4096, description="width of a detector, in pixels")
    laser: LaserCard
    encoder: EncoderCard
    mask: PhaseMaskCard
    detector: DetectorCard

    @property
    def image(self) -> tuple[int, int]:
        """Rows and columns of the data: as near to a square as the number of inputs allows."""
        rows = near_root(self.inputs)
        return rows, self.inputs // rows

    @property
    def pixels_per_input(self) -> int:
        """Width of one number on the data panel, in pixels."""
        return max(1, int(self.data_share * self.pixels / max(self.image)))

    @property
    def rows(self) -> tuple[int, ...]:
        """Detectors in each row of the last plane."""
        count = max(1, round(math.sqrt(self.classes)))
        least, more = divmod(self.classes, count)
        # the longer rows in the middle, where the plane is lit best
        order = sorted(range(count), key=lambda row: abs(row - (count - 1) / 2))
        return tuple(least + (order.index(row) < more) for row in range(count))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if max(self.image) > self.pixels:
            raise ValueError(
                f"inputs = {self.inputs} are an image of {self.image[0]} x {self.image[1]}; masks of "
                f"{self.pixels} pixels are narrower"
            )
        room = self.pixels // max(*self.rows, len(self.rows))
        if self.region_px > room:
            raise ValueError(
                f"region_px = {self.region_px}: {self.classes} detectors on {self.pixels} pixels leave {room} for each"
            )
        return self

    def memory_bytes(self) -> dict[str, int]:
        plane = 8 * self.pixels**2
        # of a batch of 128: the light on each mask, and some three planes more; two transfer functions
        return {"masks": plane * self.masks * (128 + 3), "pixels": plane * (128 * 3 + 8)}
