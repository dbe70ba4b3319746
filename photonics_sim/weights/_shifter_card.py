"""The numbers of a phase shifter and of the electronics that drive it. Free of torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from photonics_sim.device import Section

Effect = Literal["thermo-optic", "electro-optic", "mems", "phase-change"]

# what drives each effect, and the fields that mean something to some effects alone: who has them, what others do
_NEEDS: dict[Effect, list[tuple[str, str]]] = {
    "thermo-optic": [("pi_power_mw", "the heater power for a phase of pi")],
    "electro-optic": [("pi_voltage_v", "the voltage for a phase of pi")],
    "mems": [("pi_voltage_v", "the voltage for a phase of pi")],
    "phase-change": [],
}
_DRIVEN = ("thermo-optic", "electro-optic", "mems")
_BELONGS: dict[str, tuple[tuple[str, ...], str]] = {
    "pi_power_mw": (("thermo-optic",), "remove it, or set pi_voltage_v"),
    "resistance_ohm": (("thermo-optic",), "remove it"),
    "max_power_mw": (("thermo-optic",), "limit the drive with max_drive_v"),
    "pi_voltage_v": (("electro-optic", "mems"), "remove it; a heater has pi_power_mw and resistance_ohm"),
    "max_drive_v": (_DRIVEN, "no voltage holds its phase: set range_rad"),
    "dac_bits": (_DRIVEN, "no voltage holds its phase: set levels"),
    "crosstalk": (_DRIVEN, "it holds its phase without heat: set crosstalk to 0"),
    "levels": (("phase-change",), "its steps are those of the converter: set dac_bits"),
}


class PhaseShifterCard(Section):
    """A phase shifter with its drive; every imperfection is off at its default.

    The phase is pi P / P_pi for a heater (P = V^2 / R), pi V / V_pi for an electro-optic shifter and pi (V / V_pi)^2
    for an electrostatic one (MEMS); a phase-change cell is written by pulses and holds its phase without a drive.
    """

    imperfections: ClassVar[Mapping[str, Any]] = {
        "range_rad": 0.0,
        "max_drive_v": 0.0,
        "max_power_mw": 0.0,
        "dac_bits": 0,
        "levels": 0,
        "loss_db": 0.0,
        "phase_error_rad": 0.0,
        "crosstalk": 0.0,
    }
    exact: ClassVar[Mapping[str, Any]] = {"dac_bits": 0, "levels": 0}  # a staircase has no derivative to test

    effect: Effect = Field(description="what turns the phase")
    pi_power_mw: float = Field(default=0.0, ge=0, le=1e4, description="heater power for a phase of pi; thermo-optic")
    resistance_ohm: float = Field(
        default=0.0, ge=0, le=1e7, description="of the heater; 0 where voltages are not asked"
    )
    pi_voltage_v: float = Field(
        default=0.0, ge=0, le=1e4, description="voltage for a phase of pi; electro-optic (linear), mems (quadratic)"
    )
    range_rad: float = Field(
        default=0.0,
        ge=0,
        le=100,
        description="phases from 0 to here are held as commanded, others wrapped by turns; 0 for one turn, more "
        "leaves room to compensate crosstalk",
    )
    max_drive_v: float = Field(
        default=0.0, ge=0, le=1e4, description="largest voltage, and full scale of the converter; 0 for no limit"
    )
    max_power_mw: float = Field(
        default=0.0, ge=0, le=1e4, description="largest heater power, and full scale of the converter; 0 for no limit"
    )
    dac_bits: int = Field(
        default=0,
        ge=0,
        le=24,
        description="voltage steps from 0 to the limit, or to the range where there is none; 0 for continuous",
    )
    levels: int = Field(
        default=0,
        ge=0,
        le=2**24,
        description="even phase levels of a phase-change cell from 0 to its range, both among them; 0 for continuous",
    )
    loss_db: float = Field(default=0.0, ge=0, le=60, description="power lost in one shifter")
    response_time_us: float = Field(
        default=0.0,
        ge=0,
        le=1e9,
        description="time constant of the exponential (to 1/e); a 10-90 % rise time is ln 9 = 2.197 of them, "
        "a 3 dB bandwidth f means 1 / (2 pi f); 0 for at once",
    )
    static_power_uw: float = Field(default=0.0, ge=0, le=1e9, description="power to hold any phase, besides a heater's")
    switching_energy_pj: float = Field(default=0.0, ge=0, le=1e12, description="energy of one change of the phase")
    dac_energy_pj: float = Field(default=0.0, ge=0, le=1e6, description="energy of one conversion of a command")
    phase_error_rad: float = Field(default=0.0, ge=0, le=10, description="static error of the phase as built, rms")
    crosstalk: float = Field(
        default=0.0, ge=0, lt=1, description="phase at crosstalk_pitch_um away as a share of the shifter's own"
    )
    crosstalk_pitch_um: float = Field(default=127.0, gt=0, le=1e6, description="distance at which crosstalk is given")
    crosstalk_decay_um: float = Field(
        default=0.0, ge=0, le=1e6, description="distance over which crosstalk falls to 1/e; needed where there is some"
    )

    @model_validator(mode="after")
    def _drive_fits_the_effect(self) -> Self:
        for key, (effects, remedy) in _BELONGS.items():
            if getattr(self, key) and self.effect not in effects:
                raise ValueError(f'{key} means nothing where effect = "{self.effect}"; {remedy}')
        for needed, meaning in _NEEDS[self.effect]:
            if not getattr(self, needed):
                raise ValueError(f'effect = "{self.effect}" needs {needed}, {meaning}')
        if self.effect == "thermo-optic" and self.max_drive_v and not self.resistance_ohm:
            raise ValueError("max_drive_v needs resistance_ohm, which turns volts into heat; or set max_power_mw")
        return self

    @model_validator(mode="after")
    def _steps_and_crosstalk(self) -> Self:
        if self.levels == 1:
            raise ValueError("levels = 1 holds the phase 0 alone; at least 2, or 0 for continuous")
        if self.crosstalk and not self.crosstalk_decay_um:
            raise ValueError(
                "crosstalk that does not decay would heat the whole chip; set crosstalk_decay_um, the distance over "
                "which it falls to 1/e"
            )
        return self

    @property
    def span_rad(self) -> float:
        """Phases from 0 up to this one are held as commanded."""
        return self.range_rad or 2 * math.pi

    @property
    def exponent(self) -> int:
        """p of the curve, phase = pi (V / V_pi)^p."""
        return 1 if self.effect == "electro-optic" else 2

    @property
    def pi_drive_v(self) -> float:
        """V_pi of the curve in volts; 0 where it is not known or no voltage holds the phase."""
        return math.sqrt(self.pi_power_mw * 1e-3 * self.resistance_ohm) or self.pi_voltage_v

    @property
    def limit_rad(self) -> float:
        """The phase at the limit of the drive; infinite without a limit."""
        limits = [math.inf]
        if self.max_power_mw:
            limits.append(math.pi * self.max_power_mw / self.pi_power_mw)
        if self.max_drive_v:
            limits.append(math.pi * (self.max_drive_v / self.pi_drive_v) ** self.exponent)
        return min(limits)

    @property
    def reach_rad(self) -> float:
        """The largest phase that can be held."""
        return min(self.span_rad, self.limit_rad)

    def relative_drive(self, phase_rad: float) -> float:
        """V / V_pi at a phase."""
        return math.sqrt(phase_rad / math.pi) if self.exponent == 2 else phase_rad / math.pi

    @property
    def full_scale_rad(self) -> float:
        """The phase at the converter's last step."""
        return self.limit_rad if math.isfinite(self.limit_rad) else self.span_rad
