"""Zonal harmonics: counts, normalisation, orthogonality; monomials that kernels span."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import torch
from scipy.special import eval_legendre
from scipy.special import gegenbauer as polynomial

from photonics_sim import PhotonicsError
from photonics_sim.analysis import ntk
from photonics_sim.analysis.spectral import gegenbauer, harmonics, monomial_rank, monomials, multiplicity, sphere_points


def test_multiplicities() -> None:
    assert [multiplicity(k, 2) for k in range(4)] == [1, 2, 2, 2]
    assert [multiplicity(k, 3) for k in range(5)] == [1, 3, 5, 7, 9]
    assert [multiplicity(k, 10) for k in (0, 1, 2, 3, 12)] == [1, 10, 54, 210, 201552]
    for d, most in ((4, 6), (7, 5), (784, 3)):  # with harmonics of degrees n, n - 2, ... times |x|^2 all monomials
        for n in range(most):
            assert sum(multiplicity(k, d) for k in range(n, -1, -2)) == math.comb(n + d - 1, n)
    assert isinstance(multiplicity(40, 784), int)


@pytest.mark.parametrize("dimension", [2, 3, 4, 10])
def test_zonal_harmonics_are_one_at_the_pole_and_as_small_as_they_are_many(dimension: int) -> None:
    angles = np.linspace(0, np.pi, 40_001)
    weight = np.sin(angles) ** (dimension - 2)
    columns = [gegenbauer(k, np.cos(angles), dimension) for k in range(6)]
    for k, one in enumerate(columns):
        assert one[0] == pytest.approx(1, rel=1e-14)
        for j, other in enumerate(columns):
            mean = np.trapezoid(one * other * weight, angles) / np.trapezoid(weight, angles)
            assert mean == pytest.approx((j == k) / multiplicity(k, dimension), abs=1e-9)
    if dimension == 3:
        assert columns[5] == pytest.approx(eval_legendre(5, np.cos(angles)), abs=1e-14)


def test_unnormalised_ones_are_those_of_the_published_code() -> None:
    pole = torch.eye(1, 10, dtype=torch.float64)
    assert float(harmonics(pole, pole, [12], alpha=4.5)) == pytest.approx(125_970)
    x, zeta = sphere_points(50, 10), sphere_points(3, 10, seed=1)
    found = harmonics(x, zeta, [1, 4, 5])
    expected = polynomial(4, 4.0)((x @ zeta[1]).numpy())
    assert found[:, 1].numpy() == pytest.approx(expected, rel=1e-10, abs=1e-10)
    assert harmonics(x[:, :2] / x[:, :2].norm(dim=1, keepdim=True), torch.eye(2).double(), [1, 3]).abs().max() <= 1


def test_degrees_are_orthogonal_with_the_index_of_the_sphere_alone() -> None:
    x, zeta = sphere_points(200_000, 10, seed=3), torch.eye(1, 10, dtype=torch.float64).expand(2, 10)
    for alpha, orthogonal in ((4.0, True), (4.5, False)):
        one, two = harmonics(x, zeta, [1, 3], alpha).unbind(1)
        together = (one * two / (one.square().mean() * two.square().mean()).sqrt()).mean()
        assert (abs(float(together)) < 5 / math.sqrt(len(x))) == orthogonal


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("degree", [2, 3, 4])
def test_kernels_of_identity_branches_span_the_monomials(dimension: int, degree: int) -> None:
    for family, bias in (("product", 0.0), ("skip", 0.0), ("nested", 0.0), ("product", 1.0), ("skip", 0.7)):
        kernel = partial(getattr(ntk, family), degree=degree, branch="identity", bias=bias)
        assert monomial_rank(kernel, dimension) == monomials(dimension, degree, family, bias=bias > 0)


def test_counts_of_monomials_and_what_is_none() -> None:
    assert monomials(3, 2) == 6
    assert monomials(3, 2, "skip") == 9
    assert monomials(3, 2, bias=True) == 10
    assert monomial_rank(partial(ntk.product, degree=2, branch="relu"), 3, most=256) is None
    assert monomial_rank(lambda x, y: (x @ y.mT).exp(), 2, most=256) is None


def test_bad_questions() -> None:
    x, zeta = sphere_points(5, 3), sphere_points(2, 3)
    with pytest.raises(PhotonicsError, match=r"degrees = \[-1\]"):
        multiplicity(-1, 3)
    with pytest.raises(PhotonicsError, match="dimension = 1: the unit sphere has angles from 2"):
        multiplicity(1, 1)
    with pytest.raises(PhotonicsError, match="degree 600 in 2000 dimensions overflow"):
        gegenbauer(600, np.ones(1), 2000)
    with pytest.raises(PhotonicsError, match="point of norm 2"):
        harmonics(2 * x, zeta, [1, 2])
    with pytest.raises(PhotonicsError, match="point of norm inf"):
        harmonics(x / x.new_tensor(0.0), zeta, [1, 2])
    with pytest.raises(PhotonicsError, match=r"directions are \(2, 3\); 1 degrees in 3 dimensions take \(1, 3\)"):
        harmonics(x, zeta, [1])
    with pytest.raises(PhotonicsError, match="name one twice"):
        harmonics(x, zeta, [1, 1])
    with pytest.raises(PhotonicsError, match=r"degrees = \[1.5\]"):
        harmonics(x, zeta, [1.5])  # type: ignore[list-item]
    with pytest.raises(PhotonicsError, match=r"did you mean skip\?"):
        monomials(3, 2, "skipp")
    with pytest.raises(PhotonicsError, match="degree = 0"):
        monomials(3, 0)
    with pytest.raises(PhotonicsError, match=r"expected a real tensor \(32, 32\)"):
        monomial_rank(lambda x, y: x @ x.mT[:, :1], 3)
    with pytest.raises(PhotonicsError, match="not finite on the cube"):
        monomial_rank(lambda x, y: x @ y.mT / 0, 3)
    with pytest.raises(PhotonicsError, match="spans nothing"):
        monomial_rank(lambda x, y: 0 * x @ y.mT, 3)
