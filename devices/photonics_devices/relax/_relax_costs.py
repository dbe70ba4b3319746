"""Seconds, joules and light of ReLaX processors. Free of torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from photonics_devices.relax._relax_cards import ReLaXCard
from photonics_sim.device import ELEMENTARY_CHARGE_C, SPEED_OF_LIGHT_M_PER_S, Costs, LinkBudget, to_si
from photonics_sim.reuse import StepEnergies, StepTimes, compare
from photonics_sim.weights import Switch


@dataclass(frozen=True)
class Reading:
    """How one output of a bank is read.

    Attributes:
        readings: Detections behind one product: 2 where intensities carry signed numbers, as x and as -x.
        signal_a: Photocurrent for a weight of 1 and a full input.
        noise_a: Rms noise of the current that is evaluated.
        received_w: Mean power on one photodiode.
        losses_db: On the way to the photodiode, weights not counted.
        bank_path_m: Optical path through a bank.
    """

    readings: int
    signal_a: float
    noise_a: float
    received_w: float
    losses_db: dict[str, float]
    bank_path_m: float = 0.0

    def noise(self, card: ReLaXCard) -> float:
        """Rms of an output over that of a full input through a weight of 1; 0 where the card has noise off."""
        if not (card.detector.shot_noise or card.detector.thermal_noise):
            return 0.0
        return self.noise_a / self.signal_a


@dataclass(frozen=True)
class Light:
    """All sources of light.

    Attributes:
        lasers: How many carry inputs.
        more_w: Optical power of others, such as local oscillators.
    """

    lasers: int
    more_w: float = 0.0

    def wall_plug_w(self, card: ReLaXCard) -> float:
        """Electrical power of all while they are on."""
        optical = self.lasers * to_si("power_mw", card.laser.power_mw) + self.more_w
        return optical / card.laser.wall_plug_efficiency


def coherent_reading(
    card: ReLaXCard, oscillator_mw: float, loss_db: float, outputs_per_input: float, bank_path_m: float
) -> Reading:
    """Balanced homodyne: 2 R sqrt(P_LO P) of current; shot noise of the oscillator, thermal noise of both amplifiers.

    Args:
        card: The numbers.
        oscillator_mw: Local oscillator on each pair of photodiodes.
        loss_db: On an average path through a bank.
        outputs_per_input: Power on one output over that of one full input behind that loss, for the received power.
        bank_path_m: Optical path through a bank.
    """
    losses = _losses(card, {"split over the inputs": 10 * math.log10(card.width), "mean path of a bank": loss_db})
    power = to_si("power_mw", card.laser.power_mw) * 10 ** (-sum(losses.values()) / 10)
    oscillator = to_si("oscillator_mw", oscillator_mw)
    responsivity = card.detector.responsivity_a_per_w
    return Reading(
        readings=1,
        signal_a=2 * responsivity * math.sqrt(oscillator * power),
        noise_a=_noise_a(card, responsivity * oscillator),
        received_w=power * outputs_per_input,
        losses_db=losses,
        bank_path_m=bank_path_m,
    )


def intensity_reading(card: ReLaXCard, split: int, weight_sum: float, *, lasers: int = 1, combined: int = 1) -> Reading:
    """Two balanced detections, of x and of -x, each of a current R P sum_j G_j (1 + x_j) / 2 per photodiode.

    Args:
        card: The numbers.
        split: Over how many cells the light of one input is spread.
        weight_sum: Mean sum of the transmissions on both photodiodes of an output.
        lasers: How many lasers there are; the inputs share their light.
        combined: Guides of different colour that a plain coupler brings together on one, each with this loss; 1 where
            they meet on a photodiode, or on a ring that takes its own colour alone.
    """
    losses = _losses(card, {"split over the cells": 10 * math.log10(split)})
    if combined > 1:
        losses["combined on one guide"] = 10 * math.log10(combined)
    full = lasers * to_si("power_mw", card.laser.power_mw) / card.width  # of one input
    power = full * 10 ** (-sum(losses.values()) / 10)
    responsivity = card.detector.responsivity_a_per_w
    mean = responsivity * power * weight_sum / 2
    return Reading(
        readings=2,
        signal_a=responsivity * power,
        noise_a=math.sqrt(2) * _noise_a(card, mean),
        received_w=power * weight_sum / 4,
        losses_db=losses,
    )


def _losses(card: ReLaXCard, split: dict[str, float]) -> dict[str, float]:
    return {"facets": card.facet_loss_db, "modulators": card.driver.loss_db, "switch": card.switch.loss_db, **split}


def _noise_a(card: ReLaXCard, current_a: float) -> float:
    """Of a pair of photodiodes that together carry this current."""
    detector = card.detector
    bandwidth = to_si("bandwidth_mhz", detector.bandwidth_mhz)
    variance = 0.0
    if detector.shot_noise:
        dark = 2 * to_si("dark_current_na", detector.dark_current_na)
        variance += 2 * ELEMENTARY_CHARGE_C * (current_a + dark) * bandwidth
    if detector.thermal_noise:
        variance += 2 * to_si("noise_pa_per_rthz", detector.thermal_noise_pa_per_rthz) ** 2 * bandwidth
    return math.sqrt(variance)


def step_times(card: ReLaXCard, cells: int, reading: Reading) -> StepTimes:
    """T_MM, T_swt, T_upd and T_state of a card, with so many cells in a bank."""
    once = (
        1 / to_si("bandwidth_ghz", card.driver.bandwidth_ghz)
        + (to_si("path_mm", card.path_mm) + reading.bank_path_m) / SPEED_OF_LIGHT_M_PER_S
        + 1 / to_si("bandwidth_mhz", card.detector.bandwidth_mhz)
        + to_si("adc_time_ns", card.detector.adc_time_ns)
    )
    return StepTimes(
        product_s=reading.readings * once,
        switch_s=Switch(card.switch).time_s,
        update_s=card.write.bank_time_s(cells),
        state_s=to_si("state_time_ns", card.electronics.state_time_ns),
    )


def step_energies(card: ReLaXCard, cells: int, reading: Reading, light: Light, hold_w: float) -> StepEnergies:
    """Joules of one layer.

    Args:
        card: The numbers.
        cells: Slow elements of one bank.
        reading: How an output is read.
        light: All sources.
        hold_w: Power to hold one bank.
    """
    return StepEnergies(
        product_j=sum(_product_energies(card, reading, light).values()),
        switch_j=card.width * Switch(card.switch).energy_j,
        write_j=card.write.bank_energy_j(cells),
        hold_w=hold_w,
        switch_w=card.width * to_si("hold_power_mw", card.switch.hold_power_mw),
    )


def _product_energies(card: ReLaXCard, reading: Reading, light: Light) -> dict[str, float]:
    """Joules of one product, by part."""
    symbols = reading.readings * card.width
    per_symbol = to_si("energy_fj", card.driver.energy_fj) + to_si("energy_pj", card.driver.dac_energy_pj)
    return {
        "lasers": light.wall_plug_w(card) * step_times(card, 1, reading).product_s,
        "modulators": symbols * per_symbol,
        "detector converters": symbols * to_si("energy_pj", card.detector.adc_energy_pj),
        "state": 2 * card.width * to_si("mac_energy_fj", card.electronics.mac_energy_fj),
    }


def around(card: ReLaXCard) -> tuple[float, float]:
    """Seconds and joules of both projections, in electronics."""
    macs = card.width * (card.inputs + card.outputs)
    seconds = to_si("projection_time_ns", card.electronics.projection_time_ns)
    return seconds, macs * to_si("mac_energy_fj", card.electronics.mac_energy_fj)


def relax_costs(card: ReLaXCard, cells: int, reading: Reading, light: Light, hold_w: float) -> Costs:
    """One pass, with the banks reused; arguments as `step_energies`."""
    schedule = card.schedule.schedule()
    times = step_times(card, cells, reading)
    energies = step_energies(card, cells, reading, light, hold_w)
    projections_s, projections_j = around(card)
    layers_s = compare(schedule, times, energies, cells=cells)[0].latency_s
    products_s = schedule.layers * times.product_s
    latency = {"products": products_s, "switching and state": layers_s - products_s, "projections": projections_s}
    whole = sum(latency.values())
    energy = {
        **{part: schedule.layers * joules for part, joules in _product_energies(card, reading, light).items()},
        "holding the weights": schedule.weight_sets * hold_w * whole,
        "switch": schedule.changes_per_pass * energies.switch_j + energies.switch_w * whole,
        "projections": projections_j,
    }
    losses = dict(reading.losses_db)
    laser_w = light.lasers * to_si("power_mw", card.laser.power_mw)
    total = 10 * math.log10(laser_w / max(reading.received_w, 1e-30))
    losses["weights and half swing"] = total - sum(losses.values())
    half = reading.signal_a / 4
    link = LinkBudget(laser_w, losses, reading.received_w, half, reading.noise_a, light.wall_plug_w(card))
    return Costs(latency, {part: joules for part, joules in energy.items() if joules}, (link,))
