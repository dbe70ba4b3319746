"""Even levels: their error, their ends, their gradient."""

from __future__ import annotations

import math

import pytest
import torch

from photonics_sim.device import normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.weights import Moment, UniformLevels

HERE = Moment()
N = 200_000


@pytest.mark.parametrize("levels", [2, 3, 16, 50, 1024])
def test_errors_are_at_most_half_a_step_and_evenly_spread(levels: int) -> None:
    model = UniformLevels(levels, -0.5, 2.0)
    x = -0.5 + 2.5 * torch.special.ndtr(normal(1, N))
    error = model.actual(x, HERE) - x
    assert model.step == pytest.approx(2.5 / (levels - 1), rel=1e-15)
    assert float(error.abs().max()) <= model.step / 2 * (1 + 1e-12)
    # the rms of an even spread is 1 / sqrt(12) of its width; that of its square is 1 / sqrt(180)
    standard_error = 1 / math.sqrt(180 * N)
    assert float((error / model.step).square().mean()) == pytest.approx(1 / 12, abs=4 * standard_error)


@pytest.mark.parametrize("levels", [2, 3, 7, 50, 99, 256])
def test_both_ends_are_levels_and_nothing_lies_beyond(levels: int, dtype: torch.dtype) -> None:
    """50 levels: 49 times a forty-ninth is not 1."""
    for low, high in ((0.0, 1.0), (-1.0, 1.0)):
        x = torch.tensor([low - 3, low, high, high + 3], dtype=dtype)
        assert UniformLevels(levels, low, high).actual(x, HERE).tolist() == [low, low, high, high]


def test_there_are_as_many_levels_as_there_should_be() -> None:
    found = UniformLevels(5, -1.0, 1.0).actual(torch.linspace(-1.2, 1.2, 1001, dtype=torch.float64), HERE)
    assert found.unique().tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]


def test_gradients_pass_straight_through_and_end_with_the_range() -> None:
    x = torch.tensor([-0.1, 0.0, 0.3, 1.0, 1.1], requires_grad=True)
    (slope,) = torch.autograd.grad(UniformLevels(4, 0.0, 1.0).actual(x, HERE).sum(), x)
    assert slope.tolist() == [0, 1, 1, 1, 0]


def test_levels_that_cannot_be_are_refused() -> None:
    for levels, low, high in ((1, 0.0, 1.0), (2, 1.0, 1.0), (2, 1.0, 0.0), (2, 0.0, math.inf), (2, math.nan, 1.0)):
        with pytest.raises(PhotonicsError, match="give at least 2 levels, and finite ends, low below high"):
            UniformLevels(levels, low, high)
