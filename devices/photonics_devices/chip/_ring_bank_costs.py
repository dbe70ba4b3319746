"""Seconds, joules and light of one pass through a bank of microring weights. Free of torch."""

from __future__ import annotations

import math

from photonics_devices.chip._ring_bank_card import RingBankCard
from photonics_sim.device import SPEED_OF_LIGHT_M_PER_S, Costs, to_si
from photonics_sim.signals import link_budget


def ring_bank_costs(card: RingBankCard, received_power_w: float, heater_power_w: float) -> Costs:
    """Costs of one pass.

    Lasers and heaters burn for as long as the pass lasts. Both photodiodes of a row have a converter.

    Args:
        card: The numbers.
        received_power_w: Mean optical power on one photodiode with every modulator at half its swing.
        heater_power_w: Of all heaters together, at the present settings.
    """
    laser, modulator, detector, ring = card.laser, card.modulator, card.detector, card.ring
    losses = {
        "modulators": modulator.loss_db,
        "couplers and waveguides": card.link_loss_db,
        "split over the rows": 10 * math.log10(card.rows),
        "split over two photodiodes": 10 * math.log10(2),
    }
    link = link_budget(laser, detector, received_power_w, losses, "half swing and rings", lasers=card.inputs)
    lifetime = ring.quality_factor * to_si("wavelength_nm", laser.wavelength_nm) / (2 * math.pi)
    latency = {
        "modulators": 1 / to_si("bandwidth_ghz", modulator.bandwidth_ghz),
        "light": (to_si("path_mm", card.path_mm) * ring.group_index + lifetime) / SPEED_OF_LIGHT_M_PER_S,
        "detector": 1 / to_si("bandwidth_mhz", detector.bandwidth_mhz),
        "converter": to_si("adc_time_ns", detector.adc_time_ns),
    }
    duration = sum(latency.values())
    energy = {
        "lasers": link.wall_plug_power_w * duration,
        "heaters": heater_power_w * duration,
        "modulators": card.inputs * to_si("energy_fj", modulator.energy_fj),
        "modulator converters": card.inputs * to_si("dac_energy_pj", modulator.dac_energy_pj),
        "detector converters": 2 * card.rows * to_si("adc_energy_pj", detector.adc_energy_pj),
    }
    return Costs(latency, energy, (link,))
