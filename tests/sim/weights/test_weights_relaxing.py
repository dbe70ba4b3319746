"""Liquid crystal and shifters that follow their command in time."""

from __future__ import annotations

import math

import pytest
import torch

from photonics_sim.device import normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.testing import assert_close, assert_gradient
from photonics_sim.weights import (
    Crosstalk,
    LiquidCrystalCard,
    LiquidCrystalWeights,
    Moment,
    PhaseShifterCard,
    PhaseShifterWeights,
    actual_phases,
)

CELL = LiquidCrystalCard(rise_time_ms=2.0, fall_time_ms=5.0)
HEATER = PhaseShifterCard(effect="thermo-optic", pi_power_mw=25.0, response_time_us=4.0)
LOW, HIGH = 0.2, 0.7


def cell_at(age_s: float, start: float, end: float, card: LiquidCrystalCard = CELL) -> float:
    there = LiquidCrystalWeights(card).actual(
        torch.tensor([end], dtype=torch.float64),
        Moment(age_s=age_s, previous=torch.tensor([start], dtype=torch.float64)),
    )
    return float(there)


@pytest.mark.parametrize(("start", "end", "constant_s"), [(LOW, HIGH, 2e-3), (HIGH, LOW, 5e-3)], ids=["up", "down"])
def test_a_cell_goes_up_and_down_with_a_time_of_its_own(start: float, end: float, constant_s: float) -> None:
    assert cell_at(0.0, start, end) == start
    assert cell_at(1.0, start, end) == end
    for lapsed in (1e-6, 1.0, 3.0):
        left = (cell_at(lapsed * constant_s, start, end) - end) / (start - end)
        assert left == pytest.approx(math.exp(-lapsed), rel=1e-12)


def test_a_cell_at_its_target_stays_there(dtype: torch.dtype) -> None:
    x = torch.linspace(0, 1, 7, dtype=dtype)
    assert_close(LiquidCrystalWeights(CELL).actual(x, Moment(age_s=1e-3, previous=x)), x)


def test_at_rest_a_cell_is_as_dark_as_it_gets() -> None:
    x = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)
    model = LiquidCrystalWeights(LiquidCrystalCard(rise_time_ms=2.0, fall_time_ms=5.0, extinction_db=20.0))
    assert_close(model.actual(x, Moment()), torch.full_like(x, 0.01))
    assert_close(model.actual(x, Moment(age_s=1.0)), torch.tensor([0.01, 0.505, 1.0], dtype=torch.float64))
    assert not LiquidCrystalWeights(CELL).actual(x, Moment()).any()


def test_grey_levels_and_flicker_are_of_the_card() -> None:
    x = torch.linspace(0, 1, 11, dtype=torch.float64)
    card = LiquidCrystalCard(rise_time_ms=2.0, fall_time_ms=5.0, bits=2, flicker=0.02)
    model = LiquidCrystalWeights(card)
    assert_close(model.actual(x, Moment(age_s=1.0)).unique(), torch.tensor([0, 1 / 3, 2 / 3, 1], dtype=torch.float64))
    rms = model.reading_rms(x, Moment(seed=1, chips=3))
    assert rms is not None
    assert torch.equal(rms, torch.full((3, 11), 0.02, dtype=torch.float64))
    silent = LiquidCrystalCard(**(card.model_dump() | {"read_noise": False}))
    assert LiquidCrystalWeights(silent).reading_rms(x, Moment()) is None


def test_a_shifter_follows_its_drive(dtype: torch.dtype) -> None:
    x, before = (1 + normal(1, 6).abs()).to(dtype), normal(2, 6).to(dtype)
    model = PhaseShifterWeights(HEATER)
    assert torch.equal(model.actual(x, Moment(previous=before)), before)
    assert torch.equal(model.actual(x, Moment(age_s=1.0, previous=before)), x)
    assert not model.actual(x, Moment()).any(), "at rest the phase is 0"
    assert_close(model.actual(x, Moment(age_s=4e-6, previous=before)) - x, (before - x) / math.e)


def test_a_shifter_without_delay_is_its_drive() -> None:
    card = PhaseShifterCard(
        effect="thermo-optic", pi_power_mw=25.0, dac_bits=5, crosstalk=0.03, crosstalk_pitch_um=100.0,
        crosstalk_decay_um=50.0,
    )  # fmt: skip
    places = torch.stack([torch.arange(6) * 1e-4, torch.zeros(6)], dim=-1)
    heat = Crosstalk.from_positions(places, card)
    x = normal(1, 2, 6)
    found = PhaseShifterWeights(card, heat).actual(x, Moment(age_s=3.0, seed=1))
    assert torch.equal(found, actual_phases(x, card, crosstalk=heat))
    with pytest.raises(PhotonicsError, match="the shifters no places"):
        PhaseShifterWeights(card).actual(x, Moment())


@pytest.mark.parametrize("model", [LiquidCrystalWeights(CELL), PhaseShifterWeights(HEATER, wander_rad=0.1)])
def test_what_had_been_before_may_be_of_each_chip_or_of_all(
    model: LiquidCrystalWeights | PhaseShifterWeights,
) -> None:
    x, age = 0.5 + 0.1 * normal(1, 2, 5).tanh(), 2e-3 if isinstance(model, LiquidCrystalWeights) else 2e-6
    first = model.actual(x, Moment(age_s=1.0, seed=3, chips=4))
    later = model.actual(x / 2, Moment(age_s=age, writes=2, seed=3, chips=4, previous=first))
    assert later.shape == (4, 2, 5)
    at_once = model.actual(x / 2, Moment(writes=2, seed=3, chips=4, previous=first))
    assert_close(at_once, first, "equal")
    of_all = model.actual(x / 2, Moment(writes=2, seed=3, chips=4, previous=x))
    assert_close(of_all, x.expand(4, 2, 5), "equal")
    with pytest.raises(PhotonicsError, match=r"previous has shape \(3,\), the weights \(2, 5\); pass what these"):
        model.actual(x, Moment(age_s=age, previous=torch.zeros(3)))


def test_gradients_reach_what_had_been_before() -> None:
    x, before = torch.tensor([0.3, 0.8], dtype=torch.float64), torch.tensor([0.5, 0.5], dtype=torch.float64)
    for model, age in ((LiquidCrystalWeights(CELL), 3e-3), (PhaseShifterWeights(HEATER), 3e-6)):
        assert_gradient(lambda a, b, m=model, t=age: m.actual(a, Moment(age_s=t, previous=b)), x, before)
