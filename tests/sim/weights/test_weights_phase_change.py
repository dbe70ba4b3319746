"""Phase-change cells: each effect alone, by its formula and its moments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from photonics_sim.testing import assert_close
from photonics_sim.weights import Moment, PhaseChangeCard, PhaseChangeWeights

N = 20_000
OWN: dict[str, Any] = {
    "programming_error": 0.03, "drift_exponent": 0.06, "drift_spread": 0.02, "drift_start_s": 2.0,
}  # fmt: skip
ALL_OFF = {"programming_noise": False, "drift": False, "read_noise": False}

# (range in uS, coefficients of the rms of a write in uS)
PUBLISHED = {
    "joshi": (25.0, (0.26348, 1.9650, -1.1731)),
    "hermes-two-cells": (20.7, (0.16603, 4.71806, -8.48101, 4.68961)),
    "hermes-one-cell": (10.35, (0.15782, 2.32444, -2.16311, 0.68842)),
}


def cells(share: float, count: int = N) -> Tensor:
    return torch.full((count,), share, dtype=torch.float64)


def only(effect: str, **fields: Any) -> PhaseChangeWeights:
    """A cell with one effect switched on."""
    return PhaseChangeWeights(PhaseChangeCard(**(ALL_OFF | {effect: True} | fields)))


@pytest.mark.parametrize("cell", PUBLISHED)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.84, 1.0])
def test_a_write_misses_its_target_by_the_published_rms(cell: str, share: float) -> None:
    full, coefficients = PUBLISHED[cell]
    rms_us = sum(c * share**k for k, c in enumerate(coefficients))
    found = full * only("programming_noise", cell=cell).actual(cells(share), Moment(seed=1))
    assert float(found.mean()) == pytest.approx(full * share, abs=4 * rms_us / N**0.5)
    assert float(found.std()) == pytest.approx(rms_us, rel=4 / (2 * N) ** 0.5)


def test_the_largest_error_of_a_write_is_four_percent_of_the_range() -> None:
    rms = PhaseChangeCard(cell="joshi").coefficients().programming(torch.linspace(0, 1, 1001, dtype=torch.float64))
    assert float(rms.max()) == pytest.approx(1.09 / 25, rel=5e-3)
    assert float(rms.argmax()) / 1000 == pytest.approx(0.84, abs=5e-3)


def test_own_numbers_miss_by_the_same_everywhere() -> None:
    model = only("programming_noise", **OWN)
    for share in (0.5, 0.9):
        found = model.actual(cells(share), Moment(seed=2))
        assert float(found.std()) == pytest.approx(0.03, rel=4 / (2 * N) ** 0.5)


def test_a_cell_cannot_be_written_below_zero() -> None:
    """Half of the cells that should be 0 are, and the others spread as half a bell."""
    found = only("programming_noise", cell="joshi").actual(cells(0.0), Moment(seed=1))
    rms = 0.26348 / 25
    assert float(found.min()) == 0
    assert float((found == 0).double().mean()) == pytest.approx(0.5, abs=4 * 0.5 / N**0.5)
    spread = rms * math.sqrt(0.5 - 0.5 / math.pi)
    assert float(found.mean()) == pytest.approx(rms / math.sqrt(2 * math.pi), abs=4 * spread / N**0.5)


def fitted_exponents(model: PhaseChangeWeights, share: float, start_s: float) -> Tensor:
    """Minus the slope of log G over log((t + t_0) / t_0) of each cell; all points lie on its line."""
    ages = [0.0, 1.0, 1e2, 1e4, 1e6]
    logs = torch.stack([model.actual(cells(share), Moment(age_s=age, seed=3)).log() for age in ages])
    times = torch.tensor([math.log((age + start_s) / start_s) for age in ages], dtype=torch.float64)
    found = np.polyfit(times.numpy(), logs.numpy(), 1)
    slopes, starts = torch.from_numpy(found)
    assert_close(starts + slopes * times[:, None], logs, "law")
    return -slopes


def folded(mean: float, spread: float) -> tuple[float, float]:
    """Mean and standard deviation of |mean + spread n|."""
    ratio = mean / spread / math.sqrt(2)
    first = spread * math.sqrt(2 / math.pi) * math.exp(-(ratio**2)) + mean * math.erf(ratio)
    return first, math.sqrt(mean**2 + spread**2 - first**2)


def held(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 1.0])
def test_the_exponent_of_a_measured_cell_is_found_again_by_regression(share: float) -> None:
    mean = held(-0.0155 * math.log(share) + 0.0244, 0.049, 0.1)
    spread = held(-0.0125 * math.log(share) - 0.0059, 0.008, 0.045)
    found = fitted_exponents(only("drift", cell="joshi"), share, 20.0)
    expected, deviation = folded(mean, spread)
    assert float(found.min()) >= 0
    assert float(found.mean()) == pytest.approx(expected, abs=4 * deviation / N**0.5)
    assert float(found.std()) == pytest.approx(deviation, rel=4 / N**0.5)


@pytest.mark.parametrize(
    ("cell", "start_s", "share", "mean", "spread"),
    [
        ("hermes-two-cells", 300.0, 0.05, -0.0387 * math.log(0.05) - 0.0182, -0.0117 * math.log(0.05) - 0.0057),
        ("hermes-two-cells", 300.0, 0.6, 0.0736 - 0.0126 * 0.6 - 0.0436 * 0.36, 0.0073 + 0.0093 * 0.6 - 0.0118 * 0.36),
        ("hermes-one-cell", 200.0, 0.6, 0.0736 - 0.0126 * 0.6 - 0.0436 * 0.36, 0.0104 + 0.0116 * 0.6 - 0.0165 * 0.36),
    ],
)
def test_the_exponents_of_the_hermes_chip(cell: str, start_s: float, share: float, mean: float, spread: float) -> None:
    found = fitted_exponents(only("drift", cell=cell), share, start_s)
    assert float(found.mean()) == pytest.approx(mean, abs=4 * spread / N**0.5)
    assert float(found.std()) == pytest.approx(spread, rel=4 / N**0.5)


def test_own_exponents() -> None:
    found = fitted_exponents(only("drift", **OWN), 0.5, 2.0)
    expected, deviation = folded(0.06, 0.02)
    assert float(found.mean()) == pytest.approx(expected, abs=4 * deviation / N**0.5)
    assert float(found.std()) == pytest.approx(deviation, rel=4 / N**0.5)


def test_set_states_drift_alike() -> None:
    """The floor of the mean exponent is reached at exp(-(0.049 - 0.0244) / 0.0155) = 0.2045 of the range."""
    share = torch.tensor([0.2, 0.2045, 0.205, 0.5, 1.0], dtype=torch.float64)
    left = only("drift", cell="joshi").actual(share, Moment(age_s=1e6)) / share
    exponents = -left.log() / math.log1p(1e6 / 20)
    assert exponents[2:].tolist() == pytest.approx([0.049] * 3, rel=1e-12)
    assert float(exponents[0]) == pytest.approx(0.0244 - 0.0155 * math.log(0.2), rel=1e-12)
    assert float(exponents[0]) > 0.0493


def test_switches_isolate_each_effect(dtype: torch.dtype) -> None:
    x, late = torch.linspace(0, 1, 9, dtype=dtype), Moment(age_s=1e5, seed=4)
    for cell in ({"cell": "joshi"}, OWN | {"reading_error": 0.01}):
        off = only("drift", **(cell | {"drift": False}))
        assert torch.equal(off.actual(x, late), x)
        assert off.reading_rms(x, late) is None
        noisy, drifting, reading = (only(effect, **cell) for effect in ("programming_noise", "drift", "read_noise"))
        assert torch.equal(noisy.actual(x, late), noisy.actual(x, Moment(seed=4)))
        assert not torch.equal(noisy.actual(x, late), x)
        assert torch.equal(drifting.actual(x, Moment(seed=4)), x)
        assert (drifting.actual(x, late)[1:] < x[1:]).all()
        assert torch.equal(reading.actual(x, late), x)
        assert noisy.reading_rms(x, late) is drifting.reading_rms(x, late) is None
        assert reading.reading_rms(x, late) is not None


def test_the_nominal_cell_writes_on_target_and_drifts_by_the_mean() -> None:
    model = PhaseChangeWeights(PhaseChangeCard(**OWN))
    x = torch.linspace(0, 1, 9, dtype=torch.float64)
    assert torch.equal(model.actual(x, Moment()), x)
    assert_close(model.actual(x, Moment(age_s=38.0)), x * 20**-0.06)
