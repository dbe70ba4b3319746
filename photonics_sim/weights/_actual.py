"""From commanded phases to those that the light sees."""

from __future__ import annotations

import math

from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.weights._crosstalk import Crosstalk
from photonics_sim.weights._drive import driven_phases
from photonics_sim.weights._shifter_card import PhaseShifterCard


def actual_phases(
    command: Tensor, card: PhaseShifterCard, *, crosstalk: Crosstalk | None = None, error: Tensor | None = None
) -> Tensor:
    """What the light sees of commanded phases.

    In order: the drive (wrapped into its range, stopped at its limit, on a step of the converter or on a level), the
    share of the neighbours' driven phases, the static error. With all of them off the command comes back bit for bit,
    not wrapped. Plain operations throughout, so every transform of `torch.func` passes.

    Args:
        command: In rad, `(..., shifters)`.
        card: The shifter's numbers.
        crosstalk: Where the shifters are, as `Crosstalk.from_positions` has it; needed where the card has crosstalk.
        error: Static errors of fabricated shifters in rad, `(..., shifters)`, for example with a leading axis of chips.

    Returns:
        Phases in rad, the shape that command and error broadcast to. Gradients pass straight through steps.

    Raises:
        PhotonicsError: where the card has crosstalk and no positions are given, or widths do not fit.
    """
    if card.crosstalk and crosstalk is None:
        raise PhotonicsError(
            f"the card has crosstalk = {card.crosstalk:g} and the shifters no places; pass "
            "crosstalk=Crosstalk.from_positions(positions, card), or set crosstalk to 0"
        )
    _check_error(command, error)
    heated = crosstalk is not None and crosstalk.shares.shape[1] > 0
    phases = command
    if heated or card.dac_bits or card.levels or card.reach_rad < 2 * math.pi:
        phases = driven_phases(command, card)
    if crosstalk is not None and heated:
        phases = phases + crosstalk(phases)
    return phases if error is None else phases + error


def _check_error(command: Tensor, error: Tensor | None) -> None:
    if error is not None and error.shape[-1:] != command.shape[-1:]:
        raise PhotonicsError(
            f"error has shape {tuple(error.shape)} and the command {tuple(command.shape)}; their last axes are the "
            "shifters and must be of one length"
        )
