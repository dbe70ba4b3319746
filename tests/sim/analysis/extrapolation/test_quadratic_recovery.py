"""Quadratic functions, found inside and asked outside."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from photonics_sim import PhotonicsError
from photonics_sim.analysis import ntk
from photonics_sim.analysis.extrapolation import QuadraticRecovery, recovers_quadratic
from photonics_sim.analysis.spectral import monomials


def interpolation(
    degree: int, branch: str, bias: float = 1.0
) -> Callable[[Tensor, Tensor], Callable[[Tensor], Tensor]]:
    kernel = partial(ntk.product, degree=degree, branch=branch, bias=bias)

    def fit(x: Tensor, y: Tensor) -> Callable[[Tensor], Tensor]:
        K = kernel(x, x)
        weights = torch.linalg.solve(K + 1e-13 * K.diagonal().mean() * torch.eye(len(x)), y)
        return lambda z: kernel(z, x) @ weights

    return fit


@pytest.mark.parametrize("dimension", [1, 2, 3, 6])
def test_identity_branches_of_degree_two_find_them_exactly(dimension: int) -> None:
    found = recovers_quadratic(interpolation(2, "identity"), dimension, far=100.0)
    assert found.needed == monomials(dimension, 2, bias=True)
    assert found.points == 2 * found.needed
    assert found.determined
    assert found.recovered
    assert found.outside < 1e-8
    assert str(found).startswith("recovered")


def test_a_point_less_than_coefficients_loses_them() -> None:
    enough = recovers_quadratic(interpolation(2, "identity"), 3, points=10)
    less = recovers_quadratic(interpolation(2, "identity"), 3, points=9)
    assert enough.recovered
    assert enough.points == enough.spanned == 10
    assert not less.recovered
    assert not less.determined
    assert "9 points span 9 of 10 coefficients: they do not determine" in str(less)
    assert json.loads(json.dumps(less.to_dict()))["condition"] is None


def test_points_of_one_sphere_leave_the_constant_open() -> None:
    x = torch.nn.functional.normalize(torch.randn(60, 3, generator=torch.Generator().manual_seed(1)).double())
    found = recovers_quadratic(interpolation(2, "identity"), 3, x=x)
    assert found.spanned == 9
    assert not found.recovered
    without = recovers_quadratic(interpolation(2, "identity", bias=0.0), 3, x=x, affine=False)
    assert without.needed == without.spanned == 6
    assert without.recovered


def test_degree_one_and_three_do_not_find_them() -> None:
    assert not recovers_quadratic(interpolation(1, "relu"), 2, points=200).recovered
    assert recovers_quadratic(interpolation(1, "relu"), 2, points=200).inside < 0.05


def cross(dimension: int) -> Tensor:
    """+-e_i and +-(e_i + e_j)."""
    e = torch.eye(dimension, dtype=torch.float64)
    pairs = [e[i] + e[j] for i, j in itertools.combinations(range(dimension), 2)]
    half = torch.stack([*e, *pairs])
    return torch.cat([half, -half])


def test_relu_branches_want_more_than_directions_that_determine_the_function() -> None:
    """Corrects what one may read into arXiv:2209.07736."""

    def relu(x: Tensor) -> QuadraticRecovery:
        return recovers_quadratic(interpolation(2, "relu", bias=0.0), x.shape[1], x=x, affine=False)

    for dimension in (2, 3):
        few = relu(cross(dimension))
        assert few.determined
        assert 0.05 < few.outside < 0.5
    angles = torch.linspace(0, 2 * torch.pi, 401, dtype=torch.float64)[:-1]
    dense = relu(torch.stack([angles.cos(), angles.sin()], dim=1))
    assert dense.outside < 1e-4
    identity = recovers_quadratic(interpolation(2, "identity", bias=0.0), 3, x=cross(3), affine=False)
    assert identity.outside < 1e-9


def test_linear_functions_are_found_from_few_directions_by_relu_branches_too() -> None:
    """The case of degree one, where +-e_i are enough (Xu et al., ICLR 2021): the contrast to the quadratic one."""
    x = torch.cat([torch.eye(3), -torch.eye(3)]).double()
    a = torch.tensor([0.3, -1.0, 2.0], dtype=torch.float64)
    predict = interpolation(1, "relu", bias=0.0)(x, x @ a)
    z = 50 * torch.randn(40, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert float((predict(z) - z @ a).norm() / (z @ a).norm()) < 1e-9


def test_bad_questions() -> None:
    fit = interpolation(2, "identity")
    with pytest.raises(PhotonicsError, match=r"far = 0\.5"):
        recovers_quadratic(fit, 2, far=0.5)
    with pytest.raises(PhotonicsError, match="points = 0"):
        recovers_quadratic(fit, 2, points=0)
    with pytest.raises(PhotonicsError, match=r"x is \(4, 3\); expected finite points \(n, 2\)"):
        recovers_quadratic(fit, 2, x=torch.zeros(4, 3))
    with pytest.raises(PhotonicsError, match=r"returned \(1,\) for 500 points"):
        recovers_quadratic(lambda x, y: lambda z: z.sum()[None], 2)
    with pytest.raises(PhotonicsError, match="predictions are not finite"):
        recovers_quadratic(lambda x, y: lambda z: z[:, 0] / 0, 2)
