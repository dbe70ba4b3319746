"""Seconds, joules and light of one pass through a mesh processor. Free of torch."""

from __future__ import annotations

import math

from photonics_devices.chip._mesh_processor_card import MeshProcessorCard
from photonics_sim.device import SPEED_OF_LIGHT_M_PER_S, Costs, LinkBudget, to_si
from photonics_sim.mesh import activation_costs
from photonics_sim.signals import link_budget


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
    wall_plug = to_si("power_mw", card.laser.power_mw) / card.laser.wall_plug_efficiency
    energy = {
        "laser": wall_plug * duration,
        "phase shifters": drive_power_w * duration,
        "modulators": card.inputs * to_si("energy_fj", encoder.energy_fj),
        "modulator converters": card.inputs * to_si("dac_energy_pj", encoder.dac_energy_pj),
        **{part: crossings * joules for part, joules in between.energy_j.items() if crossings},
        "detector converters": card.outputs * to_si("adc_energy_pj", detector.adc_energy_pj),
    }
    return Costs(latency, energy, (_link(card, received_power_w),))


def _link(card: MeshProcessorCard, received_power_w: float) -> LinkBudget:
    """From the last lasers on the way to one photodiode."""
    activation = card.activation
    if activation.kind == "photodiode" and card.layers > 1:
        fresh = card.laser.model_copy(
            update={"power_mw": activation.laser_power_mw, "wall_plug_efficiency": activation.wall_plug_efficiency}
        )
        losses = {"split over the modes": 10 * math.log10(card.modes)}
        rest = "activation, last mesh, and modes that no photodiode reads"
        return link_budget(fresh, card.detector, received_power_w, losses, rest, lasers=card.modes)
    losses = {
        "facets": card.facet_loss_db,
        "modulators": card.encoder.loss_db,
        "split over the modes": 10 * math.log10(card.modes),
    }
    rest = "modulation, mesh, and modes that no photodiode reads"
    return link_budget(card.laser, card.detector, received_power_w, losses, rest)
