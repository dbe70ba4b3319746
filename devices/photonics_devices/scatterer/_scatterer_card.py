"""The numbers of the free-space scattering network. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from photonics_sim.device import Card, Section
from photonics_sim.signals import DetectorCard, LaserCard


class PhaseModulatorCard(Section):
    """The pixels that carry the data; every imperfection is off at its default."""

    imperfections: ClassVar[Mapping[str, Any]] = {
        "phase_bits": 0,
        "phase_noise_rad": 0.0,
        "phase_error_rad": 0.0,
        "shift_px": 0.0,
        "loss_db": 0.0,
    }

    phase_bits: int = Field(default=0, ge=0, le=16, description="resolution over 2 pi; 0 for continuous")
    phase_noise_rad: float = Field(default=0.0, ge=0, le=10, description="phase noise of one reading, rms")
    phase_error_rad: float = Field(default=0.0, ge=0, le=10, description="static phase error of a pixel as built, rms")
    shift_px: float = Field(
        default=0.0,
        ge=0,
        le=100,
        description="lateral shift of the panel against the medium as built, rms per axis, pixels",
    )
    loss_db: float = Field(default=0.0, ge=0, le=60, description="power lost in one crossing")
    response_time_ms: float = Field(ge=0, le=1e6, description="time to settle on new data")
    dac_energy_pj: float = Field(ge=0, le=1e6, description="energy to convert one pixel's value")


class ScatteringCard(Section):
    """The lossless medium that mixes the pixels."""

    imperfections: ClassVar[Mapping[str, Any]] = {"error_rad": 0.0}

    error_rad: float = Field(default=0.0, ge=0, le=10, description="rms error of a generator entry as built")
    round_trip_mm: float = Field(gt=0, le=1e6, description="optical path of one round trip")


class FreeSpaceScattererCard(Card):
    """Card of `FreeSpaceScatterer`."""

    output_field: ClassVar[str] = "classes"
    exact: ClassVar[Mapping[str, Any]] = {"tolerance": 1e-15}

    inputs: int = Field(ge=1, le=10**9, description="modulator pixels, one per input")
    classes: int = Field(ge=1, le=10**6, description="detectors, one optical system each")
    copies: int = Field(default=1, ge=1, le=10**6, description="copies R whose fields a lens sums on the detector")
    train_scattering: bool = Field(default=True, description="train the scattering matrix, or keep a random one")
    scale_ladder: Literal["geometric", "published"] = Field(
        default="geometric",
        description="initial input scale of copy r: 0.1 to 10, or 0.1 * 10^r as published",
    )
    coupling: float = Field(default=0.5, ge=0, lt=1, description="fraction of the amplitude that stays in the loop")
    bounces: int = Field(
        default=0, ge=0, le=1000, description="round trips of the light until it is read; 0 for the stationary field"
    )
    tolerance: float = Field(
        default=1e-6,
        ge=1e-15,
        le=0.1,
        description="error of the field relative to the source, or rounding if larger",
    )
    laser: LaserCard
    modulator: PhaseModulatorCard
    scattering: ScatteringCard
    detector: DetectorCard

    @property
    def systems(self) -> int:
        """Independent scattering systems: one per class and copy."""
        return self.classes * self.copies

    def memory_bytes(self) -> dict[str, int]:
        d, g = self.inputs, self.systems
        # generator, S, eigenvectors, two gradients and two Adam moments; then the fields of one batch of 128
        matrices, field = 8 * 4 * g * d * d, 8 * 128 * g * d
        return {"inputs": matrices, "copies": 8 * field, "bounces": 3 * field * self.bounces}
