"""The way of the light from its laser to one photodiode, with what the electronics reads of it. Free of torch."""

from __future__ import annotations

import math
from collections.abc import Mapping

from photonics_sim.device import LinkBudget, to_si
from photonics_sim.signals._detector_card import DetectorCard
from photonics_sim.signals._laser_card import LaserCard


def link_budget(
    laser: LaserCard,
    detector: DetectorCard,
    received_power_w: float,
    losses_db: Mapping[str, float],
    rest: str,
    *,
    lasers: int = 1,
) -> LinkBudget:
    """The budget of one link.

    Args:
        laser: What emits the light.
        detector: What reads it.
        received_power_w: Mean optical power on one photodiode.
        losses_db: Losses that the card names, in the order of the light.
        rest: Name of what else is lost: the difference between these and the loss of the whole link.
        lasers: How many of these lasers there are.
    """
    power = lasers * to_si("power_mw", laser.power_mw)
    # zero received power is an infinite loss, which JSON cannot say
    total = 10 * math.log10(power / max(received_power_w, 1e-30))
    signal = received_power_w * detector.responsivity_a_per_w
    return LinkBudget(
        laser_power_w=power,
        losses_db={**losses_db, rest: total - sum(losses_db.values())},
        received_power_w=received_power_w,
        signal_current_a=signal,
        noise_current_a=math.sqrt(detector.noise_variance_a2(signal)),
        wall_plug_power_w=power / laser.wall_plug_efficiency,
    )
