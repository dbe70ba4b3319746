"""The numbers of microring resonators and their heaters. Free of torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from photonics_sim.device import Section, to_si
from photonics_sim.errors import PhotonicsError


class RingAmplitudes(NamedTuple):
    """What a ring does to a field: self-couplings of its two couplers and the amplitude left after one round trip."""

    r1: float
    r2: float
    a: float


class HeaterCard(Section):
    """The heater of a ring; every imperfection is off at its default."""

    imperfections: ClassVar[Mapping[str, Any]] = {"power_bits": 0}
    exact: ClassVar[Mapping[str, Any]] = {"power_bits": 0}

    tuning_nm_per_mw: float = Field(gt=0, le=100, description="shift of the resonance per heater power")
    max_power_mw: float = Field(gt=0, le=1e4, description="largest heater power; the smallest is none")
    power_bits: int = Field(default=0, ge=0, le=24, description="resolution of the heater power; 0 for continuous")
    crosstalk: float = Field(
        default=0.0,
        ge=0,
        le=0.4,
        description="share of its shift that the next ring of the row takes; the one after takes its square, and so on",
    )


class RingCard(Section):
    """An add-drop microring: a waveguide loop between a through bus and a drop bus, with a heater.

    The quality factor is the loaded one, wavelength over full width at half maximum of the drop resonance. From it and
    from the loss in the loop follow the couplers: alike ("symmetric"), or such that no light of the resonant wavelength
    is left on the through bus ("critical"). A cold ring is parked on the short side of its channel, because heat moves
    a resonance to longer wavelengths only.
    """

    imperfections: ClassVar[Mapping[str, Any]] = {"resonance_error_pm": 0.0}

    radius_um: float = Field(gt=0, le=1e5, description="radius of the loop")
    group_index: float = Field(ge=1, le=10, description="group index of the loop")
    quality_factor: float = Field(gt=1, le=1e9, description="loaded quality factor")
    coupling: Literal["symmetric", "critical"] = Field(default="symmetric", description="how the couplers share")
    loss_db_per_cm: float = Field(default=0.0, ge=0, le=1e3, description="loss of the loop, bends included")
    parking_nm: float = Field(ge=0, le=100, description="how far below its channel a cold ring is resonant")
    resonance_error_pm: float = Field(default=0.0, ge=0, le=1e5, description="error of the resonance as built, rms")
    heater: HeaterCard

    @model_validator(mode="after")
    def _heater_reaches_the_channel(self) -> Self:
        reach = self.heater.tuning_nm_per_mw * self.heater.max_power_mw
        if reach < self.parking_nm:
            raise ValueError(
                f"heater.max_power_mw = {self.heater.max_power_mw:g} shifts the resonance by {reach:g} nm, which does "
                f"not reach the channel at parking_nm = {self.parking_nm:g}; raise it or park nearer"
            )
        return self

    @property
    def circumference_m(self) -> float:
        return 2 * math.pi * to_si("radius_um", self.radius_um)

    def free_spectral_range_m(self, wavelength_m: float) -> float:
        """Distance of neighbouring resonances in wavelength, lambda^2 / (n_g L) (Bogaerts et al. 2012, eq. 9)."""
        return wavelength_m**2 / (self.group_index * self.circumference_m)

    def amplitudes(self, wavelength_m: float) -> RingAmplitudes:
        """Couplers and round-trip amplitude at this wavelength.

        The drop power falls to one half where 4 r1 r2 a sin^2(phi / 2) = (1 - r1 r2 a)^2. With the half width
        phi = pi n_g L / (lambda Q) this is solved for r1 r2 a; no approximation of high finesse is made.

        Raises:
            PhotonicsError: where no couplers give the quality factor, because the loop loses too much or is too long.
        """
        a = 10 ** (-to_si("loss_db_per_cm", self.loss_db_per_cm) * self.circumference_m / 20)
        orders = self.group_index * self.circumference_m / wavelength_m
        if self.quality_factor < orders:
            raise PhotonicsError(
                f"quality_factor = {self.quality_factor:g} is a resonance wider than the free spectral range of a ring "
                f"of radius_um = {self.radius_um:g}; raise it beyond {orders:.4g} or lower the radius"
            )
        sine = math.sin(math.pi * orders / (2 * self.quality_factor))
        root = math.sqrt(1 + sine**2) - sine  # of r1 r2 a
        closed = a if self.coupling == "symmetric" else a**2  # r1 r2 a where a coupler closes
        if root**2 >= closed:
            limit = math.pi * orders / (2 * math.asin(min((1 - closed) / (2 * math.sqrt(closed)), 1))) if a < 1 else 0
            raise PhotonicsError(
                f"quality_factor = {self.quality_factor:g} is not reached with loss_db_per_cm = "
                f"{self.loss_db_per_cm:g}: a ring with {self.coupling} couplers stays below {limit:.4g}; lower one of "
                "them"
            )
        if self.coupling == "symmetric":
            return RingAmplitudes(root / math.sqrt(a), root / math.sqrt(a), a)
        return RingAmplitudes(root, root / a, a)
