"""What a panel shows for a commanded phase: its measured curve, its even steps of the drive, its liquid crystal."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.weights._phase_curve_card import PhaseCurveCard
from photonics_sim.weights._settling import relax

_TURN = 2 * math.pi
_MOST_BITS = 16
_SLACK = 1e-6  # of the drive's span: what single precision makes of an end is that end


def held_phases(command_rad: Tensor, card: PhaseCurveCard, bits: int = 0) -> Tensor:
    """The phase that a panel shows for each commanded one.

    A command is taken modulo 2 pi into the curve's reach; where that is less than a turn, phases in the gap go to the
    end that is nearer around the circle. Of 2**bits drives the one is taken whose phase is nearest, so no error is
    more than half of the local step.

    Args:
        command_rad: Commanded phase in rad, any shape.
        card: The panel's curve.
        bits: Resolution of the drive, 0 for a continuous one. The 2**bits drives are even from the first to the last
            that was measured, both among them. Of an empty curve they show the phases k 2 pi / 2**bits: a whole turn,
            which shows what 0 shows, is not among them.

    Returns:
        Phases in rad between the curve's smallest and largest, the same shape. Gradients pass the steps straight
        through: 1, and 0 in the gap.

    Raises:
        PhotonicsError: for bits outside 0 .. 16.
    """
    within = _into_reach(command_rad, card)
    if not _checked(bits):
        return within
    still = within.detach()
    _, nearest = _nearest(still.double(), card, bits)
    return nearest.to(still.dtype) + (within - still)


def held_drive(command_rad: Tensor, card: PhaseCurveCard, bits: int = 0) -> Tensor:
    """The drive that shows `held_phases`.

    Args:
        command_rad: Commanded phase in rad, any shape.
        card: The panel's curve.
        bits: As of `held_phases`.

    Returns:
        Drives in the card's unit, V or grey level; for an empty curve the share of full scale, below 1. The same
        shape. Gradients are those of the inverse curve, straight through the steps, and 0 in the gap.

    Raises:
        PhotonicsError: for bits outside 0 .. 16.
    """
    within = _into_reach(command_rad, card).double()
    drive = _drive(within, card)
    if _checked(bits):
        nearest, _ = _nearest(within.detach(), card, bits)
        drive = nearest + (drive - drive.detach())
    return drive.to(command_rad.dtype)


def phase_of_drive(drive: Tensor, card: PhaseCurveCard) -> Tensor:
    """The phase in rad at each drive, any shape: straight lines between the measured points.

    Args:
        drive: In the card's unit; for an empty curve the share of full scale, 0 .. 1.
        card: The panel's curve.

    Raises:
        PhotonicsError: for a drive beyond those measured, or not finite.
    """
    first, last = _ends(card)
    slack = _SLACK * (last - first)
    _require_measured(drive, card, first - slack, last + slack)
    return _phase(drive.double().clamp(first, last), card).to(drive.dtype)


def follow(
    before_rad: Tensor,
    target_rad: Tensor,
    elapsed_s: float | Tensor,
    card: PhaseCurveCard,
    *,
    rise_time_s: float,
    fall_time_s: float,
) -> Tensor:
    """The phase some time after the drive has gone from what shows `before_rad` to what shows `target_rad`.

    target + (before - target) exp(-t / tau), tau the rise time towards more drive, where the field turns the director,
    and the fall time towards less, where it relaxes by itself. Towards more drive is towards more phase, or towards
    less on a falling curve. Waiting twice is waiting for the sum.

    Args:
        before_rad: Phases shown at time 0, in rad, as `held_phases` tells them: from one end of the curve to the
            other the panel takes the whole way, not the short way around the circle.
        target_rad: Phases shown in the end, in rad; broadcasts with `before_rad`.
        elapsed_s: Time since the change in seconds, 0 or more; a tensor broadcasts with the phases.
        card: The panel's curve.
        rise_time_s, fall_time_s: Time constants (to 1/e) in seconds; a 10-90 % time is ln 9 = 2.197 of them; 0 for at
            once.

    Returns:
        Phases in rad.

    Raises:
        PhotonicsError: for a negative time.
    """
    rise, fall = (relax(before_rad, target_rad, elapsed_s, tau) for tau in (rise_time_s, fall_time_s))
    more = target_rad < before_rad if card.falling else target_rad > before_rad
    return torch.where(more, rise, fall)


def _checked(bits: int) -> int:
    if int(bits) != bits or not 0 <= bits <= _MOST_BITS:
        raise PhotonicsError(f"bits = {bits} is outside 0 .. {_MOST_BITS}; 0 is a continuous drive")
    return bits


def _into_reach(command: Tensor, card: PhaseCurveCard) -> Tensor:
    """Wrapped by turns to what the curve shows, or to the end of it that is nearer around the circle."""
    lowest, reach = card.lowest_rad, card.reach_rad
    above = torch.remainder(command - lowest, _TURN)
    if reach < _TURN:
        past_the_middle = above > (reach + _TURN) / 2
        above = torch.where(past_the_middle, torch.zeros_like(above), above.clamp_max(reach))
    return lowest + above


def _nearest(phase: Tensor, card: PhaseCurveCard, bits: int) -> tuple[Tensor, Tensor]:
    """Of the even drives the one whose phase is nearest, and that phase; phases within reach, in double precision."""
    count = 1 << bits
    if not card.drive:
        share = torch.remainder(torch.round(phase * count / _TURN), count) / count
        return share, _TURN * share
    first, last = _ends(card)
    drives = torch.linspace(first, last, count, dtype=phase.dtype, device=phase.device)
    drives = drives.flip(0) if card.falling else drives
    phases = _phase(drives, card)
    # halves between phases, not drives: where the curve bends between two drives, these differ
    code = torch.searchsorted((phases[1:] + phases[:-1]) / 2, phase.contiguous())
    return drives[code], phases[code]


def _ends(card: PhaseCurveCard) -> tuple[float, float]:
    return (card.drive[0], card.drive[-1]) if card.drive else (0.0, 1.0)


def _phase(drive: Tensor, card: PhaseCurveCard) -> Tensor:
    return _interpolate(drive, card.drive, card.phase_rad) if card.drive else _TURN * drive


def _drive(phase: Tensor, card: PhaseCurveCard) -> Tensor:
    if not card.drive:
        return phase / _TURN
    turned = -1 if card.falling else 1
    return _interpolate(phase, card.phase_rad[::turned], card.drive[::turned])


def _interpolate(at: Tensor, x: list[float], y: list[float]) -> Tensor:
    """Straight lines between the points (x rising), the last ones going on."""
    xs, ys = (torch.tensor(values, dtype=torch.float64, device=at.device) for values in (x, y))
    right = torch.searchsorted(xs, at.detach().contiguous()).clamp(1, len(x) - 1)
    slope = (ys[1:] - ys[:-1]) / (xs[1:] - xs[:-1])
    return ys[right - 1] + slope[right - 1] * (at - xs[right - 1])


def _require_measured(drive: Tensor, card: PhaseCurveCard, low: float, high: float) -> None:
    still = drive.detach()
    try:
        wrong = still[~((still >= low) & (still <= high))]
    except RuntimeError:  # under vmap no value can be looked at
        return
    if not wrong.numel():
        return
    first, last = _ends(card)
    span = f"{first:g} .. {last:g} {card.unit}, what was measured" if card.drive else "0 .. 1, the share of full scale"
    raise PhotonicsError(f"drive = {float(wrong.flatten()[0]):g} is outside {span}; set a drive within it")
