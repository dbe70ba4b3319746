"""The numbers of a photodetector. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from photonics_sim.device import ELEMENTARY_CHARGE_C, Section, to_si

Stage = Literal["gain", "noise", "clip", "quantise"]


class DetectorCard(Section):
    """A photodiode with its amplifier and converter; every imperfection is off at its default."""

    imperfections: ClassVar[Mapping[str, Any]] = {
        "shot_noise": False,
        "thermal_noise": False,
        "saturation_ua": 0.0,
        "adc_bits": 0,
    }
    exact: ClassVar[Mapping[str, Any]] = {"adc_bits": 0}

    chain: list[Stage] = Field(
        default=["gain", "noise", "clip", "quantise"],
        description="order in which the signal passes the stages",
    )
    responsivity_a_per_w: float = Field(default=1.0, gt=0, le=2, description="photocurrent per optical power")
    dark_current_na: float = Field(default=0.0, ge=0, le=1e6, description="current without light, for its noise")
    bandwidth_mhz: float = Field(default=1.0, gt=0, le=1e6, description="noise bandwidth of a reading")
    shot_noise: bool = Field(default=False, description="whether a reading carries shot noise")
    thermal_noise_pa_per_rthz: float = Field(default=0.0, ge=0, le=1e4, description="amplifier noise density")
    thermal_noise: bool = Field(default=False, description="whether a reading carries amplifier noise")
    saturation_ua: float = Field(
        default=0.0,
        ge=0,
        le=1e6,
        description="largest photocurrent and full scale of the converter; 0 for none",
    )
    adc_bits: int = Field(default=0, ge=0, le=24, description="resolution of the converter; 0 for continuous")
    adc_energy_pj: float = Field(default=0.0, ge=0, le=1e6, description="energy of one conversion")
    adc_time_ns: float = Field(default=0.0, ge=0, le=1e9, description="time of one conversion")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.chain)) != len(self.chain) or "gain" not in self.chain:
            raise ValueError(f"chain = {self.chain} must name each stage at most once, and gain among them")
        if self.adc_bits and not self.saturation_ua:
            raise ValueError("adc_bits needs saturation_ua, the full scale that the bits divide")
        return self

    def noise_variance_a2(self, current_a: float) -> float:
        """Shot and thermal noise of a mean current in the bandwidth, in A^2, whether switched on or not.

        2 q (I + I_dark) B + i_n^2 B.
        """
        bandwidth = to_si("bandwidth_mhz", self.bandwidth_mhz)
        dark = to_si("dark_current_na", self.dark_current_na)
        density = to_si("thermal_noise_pa_per_rthz", self.thermal_noise_pa_per_rthz)
        return (2 * ELEMENTARY_CHARGE_C * (current_a + dark) + density**2) * bandwidth
