"""Seconds, joules and light of one pass through the free-space scattering network. Free of torch."""

from __future__ import annotations

import math

from photonics_devices.scatterer._scatterer_card import FreeSpaceScattererCard
from photonics_sim.device import SPEED_OF_LIGHT_M_PER_S, Costs, to_si
from photonics_sim.signals import link_budget


def scatterer_costs(card: FreeSpaceScattererCard, received_power_w: float) -> Costs:
    """Costs of one pass, given the mean power on one detector.

    Data are written to the modulator for every pass, all pixels at once; then light settles, and every detector is
    read. The laser burns for as long as the pass lasts.
    """
    laser, detector = card.laser, card.detector
    power = to_si("power_mw", laser.power_mw)
    latency = {
        "modulator settling": to_si("response_time_ms", card.modulator.response_time_ms),
        "light": _trips(card) * to_si("round_trip_mm", card.scattering.round_trip_mm) / SPEED_OF_LIGHT_M_PER_S,
        "detector": 1 / to_si("bandwidth_mhz", detector.bandwidth_mhz),
        "converter": to_si("adc_time_ns", detector.adc_time_ns),
    }
    wall_plug = power / laser.wall_plug_efficiency
    energy = {
        "laser": wall_plug * sum(latency.values()),
        "modulator converters": card.systems * card.inputs * to_si("dac_energy_pj", card.modulator.dac_energy_pj),
        "detector converters": card.classes * to_si("adc_energy_pj", detector.adc_energy_pj),
    }
    split = {"split over the classes": 10 * math.log10(card.classes)}
    link = link_budget(laser, detector, received_power_w, split, "not focused on the detector")
    return Costs(latency, energy, (link,))


def _trips(card: FreeSpaceScattererCard) -> float:
    """Round trips until the detectors are read."""
    if card.bounces:
        return card.bounces
    # the light left in the loop falls by the coupling at each round trip: wait until the tolerance
    return math.log(card.tolerance) / math.log(card.coupling) if card.coupling > 0 else 1.0
