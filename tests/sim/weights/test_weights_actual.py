"""From commanded to actual phases: identity when ideal, each imperfection by its formula, every derivative."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from photonics_sim.device import normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.testing import assert_close, assert_gradient
from photonics_sim.weights import Crosstalk, PhaseShifterCard, actual_phases, driven_phases

N = 12
HEATER = PhaseShifterCard(effect="thermo-optic", pi_power_mw=25.0, resistance_ohm=400.0)
WARM = PhaseShifterCard(
    effect="thermo-optic", pi_power_mw=25.0, crosstalk=0.03, crosstalk_pitch_um=100.0, crosstalk_decay_um=50.0
)
STEPPED = PhaseShifterCard(**(WARM.model_dump() | {"dac_bits": 5}))


def line() -> Tensor:
    return torch.stack([torch.arange(N) * 1e-4, torch.zeros(N)], dim=-1).double()


def warmth() -> Crosstalk:
    return Crosstalk.from_positions(line(), WARM)


def commands(dtype: torch.dtype = torch.float64) -> Tensor:
    return (1 + torch.arange(N, dtype=torch.float64) * 0.41).to(dtype)


@pytest.mark.parametrize("effect", ["thermo-optic", "electro-optic", "mems", "phase-change"])
def test_without_imperfections_the_command_comes_back_bit_for_bit(effect: Any, dtype: torch.dtype) -> None:
    drive: dict[str, Any] = {"thermo-optic": {"pi_power_mw": 20.0}, "phase-change": {}}.get(
        effect, {"pi_voltage_v": 3.0}
    )
    card = PhaseShifterCard(effect=effect, **drive, response_time_us=3.0, static_power_uw=1.0, loss_db=0.1)
    command = (normal(1, 3, N) * 20).to(dtype)
    assert actual_phases(command, card) is command
    off = Crosstalk.from_positions(line(), card)
    assert torch.equal(actual_phases(command, card, crosstalk=off), command)


def test_a_limit_above_a_turn_changes_nothing() -> None:
    command = normal(1, N) * 20
    card = PhaseShifterCard(**(HEATER.model_dump() | {"max_power_mw": 60.0, "range_rad": 9.0}))
    assert torch.equal(actual_phases(command, card), command)


def test_static_errors_add_and_are_of_their_chip(dtype: torch.dtype) -> None:
    command, error = normal(1, 4, 1, N).to(dtype), normal(2, 5, N).to(dtype)
    assert torch.equal(actual_phases(command, HEATER, error=error), command + error)


def test_beyond_its_limit_the_drive_stops() -> None:
    card = PhaseShifterCard(**(HEATER.model_dump() | {"max_power_mw": 25.0}))
    x = torch.tensor([1.0, 3.1, 3.2, 6.0, 7.0, -1.0], dtype=torch.float64, requires_grad=True)
    found = actual_phases(x, card)
    expected = torch.tensor([1.0, 3.1, math.pi, math.pi, 7 - 2 * math.pi, math.pi], dtype=torch.float64)
    assert_close(found, expected)
    (slope,) = torch.autograd.grad(found.sum(), x)
    assert slope.tolist() == [1, 1, 0, 0, 1, 0]


def test_crosstalk_is_of_the_phases_that_are_driven(dtype: torch.dtype) -> None:
    """A heater does not know of whole turns below zero: it is as warm as the wrapped phase makes it."""
    command = (normal(1, N) * 20).to(dtype)
    driven = torch.remainder(command, 2 * math.pi)
    found = actual_phases(command, WARM, crosstalk=warmth().to(dtype))
    assert_close(found, driven + warmth().to(dtype)(driven))
    assert (found >= driven).all()


def test_stages_come_in_order(dtype: torch.dtype) -> None:
    command, error, K = commands(dtype), normal(3, 2, N).to(dtype), warmth().to(dtype)
    held = driven_phases(command, STEPPED)
    assert not torch.equal(held, command)
    assert_close(actual_phases(command, STEPPED, crosstalk=K, error=error), held + K(held) + error)


def test_both_precisions_agree() -> None:
    """Away from the middle between two steps, where the last digit decides."""
    command, K = commands(), warmth()
    single = actual_phases(command.float(), STEPPED, crosstalk=K.to(torch.float32))
    assert_close(single, actual_phases(command, STEPPED, crosstalk=warmth()).float(), "rounding")


def test_gradients_at_every_command_and_error() -> None:
    K = warmth()
    assert_gradient(
        lambda x, e, shares: actual_phases(x, WARM, crosstalk=Crosstalk(K.neighbours, shares), error=e),
        commands(), normal(3, 2, N), K.shares,
    )  # fmt: skip


@pytest.mark.parametrize("card", [WARM, STEPPED], ids=["continuous", "converter"])
@pytest.mark.parametrize("start", [0.0, 1.0], ids=["no drive", "drive"])
def test_the_jacobian_is_one_plus_k_also_without_drive_and_through_steps(card: PhaseShifterCard, start: float) -> None:
    K = warmth()
    x = torch.full((N,), start, dtype=torch.float64)
    expected = torch.eye(N, dtype=torch.float64) + K(torch.eye(N, dtype=torch.float64))
    for jacobian in (torch.func.jacrev, torch.func.jacfwd):
        assert_close(jacobian(lambda c: actual_phases(c, card, crosstalk=K))(x), expected)


@pytest.mark.parametrize("card", [WARM, STEPPED], ids=["continuous", "converter"])
def test_every_order_of_derivatives_gives_the_second_derivative(card: PhaseShifterCard) -> None:
    """d2/dx2 of sum sin(A x) is -A^T diag(sin) A at the phases that are really there."""
    K = warmth()
    A = torch.eye(N, dtype=torch.float64) + K(torch.eye(N, dtype=torch.float64))

    def output(x: Tensor) -> Tensor:
        return actual_phases(x, card, crosstalk=K).sin().sum()

    x = commands()
    expected = -A.T @ torch.diag(actual_phases(x, card, crosstalk=K).sin()) @ A
    forward, reverse = torch.func.jacfwd, torch.func.jacrev
    for outer, inner in ((forward, forward), (forward, reverse), (reverse, forward), (reverse, reverse)):
        assert_close(outer(inner(output))(x), expected, "law", f"{outer.__name__} of {inner.__name__}")


def test_the_straight_gradient_of_an_even_converter_is_that_of_the_mean_over_a_dither() -> None:
    card = PhaseShifterCard(effect="electro-optic", pi_voltage_v=4.0, dac_bits=5)
    step = 2 * math.pi / 31
    dither = ((torch.arange(1000, dtype=torch.float64) + 0.5) / 1000 - 0.5) * step
    for value in (1.0, 1.07, 1.3):
        assert float(actual_phases(value + dither, card).mean()) == pytest.approx(value, abs=1e-3 * step)


def test_vmap_gives_each_row() -> None:
    K, x = warmth(), torch.stack([commands(), commands() / 3, commands() * 2])
    found = torch.func.vmap(lambda row: actual_phases(row, STEPPED, crosstalk=K))(x)
    assert_close(found, torch.stack([actual_phases(row, STEPPED, crosstalk=K) for row in x]), "equal")


def test_crosstalk_without_places_is_refused() -> None:
    with pytest.raises(PhotonicsError, match=r"crosstalk = 0\.03 and the shifters no places; pass crosstalk=Crosstalk"):
        actual_phases(commands(), WARM)


def test_errors_of_another_width_are_refused() -> None:
    with pytest.raises(PhotonicsError, match=r"error has shape \(3,\) and the command \(12,\)"):
        actual_phases(commands(), HEATER, error=torch.zeros(3))
