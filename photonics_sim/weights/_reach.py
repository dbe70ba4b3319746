"""Which phases a drive can hold, and what is said of those that it cannot."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.weights._shifter_card import PhaseShifterCard

# a phase beyond its limit by rounding, relatively, is at its limit: it is neither refused nor sent back to 0
_SLACK = 1e-6


def wrap(phase: Tensor, card: PhaseShifterCard) -> Tensor:
    """Phases within reach as they are, all others by whole turns into [0, 2 pi]; the slope is 1."""
    inside = (phase >= 0) & (phase <= card.reach_rad * (1 + _SLACK))
    return torch.where(inside, phase, torch.remainder(phase, 2 * math.pi))


def check_reach(phase: Tensor, card: PhaseShifterCard) -> None:
    """Refuse phases that are not finite or beyond reach, naming the first such shifter."""
    try:
        wrong = ~(phase.detach() <= card.reach_rad * (1 + _SLACK))
        found = bool(wrong.any())
    except RuntimeError:  # under vmap no value can be looked at
        return
    if not found:
        return
    at = [int(i) for i in wrong.nonzero()[0]]
    value = float(phase.detach()[tuple(at)])
    place = f"shifter {at[-1]}" if len(at) == 1 else f"shifter {at[-1]} (at {at})"
    if not math.isfinite(value):
        raise PhotonicsError(f"{place} is commanded {value} rad; phases must be finite")
    raise PhotonicsError(
        f"{place} needs {_drive(value, card)} for {value:.5g} rad; {_drive(card.reach_rad, card)} is allowed, for "
        f"{card.reach_rad:.5g} rad. Command a smaller phase, or raise {_limiting_field(card)}"
    )


def _drive(phase: float, card: PhaseShifterCard) -> str:
    if card.effect == "phase-change":
        return f"a range of {phase:.5g} rad"
    if card.pi_drive_v:
        return f"{card.pi_drive_v * card.relative_drive(phase):.5g} V"
    return f"{card.pi_power_mw * phase / math.pi:.5g} mW"


def _limiting_field(card: PhaseShifterCard) -> str:
    if card.span_rad <= card.limit_rad:
        return "range_rad"
    return " and ".join(key for key in ("max_drive_v", "max_power_mw") if getattr(card, key))
