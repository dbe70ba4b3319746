"""What a panel shows: a measured curve, its inverse, even steps of the drive, and how liquid crystal follows."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from photonics_sim import PhotonicsError
from photonics_sim.device import normal
from photonics_sim.signals import quantise_phase
from photonics_sim.testing import assert_adds_up, assert_close, assert_gradient
from photonics_sim.weights import PhaseCurveCard, follow, held_drive, held_phases, phase_of_drive

TURN = 2 * math.pi


def nematic(reach: float, *, points: int = 17, falling: bool = False, **fields: Any) -> PhaseCurveCard:
    """A threshold-like S over 1 .. 5 V, that reaches so far above (or falls to) 0.4 rad."""
    share = [i / (points - 1) for i in range(points)]
    phase = [0.4 + reach * (3 * s * s - 2 * s**3 + 0.3 * s) / 1.3 for s in share]
    drive = [1 + 4 * s for s in share]
    return PhaseCurveCard(drive=drive, phase_rad=phase[::-1] if falling else phase, **fields)


CURVES = {
    "short": nematic(4.0),
    "short falling": nematic(4.0, falling=True),
    "a turn": nematic(TURN),
    "long": nematic(8.0),
    "long falling": nematic(8.0, falling=True),
    "even": PhaseCurveCard(),
}


def commands(dtype: torch.dtype = torch.float64) -> Tensor:
    return (4 * normal(1, 2000)).to(dtype)


def around(a: Tensor, b: Tensor) -> Tensor:
    """The shortest angle between phases."""
    return (torch.remainder(a - b + math.pi, TURN) - math.pi).abs()


def assert_same_phase(found: Tensor, expected: Tensor) -> None:
    """On the unit circle, as light sees phases."""
    assert_close(torch.polar(torch.ones_like(found), found), torch.polar(torch.ones_like(expected), expected))


def levels(card: PhaseCurveCard, bits: int) -> Tensor:
    """The phases of all drives, straight from the curve."""
    first, last = (card.drive[0], card.drive[-1]) if card.drive else (0.0, 1 - 2.0**-bits)
    return phase_of_drive(torch.linspace(first, last, 2**bits, dtype=torch.float64), card)


@pytest.mark.parametrize("name", CURVES)
def test_a_continuous_panel_shows_what_it_can_reach(name: str, dtype: torch.dtype) -> None:
    card, x = CURVES[name], commands(dtype)
    shown = held_phases(x, card)
    assert shown.dtype == dtype
    assert float(shown.min()) >= card.lowest_rad - 1e-6
    assert float(shown.max()) <= card.lowest_rad + min(card.reach_rad, TURN) + 1e-6
    reached = torch.remainder(x - card.lowest_rad, TURN) <= card.reach_rad
    assert bool(reached.all()) == (card.reach_rad >= TURN)
    assert_same_phase(shown[reached], x[reached])


@pytest.mark.parametrize("bits", [0, 1, 3, 8, 16])
@pytest.mark.parametrize("name", CURVES)
def test_the_drive_shows_the_phase(name: str, bits: int, dtype: torch.dtype) -> None:
    x = commands(dtype)
    drive, shown = held_drive(x, CURVES[name], bits), held_phases(x, CURVES[name], bits)
    assert drive.dtype == shown.dtype == dtype
    assert_close(phase_of_drive(drive, CURVES[name]), shown)


def test_the_ends_of_a_gap_are_taken_around_the_circle() -> None:
    """Reach 4 from 0.4: the gap runs from 4.4 to 0.4 of the next turn, its middle lies at 5.5416."""
    middle = (4.4 + 0.4 + TURN) / 2
    x = torch.tensor([4.5, middle - 0.01, middle + 0.01, 0.3, 0.5 - TURN], dtype=torch.float64)
    expected = torch.tensor([4.4, 4.4, 0.4, 0.4, 0.5], dtype=torch.float64)
    for name in ("short", "short falling"):
        assert_close(held_phases(x, CURVES[name]), expected)
        assert_close(held_phases(x[:4], CURVES[name], 5), expected[:4])
    ends = torch.tensor([5.0, 5.0, 1.0, 1.0], dtype=torch.float64)
    assert_close(held_drive(x[:4], CURVES["short"]), ends)
    assert_close(held_drive(x[:4], CURVES["short falling"]), 6 - ends)


@pytest.mark.parametrize("bits", [1, 2, 5, 8])
@pytest.mark.parametrize("name", ["short", "short falling", "even"])
def test_every_drive_is_used_and_shows_a_phase_of_its_own(name: str, bits: int) -> None:
    every = torch.linspace(0, TURN, 100_001, dtype=torch.float64)
    for found in (held_phases(every, CURVES[name], bits), held_drive(every, CURVES[name], bits)):
        assert len(torch.unique(torch.round(found * 1e9))) == 2**bits


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("name", CURVES)
def test_an_error_is_at_most_half_of_the_local_step(name: str, bits: int) -> None:
    card, x = CURVES[name], commands()
    table = levels(card, bits)
    table = torch.cat([table, table[:1] + TURN]) if not card.drive else table
    table = table.sort().values
    wanted, shown = held_phases(x, card), held_phases(x, card, bits)
    right = torch.searchsorted(table, wanted).clamp(1, len(table) - 1)
    local = table[right] - table[right - 1]
    assert bool((around(wanted, shown) <= local / 2 * (1 + 1e-9)).all())
    assert float((around(wanted, shown) / local).max()) > 0.49


def test_the_nearer_phase_is_taken_where_the_curve_bends_between_two_drives() -> None:
    """Two bits over 0 .. 3: half-way from 0 to 1 in drive is already nine tenths of the way in phase."""
    card = PhaseCurveCard(drive=[0.0, 0.5, 1.0, 3.0], phase_rad=[0.0, 0.9, 1.0, 3.0])
    x = torch.tensor([0.45, 0.55, 0.8], dtype=torch.float64)
    assert_close(held_drive(x, card), x / 1.8)
    assert held_drive(x, card, 2).tolist() == [0.0, 1.0, 1.0]
    assert held_phases(x, card, 2).tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("bits", [0, 1, 4, 8])
def test_without_a_curve_the_steps_are_even(bits: int, dtype: torch.dtype) -> None:
    x = commands(dtype)
    shown = held_phases(x, PhaseCurveCard(), bits)
    assert_same_phase(shown, quantise_phase(x, bits))
    assert_close(held_drive(x, PhaseCurveCard(), bits), shown / TURN)
    assert bits == 0 or float(shown.max()) < TURN * (1 - 2.0 ** -(bits + 1))


def test_a_measured_straight_line_has_its_last_drive_among_the_steps() -> None:
    """256 grey levels that reach 255/256 of a turn are the even steps; of those over a turn two show the same."""
    grey = [0.0, 255.0]
    line = PhaseCurveCard(unit="grey level", drive=grey, phase_rad=[0.0, TURN * 255 / 256])
    assert_same_phase(held_phases(commands(), line, 8), quantise_phase(commands(), 8))
    assert_close(held_drive(commands(), line, 8), torch.round(torch.remainder(commands(), TURN) * 256 / TURN) % 256)
    whole = PhaseCurveCard(unit="grey level", drive=grey, phase_rad=[0.0, TURN])
    assert_close(
        held_phases(commands(), whole, 8), torch.round(torch.remainder(commands(), TURN) * 255 / TURN) * TURN / 255
    )


def test_gradients_of_phase_and_drive() -> None:
    """Three commands within reach and one in the gap."""
    x = torch.tensor([0.9, 2.2, 3.7, 5.0], dtype=torch.float64)
    for name in ("short", "short falling", "long", "even"):
        for function in (held_phases, held_drive):
            assert_gradient(lambda value, f=function, c=CURVES[name]: f(value, c), x)
    assert_gradient(lambda value: phase_of_drive(value, CURVES["short falling"]), 1 + x / 3)


def test_gradients_pass_the_steps_straight_and_stop_in_the_gap() -> None:
    x = torch.tensor([0.9, 2.2, 3.7, 5.0, 6.0, 9.0], dtype=torch.float64)

    def slopes(card: PhaseCurveCard, bits: int, function: Any) -> Tensor:
        leaf = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(function(leaf, card, bits).sum(), leaf)
        return slope

    expected = torch.tensor([1.0, 1.0, 1.0, 0.0, 0.0, 1.0], dtype=torch.float64)
    assert torch.equal(slopes(CURVES["short"], 3, held_phases), expected)
    assert torch.equal(slopes(CURVES["long"], 3, held_phases), torch.ones_like(x))
    assert torch.equal(slopes(CURVES["even"], 3, held_phases), torch.ones_like(x))
    for card in (CURVES["short"], CURVES["long falling"]):
        assert_close(slopes(card, 3, held_drive), slopes(card, 0, held_drive), "equal")


def test_panels_go_through_vmap() -> None:
    x, card = commands().reshape(20, 100), CURVES["short"]
    for function in (held_phases, held_drive):
        mapped = torch.func.vmap(lambda row, f=function: f(row, card, 4))(x)
        assert_close(mapped, function(x, card, 4), "equal")


def test_bits_beyond_a_converter_are_refused() -> None:
    for bits in (-1, 17):
        for function in (held_phases, held_drive):
            with pytest.raises(PhotonicsError, match=rf"bits = {bits} is outside 0 \.\. 16; 0 is a continuous drive"):
                function(commands(), CURVES["short"], bits)


@pytest.mark.parametrize("drive", [0.9, 5.1, float("nan")])
def test_a_drive_that_was_not_measured_is_refused(drive: float) -> None:
    with pytest.raises(PhotonicsError, match=r"drive = .* is outside 1 \.\. 5 V, what was measured; set a drive with"):
        phase_of_drive(torch.tensor([2.0, drive]), CURVES["short"])
    with pytest.raises(PhotonicsError, match=r"is outside 0 \.\. 1, the share of full scale"):
        phase_of_drive(torch.tensor(drive + 1), PhaseCurveCard())


SLOW = {"rise_time_s": 2e-3, "fall_time_s": 5e-3}


@pytest.mark.parametrize("falling", [False, True])
def test_a_field_turns_the_director_faster_than_it_relaxes(falling: bool) -> None:
    """After 3 ms of 1 rad each way: exp(-3/2) are left towards more drive, exp(-3/5) towards less."""
    card = nematic(4.0, falling=falling)
    before, target = torch.tensor([1.0, 2.0]).double(), torch.tensor([2.0, 1.0]).double()
    more, less = math.exp(-3 / 2), math.exp(-3 / 5)
    left = torch.tensor([less, more] if falling else [more, less], dtype=torch.float64)
    assert_close(follow(before, target, 3e-3, card, **SLOW), target + (before - target) * left)
    assert torch.equal(follow(before, target, 0.0, card, **SLOW), before)
    assert_close(follow(before, target, 1.0, card, **SLOW), target)


@pytest.mark.parametrize("times", [SLOW, SLOW | {"fall_time_s": 0.0}, SLOW | {"rise_time_s": 0.0}])
def test_waiting_twice_is_waiting_for_the_sum(times: dict[str, float], dtype: torch.dtype) -> None:
    card = nematic(4.0)
    before, target = (held_phases(normal(key, 200).to(dtype), card) for key in (2, 3))
    parts = (lambda x: follow(x, target, 1e-3, card, **times), lambda x: follow(x, target, 2.5e-3, card, **times))
    assert_adds_up(parts, lambda x: follow(x, target, 3.5e-3, card, **times), before)
    arrived = follow(before, target, 1e-3, card, **times) == target
    at_once = torch.where(target > before, not times["rise_time_s"], not times["fall_time_s"])
    assert torch.equal(arrived, at_once | (before == target))


def test_gradients_in_time() -> None:
    card = nematic(4.0)
    before, target = torch.tensor([1.0, 2.0]).double(), torch.tensor([2.0, 1.0]).double()
    assert_gradient(
        lambda a, b, ms: follow(a, b, 1e-3 * ms, card, **SLOW),
        before,
        target,
        torch.tensor([0.5, 4.0], dtype=torch.float64),
    )
    half = {"rise_time_s": 2e-3, "fall_time_s": 0.0}
    assert_gradient(lambda a, b: follow(a, b, 1e-3, card, **half), before, target)


def test_a_negative_time_is_refused() -> None:
    for card in (PhaseCurveCard(), nematic(4.0)):
        with pytest.raises(PhotonicsError, match=r"elapsed_s is negative; .* give 0 or more"):
            follow(torch.zeros(2), torch.ones(2), -1e-3, card, **SLOW)
    with pytest.raises(PhotonicsError, match=r"time constant = -1 s: expected 0 \(at once\) or more"):
        follow(torch.zeros(2), torch.ones(2), 1e-3, PhaseCurveCard(), rise_time_s=-1.0, fall_time_s=0.0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"drive": [0.0, 1.0, 2.0]}, r"3 drives for 0 phases; give one phase_rad for each drive"),
        ({"drive": [1.0], "phase_rad": [1.0]}, r"one point is no curve; give two at least, or none"),
        ({"drive": [0.0, 1.0, 1.0], "phase_rad": [0.0, 1.0, 2.0]}, r"drive\[2\] = 1 follows 1; sort the points by"),
        ({"drive": [0.0, 2.0, 1.0], "phase_rad": [0.0, 1.0, 2.0]}, r"drive\[2\] = 1 follows 2; sort the points by"),
        (
            {"drive": [0.0, 1.0, 2.0, 3.0, 4.0], "phase_rad": [0.0, 0.5, 0.4, 1.5, 3.5]},
            r"phase_rad turns back at entry 2: 0\.4 rad at 2 V after 0\.5 rad at 1 V, .*; keep the monotone stretch "
            r"from 2 V to 4 V, which reaches 3\.1 rad, or measure it again",
        ),
        (
            {"unit": "grey level", "drive": [0.0, 9.0, 20.0], "phase_rad": [1.0, 1.0, -2.0]},
            r"stands still at entry 1: 1 rad at grey level 9 after 1 rad at grey level 0, .* from grey level 9 to grey "
            r"level 20, which reaches 3 rad",
        ),
        ({"drive": [0.0, 1.0], "phase_rad": [1.0, 1.0]}, r"the drive changes nothing: measure it again"),
        ({"drive": [0.0, 1e9], "phase_rad": [1.0, 2.0]}, r"drive\[1\] = 1e\+09 is beyond 1e\+06; check its unit"),
        ({"drive": [0.0, 1.0], "phase_rad": [1.0, -2e7]}, r"phase_rad\[1\] = -2e\+07 is beyond 1e\+06; check its"),
        ({"drive": [0.0, 1.0], "phase_rad": [0.0, math.nan]}, r"phase_rad\.1\s+Input should be a finite number"),
        ({"drive": [0.0, math.inf], "phase_rad": [0.0, 1.0]}, r"drive\.1\s+Input should be a finite number"),
        ({"drive": [float(i) for i in range(65_537)]}, r"should have at most 65536 items"),
        ({"unit": "mV"}, r"should be 'V' or 'grey level'"),
    ],
)
def test_a_curve_that_has_no_inverse_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        PhaseCurveCard(**fields)


def test_a_card_tells_its_reach() -> None:
    assert (CURVES["short falling"].lowest_rad, CURVES["short falling"].falling) == (pytest.approx(0.4), True)
    assert CURVES["short"].reach_rad == pytest.approx(4.0)
    assert (PhaseCurveCard().reach_rad, PhaseCurveCard().lowest_rad, PhaseCurveCard().falling) == (TURN, 0.0, False)
