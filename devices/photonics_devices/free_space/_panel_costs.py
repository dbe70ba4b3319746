"""Seconds, joules and light of one pass from a data panel to detectors in free space. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping

from photonics_devices.free_space._panel_card import PanelCard
from photonics_sim.device import SPEED_OF_LIGHT_M_PER_S, Costs, to_si
from photonics_sim.signals import CameraCard, DetectorCard, camera_budget, homodyne_budget, link_budget


def panel_costs(
    card: PanelCard,
    reading: DetectorCard | CameraCard,
    received_power_w: float,
    *,
    way_m: float,
    masks: int,
    writes: int = 1,
    crossings: int | None = None,
    more_losses_db: Mapping[str, float] | None = None,
    oscillator_w: float = 0.0,
    pixels_read: int,
) -> Costs:
    """Costs of one pass.

    Data are written for every pass, all pixels at once; then light goes its way, and every detector or pixel is read.
    The laser burns for as long as the pass lasts.

    Args:
        card: Its laser, data panel and masks.
        reading: What reads the light.
        received_power_w: Mean power on one detector, or on one pixel of a camera.
        way_m: Length of the way from the panel to where light is read.
        masks: How many masks light meets.
        writes: How often the data are written.
        crossings: How often they lie in the way of the light; None for once at each write.
        more_losses_db: On the way of the light, beside those of data panel and masks.
        oscillator_w: Of the local oscillator on a pair of photodiodes that reads fields; 0 for one that reads powers.
        pixels_read: Detectors, or pixels of a camera.
    """
    laser, encoder = card.laser, card.encoder
    if isinstance(reading, CameraCard):
        reads = {"camera": to_si("exposure_ms", reading.exposure_ms)}
    else:
        reads = {"detector": 1 / to_si("bandwidth_mhz", reading.bandwidth_mhz)}
    latency = {
        "data panel": 1 / to_si("bandwidth_ghz", encoder.bandwidth_ghz),
        "light": way_m / SPEED_OF_LIGHT_M_PER_S,
        **reads,
        "converter": to_si("adc_time_ns", reading.adc_time_ns),
    }
    symbol = to_si("energy_fj", encoder.energy_fj) + to_si("dac_energy_pj", encoder.dac_energy_pj)
    energy = {
        "laser": to_si("power_mw", laser.power_mw) / laser.wall_plug_efficiency * sum(latency.values()),
        "data panel": writes * card.inputs * symbol,
        "detector converters": pixels_read * to_si("adc_energy_pj", reading.adc_energy_pj),
    }
    losses = {
        "data panel": (crossings or writes) * encoder.loss_db,
        "masks": masks * card.mask.main_order_loss_db,
        **(more_losses_db or {}),
    }
    if isinstance(reading, CameraCard):
        link = camera_budget(laser, reading, received_power_w, losses, "not on this pixel")
    elif oscillator_w:
        link = homodyne_budget(laser, reading, received_power_w, oscillator_w, losses, "not in this oscillator's mode")
    else:
        link = link_budget(laser, reading, received_power_w, losses, "not on this detector")
    return Costs(latency, energy, (link,))
