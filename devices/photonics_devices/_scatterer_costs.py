"""Seconds, joules and light of one pass through the free-space scattering network. Free of torch."""

from __future__ import annotations

import math

from photonics_devices._scatterer_card import FreeSpaceScattererCard
from photonics_sim.device import Costs, LinkBudget, to_si

SPEED_OF_LIGHT_M_PER_S = 299_792_458.0


def scatterer_costs(card: FreeSpaceScattererCard, received_power_w: float) -> Costs:
    """Costs of one pass, given the mean power on one detector.

    Data are written to the modulator for every pass, all pixels at once; then light settles, and every detector is
    read. The laser burns for as long as the pass lasts.
    """
    laser, detector = card.laser, card.detector
    power = to_si("power_mw", laser.power_mw)
    # the light left in the loop falls by the coupling at each round trip: wait until the tolerance
    trips = math.log(card.tolerance) / math.log(card.coupling) if card.coupling > 0 else 1.0
    latency = {
        "modulator settling": to_si("response_time_ms", card.modulator.response_time_ms),
        "light": trips * to_si("round_trip_mm", card.scattering.round_trip_mm) / SPEED_OF_LIGHT_M_PER_S,
        "detector": 1 / to_si("bandwidth_mhz", detector.bandwidth_mhz),
        "converter": to_si("adc_time_ns", detector.adc_time_ns),
    }
    wall_plug = power / laser.wall_plug_efficiency
    energy = {
        "laser": wall_plug * sum(latency.values()),
        "modulator converters": card.systems * card.inputs * to_si("dac_energy_pj", card.modulator.dac_energy_pj),
        "detector converters": card.classes * to_si("adc_energy_pj", detector.adc_energy_pj),
    }
    signal = received_power_w * detector.responsivity_a_per_w
    split = 10 * math.log10(card.classes)
    # zero received power is an infinite loss, which JSON cannot say
    total = 10 * math.log10(power / max(received_power_w, 1e-30))
    link = LinkBudget(
        laser_power_w=power,
        losses_db={"split over the classes": split, "not focused on the detector": total - split},
        received_power_w=received_power_w,
        signal_current_a=signal,
        noise_current_a=math.sqrt(detector.noise_variance_a2(signal)),
        wall_plug_power_w=wall_plug,
    )
    return Costs(latency, energy, (link,))
