"""The numbers that all devices with a data panel and detectors in free space share. Free of torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from photonics_devices._images import near_root
from photonics_devices.free_space._phase_mask_card import PhaseMaskCard
from photonics_devices.free_space._source_card import SourceCard
from photonics_sim.device import Card
from photonics_sim.signals import EncoderCard, LaserCard

SIGMAS = 5  # of a normal distribution, as good as all of it


class PanelCard(Card):
    """A panel that carries the data on one end, a detector for each class on the other.

    A schema says which field is the way from one mask to the next plane, in mm (`way_field`).
    """

    output_field: ClassVar[str] = "classes"
    training: ClassVar[Mapping[str, Any]] = {"learning_rate": 0.05, "batch_size": 128, "epochs": 5}
    whole_images: ClassVar[bool] = True
    way_field: ClassVar[str]

    inputs: int = Field(ge=1, le=10**6, description="numbers in one sample, an image where that is possible")
    classes: int = Field(ge=1, le=10**4, description="detectors, one square of the last plane each")
    pixels: int = Field(ge=4, le=4096, description="pixels of each plane, per axis")
    pitch_um: float = Field(gt=0, le=1e5, description="pixel pitch of masks and data panel")
    data_share: float = Field(
        default=0.8, gt=0, le=1, description="largest share of a plane's width that the data fill"
    )
    region_px: int = Field(ge=1, le=4096, description="width of a detector, in pixels")
    laser: LaserCard
    source_extent: SourceCard = Field(default=SourceCard(), description="of the source, which lights the data panel")
    encoder: EncoderCard
    mask: PhaseMaskCard

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
    def _angles_are_resolved(self) -> Self:
        steepest = 1e3 * math.asin(min(1.0, self.laser.wavelength_nm / (2e3 * self.pitch_um)))
        source, turned = self.source_extent, SIGMAS * self.mask.pointing_mrad
        seen = source.angular_radius_mrad * (2 if source.profile == "gaussian" else 1)
        for field, angle, found in (
            ("source_extent.angular_radius_mrad", seen, source.angular_radius_mrad),
            ("mask.pointing_mrad", turned, self.mask.pointing_mrad),
        ):
            if angle > steepest:
                raise ValueError(
                    f"{field} = {found:g}: a pitch of {self.pitch_um:g} um resolves light of this wavelength up to "
                    f"{steepest:.3g} mrad; take at most {found * steepest / angle:.3g}, or a finer pitch_um"
                )
        return self

    @model_validator(mode="after")
    def _masks_keep_their_order(self) -> Self:
        way_mm = getattr(self, self.way_field)
        most = way_mm * 1e3 / (2 * SIGMAS)
        if self.mask.defocus_um > most:
            raise ValueError(
                f"mask.defocus_um = {self.mask.defocus_um:g}: masks {way_mm:g} mm apart would change places; take at "
                f"most {most:.3g}"
            )
        return self

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if max(self.image) > self.pixels:
            raise ValueError(
                f"inputs = {self.inputs} are an image of {self.image[0]} x {self.image[1]}; planes of "
                f"{self.pixels} pixels are narrower; raise pixels, or set inputs to the number of your data"
            )
        room = self.pixels // max(*self.rows, len(self.rows))
        if self.region_px > room:
            raise ValueError(
                f"region_px = {self.region_px}: {self.classes} detectors on {self.pixels} pixels leave {room} for each"
            )
        return self
