"""Which polynomial a function becomes far outside its data."""

from __future__ import annotations

import json
from functools import partial

import pytest
import torch
from torch import Tensor

from photonics_sim import PhotonicsError
from photonics_sim.analysis import ntk
from photonics_sim.analysis.extrapolation import far_ray_degree


def regression(degree: int, bias: float, branch: str = "relu"):  # type: ignore[no-untyped-def]
    """Kernel regression on 200 points of [-1, 1]^2."""
    kernel = partial(ntk.product, degree=degree, branch=branch, bias=bias)
    x = 2 * torch.rand(200, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1
    y = (2 * x[:, 0]).sin() + x[:, 1].square() * x[:, 0]
    K = kernel(x, x)
    weights = torch.linalg.solve(K + 1e-10 * K.diagonal().mean() * torch.eye(len(x)), y)
    return lambda z: kernel(z, x) @ weights


def test_a_kernel_of_degree_n_goes_on_as_a_polynomial_of_degree_n() -> None:
    """Verified numbers for arXiv:2209.07736: rays from 100 on; standard deviations that fits of degree g leave."""
    known = {1: {1: 5e-7}, 2: {1: 8.7e-2, 2: 8.6e-10}, 3: {2: 9.5e-3, 3: 7e-13}}
    for degree, left in known.items():
        found = far_ray_degree(regression(degree, 1.0), 2, start=100.0, far=100.0, rays=40, degrees=5)
        assert found.degree == degree
        for g, std in left.items():
            if g < degree:
                assert found.unexplained[g] ** 0.5 == pytest.approx(std, rel=0.03)
            else:
                assert found.unexplained[g] ** 0.5 < 12 * std


def test_just_outside_the_data_the_published_metric_says_the_same() -> None:
    for degree in (1, 2, 3):
        found = far_ray_degree(regression(degree, 1.0), 2, radius=2**0.5, rays=100, degrees=5)
        assert found.degree == degree
        assert found.poor[degree] == 0
        assert found.start == pytest.approx(1.1 * 2**0.5)


def test_without_bias_rays_from_the_origin_are_pure_powers() -> None:
    for degree in (1, 2, 3):
        predict = regression(degree, 0.0)
        found = far_ray_degree(predict, 2, start=1e-6, rays=30, degrees=4)
        assert found.degree == degree
        assert found.unexplained[degree - 1] == pytest.approx(found.next_power[degree - 1], rel=1e-5)
        x = torch.randn(20, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
        assert predict(7 * x) == pytest.approx(7**degree * predict(x), rel=1e-6)


@pytest.mark.parametrize("degree", range(7))
def test_polynomials_are_found_out_and_their_next_power_left(degree: int) -> None:
    found = far_ray_degree(lambda x: 3 + (x[:, 0] - x[:, 1]) ** degree if degree else 0 * x[:, 0] + 3, 2, rays=200)
    assert found.degree == degree
    assert found.unexplained[degree] < 1e-20
    if degree:
        assert found.unexplained[degree - 1] == pytest.approx(found.next_power[degree - 1], rel=1e-6)


def test_bounded_and_periodic_functions_are_polynomials_of_no_degree() -> None:
    for function in (lambda x: (3 * x[:, 0]).cos(), lambda x: x[:, 0].tanh(), lambda x: 1 / (1 + x.square().sum(1))):
        found = far_ray_degree(function, 3, rays=200)
        assert found.degree is None
        assert "none" in str(found)
        assert found.to_dict()["degree"] is None


def test_a_straight_line_hardly_misses_a_parabola_and_is_no_degree_of_it() -> None:
    """R^2 = 15/16 from the origin on, so that the published metric alone would say: linear."""
    found = far_ray_degree(lambda x: x.square().sum(1), 2, start=1e-9, rays=20, points=2000)
    assert found.unexplained[1] == pytest.approx(1 / 16, rel=1e-3)
    assert found.poor[1] == 0
    assert found.degree == 2


def test_outputs_are_taken_together_and_rays_in_blocks() -> None:
    def both(x: Tensor) -> Tensor:
        return torch.stack([x[:, 0], x[:, 1] ** 3], dim=1)

    assert far_ray_degree(both, 2, rays=100).degree == 3
    many = far_ray_degree(both, 2, rays=1500, points=100)
    assert json.loads(json.dumps(many.to_dict()))["rays"] == 1500
    assert str(many).count("\n") == 1 + len(many.unexplained)
    assert far_ray_degree(lambda x: x[:, 0] ** 2, 1, rays=3).degree == 2


def test_bad_questions() -> None:
    def square(x: Tensor) -> Tensor:
        return x.square().sum(1)

    with pytest.raises(PhotonicsError, match="radius = -1"):
        far_ray_degree(square, 2, radius=-1.0)
    with pytest.raises(PhotonicsError, match="dimension = 0, rays = 5000"):
        far_ray_degree(square, 0)
    with pytest.raises(PhotonicsError, match="9 points on a ray tell no degree 3; take 10"):
        far_ray_degree(square, 2, points=9, degrees=3)
    with pytest.raises(PhotonicsError, match=r"returned \(1,\) for 1000 points"):
        far_ray_degree(lambda x: x.sum()[None], 2, rays=10)
    with pytest.raises(PhotonicsError, match=r"not finite within 11\.1 of the origin"):
        far_ray_degree(lambda x: (100 * x.square().sum(1)).exp(), 2, rays=10)


@pytest.mark.parametrize("unit", [1e-250, 1e160, 1e290])
def test_the_degree_knows_no_units(unit: float) -> None:
    """Squares of these values are 0 or infinite."""
    assert far_ray_degree(lambda x: unit * x[:, 0] ** 3, 2, rays=20).degree == 3
