"""How a shifter follows its command in time."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photonics_sim.device import to_si
from photonics_sim.errors import PhotonicsError
from photonics_sim.weights._shifter_card import PhaseShifterCard


def settle(before: Tensor, target: Tensor, elapsed_s: float | Tensor, card: PhaseShifterCard) -> Tensor:
    """The phase some time after the drive has gone from what held `before` to what holds `target`.

    target + (before - target) exp(-t / tau), tau the card's `response_time_us`. Exactly `before` at once and `target`
    in the end. Waiting twice is waiting for the sum.

    Args:
        before: Phases at time 0 in rad, `(..., shifters)`.
        target: Phases in the end in rad; broadcasts with `before`.
        elapsed_s: Time since the change in seconds, 0 or more; a tensor broadcasts with the phases.
        card: The shifter's numbers.

    Returns:
        Phases in rad.

    Raises:
        PhotonicsError: for a negative time.
    """
    return relax(before, target, elapsed_s, to_si("response_time_us", card.response_time_us))


def relax(before: Tensor, target: Tensor, elapsed_s: float | Tensor, time_constant_s: float) -> Tensor:
    """target + (before - target) exp(-t / tau); `target` at once where tau is 0.

    Raises:
        PhotonicsError: for a negative time.
    """
    _check_time(elapsed_s)
    if not time_constant_s >= 0:
        raise PhotonicsError(f"time constant = {time_constant_s:g} s: expected 0 (at once) or more")
    times = torch.as_tensor(elapsed_s, dtype=target.dtype, device=target.device)
    if not time_constant_s:
        return target.expand(torch.broadcast_shapes(before.shape, target.shape, times.shape))
    lapsed = times / time_constant_s
    return before * torch.exp(-lapsed) - target * torch.expm1(-lapsed)


def settling_time(card: PhaseShifterCard, accuracy_rad: float) -> float:
    """Seconds until the largest step that the shifter can make is within `accuracy_rad` of its end.

    tau ln(reach / accuracy), tau the card's `response_time_us`.

    Raises:
        PhotonicsError: for an accuracy that is not positive.
    """
    if not accuracy_rad > 0:
        raise PhotonicsError(f"accuracy_rad = {accuracy_rad:g}: an exponential never arrives; give a positive accuracy")
    tau = to_si("response_time_us", card.response_time_us)
    return tau * max(0.0, math.log(card.reach_rad / accuracy_rad))


def _check_time(elapsed_s: float | Tensor) -> None:
    try:
        early = bool((torch.as_tensor(elapsed_s).detach() < 0).any())
    except RuntimeError:  # under vmap no value can be looked at
        return
    if early:
        raise PhotonicsError(
            "elapsed_s is negative; what is driven does not know its command before it comes, give 0 or more"
        )
