"""The numbers of ReLaX processors: slow banks behind fast switches. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from photonics_sim.device import Card, Section, to_si
from photonics_sim.mesh import MeshCard, RingCard
from photonics_sim.reuse import ScheduleCard
from photonics_sim.signals import DetectorCard, LaserCard
from photonics_sim.weights import (
    LiquidCrystalCard,
    PhaseChangeCard,
    PhaseShifterCard,
    ResonanceCard,
    SwitchCard,
    WriteCard,
)


class NetworkCard(Section):
    """What the electronics computes between two products."""

    nonlinearity: Literal["tanh", "relu", "saturating"] = Field(default="tanh", description="f of each layer")
    residual: float = Field(default=1.0, ge=-10, le=10, description="alpha: how much of the state each layer keeps")
    inject: Literal["once", "every", "sequence"] = Field(
        default="once", description="input before the first layer, into each, or piece by piece (layers pieces)"
    )


class DriverCard(Section):
    """The modulators that write the state on light."""

    imperfections: ClassVar[Mapping[str, Any]] = {"loss_db": 0.0}

    loss_db: float = Field(default=0.0, ge=0, le=60, description="power lost in one modulator at full scale")
    bandwidth_ghz: float = Field(gt=0, le=1e4, description="1 / it is the time to settle on a new state")
    energy_fj: float = Field(default=0.0, ge=0, le=1e9, description="energy to drive one symbol")
    dac_energy_pj: float = Field(default=0.0, ge=0, le=1e6, description="energy to convert one symbol")


class ElectronicsCard(Section):
    """The digital electronics: projections in and out, bias, residual and nonlinearity of the state."""

    state_time_ns: float = Field(gt=0, le=1e9, description="T_state, to compute and latch the next state")
    projection_time_ns: float = Field(default=0.0, ge=0, le=1e12, description="for both projections of one pass")
    mac_energy_fj: float = Field(default=0.0, ge=0, le=1e9, description="energy of one multiply and add")


class CompensationCard(Section):
    """Whether a factor undoes the drift that all weights share."""

    by: Literal["none", "global", "output"] = Field(default="none", description="one factor per bank, or per output")
    readout: Literal["ideal", "noisy"] = Field(default="noisy", description="how the mean weight is read")


class ReLaXCard(Card):
    """What all ReLaX processors have; a kind of bank adds its own.

    Loss and heater crosstalk of rings are no imperfections here: they are known, and the settings are made for them.
    """

    imperfections: ClassVar[Mapping[str, Any]] = {"facet_loss_db": 0.0}
    small: ClassVar[Mapping[str, Any]] = {"width": 6}
    training: ClassVar[Mapping[str, Any]] = {"learning_rate": 0.01, "batch_size": 256, "clip_norm": 1.0}

    inputs: int = Field(ge=1, le=10**6, description="numbers in one sample (train fits it to the data)")
    outputs: int = Field(ge=1, le=10**5, description="numbers that come out (train fits it to the data)")
    width: int = Field(default=64, ge=2, le=4096, description="N, size of the state and of each bank")
    facet_loss_db: float = Field(default=0.0, ge=0, le=60, description="power lost between laser, chip and photodiode")
    path_mm: float = Field(
        default=10.0, gt=0, le=1e6, description="optical path of one product besides the bank, index included"
    )
    schedule: ScheduleCard = Field(default_factory=ScheduleCard)
    network: NetworkCard = Field(default_factory=NetworkCard)
    laser: LaserCard
    driver: DriverCard
    detector: DetectorCard
    electronics: ElectronicsCard
    switch: SwitchCard
    write: WriteCard
    compensation: CompensationCard = Field(default_factory=CompensationCard)

    @field_validator("detector")
    @classmethod
    def _readings_are_continuous(cls, detector: DetectorCard) -> DetectorCard:
        if detector.adc_bits or detector.saturation_ua:
            raise ValueError(
                "converter steps and saturation are not modelled here; set adc_bits and saturation_ua to 0"
            )
        return detector

    @model_validator(mode="after")
    def _a_sequence_divides(self) -> Self:
        if self.network.inject == "sequence" and self.inputs % self.schedule.layers:
            raise ValueError(
                f"a sequence of schedule.layers = {self.schedule.layers} pieces does not divide inputs = {self.inputs}"
            )
        return self

    @property
    def pieces(self) -> int:
        """Parts that an input is taken in."""
        return self.schedule.layers if self.network.inject == "sequence" else 1

    def memory_bytes(self) -> dict[str, int]:
        # parameters, their gradients and two moments; states of a batch of 256
        return {
            "width": 4 * self.width**2 * (16 * self.schedule.weight_sets + 4 * self.width),
            "inputs": 16 * self.inputs * self.width,
            "schedule": 12 * 256 * self.width * self.schedule.layers,
        }


class ReLaXMeshCard(ReLaXCard):
    """Card of `ReLaXMesh`."""

    imperfections: ClassVar[Mapping[str, Any]] = {**ReLaXCard.imperfections, "wander_rad": 0.0}

    local_oscillator_mw: float = Field(gt=0, le=1e4, description="light added on each pair of photodiodes")
    wander_rad: float = Field(
        default=0.0, ge=0, le=10, description="rms wander of a phase in the first hour after a write, grows as sqrt(t)"
    )
    mesh: MeshCard
    shifter: PhaseShifterCard

    @field_validator("shifter")
    @classmethod
    def _writes_are_counted_once(cls, shifter: PhaseShifterCard) -> PhaseShifterCard:
        if shifter.dac_energy_pj or shifter.switching_energy_pj:
            raise ValueError("the energy of a write is write.energy_pj; leave those of the shifter at 0")
        return shifter


class ReLaXRingsCard(ReLaXCard):
    """Card of `ReLaXRings`."""

    channel_spacing_nm: float = Field(gt=0, le=1000, description="distance of neighbouring channels")
    ring: RingCard
    resonance: ResonanceCard = Field(default_factory=ResonanceCard)

    @model_validator(mode="after")
    def _channels_fit_between_resonances(self) -> Self:
        wavelength = to_si("wavelength_nm", self.laser.wavelength_nm)
        self.ring.amplitudes(wavelength)
        most = int(self.ring.free_spectral_range_m(wavelength) / to_si("spacing_nm", self.channel_spacing_nm))
        if self.width > most:
            raise ValueError(
                f"width = {self.width} channels of channel_spacing_nm = {self.channel_spacing_nm:g} do not fit into "
                f"one free spectral range of the rings: at most {most}; lower width, or put the channels closer"
            )
        return self


class ReLaXCrossbarCard(ReLaXCard):
    """Card of `ReLaXCrossbar`."""

    cell: PhaseChangeCard


class ReLaXPanelCard(ReLaXCard):
    """Card of `ReLaXPanel`."""

    cell: LiquidCrystalCard
