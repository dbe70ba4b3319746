"""The numbers of a small chip whose inputs are replayed with other settings in each time bin. Free of torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from photonics_sim.device import Card, Section, to_si
from photonics_sim.mesh import MeshCard
from photonics_sim.reuse import ScheduleCard
from photonics_sim.signals import DetectorCard, LaserCard
from photonics_sim.weights import PhaseShifterCard, SwitchCard

SETTLED = 1e-6
"""Share of a step that may be missing where modulators count as settled."""


class FastModulatorCard(Section):
    """A phase modulator with its drive, for data and for the weights of the bins; imperfections are off by default."""

    imperfections: ClassVar[Mapping[str, Any]] = {
        "dac_bits": 0,
        "loss_db": 0.0,
        "phase_noise_rad": 0.0,
        "settling": False,
    }
    exact: ClassVar[Mapping[str, Any]] = {"dac_bits": 0}

    bandwidth_mhz: float = Field(gt=0, le=1e7, description="f at 3 dB; it follows its drive with 1 / (2 pi f), to 1/e")
    settling: bool = Field(default=False, description="whether it lags behind its drive; otherwise it is there at once")
    loss_db: float = Field(default=0.0, ge=0, le=60, description="power lost in one modulator")
    dac_bits: int = Field(default=0, ge=0, le=24, description="resolution over 2 pi of its phase; 0 for continuous")
    phase_noise_rad: float = Field(default=0.0, ge=0, le=10, description="noise of its phase in one bin, rms")
    pi_power_mw: float = Field(default=0.0, ge=0, le=1e4, description="power that holds a phase of pi; 0 for none")
    energy_fj: float = Field(default=0.0, ge=0, le=1e12, description="energy to drive it in one bin")
    dac_energy_pj: float = Field(default=0.0, ge=0, le=1e6, description="energy to convert its setting in one bin")
    length_um: float = Field(default=0.0, ge=0, le=1e6, description="length along the light, for the latency")

    @property
    def time_constant_s(self) -> float:
        """tau of its low pass, 1 / (2 pi f); 0 where settling is off."""
        return 1 / (2 * math.pi * to_si("bandwidth_mhz", self.bandwidth_mhz)) if self.settling else 0.0


class BinWeightCard(Section):
    """The interferometers with two outputs that give each bin a signed weight, one for each output of the device."""

    imperfections: ClassVar[Mapping[str, Any]] = {"extinction_db": 0.0, "loss_db": 0.0}

    extinction_db: float = Field(default=0.0, ge=0, le=100, description="bright over dark power; 0 for perfect dark")
    loss_db: float = Field(default=0.0, ge=0, le=60, description="power lost, both outputs taken together")

    @property
    def largest(self) -> float:
        """kappa, the largest weight: (X - 1) / (X + 1) at an extinction ratio X."""
        if not self.extinction_db:
            return 1.0
        return math.tanh(self.extinction_db * math.log(10) / 20)


class TimeMultiplexedProcessorCard(Card):
    """Card of `TimeMultiplexedProcessor`."""

    training: ClassVar[Mapping[str, Any]] = {"learning_rate": 0.05, "batch_size": 128}
    small: ClassVar[Mapping[str, Any]] = {"modes": 3}
    imperfections: ClassVar[Mapping[str, Any]] = {"facet_loss_db": 0.0}

    inputs: int = Field(ge=1, le=10**5, description="numbers in one sample (train fits it to the data)")
    outputs: int = Field(ge=1, le=10**5, description="pairs of photodiodes (train fits it to the data)")
    modes: int = Field(
        default=4, ge=2, le=1024, description="waveguides; more where a column needs them for its inputs"
    )
    columns: int = Field(
        default=0, ge=0, le=10**5, description="columns that the inputs are spread over; 0 for one for each input"
    )
    bin_ns: float = Field(gt=0, le=1e9, description="time of one bin")
    guard_ns: float = Field(ge=0, le=1e9, description="time at the start of a bin in which the detector is gated off")
    gate_samples: int = Field(
        default=3, ge=1, le=64, description="Gauss-Legendre points over the gate where modulators still settle in it"
    )
    scale_low: float = Field(default=0.1, gt=0, le=100, description="initial input scale of the first bin, rms")
    scale_high: float = Field(default=2.0, gt=0, le=100, description="initial input scale of the last bin, rms")
    train_mixers: bool = Field(default=False, description="train the mixers, or keep random ones")
    facet_loss_db: float = Field(default=0.0, ge=0, le=60, description="power lost between laser, chip and photodiode")
    schedule: ScheduleCard = Field(
        default_factory=lambda: ScheduleCard(weight_sets=1, layers=16),
        description="layers are the time bins, weight_sets the banks of mixers",
    )
    laser: LaserCard
    modulator: FastModulatorCard
    weight: BinWeightCard = Field(default_factory=BinWeightCard)
    mesh: MeshCard
    shifter: PhaseShifterCard
    switch: SwitchCard
    detector: DetectorCard

    @model_validator(mode="after")
    def _the_gate_opens(self) -> Self:
        if self.guard_ns >= self.bin_ns:
            raise ValueError(
                f"guard_ns = {self.guard_ns:g} leaves nothing of bin_ns = {self.bin_ns:g} to detect light in; make "
                "bins longer or the guard shorter"
            )
        if self.scale_low > self.scale_high:
            raise ValueError(f"scale_low = {self.scale_low:g} is above scale_high = {self.scale_high:g}; swap them")
        return self

    @field_validator("switch")
    @classmethod
    def _dark_banks_are_dark(cls, switch: SwitchCard) -> SwitchCard:
        if switch.crosstalk_db:
            raise ValueError("light that leaks into dark banks is not modelled here; set switch.crosstalk_db to 0")
        return switch

    @property
    def bins(self) -> int:
        """Time bins of one pass: the number of terms of its sum."""
        return self.schedule.layers

    @property
    def inputs_per_column(self) -> int:
        """Modulators side by side in a column; the last may have fewer."""
        return math.ceil(self.inputs / (min(self.columns, self.inputs) or self.inputs))

    @property
    def used_columns(self) -> int:
        """Columns that have a modulator: the most inputs that one path of light meets."""
        return math.ceil(self.inputs / self.inputs_per_column)

    @property
    def waveguides(self) -> int:
        """At least `modes`, enough for the modulators of a column, a power of 2 for a butterfly."""
        needed = max(self.modes, self.inputs_per_column)
        return 1 << (needed - 1).bit_length() if self.mesh.topology == "butterfly" else needed

    @property
    def mixers(self) -> int:
        """Meshes in a bank: before, between and behind the columns."""
        return self.used_columns + 1

    @property
    def gate_s(self) -> float:
        """Seconds of each bin in which light is integrated."""
        return to_si("bin_ns", self.bin_ns) - to_si("guard_ns", self.guard_ns)

    @property
    def lead_s(self) -> float:
        """Seconds in front of the first bin, in which modulators settle on it to a millionth of the step."""
        return self.modulator.time_constant_s * math.log(1 / SETTLED)

    @property
    def lags(self) -> bool:
        """Whether modulators still settle when the gate opens, by more than a millionth of the step."""
        return to_si("guard_ns", self.guard_ns) < self.lead_s

    @property
    def integrator(self) -> DetectorCard:
        """The detector with the noise bandwidth of integration over all gates, 1 / (2 T), or its own if smaller."""
        bandwidth_mhz = 1e-6 / (2 * self.bins * self.gate_s)
        return self.detector.model_copy(update={"bandwidth_mhz": min(bandwidth_mhz, self.detector.bandwidth_mhz)})

    def memory_bytes(self) -> dict[str, int]:
        # fields and transmissions of a batch of 128 with what their gradients keep; parameters with two moments
        batch = 3 * 8 * 128 * self.bins
        return {
            "inputs": (batch + 32 * self.bins) * self.inputs,
            "columns": batch * self.mixers * self.waveguides,
        }
