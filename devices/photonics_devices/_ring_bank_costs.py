"""Seconds, joules and light of one pass through a bank of microring weights. Free of torch."""

from __future__ import annotations

import math

from photonics_devices._ring_bank_card import RingBankCard
from photonics_sim.device import Costs, LinkBudget, to_si

SPEED_OF_LIGHT_M_PER_S = 299_792_458.0


def ring_bank_costs(card: RingBankCard, received_power_w: float, heater_power_w: float) -> Costs:
    """Costs of one pass.

    Lasers and heaters burn for as long as the pass lasts. Both photodiodes of a row have a converter.

    Args:
        card: The numbers.
        received_power_w: Mean optical power on one photodiode with every modulator at half its swing.
        heater_power_w: Of all heaters together, at the present settings.
    """
    laser, modulator, detector, ring = card.laser, card.modulator, card.detector, card.ring
    link = _link(card, received_power_w)
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


def _link(card: RingBankCard, received_power_w: float) -> LinkBudget:
    """From all lasers to one photodiode."""
    power = card.inputs * to_si("power_mw", card.laser.power_mw)
    losses = {
        "modulators": card.modulator.loss_db,
        "couplers and waveguides": card.link_loss_db,
        "split over the rows": 10 * math.log10(card.rows),
        "split over two photodiodes": 10 * math.log10(2),
    }
    # zero received power is an infinite loss, which JSON cannot say
    total = 10 * math.log10(power / max(received_power_w, 1e-30))
    losses["half swing and rings"] = total - sum(losses.values())
    signal = received_power_w * card.detector.responsivity_a_per_w
    return LinkBudget(
        laser_power_w=power,
        losses_db=losses,
        received_power_w=received_power_w,
        signal_current_a=signal,
        noise_current_a=math.sqrt(card.detector.noise_variance_a2(signal)),
        wall_plug_power_w=power / card.laser.wall_plug_efficiency,
    )
