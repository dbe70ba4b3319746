"""Phases and voltages: the curve of each effect both ways, converter steps, levels, limits, power."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.testing import assert_close, assert_gradient
from photonics_sim.weights import (
    PhaseShifterCard,
    dac_voltage,
    drive_voltage,
    driven_phases,
    electrical_power,
    phase_of_voltage,
)

TURN = 2 * math.pi
HEATER = PhaseShifterCard(effect="thermo-optic", pi_power_mw=25.0, resistance_ohm=400.0)
POCKELS = PhaseShifterCard(effect="electro-optic", pi_voltage_v=4.0)
MEMS = PhaseShifterCard(effect="mems", pi_voltage_v=10.0)
CELL = PhaseShifterCard(effect="phase-change")
CURVES = pytest.mark.parametrize("card", [HEATER, POCKELS, MEMS], ids=lambda c: c.effect)


def tuned(card: PhaseShifterCard, **fields: Any) -> PhaseShifterCard:
    return PhaseShifterCard(**(card.model_dump() | fields))


def phases(dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.linspace(0, 6.28, 201, dtype=torch.float64).to(dtype)


def test_voltages_by_hand() -> None:
    """25 mW in 400 ohm are sqrt(10) V for pi; half of it in phase is half the power."""
    quarter = torch.tensor([0.0, math.pi / 4, math.pi / 2, math.pi], dtype=torch.float64)
    root = torch.tensor([0.0, 0.5, 0.5**0.5, 1.0], dtype=torch.float64)
    assert_close(drive_voltage(quarter, HEATER), 10**0.5 * root)
    assert_close(drive_voltage(quarter, MEMS), 10 * root)
    assert_close(drive_voltage(quarter, POCKELS), torch.tensor([0.0, 1.0, 2.0, 4.0], dtype=torch.float64))


@CURVES
def test_phase_to_voltage_and_back(card: PhaseShifterCard, dtype: torch.dtype) -> None:
    found = phase_of_voltage(drive_voltage(phases(dtype), card), card)
    assert found.dtype == dtype
    assert_close(found, phases(dtype))


@CURVES
def test_whole_turns_are_one_drive(card: PhaseShifterCard, dtype: torch.dtype) -> None:
    inside = phases(dtype)[5:-5]
    expected = drive_voltage(inside, card)
    assert_close(drive_voltage(inside + TURN, card), expected)
    assert_close(drive_voltage(inside - 2 * TURN, card), expected)


@pytest.mark.parametrize("start", [-1e-9, -0.0, 0.0, 1e-9])
def test_around_zero_the_drive_is_that_of_no_phase_or_of_a_turn(start: float, dtype: torch.dtype) -> None:
    """Single precision rounds 2 pi upwards, which must be neither refused nor wrapped again."""
    card = tuned(HEATER, max_power_mw=50.0)
    power = float(electrical_power(torch.tensor([start], dtype=dtype), card))
    assert power == pytest.approx(50e-3 if start < 0 else 0.0, abs=1e-8)
    drive_voltage(torch.tensor([start, TURN], dtype=dtype), card)


def test_a_wider_range_is_held_as_commanded() -> None:
    wide = tuned(POCKELS, range_rad=3 * math.pi)
    command = torch.tensor([2.5 * math.pi, 3.5 * math.pi, -0.5 * math.pi], dtype=torch.float64)
    assert_close(drive_voltage(command, wide), torch.tensor([10.0, 6.0, 6.0], dtype=torch.float64))
    # a limit below the range, but not below a turn, wraps as well
    limited = tuned(wide, max_drive_v=9.0)
    assert_close(drive_voltage(command, limited), torch.tensor([2.0, 6.0, 6.0], dtype=torch.float64))


def test_the_gradient_of_a_heater_is_finite_without_drive(dtype: torch.dtype) -> None:
    x = torch.tensor([0.0, math.pi], dtype=dtype, requires_grad=True)
    (slope,) = torch.autograd.grad(drive_voltage(x, HEATER).sum(), x, create_graph=True)
    assert_close(slope, torch.tensor([0.0, 10**0.5 / TURN], dtype=dtype))
    (second,) = torch.autograd.grad(slope.sum(), x)
    assert torch.isfinite(second).all()


@CURVES
def test_a_drive_at_its_limit_is_allowed_and_not_wrapped(card: PhaseShifterCard, dtype: torch.dtype) -> None:
    """Whatever way rounding goes."""
    for share in torch.linspace(0.3, 1.0, 40).tolist():
        volts = share * card.pi_drive_v * 2 ** (1 / card.exponent)
        limited = tuned(card, max_drive_v=volts)
        limit = torch.tensor([volts], dtype=dtype)
        assert_close(drive_voltage(phase_of_voltage(limit, limited), limited), limit)


@CURVES
def test_gradients_pass_the_voltages_of_the_converter_straight(card: PhaseShifterCard) -> None:
    volts = torch.tensor([0.0, 0.4, 1.7], requires_grad=True)
    (slope,) = torch.autograd.grad(dac_voltage(volts, tuned(card, dac_bits=4)).sum(), volts)
    assert torch.equal(slope, torch.ones(3))


@CURVES
def test_gradients_of_the_curves(card: PhaseShifterCard) -> None:
    assert_gradient(lambda x: drive_voltage(x, card), phases()[10:-10:20])
    volts = torch.tensor([0.0, 0.4, 1.7], dtype=torch.float64)
    assert_gradient(lambda v: phase_of_voltage(v, card), volts)
    assert_gradient(lambda x: 1e3 * electrical_power(x, card), phases()[10:-10:20])


def test_steps_of_a_heater_are_even_in_voltage_and_uneven_in_phase(dtype: torch.dtype) -> None:
    """Code k of N is (k / N)^2 of a turn: the first step is 1 / N^2, the last about 2 / N."""
    card, last = tuned(HEATER, dac_bits=3), 7
    held = torch.unique(driven_phases(torch.linspace(0, TURN, 20_001, dtype=dtype), card))
    codes = torch.arange(last + 1, dtype=dtype)
    assert_close(held, TURN * (codes / last) ** 2)
    steps = held.diff() / TURN
    assert_close(steps, (2 * codes[:-1] + 1) / last**2)
    assert float(steps[-1] / steps[0]) == pytest.approx(2 * last - 1, rel=1e-4)


def test_steps_of_an_electro_optic_shifter_are_even_in_phase(dtype: torch.dtype) -> None:
    held = torch.unique(driven_phases(torch.linspace(0, TURN, 20_001, dtype=dtype), tuned(POCKELS, dac_bits=3)))
    assert_close(held, TURN * torch.arange(8, dtype=dtype) / 7)


@CURVES
@pytest.mark.parametrize("bits", [1, 4, 9])
def test_the_nearest_voltage_is_taken(card: PhaseShifterCard, bits: int) -> None:
    card = tuned(card, dac_bits=bits)
    wanted = drive_voltage(phases(), card)
    found, step = dac_voltage(wanted, card), card.pi_drive_v * 2 ** (1 / card.exponent) / (2**bits - 1)
    assert_close(found, torch.round(wanted / step) * step)
    assert step / 2 * 0.9 < float((found - wanted).abs().max()) <= step / 2 * (1 + 1e-9)
    assert_close(driven_phases(phases(), card), phase_of_voltage(found, card))


def test_the_limit_is_the_full_scale_of_the_converter() -> None:
    card = tuned(POCKELS, dac_bits=2, max_drive_v=12.0)  # steps of 4 V, which is pi
    found = driven_phases(torch.tensor([1.5, 1.6, 4.7, 4.8], dtype=torch.float64), card)
    assert_close(found, torch.tensor([0.0, math.pi, math.pi, TURN], dtype=torch.float64))
    assert dac_voltage(torch.tensor([-3.0, 99.0]), card).tolist() == [0.0, 12.0]


def test_a_converter_of_a_heater_needs_no_resistance_until_volts_are_asked() -> None:
    bare = tuned(HEATER, resistance_ohm=0.0, dac_bits=5)
    assert_close(driven_phases(phases(), bare), driven_phases(phases(), tuned(HEATER, dac_bits=5)))
    calls = (lambda: drive_voltage(phases(), bare), lambda: phase_of_voltage(phases(), bare))
    for call in (*calls, lambda: dac_voltage(phases(), bare)):
        with pytest.raises(PhotonicsError, match="needs resistance_ohm, which the card does not give; add it"):
            call()


def test_levels_are_even_and_both_ends_are_among_them(dtype: torch.dtype) -> None:
    card = tuned(CELL, levels=5, range_rad=2.0)
    held = driven_phases(torch.tensor([0.0, 0.24, 0.26, 1.6, 1.8, 2.0, TURN + 0.9], dtype=dtype), card)
    assert_close(held, torch.tensor([0.0, 0.0, 0.5, 1.5, 2.0, 2.0, 1.0], dtype=dtype))


def test_a_phase_change_cell_holds_without_a_drive() -> None:
    assert torch.equal(drive_voltage(phases(), CELL), torch.zeros(201, dtype=torch.float64))
    assert torch.equal(electrical_power(phases(), CELL), torch.zeros(201, dtype=torch.float64))
    with pytest.raises(PhotonicsError, match=r"no phase of a voltage, pulses write it; driven_phases"):
        phase_of_voltage(phases(), CELL)


def test_power_by_hand() -> None:
    x = torch.tensor([0.0, math.pi / 2, math.pi, -math.pi / 2], dtype=torch.float64)
    expected = torch.tensor([0.0, 12.5e-3, 25e-3, 37.5e-3], dtype=torch.float64)
    assert_close(electrical_power(x, HEATER), expected)
    assert_close(electrical_power(x, tuned(HEATER, static_power_uw=40.0)), expected + 40e-6)
    assert_close(electrical_power(x, tuned(MEMS, static_power_uw=0.5)), torch.full((4,), 5e-7, dtype=torch.float64))


@pytest.mark.parametrize("bits", [0, 3, 8])
def test_the_power_of_a_heater_is_v_squared_over_r(bits: int, dtype: torch.dtype) -> None:
    """Also of what the converter gives, up to its last step."""
    card = tuned(HEATER, dac_bits=bits)
    volts = dac_voltage(drive_voltage(phases(dtype), card), card)
    assert_close(electrical_power(phases(dtype), card), volts**2 / 400)


@pytest.mark.parametrize(
    ("card", "message"),
    [
        (tuned(HEATER, max_drive_v=3.0), r"shifter 2 needs 3\.0902 V for 3 rad; 3 V is allowed, for 2\.8274 rad"),
        (tuned(HEATER, resistance_ohm=0.0, max_power_mw=20.0), r"needs 23\.873 mW for 3 rad; 20 mW is allowed"),
        (tuned(POCKELS, max_drive_v=2.0), r"needs 3\.8197 V for 3 rad; 2 V is allowed.* or raise max_drive_v$"),
        (tuned(CELL, range_rad=2.5), r"needs a range of 3 rad for 3 rad; a range of 2\.5 rad.* or raise range_rad$"),
        (tuned(HEATER, max_drive_v=3.0, max_power_mw=9.0), r"or raise max_drive_v and max_power_mw$"),
    ],
)
def test_a_drive_beyond_its_limit_is_refused(card: PhaseShifterCard, message: str) -> None:
    command = torch.tensor([0.1, TURN + 0.2, 3.0, 3.1], dtype=torch.float64)
    with pytest.raises(PhotonicsError, match=message):
        drive_voltage(command, card)
    with pytest.raises(PhotonicsError, match=r"shifter 2 \(at \[1, 2\]\)"):
        drive_voltage(torch.stack([torch.zeros(4, dtype=torch.float64), command]), card)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_phase_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(PhotonicsError, match="shifter 1 is commanded nan rad; phases must be finite"):
        drive_voltage(torch.tensor([0.0, value]), HEATER)


def test_under_vmap_drives_are_not_looked_at() -> None:
    x = torch.stack([phases(), phases() / 2])
    assert_close(torch.func.vmap(lambda row: drive_voltage(row, HEATER))(x), drive_voltage(x, HEATER), "equal")
