"""The numbers of a nonlinear element on a chip, and what it costs. Free of torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from photonics_sim.device import Costs, Section, to_si

ActivationName = Literal["none", "electro-optic", "saturable-absorber", "photodiode"]


class ActivationCard(Section):
    """A nonlinear element, one per waveguide. Fields that its kind does not name are not read.

    - electro-optic: `tap`, `responsivity_a_per_w`, `gain_ohm`, `half_wave_v`, `bias_v`
    - saturable-absorber: `saturation_mw`, `absorption_db`
    - photodiode: `responsivity_a_per_w`, `gain_ohm`, `half_wave_v`, `laser_power_mw`, `wall_plug_efficiency`
    """

    imperfections: ClassVar[Mapping[str, Any]] = {"loss_db": 0.0}

    kind: ActivationName = Field(default="none", description="which nonlinearity")
    tap: float = Field(default=0.1, ge=0, lt=1, description="share of the power that is tapped to drive the modulator")
    responsivity_a_per_w: float = Field(default=1.0, ge=0, le=2, description="photocurrent per optical power")
    gain_ohm: float = Field(default=1000.0, ge=0, le=1e9, description="drive voltage per photocurrent")
    half_wave_v: float = Field(default=10.0, gt=0, le=1e3, description="voltage for a phase of pi in the modulator")
    bias_v: float = Field(default=0.0, ge=-1e3, le=1e3, description="voltage on the modulator without light")
    saturation_mw: float = Field(default=1.0, gt=0, le=1e6, description="power that halves the local absorption")
    absorption_db: float = Field(default=3.0, ge=0, le=60, description="absorption of weak light")
    laser_power_mw: float = Field(default=1.0, ge=0, le=1e6, description="power of the laser that is modulated anew")
    wall_plug_efficiency: float = Field(default=0.2, gt=0, le=1, description="of that laser")
    loss_db: float = Field(default=0.0, ge=0, le=60, description="power lost besides, at any power; 0 for none")
    bandwidth_ghz: float = Field(default=10.0, gt=0, le=1e6, description="of the slowest part; 1 / it is one symbol")
    bias_power_mw: float = Field(default=0.0, ge=0, le=1e6, description="electrical power while idle, per element")

    @property
    def phase_gain_rad_per_w(self) -> float:
        """g_phi = pi alpha G R / V_pi, the phase per power in front of the tap (Williamson et al. 2020)."""
        drive = self.tap * self.gain_ohm * self.responsivity_a_per_w
        return math.pi * drive / self.half_wave_v

    @property
    def phase_bias_rad(self) -> float:
        """phi_b = pi V_b / V_pi."""
        return math.pi * self.bias_v / self.half_wave_v


def activation_costs(card: ActivationCard, elements: int) -> Costs:
    """Seconds and joules of one symbol in `elements` nonlinear elements side by side.

    A symbol lasts 1 / bandwidth, and electronics and the new laser burn for as long. The absorbed signal is light that
    the device's own laser has paid for.
    """
    if card.kind == "none":
        return Costs({}, {}, ())
    symbol = 1 / to_si("bandwidth_ghz", card.bandwidth_ghz)
    energy = {"activation bias": elements * to_si("bias_power_mw", card.bias_power_mw) * symbol}
    if card.kind == "photodiode":
        electrical = to_si("laser_power_mw", card.laser_power_mw) / card.wall_plug_efficiency
        energy["activation lasers"] = elements * electrical * symbol
    return Costs({"activation": symbol}, energy, ())
