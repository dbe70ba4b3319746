"""The numbers of a camera. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from photonics_sim.device import PLANCK_CONSTANT_J_S, SPEED_OF_LIGHT_M_PER_S, Section, to_si

LONGEST_M = 1e-3  # wavelength that a pixel sees: beyond it, one was given in another unit


class CameraCard(Section):
    """A camera whose pixels collect electrons for one exposure; every imperfection is off at its default."""

    imperfections: ClassVar[Mapping[str, Any]] = {
        "shot_noise": False,
        "read_noise_e": 0.0,
        "dark_current_e_per_s": 0.0,
        "full_well_e": 0.0,
        "adc_bits": 0,
    }
    exact: ClassVar[Mapping[str, Any]] = {"adc_bits": 0}

    quantum_efficiency: float = Field(default=1.0, gt=0, le=1, description="electrons per photon that reaches a pixel")
    exposure_ms: float = Field(default=1.0, gt=0, le=1e7, description="time in which a pixel collects light")
    shot_noise: bool = Field(
        default=False, description="whether a reading carries the shot noise of light and dark current"
    )
    read_noise_e: float = Field(default=0.0, ge=0, le=1e6, description="rms noise of reading a pixel out; 0 for none")
    dark_current_e_per_s: float = Field(
        default=0.0,
        ge=0,
        le=1e9,
        description="electrons that collect without light: they take room in the well and carry shot noise, and their "
        "mean is subtracted from a reading, as a dark frame would",
    )
    full_well_e: float = Field(
        default=0.0,
        ge=0,
        le=1e9,
        description="most electrons that a pixel holds, and full scale of the converter; 0 for no limit",
    )
    adc_bits: int = Field(default=0, ge=0, le=24, description="resolution of the converter; 0 for continuous")
    adc_energy_pj: float = Field(default=0.0, ge=0, le=1e6, description="energy of converting one pixel")
    adc_time_ns: float = Field(default=0.0, ge=0, le=1e9, description="time of converting one frame")

    @model_validator(mode="after")
    def _the_well_holds_what_it_must(self) -> Self:
        if self.adc_bits and not self.full_well_e:
            raise ValueError("adc_bits needs full_well_e, the full scale that the bits divide")
        if self.full_well_e and self.dark_e >= self.full_well_e:
            raise ValueError(
                f"the dark current fills the well: {self.dark_e:.4g} e in exposure_ms = {self.exposure_ms:g}, of "
                f"full_well_e = {self.full_well_e:g}; expose for a shorter time, or cool the camera"
            )
        return self

    @property
    def dark_e(self) -> float:
        """Mean number of electrons that a pixel collects in one exposure without light."""
        return self.dark_current_e_per_s * to_si("exposure_ms", self.exposure_ms)

    def electrons_per_w(self, wavelength_m: float) -> float:
        """Electrons that a pixel collects in one exposure for each watt of light: eta t lambda / (h c)."""
        photon = PLANCK_CONSTANT_J_S * SPEED_OF_LIGHT_M_PER_S / wavelength_m
        return self.quantum_efficiency * to_si("exposure_ms", self.exposure_ms) / photon

    def noise_variance_e2(self, electrons: float) -> float:
        """Shot, dark and read noise of a mean number of photoelectrons, in electrons^2, whether switched on or not.

        N + N_dark + sigma_read^2: the photon transfer curve.
        """
        return electrons + self.dark_e + self.read_noise_e**2
