"""The numbers of a mesh: its topology, its splitters and its waveguides. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, field_validator

from photonics_sim.device import Section
from photonics_sim.mesh._topologies import TOPOLOGIES, no_topology


class SplitterCard(Section):
    """The static two-by-two couplers of a mesh; every imperfection is off at its default."""

    imperfections: ClassVar[Mapping[str, Any]] = {
        "coupling_slope_per_nm": 0.0,
        "error_rad": 0.0,
        "loss_db": 0.0,
        "return_loss_db": 0.0,
    }

    coupling: float = Field(default=0.5, gt=0, lt=1, description="power that crosses over at the design wavelength")
    coupling_slope_per_nm: float = Field(default=0.0, ge=-1, le=1, description="change of the coupling with wavelength")
    error_rad: float = Field(default=0.0, ge=0, le=1, description="error of the splitting angle as built, rms")
    loss_db: float = Field(default=0.0, ge=0, le=60, description="power lost in one splitter")
    return_loss_db: float = Field(default=0.0, ge=0, le=200, description="reflection, 0 for none")


class MeshCard(Section):
    """A mesh of cells between parallel waveguides."""

    imperfections: ClassVar[Mapping[str, Any]] = {"waveguide_loss_db_per_cm": 0.0}

    topology: str = Field(default="clements", description="arrangement of the cells")
    design_wavelength_nm: float = Field(default=1550.0, ge=100, le=20000, description="where the coupling holds")
    splitter: SplitterCard = Field(default_factory=SplitterCard)
    column_length_um: float = Field(default=300.0, gt=0, le=1e6, description="length of one column of cells")
    mode_pitch_um: float = Field(default=127.0, gt=0, le=1e6, description="distance of neighbouring waveguides")
    waveguide_loss_db_per_cm: float = Field(default=0.0, ge=0, le=1e3, description="propagation loss")
    group_index: float = Field(default=4.2, ge=1, le=10, description="group index of the waveguides, for the latency")
    correlation_length_um: float = Field(
        default=0.0, ge=0, le=1e6, description="distance over which errors on the wafer are alike; 0 for independent"
    )
    correlated_share: float = Field(
        default=0.5, ge=0, le=1, description="share of the error variance that varies over the correlation length"
    )

    @field_validator("topology")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in TOPOLOGIES:
            raise ValueError(no_topology(name))
        return name
