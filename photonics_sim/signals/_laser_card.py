"""The numbers of a laser. Free of torch."""

from __future__ import annotations

from pydantic import Field

from photonics_sim.device import Section


class LaserCard(Section):
    """The source of light."""

    power_mw: float = Field(gt=0, le=1e6, description="optical power, shared by all that it lights")
    wavelength_nm: float = Field(ge=100, le=1e7, description="vacuum wavelength")
    wall_plug_efficiency: float = Field(gt=0, le=1, description="optical power per electrical power")
