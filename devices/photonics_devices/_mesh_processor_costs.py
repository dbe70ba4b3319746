"""Seconds, joules and light of one pass through a mesh processor. Free of torch."""

from __future__ import annotations

import math

from photonics_devices._mesh_processor_card import MeshProcessorCard
from photonics_sim.device import Costs, LinkBudget, to_si
from photonics_sim.mesh import activation_costs

SPEED_OF_LIGHT_M_PER_S = 299_792_458.0


def mesh_processor_costs(card: MeshProcessorCard, columns: int, received_power_w: float, drive_power_w: float) -> Costs:
    """Costs of one pass; laser and phase shifters burn for as long as it lasts.

    Args:
        card: The numbers.
        columns: Columns of cells that light crosses, in all meshes together.
        received_power_w: Mean power on one photodiode.
        drive_power_w: Electrical power of all phase shifters at their present settings.
    """
    encoder, detector = card.encoder, card.detector
    length = columns * to_si("column_length_um", card.mesh.column_length_um)
    between = activation_costs(card.activation, card.modes)
    crossings = card.layers - 1 if card.activation.kind != "none" else 0
    latency = {
        "modulators": 1 / to_si("bandwidth_ghz", encoder.bandwidth_ghz),
        "light": length * card.mesh.group_index / SPEED_OF_LIGHT_M_PER_S,
        **{part: crossings * seconds for part, seconds in between.latency_s.items() if crossings},
        "detector": 1 / to_si("bandwidth_mhz", detector.bandwidth_mhz),
        "converter": to_si("adc_time_ns", detector.adc_time_ns),
    }
    duration = sum(latency.values())
    link = _link(card, received_power_w)
    energy = {
        "laser": link.wall_plug_power_w * duration,
        "phase shifters": drive_power_w * duration,
        "modulators": card.inputs * to_si("energy_fj", encoder.energy_fj),
        "modulator converters": card.inputs * to_si("dac_energy_pj", encoder.dac_energy_pj),
        **{part: crossings * joules for part, joules in between.energy_j.items() if crossings},
        "detector converters": card.outputs * to_si("adc_energy_pj", detector.adc_energy_pj),
    }
    return Costs(latency, energy, (link,))


def _link(card: MeshProcessorCard, received_power_w: float) -> LinkBudget:
    """From the laser to one photodiode."""
    power = to_si("power_mw", card.laser.power_mw)
    losses = {
        "facets": card.facet_loss_db,
        "modulators": card.encoder.loss_db,
        "split over the modes": 10 * math.log10(card.modes),
    }
    # zero received power is an infinite loss, which JSON cannot say
    total = 10 * math.log10(power / max(received_power_w, 1e-30))
    losses["modulation, mesh, and modes that no photodiode reads"] = total - sum(losses.values())
    signal = received_power_w * card.detector.responsivity_a_per_w
    return LinkBudget(
        laser_power_w=power,
        losses_db=losses,
        received_power_w=received_power_w,
        signal_current_a=signal,
        noise_current_a=math.sqrt(card.detector.noise_variance_a2(signal)),
        wall_plug_power_w=power / card.laser.wall_plug_efficiency,
    )
