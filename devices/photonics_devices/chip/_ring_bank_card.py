"""The numbers of a bank of microring weights. Free of torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from photonics_sim.device import Card, Section, to_si
from photonics_sim.mesh import RingCard
from photonics_sim.signals import DetectorCard, LaserCard


class IntensityModulatorCard(Section):
    """The interferometers that write the data on the light; every imperfection is off at its default."""

    imperfections: ClassVar[Mapping[str, Any]] = {"dac_bits": 0, "extinction_db": 0.0, "loss_db": 0.0}

    drive_rad: float = Field(gt=0, le=100, description="phase between the arms per unit of input")
    dac_bits: int = Field(default=0, ge=0, le=16, description="resolution over 2 pi of that phase; 0 for continuous")
    extinction_db: float = Field(default=0.0, ge=0, le=100, description="bright over dark power; 0 for perfect dark")
    loss_db: float = Field(default=0.0, ge=0, le=60, description="power lost in the bright state")
    bandwidth_ghz: float = Field(gt=0, le=1e4, description="1 / it is the time to settle on new data")
    energy_fj: float = Field(ge=0, le=1e9, description="energy to drive one symbol")
    dac_energy_pj: float = Field(ge=0, le=1e6, description="energy to convert one symbol")


class RingBankCard(Card):
    """Card of `RingBank`."""

    output_field: ClassVar[str] = "rows"
    imperfections: ClassVar[Mapping[str, Any]] = {
        "link_loss_db": 0.0,
        "ring.loss_db_per_cm": 0.0,
        "ring.heater.crosstalk": 0.0,
    }

    inputs: int = Field(ge=1, le=10**5, description="channels: one laser, modulator and ring per row for each input")
    rows: int = Field(ge=1, le=10**5, description="rows of rings, one balanced pair of photodiodes each")
    channel_spacing_nm: float = Field(gt=0, le=1000, description="distance of neighbouring channels")
    link_loss_db: float = Field(default=0.0, ge=0, le=60, description="loss of couplers, splitters and waveguides")
    path_mm: float = Field(default=10.0, gt=0, le=1e6, description="length of waveguide from laser to photodiode")
    laser: LaserCard
    modulator: IntensityModulatorCard
    ring: RingCard
    detector: DetectorCard

    @model_validator(mode="after")
    def _channels_fit_between_resonances(self) -> Self:
        wavelength = to_si("wavelength_nm", self.laser.wavelength_nm)
        self.ring.amplitudes(wavelength)
        spectral_range = self.ring.free_spectral_range_m(wavelength) / to_si("channel_spacing_nm", 1)
        most = math.floor(spectral_range / self.channel_spacing_nm)
        if self.inputs > most:
            raise ValueError(
                f"inputs = {self.inputs} channels of channel_spacing_nm = {self.channel_spacing_nm:g} do not fit into "
                f"the free spectral range of {spectral_range:.4g} nm of a ring of radius_um = {self.ring.radius_um:g}, "
                f"where a ring takes the next channel too: at most {most} inputs; "
                "or put the channels closer, or make the rings smaller"
            )
        return self

    def wavelengths_m(self) -> list[float]:
        """Of the channels, rising, evenly around the laser's wavelength."""
        middle, spacing = (
            to_si("wavelength_nm", self.laser.wavelength_nm),
            to_si("channel_spacing_nm", self.channel_spacing_nm),
        )
        return [middle + (k - (self.inputs - 1) / 2) * spacing for k in range(self.inputs)]

    def memory_bytes(self) -> dict[str, int]:
        # every channel meets every ring of its row: transfer, running products and their gradients
        copies = 16 + 2 * max(self.inputs - 1, 1).bit_length()
        return {"inputs": 4 * copies * self.rows * self.inputs**2}
