"""A shifter follows its command exponentially."""

from __future__ import annotations

import math

import pytest
import torch

from photonics_sim.device import normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.testing import assert_close, assert_gradient
from photonics_sim.weights import PhaseShifterCard, settle, settling_time

SLOW = PhaseShifterCard(effect="thermo-optic", pi_power_mw=25.0, response_time_us=4.0)
FAST = PhaseShifterCard(effect="electro-optic", pi_voltage_v=3.0)


def test_after_one_time_constant_one_eth_is_left(dtype: torch.dtype) -> None:
    before, target = normal(1, 5).to(dtype), normal(2, 5).to(dtype)
    assert_close(settle(before, target, 4e-6, SLOW) - target, (before - target) / math.e)


def test_a_rise_from_10_to_90_percent_takes_ln_9_time_constants() -> None:
    zero, one = torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64)
    start = 4e-6 * math.log(1 / 0.9)
    levels = [float(settle(zero, one, t, SLOW)) for t in (start, start + 4e-6 * math.log(9))]
    assert levels == pytest.approx([0.1, 0.9], rel=1e-12)


def test_it_begins_before_and_ends_at_the_target_exactly(dtype: torch.dtype) -> None:
    before, target = normal(1, 3, 5).to(dtype), normal(2, 5).to(dtype)
    assert torch.equal(settle(before, target, 0.0, SLOW), before)
    for end in (1.0, math.inf):
        assert torch.equal(settle(before, target, end, SLOW), target.expand(3, 5))


def test_the_first_moments_keep_their_digits(dtype: torch.dtype) -> None:
    zero, one = torch.zeros(1, dtype=dtype), torch.ones(1, dtype=dtype)
    assert_close(settle(zero, one, 4e-12, SLOW), torch.tensor([1e-6 - 0.5e-12], dtype=dtype))


def test_waiting_twice_is_waiting_for_the_sum(dtype: torch.dtype) -> None:
    before, target = normal(1, 5).to(dtype), normal(2, 5).to(dtype)
    twice = settle(settle(before, target, 1.3e-6, SLOW), target, 2.9e-6, SLOW)
    assert_close(twice, settle(before, target, 4.2e-6, SLOW))


def test_times_broadcast_also_where_there_is_no_delay() -> None:
    before, target = normal(1, 5), normal(2, 5)
    times = torch.tensor([[0.0], [1e-6], [1e-5]], dtype=torch.float64)
    assert_close(settle(before, target, times, SLOW)[1], settle(before, target, 1e-6, SLOW), "rounding")
    at_once = settle(before, target, times, FAST)
    assert torch.equal(at_once, target.expand(3, 5))


def test_gradients_in_both_phases_and_in_time() -> None:
    assert_gradient(
        lambda a, b, t: settle(a, b, 1e-6 * t, SLOW), normal(1, 5), normal(2, 5), torch.tensor(2.5, dtype=torch.float64)
    )


def test_under_vmap_times_are_not_looked_at() -> None:
    before, target = normal(1, 5), normal(2, 5)
    times = torch.tensor([0.0, 3e-6], dtype=torch.float64)
    rows = torch.func.vmap(lambda t: settle(before, target, t, SLOW))(times)
    assert_close(rows, settle(before, target, times[:, None], SLOW), "equal")


def test_the_settling_time_leaves_just_the_accuracy() -> None:
    time = settling_time(SLOW, 1e-3)
    assert time == pytest.approx(4e-6 * math.log(2 * math.pi / 1e-3), rel=1e-12)
    turn, zero = torch.tensor(2 * math.pi, dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    assert float(settle(turn, zero, time, SLOW)) == pytest.approx(1e-3, rel=1e-9)
    assert settling_time(SLOW, 7.0) == 0
    assert settling_time(FAST, 1e-9) == 0


def test_a_shorter_reach_settles_sooner() -> None:
    limited = PhaseShifterCard(**(SLOW.model_dump() | {"max_power_mw": 25.0}))
    assert settling_time(limited, 1e-3) == pytest.approx(4e-6 * math.log(math.pi / 1e-3), rel=1e-12)


def test_what_cannot_be_is_refused() -> None:
    for accuracy in (0.0, -1.0, math.nan):
        with pytest.raises(PhotonicsError, match="never arrives; give a positive accuracy"):
            settling_time(SLOW, accuracy)
    for early in (-1e-9, torch.tensor([1.0, -1.0])):
        with pytest.raises(PhotonicsError, match=r"elapsed_s is negative; .* give 0 or more"):
            settle(torch.zeros(2), torch.ones(2), early, SLOW)
