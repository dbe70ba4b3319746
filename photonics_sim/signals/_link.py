"""The way of the light from its laser to one photodiode, with what the electronics reads of it. Free of torch."""

from __future__ import annotations

import math
from collections.abc import Mapping

from photonics_sim.device import ELEMENTARY_CHARGE_C, LinkBudget, to_si
from photonics_sim.signals._camera_card import CameraCard
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
    signal = received_power_w * detector.responsivity_a_per_w
    noise = math.sqrt(detector.noise_variance_a2(signal))
    return _budget(laser, received_power_w, losses_db, rest, signal, noise, lasers)


def camera_budget(
    laser: LaserCard, camera: CameraCard, received_power_w: float, losses_db: Mapping[str, float], rest: str
) -> LinkBudget:
    """The budget of the way to one pixel of a camera; its electrons are told as a mean current over the exposure."""
    exposure = to_si("exposure_ms", camera.exposure_ms)
    electrons = received_power_w * camera.electrons_per_w(to_si("wavelength_nm", laser.wavelength_nm))
    signal, noise = (
        ELEMENTARY_CHARGE_C * number / exposure
        for number in (electrons, math.sqrt(camera.noise_variance_e2(electrons)))
    )
    return _budget(laser, received_power_w, losses_db, rest, signal, noise)


def homodyne_budget(
    laser: LaserCard,
    detector: DetectorCard,
    received_power_w: float,
    oscillator_w: float,
    losses_db: Mapping[str, float],
    rest: str,
) -> LinkBudget:
    """The budget of the way to a pair of photodiodes that reads a field against an oscillator of this power.

    Signal is the difference of their currents for light in phase with the oscillator, 2 R sqrt(P_LO P); noise that of
    both.
    """
    responsivity = detector.responsivity_a_per_w
    signal = 2 * responsivity * math.sqrt(oscillator_w * received_power_w)
    noise = math.sqrt(2 * detector.noise_variance_a2(responsivity * (oscillator_w + received_power_w) / 2))
    return _budget(laser, received_power_w, losses_db, rest, signal, noise)


def _budget(
    laser: LaserCard,
    received_power_w: float,
    losses_db: Mapping[str, float],
    rest: str,
    signal_a: float,
    noise_a: float,
    lasers: int = 1,
) -> LinkBudget:
    power = lasers * to_si("power_mw", laser.power_mw)
    # zero received power is an infinite loss, which JSON cannot say
    total = 10 * math.log10(power / max(received_power_w, 1e-30))
    return LinkBudget(
        laser_power_w=power,
        losses_db={**losses_db, rest: total - sum(losses_db.values())},
        received_power_w=received_power_w,
        signal_current_a=signal_a,
        noise_current_a=noise_a,
        wall_plug_power_w=power / laser.wall_plug_efficiency,
    )
