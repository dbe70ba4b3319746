"""The numbers of phase masks: panels that are driven, or plates that are made. Free of torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from photonics_sim.device import Section
from photonics_sim.weights import PhaseCurveCard


class PhaseMaskCard(Section):
    """Panels or plates that delay light; every imperfection is off at its default.

    What is drawn once for a chip as built is said so; the rest belongs to every panel or plate of its kind.
    """

    imperfections: ClassVar[Mapping[str, Any]] = {
        "phase_bits": 0,
        "phase_error_rad": 0.0,
        "flatness_rad": 0.0,
        "response_error": 0.0,
        "fringing_px": 0.0,
        "fill_factor": 1.0,
        "absorption_per_m": 0.0,
        "loss_db": 0.0,
        "shift_px": 0.0,
        "pointing_mrad": 0.0,
        "defocus_um": 0.0,
    }
    exact: ClassVar[Mapping[str, Any]] = {"phase_bits": 0}

    phase_bits: int = Field(
        default=0, ge=0, le=16, description="steps of the drive, or of the height over 2 pi; 0 for continuous"
    )
    curve: PhaseCurveCard = Field(default=PhaseCurveCard(), description="phase against drive, as measured on a panel")
    refractive_index: float = Field(
        default=0.0, ge=0, le=10, description="of a plate, whose heights make the phase; 0 for a panel"
    )
    absorption_per_m: float = Field(
        default=0.0, ge=0, le=1e6, description="of the plate's material, for power: e^(-absorption height)"
    )
    phase_error_rad: float = Field(default=0.0, ge=0, le=10, description="random phase error of a pixel as built, rms")
    flatness_rad: float = Field(
        default=0.0, ge=0, le=100, description="smooth phase error over the whole mask as built (bow, saddle), rms"
    )
    response_error: float = Field(
        default=0.0, ge=0, le=0.5, description="smooth relative error of the phase response over the mask as built, rms"
    )
    fringing_px: float = Field(
        default=0.0, ge=0, le=10, description="rms width of the field that reaches into neighbouring pixels"
    )
    fill_factor: float = Field(default=1.0, gt=0, le=1, description="share of the area that follows the command")
    gap_transmission: float = Field(
        default=0.0, ge=0, le=1, description="amplitude that gaps let through where fill_factor is below 1; 0: dark"
    )
    loss_db: float = Field(default=0.0, ge=0, le=60, description="power lost in one mask, in its gaps too")
    shift_px: float = Field(
        default=0.0, ge=0, le=100, description="lateral shift of each mask as built, rms per axis, pixels"
    )
    pointing_mrad: float = Field(
        default=0.0, ge=0, le=1000, description="angle by which a mask turns the light, as built, rms per axis"
    )
    defocus_um: float = Field(default=0.0, ge=0, le=1e6, description="shift of each mask along the axis as built, rms")

    @model_validator(mode="after")
    def _panel_or_plate(self) -> Self:
        if self.refractive_index and self.refractive_index <= 1:
            raise ValueError("refractive_index: a plate delays light with an index above 1; 0 is a panel")
        if self.refractive_index and self.curve.drive:
            raise ValueError("a plate (refractive_index) has no drive; remove mask.curve, or set refractive_index = 0")
        if self.absorption_per_m and not self.refractive_index:
            raise ValueError("absorption_per_m is that of a plate; set refractive_index, or give a panel's loss_db")
        return self

    @property
    def main_order_loss_db(self) -> float:
        """Power lost in one mask and to the orders that dark gaps between its pixels diffract light into.

        With clear gaps what they let through is added to this light, in phase or not: nothing is told of it here.
        """
        return self.loss_db - (0.0 if self.gap_transmission else 20 * math.log10(self.fill_factor))

    def height_m(self, phase_rad: float, wavelength_m: float) -> float:
        """Height of a plate that delays light by so much: phase wavelength / (2 pi (n - 1))."""
        return phase_rad * wavelength_m / (2 * math.pi * (self.refractive_index - 1))
