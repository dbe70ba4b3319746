"""Commands that undo crosstalk."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from photonics_sim.device import normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.testing import assert_close
from photonics_sim.weights import Crosstalk, PhaseShifterCard, _compensate, actual_phases, compensate

TURN = 2 * math.pi


def card(share: float = 0.05, **fields: float) -> PhaseShifterCard:
    numbers: dict[str, Any] = {"crosstalk_pitch_um": 100.0, "crosstalk_decay_um": 60.0, "range_rad": 7.0} | fields
    return PhaseShifterCard(effect="thermo-optic", pi_power_mw=25.0, crosstalk=share, **numbers)


def square(side: int = 12) -> Tensor:
    return torch.cartesian_prod(torch.arange(side), torch.arange(side)).double() * 1e-4


def wanted(n: int, *chips: int) -> Tensor:
    return torch.remainder(normal(5, *chips, n) * 9, TURN)


def test_the_light_sees_the_targets(dtype: torch.dtype) -> None:
    numbers = card()
    crosstalk = Crosstalk.from_positions(square(), numbers).to(dtype)
    target = wanted(144, 3).to(dtype)
    command = compensate(target, numbers, crosstalk)
    assert command.dtype == dtype
    assert float(command.min()) >= 0
    found = actual_phases(command, numbers, crosstalk=crosstalk)
    assert_close(torch.exp(1j * found), torch.exp(1j * target))
    uncompensated = actual_phases(target, numbers, crosstalk=crosstalk)
    assert float((torch.exp(1j * uncompensated) - torch.exp(1j * target)).abs().max()) > 0.5


def test_targets_may_be_any_turn() -> None:
    numbers = card()
    crosstalk = Crosstalk.from_positions(square(), numbers)
    first = compensate(wanted(144), numbers, crosstalk)
    assert_close(compensate(wanted(144) - 3 * TURN, numbers, crosstalk), first, "law")


def test_two_shifters_by_hand() -> None:
    """The second wants no phase while the first warms it by 0.1 rad: it goes on to the next turn."""
    numbers = card(0.1)
    crosstalk = Crosstalk.from_positions(torch.tensor([[0.0, 0.0], [1e-4, 0.0]], dtype=torch.float64), numbers)
    both = compensate(torch.tensor([1.0, 1.0], dtype=torch.float64), numbers, crosstalk)
    assert_close(both, torch.full((2,), 1 / 1.1, dtype=torch.float64))
    cold = compensate(torch.tensor([1.0, 0.0], dtype=torch.float64), numbers, crosstalk)
    expected = torch.tensor([1 - 0.1 * TURN, TURN - 0.1], dtype=torch.float64) / (1 - 0.1**2)
    assert_close(cold, expected, "law")


def test_no_phase_anywhere_needs_no_drive() -> None:
    numbers = card()
    crosstalk = Crosstalk.from_positions(square(), numbers)
    assert torch.equal(compensate(torch.zeros(144), numbers, crosstalk), torch.zeros(144))


def test_shifters_that_their_neighbours_warm_just_enough_need_no_drive(dtype: torch.dtype) -> None:
    """Rounding below zero does not send them on to the next turn."""
    numbers = card()
    crosstalk = Crosstalk.from_positions(square(), numbers).to(dtype)
    command = (normal(7, 20, 144).clamp(0, 2) * (normal(8, 20, 144) > 0)).to(dtype)
    found = compensate(command + crosstalk(command), numbers, crosstalk)
    assert float(found.min()) >= 0
    assert_close(found, command)


def test_without_crosstalk_the_command_is_the_target() -> None:
    off = PhaseShifterCard(effect="thermo-optic", pi_power_mw=25.0)
    assert torch.equal(compensate(wanted(144), off, Crosstalk.from_positions(square(), off)), wanted(144))


def test_one_turn_of_range_is_not_enough_for_some_targets() -> None:
    """With shares k of two shifters, targets of (almost) 2 pi and 2 pi (k - k^2 / 2) need 2 pi (1 + k^2 / 2)."""
    k = 0.1
    target = torch.tensor([TURN - 1e-9, TURN * (k - k * k / 2)], dtype=torch.float64)
    pair = torch.tensor([[0.0, 0.0], [1e-4, 0.0]], dtype=torch.float64)
    tight = card(k, range_rad=0.0)
    with pytest.raises(PhotonicsError, match=r"for 6\.3.* rad; .*allowed, for 6\.2832 rad.* or raise range_rad"):
        compensate(target, tight, Crosstalk.from_positions(pair, tight))
    roomy = card(k, range_rad=6.4)
    found = compensate(target, roomy, Crosstalk.from_positions(pair, roomy))
    assert TURN < float(found.max()) < 6.4


def test_a_target_that_is_none_is_refused() -> None:
    numbers = card()
    target = wanted(144)
    target[7] = math.nan
    with pytest.raises(PhotonicsError, match="a target is not finite"):
        compensate(target, numbers, Crosstalk.from_positions(square(), numbers))


def stronger(weak: Crosstalk, factor: float) -> Crosstalk:
    """Shares of one's own, which `from_positions` would refuse."""
    return Crosstalk(weak.neighbours, factor * weak.shares)


def test_strong_crosstalk_is_refused() -> None:
    numbers = card()
    crosstalk = stronger(Crosstalk.from_positions(square(), numbers), 9)
    assert crosstalk.spectral_radius() > 1
    with pytest.raises(PhotonicsError, match=r"cannot be compensated.*spectral radius 3\.\d+.*move the shifters apart"):
        compensate(wanted(144), numbers, crosstalk)


def test_rows_above_one_are_no_reason_to_refuse_while_the_radius_is_below() -> None:
    """A star: the middle takes 4 x 0.3 of its arms, the radius is 2 x 0.3."""
    arms = torch.tensor([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]) * 1e-4
    numbers = card(0.1, crosstalk_decay_um=4.0, range_rad=20.0)
    crosstalk = stronger(Crosstalk.from_positions(arms, numbers), 3)
    assert crosstalk.spectral_radius() == pytest.approx(0.6, rel=1e-3)
    target = torch.tensor([6.0, 1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    found = actual_phases(compensate(target, numbers, crosstalk), numbers, crosstalk=crosstalk)
    assert_close(torch.exp(1j * found), torch.exp(1j * target))


def test_iterations_that_do_not_end_are_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = card()
    crosstalk = Crosstalk.from_positions(square(), numbers)
    monkeypatch.setattr(_compensate, "STEPS", 2)
    with pytest.raises(PhotonicsError, match="cannot be compensated: what neighbours add is too much"):
        compensate(wanted(144), numbers, crosstalk)
    monkeypatch.undo()
    monkeypatch.setattr(_compensate, "ROUNDS", 1)
    with pytest.raises(PhotonicsError, match="not compensated in 1 rounds; lower crosstalk"):
        compensate(wanted(144), numbers, crosstalk)
