"""Phases and resonances that wander, and a temperature that drifts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.testing import assert_close
from photonics_sim.weights import (
    Moment,
    PhaseShifterCard,
    PhaseShifterWeights,
    ResonanceCard,
    ResonanceWeights,
    WeightModel,
)

N = 40_000
HOUR = 3600.0
# each with its rms in the first hour, in its unit
WANDERING: dict[str, tuple[WeightModel, float]] = {
    "phase": (PhaseShifterWeights(PhaseShifterCard(effect="phase-change"), wander_rad=0.05), 0.05),
    "resonance": (ResonanceWeights(ResonanceCard(wander_pm=6.0)), 6e-12),
}
both = pytest.mark.parametrize(("model", "rms"), WANDERING.values(), ids=list(WANDERING))


def offsets(model: WeightModel, **moment: Any) -> Tensor:
    return model.actual(torch.zeros(N, dtype=torch.float64), Moment(**({"seed": 1} | moment)))


@both
def test_the_variance_of_a_wander_grows_with_time(model: WeightModel, rms: float) -> None:
    for hours in (0.01, 1.0, 25.0):
        found = offsets(model, age_s=hours * HOUR)
        assert float((found / rms).var()) == pytest.approx(hours, rel=4 * (2 / N) ** 0.5)
        assert abs(float((found / rms).mean())) < 4 * (hours / N) ** 0.5
    assert not offsets(model).any(), "just after the write nothing has wandered"


@both
def test_a_wander_is_one_path_until_the_next_write(model: WeightModel, rms: float) -> None:
    hour, day = (offsets(model, age_s=hours * HOUR) for hours in (1, 24))
    assert_close(day, hour * 24**0.5)
    again = offsets(model, age_s=HOUR, writes=2)
    assert abs(float((again * hour).mean()) / rms**2) < 4 / N**0.5
    chips = offsets(model, age_s=HOUR, chips=2)
    assert abs(float((chips[0] * chips[1]).mean()) / rms**2) < 4 / N**0.5


@both
def test_the_nominal_chip_does_not_wander(model: WeightModel, rms: float) -> None:
    assert not offsets(model, age_s=HOUR, seed=None).any()


def test_all_rings_share_the_temperature_for_an_hour() -> None:
    model = ResonanceWeights(ResonanceCard(temperature_drift_k=-0.5, shift_pm_per_k=80.0))
    x = torch.tensor([0.0, 1e-10], dtype=torch.float64)
    for hours, share in ((0.0, 0.0), (0.25, 0.25), (1.0, 1.0), (1e4, 1.0)):
        found = model.actual(x, Moment(age_s=hours * HOUR, seed=1, chips=2))
        assert_close(found, (x - share * 40e-12).expand(2, 2))


def test_drift_has_one_switch() -> None:
    x = torch.tensor([1e-10], dtype=torch.float64)
    card = ResonanceCard(wander_pm=6.0, temperature_drift_k=1.0, shift_pm_per_k=80.0, drift=False)
    assert torch.equal(ResonanceWeights(card).actual(x, Moment(age_s=HOUR, seed=1)), x)


def test_what_would_be_without_effect_is_refused() -> None:
    with pytest.raises(ValidationError, match="temperature_drift_k moves no resonance without shift_pm_per_k"):
        ResonanceCard(temperature_drift_k=1.0)
    for wander in (-0.1, float("nan"), float("inf")):
        with pytest.raises(PhotonicsError, match="an rms is finite and 0 or more"):
            PhaseShifterWeights(PhaseShifterCard(effect="phase-change"), wander_rad=wander)
