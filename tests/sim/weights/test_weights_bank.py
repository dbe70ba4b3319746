"""A bank: written once, read often, older by the clock alone."""

from __future__ import annotations

import copy
import json

import pytest
import torch
from torch import Tensor

from photonics_sim.device import normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.testing import assert_close
from photonics_sim.weights import (
    Clock,
    LiquidCrystalCard,
    LiquidCrystalWeights,
    Moment,
    PhaseChangeCard,
    PhaseChangeWeights,
    WeightBank,
)

CELLS = PhaseChangeWeights(PhaseChangeCard(cell="joshi"))
CRYSTAL = LiquidCrystalWeights(LiquidCrystalCard(rise_time_ms=2.0, fall_time_ms=5.0))


def target() -> Tensor:
    return torch.special.ndtr(normal(3, 4, 5))


def test_a_bank_reads_what_its_model_says_of_the_moment() -> None:
    clock = Clock(now_s=100.0)
    bank = WeightBank(target(), CELLS, clock=clock, seed=9)
    clock.advance(50.0)
    moment = Moment(age_s=50.0, seed=9)
    assert bank.now() == moment
    assert torch.equal(bank.actual(), CELLS.actual(target(), moment))
    rms, expected = bank.reading_rms(), CELLS.reading_rms(target(), moment)
    assert rms is not None
    assert expected is not None
    assert torch.equal(rms, expected)
    assert torch.equal(bank.actual(age_s=7.0), CELLS.actual(target(), Moment(age_s=7.0, seed=9)))


def test_readings_change_nothing() -> None:
    bank = WeightBank(target(), CELLS, seed=9)
    bank.clock.advance(1e4)
    before = copy.deepcopy(bank.state_dict()), bank.history(), bank.clock.now_s
    first = bank.actual()
    bank.actual(age_s=1e6)
    bank.reading_rms()
    assert torch.equal(bank.actual(), first)
    assert torch.equal(bank.state_dict()["target"], before[0]["target"])
    assert (bank.history(), bank.clock.now_s) == before[1:]


def test_a_write_starts_anew_with_an_error_of_its_own() -> None:
    bank = WeightBank(target(), CELLS, seed=9)
    fresh = bank.actual()
    bank.clock.advance(1e4)
    assert (bank.actual() <= fresh).all()
    bank.write()
    assert bank.now() == Moment(writes=2, seed=9)
    assert torch.equal(bank.actual(), CELLS.actual(target(), Moment(writes=2, seed=9)))
    assert not torch.equal(bank.actual(), fresh)


def test_banks_share_a_clock_or_have_their_own() -> None:
    clock = Clock()
    one, two, alone = (WeightBank(target(), CELLS, clock=shared) for shared in (clock, clock, None))
    clock.advance(3.0)
    assert [bank.now().age_s for bank in (one, two, alone)] == [3.0, 3.0, 0.0]


def test_a_bank_cannot_be_read_before_it_is_written() -> None:
    bank = WeightBank(target(), CELLS, clock=Clock(now_s=10.0))
    bank.clock.now_s = 4.0
    with pytest.raises(PhotonicsError, match="read 6 s before their last write"):
        bank.actual()
    with pytest.raises(PhotonicsError, match="read 1 s before"):
        bank.actual(age_s=-1.0)


def test_the_bank_of_a_chip_and_of_several() -> None:
    bank = WeightBank(target(), CELLS, seed=1)
    one = bank.actual()
    bank.on_chip(2)
    assert not torch.equal(bank.actual(), one)
    bank.on_chip(2, chips=3)
    assert bank.actual().shape == (3, 4, 5)
    bank.on_chip(None)
    assert torch.equal(bank.actual(), target())
    with pytest.raises(PhotonicsError, match="an ensemble of chips needs a seed"):
        bank.on_chip(None, chips=3)
    with pytest.raises(PhotonicsError, match="an ensemble has at least one chip"):
        bank.on_chip(1, chips=0)


def test_what_had_been_before_is_kept_as_it_was() -> None:
    """Not as an alias of the target, which training moves, nor with its graph, which is gone after one backward."""
    bank = WeightBank(target(), CRYSTAL)
    bank.clock.advance(1.0)
    before = bank.actual()
    bank.write(previous=bank.target)
    with torch.no_grad():
        bank.target.mul_(0.5)
    assert_close(bank.actual(), before, "equal")
    bank.write(previous=bank.actual(age_s=1e-3))
    bank.clock.advance(2e-3)
    for _ in range(2):
        bank.actual().square().sum().backward()
    assert bank.target.grad is not None


@pytest.mark.parametrize("chips", [None, 2])
def test_a_bank_goes_on_where_it_was_stored(chips: int | None, dtype: torch.dtype) -> None:
    bank = WeightBank(target().to(dtype), CRYSTAL)
    bank.on_chip(4, chips)
    bank.clock.advance(0.01)
    bank.write(previous=bank.actual())
    with torch.no_grad():
        bank.target.mul_(0.5)
    bank.clock.advance(1e-3)
    stored, weights = json.loads(json.dumps(bank.history())), bank.state_dict()

    twin = WeightBank(torch.zeros(4, 5, dtype=dtype), CRYSTAL, clock=Clock(bank.clock.now_s))
    twin.load_state_dict(weights)
    twin.on_chip(4, chips)
    twin.restore(stored)
    assert torch.equal(twin.actual(), bank.actual())
    assert twin.history() == bank.history()


def test_training_reaches_the_target_through_noise_and_drift() -> None:
    bank = WeightBank(target(), CELLS, seed=9)
    bank.clock.advance(1e5)
    bank.actual().square().sum().backward()
    assert bank.target.grad is not None
    moment = bank.now()
    expected = torch.func.grad(lambda t: CELLS.actual(t, moment).square().sum())(target())
    assert_close(bank.target.grad, expected)
