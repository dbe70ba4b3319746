"""Seconds, joules and light of one pass through a mesh processor. Free of torch."""

from __future__ import annotations

import math

from photonics_devices._mesh_processor_card import MeshProcessorCard
from photonics_sim.device import SPEED_OF_LIGHT_M_PER_S, Costs, to_si
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
    losses = {
        "facets": card.facet_loss_db,
        "modulators": encoder.loss_db,
        "split over the modes": 10 * math.log10(card.modes),
    }
    rest = "modulation, mesh, and modes that no photodiode reads"
    link = link_budget(card.laser, detector, received_power_w, losses, rest)
    energy = {
        "laser": link.wall_plug_power_w * duration,
        "phase shifters": drive_power_w * duration,
        "modulators": card.inputs * to_si("energy_fj", encoder.energy_fj),
        "modulator converters": card.inputs * to_si("dac_energy_pj", encoder.dac_energy_pj),
        **{part: crossings * joules for part, joules in between.energy_j.items() if crossings},
        "detector converters": card.outputs * to_si("adc_energy_pj", detector.adc_energy_pj),
    }
    return Costs(latency, energy, (link,))
