"""Seconds, joules and light of one pass through a time-multiplexed chip, and what it does when."""

from __future__ import annotations

import math

from photonics_devices.time_multiplexed._time_multiplexed_card import TimeMultiplexedProcessorCard
from photonics_devices.time_multiplexed._time_multiplexed_light import bin_times
from photonics_sim.device import SPEED_OF_LIGHT_M_PER_S, Alternative, Costs, Span, Timeline, to_si
from photonics_sim.signals import link_budget
from photonics_sim.weights import Switch


def multiplexed_costs(
    card: TimeMultiplexedProcessorCard, depth: int, received_power_w: float, hold_power_w: float
) -> Costs:
    """Costs of one pass: laser, mixers of all banks and heated modulators burn for as long as it lasts.

    Args:
        card: The numbers.
        depth: Columns of cells in a mixer.
        received_power_w: Mean optical power on one photodiode while the gate is open.
        hold_power_w: Electrical power that holds the mixers of all banks.
    """
    switch = Switch(card.switch)
    changes = card.schedule.schedule().changes_per_pass
    latency = {
        "settling before the first bin": card.lead_s,
        "time bins": card.bins * to_si("bin_ns", card.bin_ns),
        "switching banks": changes * switch.time_s,
        **_once(card, depth),
    }
    several = card.schedule.weight_sets > 1
    energy = _energies(card, sum(latency.values()), hold_power_w)
    if several:
        energy["switch"] = changes * switch.energy_j + to_si("power_mw", card.switch.hold_power_mw) * sum(
            latency.values()
        )
    losses = {
        "facets": card.facet_loss_db,
        **({"switch": card.switch.loss_db} if several else {}),
        "split over the outputs": 10 * math.log10(card.outputs),
        "weight modulators": card.weight.loss_db,
        "split over two photodiodes": 10 * math.log10(2),
    }
    rest = "modulators, mixers, and waveguides that are not read"
    link = link_budget(card.laser, card.integrator, received_power_w, losses, rest)
    return Costs(
        {part: seconds for part, seconds in latency.items() if seconds},
        {part: joules for part, joules in energy.items() if joules},
        (link,),
    )


def multiplexed_alternatives(
    card: TimeMultiplexedProcessorCard, depth: int, shifters: int, hold_power_w: float
) -> list[Alternative]:
    """Bins one after the other on one chip, or one chip for each bin, all at once and each with its own laser.

    Photocurrents of the chips side by side add up in front of one amplifier and converter, so that as much light is
    detected. Their mixers are as many as there are bins, whatever banks they are taken from.

    Args:
        card: The numbers.
        depth: Columns of cells in a mixer.
        shifters: Phase shifters of a mixer.
        hold_power_w: As for `multiplexed_costs`.
    """
    here = multiplexed_costs(card, depth, 0.0, hold_power_w)
    banks, bins = card.schedule.weight_sets, card.bins
    seconds = card.lead_s + to_si("bin_ns", card.bin_ns) + sum(_once(card, depth).values())
    # a laser and modulators for each bin; conversions are those of all bins in either way
    side_by_side = _energies(card, seconds, hold_power_w * bins / banks, copies=bins)
    cells = card.mixers * shifters
    return [
        Alternative("time multiplexing", here.total_latency_s, here.total_energy_j, banks * cells, 0, None),
        Alternative("copies side by side", seconds, sum(side_by_side.values()), bins * cells, 0, None),
    ]


def multiplexed_timeline(card: TimeMultiplexedProcessorCard) -> Timeline:
    """One pass: modulators settle, the gate is open on a bank ("product"), the switch moves."""
    schedule, guard_s, bin_s = (
        card.schedule.schedule(),
        to_si("guard_ns", card.guard_ns),
        to_si("bin_ns", card.bin_ns),
    )
    several = schedule.weight_sets > 1
    start = card.lead_s
    spans = [Span("modulators", "settle", 0.0, start)] if start else []
    for bank, changed, lasting in zip(schedule.banks, schedule.changes, bin_times(card), strict=True):
        gate = Span(f"bank {bank}" if several else "detector", "product", start + guard_s, start + bin_s)
        spans += [Span("modulators", "settle", start, start + guard_s), gate]
        if changed:
            spans.append(Span("switch", "switch", start + bin_s, start + lasting))
        start += lasting
    lanes = [*(f"bank {k}" for k in range(schedule.weight_sets)), "switch"] if several else ["detector"]
    return Timeline(
        "Time multiplexing: one chip, other settings in each bin", (*lanes, "modulators"), tuple(spans), "time bins"
    )


def _once(card: TimeMultiplexedProcessorCard, depth: int) -> dict[str, float]:
    """Seconds that a pass takes besides its bins."""
    mixers = card.mixers * depth * to_si("column_length_um", card.mesh.column_length_um)
    length = mixers + card.used_columns * to_si("length_um", card.modulator.length_um)
    return {
        "light": length * card.mesh.group_index / SPEED_OF_LIGHT_M_PER_S,
        "detector": 1 / to_si("bandwidth_mhz", card.detector.bandwidth_mhz),
        "converter": to_si("adc_time_ns", card.detector.adc_time_ns),
    }


def _energies(
    card: TimeMultiplexedProcessorCard, seconds: float, hold_power_w: float, copies: int = 1
) -> dict[str, float]:
    """Joules of a pass by part, on so many chips at once; phases are pi on average where they take power to hold."""
    modulators = card.inputs + card.outputs
    settings, converter = card.bins * modulators, card.modulator
    return {
        "laser": copies * to_si("power_mw", card.laser.power_mw) / card.laser.wall_plug_efficiency * seconds,
        "mixers": hold_power_w * seconds,
        "heated modulators": copies * modulators * to_si("power_mw", converter.pi_power_mw) * seconds,
        "modulators": settings * to_si("energy_fj", converter.energy_fj),
        "modulator converters": settings * to_si("dac_energy_pj", converter.dac_energy_pj),
        "detector converters": 2 * card.outputs * to_si("adc_energy_pj", card.detector.adc_energy_pj),
    }
