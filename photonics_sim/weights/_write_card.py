"""What it takes to write slow weights, and how often they survive it. Free of torch."""

from __future__ import annotations

import math

from pydantic import Field

from photonics_sim.device import Section, to_si


class WriteCard(Section):
    """One write of an array of slow weights."""

    time_us: float = Field(gt=0, le=1e12, description="from a new command until the cell holds it, settling included")
    energy_pj: float = Field(default=0.0, ge=0, le=1e12, description="energy of writing one cell")
    parallel_cells: int = Field(
        default=0, ge=0, le=10**9, description="cells that are written at the same time; 0 for all of a bank"
    )
    endurance_cycles: float = Field(default=0.0, ge=0, le=1e18, description="writes that a cell survives; 0: no limit")
    hold_power_uw: float = Field(
        default=0.0, ge=0, le=1e9, description="power to hold one cell, besides what its setting takes"
    )

    def bank_time_s(self, cells: int) -> float:
        """Seconds to write a bank of so many cells."""
        rounds = math.ceil(cells / self.parallel_cells) if self.parallel_cells else 1
        return rounds * to_si("time_us", self.time_us)

    def bank_energy_j(self, cells: int) -> float:
        """Joules to write a bank of so many cells."""
        return cells * to_si("energy_pj", self.energy_pj)

    @property
    def endurance(self) -> float:
        """Writes that a cell survives; infinite without a limit."""
        return self.endurance_cycles or math.inf
