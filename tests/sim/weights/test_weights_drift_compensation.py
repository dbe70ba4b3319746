"""The factor that undoes a common drift."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from photonics_sim.device import normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.testing import assert_close
from photonics_sim.weights import Moment, PhaseChangeCard, PhaseChangeWeights, drift_scale


def matrices(dtype: torch.dtype = torch.float64) -> Tensor:
    return normal(1, 3, 4, 6).to(dtype)


def test_a_common_drift_is_undone_exactly(dtype: torch.dtype) -> None:
    before = matrices(dtype)
    shares = torch.tensor([0.9, 0.5, 0.1], dtype=dtype)[:, None, None]
    assert_close(drift_scale(before, shares * before), 1 / shares)
    lines = torch.tensor([0.9, 0.5, 0.2, 0.1], dtype=dtype)[:, None]
    found = drift_scale(before, lines * before, "output")
    assert found.shape == (3, 4, 1)
    assert_close(found * lines * before, before)


def test_scales_are_ratios_of_mean_answers_to_single_inputs() -> None:
    before, now = matrices(), normal(2, 3, 4, 6)
    one_hot = torch.eye(6, dtype=torch.float64)
    answers = [torch.stack([matrix @ x for x in one_hot], dim=-1).abs() for matrix in (before, now)]
    by_line = answers[0].mean(-1) / answers[1].mean(-1)
    assert_close(drift_scale(before, now, "output")[..., 0], by_line)
    assert_close(drift_scale(before, now)[..., 0, 0], answers[0].mean((-2, -1)) / answers[1].mean((-2, -1)))


def test_complex_matrices_have_real_scales() -> None:
    before = torch.complex(normal(1, 4, 6), normal(2, 4, 6))
    found = drift_scale(before, before * 0.25j)
    assert found.dtype == torch.float64
    assert_close(found, torch.full((1, 1), 4.0, dtype=torch.float64))


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_dark_outputs_are_left_alone_in_any_unit(unit: float) -> None:
    before = unit * torch.tensor([[1.0, -3.0], [0.0, 0.0], [2.0, 2.0]], dtype=torch.float64)
    now = before / 2
    now[2] = 0.0
    found = drift_scale(before, now, "output")[:, 0]
    # what has vanished counts as 1e-4 of the largest weight
    assert_close(found, torch.tensor([2.0, 1.0, 2 / 3e-4], dtype=torch.float64))
    assert drift_scale(torch.zeros(2, 2), torch.zeros(2, 2)).item() == 1
    assert drift_scale(torch.zeros(2, 2), torch.zeros(2, 2), "output").tolist() == [[1], [1]]


def test_chips_that_age_are_compared_with_one_reference() -> None:
    before, now = matrices(), normal(2, 5, 3, 4, 6)
    found = drift_scale(before, now)
    assert found.shape == (5, 3, 1, 1)
    assert_close(found[2], drift_scale(before, now[2]))
    assert_close(torch.func.vmap(lambda m: drift_scale(before, m, "output"))(now), drift_scale(before, now, "output"))


def test_scales_are_numbers_of_the_electronics_without_gradient() -> None:
    before, now = matrices().requires_grad_(), normal(2, 3, 4, 6).requires_grad_()
    assert not drift_scale(before, now).requires_grad


def test_drift_of_real_cells_is_undone_on_average_and_not_its_spread() -> None:
    """Over a month cells lose a good half of what they had; compensated, the mean is back, the spread remains."""
    model = PhaseChangeWeights(PhaseChangeCard(cell="joshi"))
    x = 0.3 + 0.6 * torch.special.ndtr(normal(4, 64, 64))
    before, now = (model.actual(x, Moment(age_s=age, seed=1)) for age in (0.0, 2.6e6))
    scale = drift_scale(before, now)
    assert 1.6 < scale.item() < 2.2
    assert float((scale * now).mean()) == pytest.approx(float(before.mean()), rel=1e-12)
    uncompensated, left = (float((values - before).square().mean().sqrt()) for values in (now, scale * now))
    assert 0 < left < uncompensated / 3


@pytest.mark.parametrize(
    ("before", "now"), [((4, 6), (4, 5)), ((4, 6), (6, 4)), ((2, 4, 6), (3, 4, 6)), ((6,), (6,)), ((4, 6), (6,))]
)
def test_matrices_that_do_not_fit_are_refused(before: tuple[int, ...], now: tuple[int, ...]) -> None:
    with pytest.raises(PhotonicsError, match="a drift is seen between matrices"):
        drift_scale(torch.ones(before), torch.ones(now))


def test_another_way_to_undo_drift_is_refused() -> None:
    by: Any = "outputs"
    with pytest.raises(PhotonicsError, match="by = 'outputs'; did you mean output"):
        drift_scale(matrices(), matrices(), by)
