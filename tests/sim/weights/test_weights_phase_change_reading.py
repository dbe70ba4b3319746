"""Phase-change cells: the noise of a reading, levels, gradients, and what a card refuses."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from photonics_sim.device import Section, explain_invalid
from photonics_sim.testing import assert_close
from photonics_sim.weights import Moment, PhaseChangeCard, PhaseChangeWeights

SHARES = torch.tensor([0.001, 0.01, 0.3, 1.0], dtype=torch.float64)


class Cabinet(Section):
    cell: PhaseChangeCard


def growth(seconds: float, read_time_s: float) -> float:
    return math.sqrt(math.log((seconds + read_time_s) / (2 * read_time_s)))


@pytest.mark.parametrize("age_s", [0.0, 3600.0, 1e7])
def test_the_rms_of_a_reading_by_the_published_formula(age_s: float) -> None:
    model = PhaseChangeWeights(PhaseChangeCard(cell="joshi"))
    quality = torch.tensor([min(0.0088 / max(g**0.65, 1e-3), 0.2) for g in SHARES.tolist()], dtype=torch.float64)
    found = model.reading_rms(SHARES, Moment(age_s=age_s, seed=5))
    assert found is not None
    expected = model.actual(SHARES, Moment(age_s=age_s, seed=5)) * quality * growth(age_s + 20, 250e-9)
    assert_close(found, expected)
    assert float(quality[0]) == 0.2, "the limit is not tested"


@pytest.mark.parametrize(
    ("cell", "start_s", "qualities"),
    [
        # the curve below the knee at its limit and between its limits, and the polynomial above it
        ("hermes-two-cells", 300.0, {0.001: 0.04, 0.1: -0.0117 * math.log(0.1) - 0.0069, 1.0: 0.0123}),
        ("hermes-one-cell", 200.0, {0.001: 0.04, 0.1: -0.0078 * math.log(0.1) + 0.0038, 1.0: 0.0168}),
    ],
)
def test_the_rms_of_a_reading_of_the_hermes_chip(cell: Any, start_s: float, qualities: dict[float, float]) -> None:
    model = PhaseChangeWeights(PhaseChangeCard(cell=cell, drift=False, programming_noise=False))
    shares = torch.tensor(list(qualities), dtype=torch.float64)
    found = model.reading_rms(shares, Moment(age_s=50.0))
    assert found is not None
    expected = shares * torch.tensor(list(qualities.values()), dtype=torch.float64) * growth(50 + start_s, 512e-9)
    assert_close(found, expected)


def test_the_noise_of_a_reading_grows_with_the_root_of_a_logarithm() -> None:
    model = PhaseChangeWeights(PhaseChangeCard(reading_error=0.02, drift_start_s=1.0))
    fresh, year = (model.reading_rms(SHARES, Moment(age_s=age)) for age in (0.0, 3.15e7))
    assert fresh is not None
    assert year is not None
    assert_close(fresh, 0.02 * SHARES)
    assert_close(year / fresh, torch.full_like(SHARES, growth(3.15e7 + 1, 250e-9) / growth(1, 250e-9)))


def test_noise_is_relative_to_what_drift_has_left() -> None:
    model = PhaseChangeWeights(PhaseChangeCard(reading_error=0.02, drift_exponent=0.5, drift_start_s=1.0))
    still = PhaseChangeWeights(PhaseChangeCard(reading_error=0.02, drift_exponent=0.5, drift_start_s=1.0, drift=False))
    drifted, held = (m.reading_rms(SHARES, Moment(age_s=99.0)) for m in (model, still))
    assert drifted is not None
    assert held is not None
    assert_close(drifted, held / 10)


def test_levels_come_before_the_noise() -> None:
    """Quantising what was written would hide the noise; a cell is aimed at a level and misses it."""
    x = torch.linspace(0.1, 0.9, 64, dtype=torch.float64)
    stepped = PhaseChangeWeights(PhaseChangeCard(levels=5, programming_error=0.01))
    plain = PhaseChangeWeights(PhaseChangeCard(programming_error=0.01))
    aimed = stepped.actual(x, Moment())
    assert set(aimed.tolist()) == {0.0, 0.25, 0.5, 0.75, 1.0}
    assert_close(stepped.actual(x, Moment(seed=6)), plain.actual(aimed, Moment(seed=6)), "equal")
    measured, levelled = (PhaseChangeWeights(PhaseChangeCard(cell="joshi", levels=n)) for n in (0, 5))
    found, expected = levelled.reading_rms(x, Moment()), measured.reading_rms(aimed, Moment())
    assert found is not None
    assert expected is not None
    assert_close(found, expected, "equal")


def test_the_slope_counts_that_the_exponent_depends_on_the_state() -> None:
    """G x^(a ln G - b) has the slope x^-nu (1 + a ln x), x the aged time and a = 0.0155; above the knee x^-0.049."""
    model = PhaseChangeWeights(PhaseChangeCard(cell="joshi"))
    for share, slope_of_log in ((0.1, 0.0155), (0.5, 0.0)):
        x = torch.tensor(share, dtype=torch.float64)
        aged = math.log1p(1e6 / 20)
        exponent = max(-0.0155 * math.log(share) + 0.0244, 0.049)
        slope = torch.func.grad(lambda t: model.actual(t, Moment(age_s=1e6)))(x)
        assert float(slope) == pytest.approx(math.exp(-aged * exponent) * (1 + slope_of_log * aged), rel=1e-12)


def test_targets_beyond_the_range_are_at_its_end() -> None:
    x = torch.tensor([-0.2, 1.3], dtype=torch.float64)
    assert PhaseChangeWeights(PhaseChangeCard()).actual(x, Moment(seed=1)).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"cell": "joshy"}, "did you mean joshi"),
        ({"drift_spread": 0.01}, "an exponent whose mean is missing; set drift_exponent"),
        ({"levels": 1}, "levels = 1 holds the state 0 alone"),
        ({"drift_start_s": 0.0}, "drift_start_s = 0 is outside 1e-06 .. 1e+06 s"),
        ({"reading_error": 0.6}, "reading_error = 0.6 is outside 0 .. 0.5"),
    ],
)
def test_a_cell_that_cannot_be_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Cabinet.model_validate({"cell": fields})
    assert message in explain_invalid(caught.value, Cabinet, where="card", text="")


def test_measured_coefficients_take_the_place_of_own_ones() -> None:
    own = {"programming_error": 0.1, "drift_exponent": 0.2, "drift_start_s": 1.0, "reading_error": 0.1}
    assert PhaseChangeCard(cell="joshi", **own).coefficients() == PhaseChangeCard(cell="joshi").coefficients()
