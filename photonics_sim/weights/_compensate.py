"""Commands that give the wanted phases in spite of crosstalk."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.weights._crosstalk import Crosstalk
from photonics_sim.weights._reach import check_reach
from photonics_sim.weights._shifter_card import PhaseShifterCard

ROUNDS = 1000  # turns that any one shifter goes on
STEPS = 3000  # enough for a spectral radius of 0.99
_ACCURACY_RAD = 1e-13
_SLACK_RAD = 1e-11  # below zero by the iteration's rounding is zero


def compensate(target: Tensor, card: PhaseShifterCard, crosstalk: Crosstalk) -> Tensor:
    """Commands whose phases, with the neighbours' shares, are the targets modulo 2 pi.

    Solves (1 + K) command = target + 2 pi m with command >= 0: where a shifter would have to cool its neighbours' heat
    away it goes on to the next turn, which heats its own neighbours, and so on until none is left. One turn of range is
    not enough for every target (the determinant of 1 + K is below 1, so its image of the range cannot cover all of
    them); the excess is of the order of K^2.

    Args:
        target: Wanted phases in rad, `(..., shifters)`; take off static errors first.
        card: The shifter's numbers. Converter steps and levels are not compensated.
        crosstalk: The shares, K.

    Returns:
        Commands in rad, the same shape and number type, without a gradient.

    Raises:
        PhotonicsError: for a target that is not finite, where K is too strong (spectral radius 1 or more) or a command
            is beyond reach.
    """
    if not torch.isfinite(target).all():
        raise PhotonicsError("a target is not finite; compensation needs a phase for every shifter")
    # the largest row is a bound that costs nothing
    if float(crosstalk.shares.sum(-1).max()) >= 1 and (radius := crosstalk.spectral_radius()) >= 1:
        raise _too_strong(radius)
    with torch.no_grad():
        wanted = torch.remainder(target.double(), 2 * math.pi)
        command = wanted
        slack = max(_SLACK_RAD, 8 * math.pi * torch.finfo(target.dtype).eps)
        for _ in range(ROUNDS):
            command = _solve(wanted, command, crosstalk)
            cold = command < -slack
            if not cold.any():
                break
            wanted = torch.where(cold, wanted + 2 * math.pi, wanted)
        else:
            raise PhotonicsError(f"crosstalk was not compensated in {ROUNDS} rounds; lower crosstalk")
        command = command.clamp_min(0)
        check_reach(command, card)
        return command.to(target)


def _solve(wanted: Tensor, command: Tensor, crosstalk: Crosstalk) -> Tensor:
    """(1 + K)^-1 wanted, by iteration from a first guess; the error falls by the spectral radius each time."""
    enough = _ACCURACY_RAD * (1 + float(wanted.max()))
    for _ in range(STEPS):
        previous, command = command, wanted - crosstalk(command)
        if float((command - previous).abs().max()) <= enough:
            return command
    raise _too_strong(crosstalk.spectral_radius())


def _too_strong(radius: float) -> PhotonicsError:
    return PhotonicsError(
        f"crosstalk cannot be compensated: what neighbours add is too much (spectral radius {radius:.3g}; it must be "
        "well below 1); move the shifters apart, or lower crosstalk or crosstalk_decay_um"
    )
