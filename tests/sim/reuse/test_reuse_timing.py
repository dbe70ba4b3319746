"""Latency, energy, cells and endurance of three ways to build one network, by hand."""

from __future__ import annotations

import itertools
import math

import pytest

from photonics_sim import LayerSchedule, PhotonicsError
from photonics_sim.reuse import StepEnergies, StepTimes, compare, timelines

TIMES = StepTimes(product_s=1e-11, switch_s=1e-9, update_s=1e-5, state_s=2e-10)


def test_the_timing_model_of_the_paper() -> None:
    """A thermo-optic mesh: T_MM in ps, T_swt about a nanosecond, T_upd above ten microseconds."""
    assert TIMES.switching_s == pytest.approx(1e-11 + 1e-9)
    assert TIMES.rewriting_s == pytest.approx(1e-11 + 1e-5)
    assert TIMES.staying_s == pytest.approx(1e-11 + 2e-10)
    slow_state = StepTimes(product_s=1e-11, switch_s=1e-9, update_s=1e-5, state_s=1e-3)
    assert slow_state.switching_s == slow_state.rewriting_s  # no gain where the state dominates both


@pytest.mark.parametrize(
    ("platform", "update_s", "gain"),
    [("thermo-optic mesh", 1e-5, 9901.98), ("microring bank", 5e-7, 495.11), ("liquid-crystal panel", 1e-2, 9.9e6)],
)
def test_what_reuse_saves_on_the_platforms(platform: str, update_s: float, gain: float) -> None:
    times = StepTimes(product_s=1e-11, switch_s=1e-9, update_s=update_s, state_s=2e-10)
    reuse, rewriting, _ = compare(LayerSchedule(2, 8), times, StepEnergies(0.0), cells=1)
    assert rewriting.latency_s / reuse.latency_s == pytest.approx(gain, rel=2e-3)


def test_three_ways_by_hand() -> None:
    energies = StepEnergies(product_j=3.0, switch_j=0.5, write_j=100.0, hold_w=2e9, switch_w=1e9)
    schedule = LayerSchedule(2, 4, (0, 0, 1, 1))  # changes behind layers 1 and 3
    reuse, rewriting, full = compare(schedule, TIMES, energies, cells=10, endurance=1e6)
    switching, rewritten, staying = 1.01e-9, 1e-5 + 1e-11, 2.1e-10
    assert reuse.latency_s == pytest.approx(2 * switching + 2 * staying)
    assert rewriting.latency_s == pytest.approx(2 * rewritten + 2 * staying)
    assert full.latency_s == pytest.approx(4 * staying)
    assert reuse.energy_j == pytest.approx(12 + 2 * 0.5 + (1e9 + 2 * 2e9) * reuse.latency_s)
    assert rewriting.energy_j == pytest.approx(12 + 2 * 100 + 2e9 * rewriting.latency_s)
    assert full.energy_j == pytest.approx(12 + 4 * 2e9 * full.latency_s)
    assert [way.cells for way in (reuse, rewriting, full)] == [20, 10, 40]
    assert [way.writes_per_pass for way in (reuse, rewriting, full)] == [0, 2, 0]
    assert rewriting.endurance_h == pytest.approx(1e6 / 2 * rewriting.latency_s / 3600)
    assert reuse.endurance_h is None
    assert full.endurance_h is None


def test_what_surrounds_the_layers_is_the_same_for_all() -> None:
    ways = compare(LayerSchedule(2, 4), TIMES, StepEnergies(3.0, hold_w=1e9), cells=10)
    more = compare(LayerSchedule(2, 4), TIMES, StepEnergies(3.0, hold_w=1e9), cells=10, around_s=1e-6, around_j=7.0)
    for banks, bare, whole in zip((2, 1, 4), ways, more, strict=True):
        assert whole.latency_s == pytest.approx(bare.latency_s + 1e-6)
        assert whole.energy_j == pytest.approx(bare.energy_j + 7 + banks * 1e9 * 1e-6)


def test_a_single_bank_is_never_switched_nor_written() -> None:
    reuse, rewriting, _ = compare(LayerSchedule(1, 4), TIMES, StepEnergies(1.0), cells=1, endurance=10)
    assert reuse.latency_s == rewriting.latency_s == pytest.approx(4 * TIMES.staying_s)
    assert rewriting.endurance_h is None


@pytest.mark.parametrize("order", ["cyclic", "blocked", "palindrome"])
def test_timelines_last_as_long_as_the_pass(order: str) -> None:
    schedule = LayerSchedule(3, 7, order)
    reuse, rewriting, _ = compare(schedule, TIMES, StepEnergies(0.0), cells=1)
    for line, way in zip(timelines(schedule, TIMES), (reuse, rewriting), strict=True):
        assert line.duration_s == pytest.approx(way.latency_s)
        assert {span.lane for span in line.spans} <= set(line.lanes)
        products = [span for span in line.spans if span.activity == "product"]
        assert len(products) == 7
        for lane in line.lanes:  # no part does two things at once
            spans = sorted((s.start_s, s.stop_s) for s in line.spans if s.lane == lane)
            assert all(a[1] <= b[0] + 1e-18 for a, b in itertools.pairwise(spans))
    lit = [span.lane for span in timelines(schedule, TIMES)[0].spans if span.activity == "product"]
    assert lit == [f"bank {k}" for k in schedule.banks]


@pytest.mark.parametrize("value", [0.0, -1e-9, math.inf, math.nan])
@pytest.mark.parametrize("name", ["product_s", "switch_s", "update_s", "state_s"])
def test_times_are_positive(name: str, value: float) -> None:
    times = {"product_s": 1.0, "switch_s": 1.0, "update_s": 1.0, "state_s": 1.0, name: value}
    with pytest.raises(PhotonicsError, match=f"{name} = .*positive"):
        StepTimes(**times)
