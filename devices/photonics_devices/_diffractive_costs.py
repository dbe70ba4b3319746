"""Seconds, joules and light of one pass through a row of phase masks. Free of torch."""

from __future__ import annotations

from photonics_devices._diffractive_card import DiffractiveStackCard
from photonics_sim.device import SPEED_OF_LIGHT_M_PER_S, Costs, to_si
from photonics_sim.signals import link_budget


def diffractive_costs(card: DiffractiveStackCard, received_power_w: float) -> Costs:
    """Costs of one pass, given the mean power on one detector.

    Data are written for every pass, all pixels at once; then light crosses the masks, and every detector is read. The
    laser burns for as long as the pass lasts.
    """
    laser, detector, encoder = card.laser, card.detector, card.encoder
    hops = card.masks + 1
    latency = {
        "data panel": 1 / to_si("bandwidth_ghz", encoder.bandwidth_ghz),
        "light": hops * to_si("spacing_mm", card.spacing_mm) / SPEED_OF_LIGHT_M_PER_S,
        "detector": 1 / to_si("bandwidth_mhz", detector.bandwidth_mhz),
        "converter": to_si("adc_time_ns", detector.adc_time_ns),
    }
    pixels = card.inputs * (to_si("energy_fj", encoder.energy_fj) + to_si("dac_energy_pj", encoder.dac_energy_pj))
    energy = {
        "laser": to_si("power_mw", laser.power_mw) / laser.wall_plug_efficiency * sum(latency.values()),
        "data panel": pixels,
        "detector converters": card.classes * to_si("adc_energy_pj", detector.adc_energy_pj),
    }
    losses = {"data panel": encoder.loss_db, "masks": card.masks * card.mask.loss_db}
    return Costs(latency, energy, (link_budget(laser, detector, received_power_w, losses, "not on this detector"),))
