"""Between a phase and the voltage that holds it, both ways: limits, converter steps, levels, electrical power."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photonics_sim.device import to_si
from photonics_sim.errors import PhotonicsError
from photonics_sim.weights._reach import check_reach, wrap
from photonics_sim.weights._shifter_card import PhaseShifterCard


def drive_voltage(phase: Tensor, card: PhaseShifterCard) -> Tensor:
    """The voltage that holds each phase, before the converter.

    Phases beyond reach are wrapped by whole turns first. The slope of a square root at a phase of 0 is infinite; 0 is
    taken in its place, so that gradients stay finite.

    Args:
        phase: In rad, `(..., shifters)`.
        card: The shifter's numbers.

    Returns:
        Voltages in V, the same shape; 0 V for phase-change cells, which hold their phase without a drive.

    Raises:
        PhotonicsError: where a phase below one turn is beyond the limit of the drive (names the shifter, the drive it
            needs and the drive allowed) or not finite; for a heater without `resistance_ohm`.
    """
    wrapped = wrap(phase, card)
    check_reach(wrapped, card)
    if card.effect == "phase-change":
        return torch.zeros_like(phase)
    return _pi_drive(card) * _relative_drive(wrapped, card)


def phase_of_voltage(voltage: Tensor, card: PhaseShifterCard) -> Tensor:
    """The phase in rad at each voltage in V, any shape: pi V^2 / (R P_pi), pi V / V_pi or pi (V / V_pi)^2.

    Raises:
        PhotonicsError: for phase-change cells and for a heater without `resistance_ohm`.
    """
    if card.effect == "phase-change":
        raise PhotonicsError(
            "a phase-change shifter has no phase of a voltage, pulses write it; driven_phases tells what it holds"
        )
    ratio = voltage / _pi_drive(card)
    return math.pi * (ratio if card.exponent == 1 else ratio * ratio)


def dac_voltage(voltage: Tensor, card: PhaseShifterCard) -> Tensor:
    """The nearest of the converter's 2**dac_bits voltages, in V, any shape; gradients pass straight through.

    Raises:
        PhotonicsError: for a heater without `resistance_ohm`.
    """
    if not card.dac_bits:
        return voltage
    still = voltage.detach()
    pi_drive = _pi_drive(card)
    nearest = pi_drive * _nearest_code(still / pi_drive, card)
    return nearest + (voltage - still)


def driven_phases(command: Tensor, card: PhaseShifterCard) -> Tensor:
    """The phases that the drive holds: wrapped, stopped at the limit, on a step of the converter or on a level.

    Args:
        command: In rad, `(..., shifters)`.
        card: The shifter's numbers.

    Returns:
        Phases in rad, the same shape. Steps are even in voltage, so those of a heater grow with its voltage. Gradients
        are 1 (straight through the steps) and 0 beyond reach.
    """
    within = wrap(command, card)
    if card.reach_rad < 2 * math.pi:
        within = within.clamp(max=card.reach_rad)
    if not (card.dac_bits or card.levels):
        return within
    still = within.detach()
    return _nearest_held(still, card) + (within - still)


def electrical_power(command: Tensor, card: PhaseShifterCard) -> Tensor:
    """Electrical power that each shifter takes to hold what it is commanded.

    P_pi / pi times the driven phase for a heater, and `static_power_uw` for every effect.

    Args:
        command: In rad, `(..., shifters)`.
        card: The shifter's numbers.

    Returns:
        Power in W, the same shape.
    """
    per_radian = to_si("pi_power_mw", card.pi_power_mw) / math.pi
    return per_radian * driven_phases(command, card) + to_si("static_power_uw", card.static_power_uw)


def _nearest_held(phase: Tensor, card: PhaseShifterCard) -> Tensor:
    """The converter step, or the level, nearest to each phase within reach."""
    if card.levels:
        step = card.span_rad / (card.levels - 1)
        return torch.round(phase / step) * step
    code = _nearest_code(_relative_drive(phase, card), card)
    return math.pi * (code if card.exponent == 1 else code * code)


def _nearest_code(relative: Tensor, card: PhaseShifterCard) -> Tensor:
    """The nearest of the converter's steps; drives are relative to the one for a phase of pi."""
    last = 2**card.dac_bits - 1
    step = card.relative_drive(card.full_scale_rad) / last
    nearest: Tensor = torch.round(relative / step).clamp(0, last) * step
    return nearest


def _relative_drive(phase: Tensor, card: PhaseShifterCard) -> Tensor:
    ratio = phase / math.pi
    if card.exponent == 1:
        return ratio
    positive = ratio > 0
    # both branches need a finite slope, or the unused one makes it NaN
    return torch.where(positive, torch.where(positive, ratio, 1.0).sqrt(), 0.0)


def _pi_drive(card: PhaseShifterCard) -> float:
    if not card.pi_drive_v:
        raise PhotonicsError("the voltage of a heater needs resistance_ohm, which the card does not give; add it")
    return card.pi_drive_v
