"""Simulated time, what it is spent on, and what writing costs."""

from __future__ import annotations

import json
import math

import pytest

from photonics_sim.errors import PhotonicsError
from photonics_sim.weights import Clock, Ledger, WriteCard


def test_a_clock_goes_forward_alone() -> None:
    clock = Clock()
    clock.advance(1.5)
    clock.advance(0.0)
    clock.advance(0.25)
    assert clock.now_s == 1.75
    for wrong in (-1e-9, math.inf, math.nan):
        with pytest.raises(PhotonicsError, match=r"time goes forward by finite steps; .* Give 0 or more"):
            clock.advance(wrong)
    assert clock.now_s == 1.75


def test_a_ledger_adds_up_by_purpose() -> None:
    ledger = Ledger()
    ledger.add("write", seconds=2.0, joules=1e-3)
    ledger.add("pass", seconds=0.5)
    ledger.add("write", seconds=1.0, joules=2e-3)
    ledger.add("hold", joules=4e-3)
    assert ledger.seconds == {"write": 3.0, "pass": 0.5, "hold": 0.0}
    assert ledger.joules == {"write": 3e-3, "pass": 0.0, "hold": 4e-3}
    assert (ledger.total_seconds, ledger.total_joules) == (3.5, 7e-3)


@pytest.mark.parametrize("wrong", [{"seconds": -1.0}, {"joules": -1.0}, {"seconds": math.nan}, {"joules": math.inf}])
def test_nothing_is_unspent(wrong: dict[str, float]) -> None:
    ledger = Ledger()
    with pytest.raises(PhotonicsError, match=r"what is spent stays spent: .* for 'write'"):
        ledger.add("write", **wrong)
    assert ledger == Ledger()


@pytest.mark.parametrize(("endurance", "most"), [(3.0, 3), (3.5, 3), (1.0, 1)])
def test_cells_wear_out_and_nothing_is_booked_then(endurance: float, most: int) -> None:
    ledger = Ledger(endurance=endurance)
    for _ in range(most):
        ledger.count_write()
    assert ledger.endurance_used == most / endurance
    with pytest.raises(PhotonicsError, match=rf"worn out: each has been written {most} times, of {endurance:g} that"):
        ledger.count_write()
    assert ledger.writes == most


def test_elements_without_wear_are_written_for_ever() -> None:
    ledger = Ledger()
    for _ in range(100):
        ledger.count_write()
    assert (ledger.writes, ledger.endurance_used) == (100, 0.0)


@pytest.mark.parametrize("endurance", [math.inf, 5000.0])
def test_a_ledger_survives_json(endurance: float) -> None:
    ledger = Ledger(passes=7, switch_events=12, endurance=endurance)
    ledger.add("write", seconds=0.1, joules=0.3)
    ledger.count_write()
    table = json.loads(json.dumps(ledger.to_dict(), allow_nan=False))
    again = Ledger.from_dict(table)
    assert again == ledger
    again.add("write", seconds=1.0)
    assert table["seconds"] == {"write": 0.1}, "the copy shares its entries"


def test_writing_a_bank_by_hand() -> None:
    card = WriteCard(time_us=2.0, energy_pj=30.0, parallel_cells=64, endurance_cycles=1e8)
    assert card.bank_time_s(64) == 2e-6
    assert card.bank_time_s(65) == 4e-6
    assert card.bank_energy_j(65) == pytest.approx(65 * 30e-12, rel=1e-15)
    assert card.endurance == 1e8
    at_once = WriteCard(time_us=2.0)
    assert (at_once.bank_time_s(10**6), at_once.bank_energy_j(10**6)) == (2e-6, 0.0)
    assert at_once.endurance == math.inf
    one_by_one = WriteCard(time_us=2.0, parallel_cells=1)
    assert one_by_one.bank_time_s(100) == pytest.approx(2e-4, rel=1e-15)
