"""Closed forms by hand: low degrees, symmetries, angles that are nearly none."""

from __future__ import annotations

import cmath
import math
from typing import Any

import mpmath
import numpy as np
import pytest
import torch
from closed_cases import BENT, BRANCHES, KERNELS, Kernel, inputs
from torch import Tensor

from photonics_sim.analysis import ntk
from photonics_sim.analysis.ntk import _blocks
from photonics_sim.testing import assert_close

X, Y = inputs(9, 4), inputs(7, 4, seed=1)
S = X @ Y.mT
EACH = pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)


@pytest.mark.parametrize("degree", [1, 2, 3, 6])
def test_identity_branches_make_polynomials_of_the_inner_product(degree: int) -> None:
    assert_close(ntk.product(X, Y, degree=degree, branch="identity"), (degree + 1) * S**degree)
    expected = S * (1 + S) ** (degree - 2) * (2 + (degree + 1) * S)
    assert_close(ntk.skip(X, Y, degree=degree, branch="identity"), expected)


def test_nests_of_low_degree_by_hand() -> None:
    assert_close(ntk.nested(X, Y, degree=1, branch="identity", injection=2.0), 4 * 3 * S)
    assert_close(ntk.nested(X, Y, degree=2, branch="identity"), 3 * S + 5 * S**2)
    # without a second injection the light passes both: the product of two, with a mixing between them that adds one s^2
    assert_close(ntk.nested(X, Y, degree=2, branch="identity", injection=(1.0, 0.0)), 5 * S**2)


@pytest.mark.parametrize("branch", BRANCHES)
def test_degree_one_is_one_hidden_layer(branch: Any) -> None:
    layer = ntk.relu_mlp(X, Y, depth=1) if branch == "relu" else ntk.polynomial_mlp(X, Y, depth=1, coefficients=branch)
    assert_close(ntk.product(X, Y, degree=1, branch=branch), layer)
    assert_close(ntk.skip(X, Y, degree=1, branch=branch), layer)


def test_relu_at_angles_that_one_knows() -> None:
    """0, a right one, and opposite: k0 = a^2 / 2, ab / 2 pi, 0 and k1 = 1/2, 1/4, 0."""
    x = torch.tensor([[2.0, 0.0]], dtype=torch.float64)
    y = torch.tensor([[3.0, 0.0], [0.0, 3.0], [-3.0, 0.0]], dtype=torch.float64)
    k0, k1, s = torch.tensor([[3.0, 3 / math.pi, 0], [0.5, 0.25, 0], [6, 0, -6]], dtype=torch.float64)
    for degree in (1, 2, 3):
        expected = k0**degree + degree * s * k1 * k0 ** (degree - 1)
        assert_close(ntk.product(x, y, degree=degree)[0], expected)
    mean = 5 / math.sqrt(2 * math.pi)
    assert_close(ntk.skip(x, y, degree=2)[0], (k0 + s * k1) * (1 + mean + k0) + s * k0 * k1)


def test_duals_of_a_polynomial_by_quadrature() -> None:
    """The layer's kernel k0 + s k1 and its mean, against integrals over two Gaussian numbers."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    u0, v0 = np.meshgrid(nodes, nodes)
    weight = np.outer(weights, weights) / (2 * math.pi)
    coefficients = (0.3, -1.0, 0.5, 0.2, -0.1)
    phi = np.polynomial.Polynomial(coefficients)
    slope = phi.deriv()
    found, skipped = (f(X, Y, degree=2, branch=coefficients) for f in (ntk.product, ntk.skip))
    for i, j in ((0, 0), (3, 5), (8, 6)):
        a, b, s = float(X[i].norm()), float(Y[j].norm()), float(S[i, j])
        cos = s / (a * b)
        u, v = a * u0, b * (cos * u0 + math.sqrt(1 - cos**2) * v0)
        k0, k1 = (float((weight * f(u) * f(v)).sum()) for f in (phi, slope))
        q = 1 + float((weight * phi(u)).sum()) + float((weight * phi(v)).sum()) + k0
        assert float(found[i, j]) == pytest.approx(k0**2 + 2 * s * k1 * k0, rel=1e-11)
        assert float(skipped[i, j]) == pytest.approx((k0 + s * k1) * q + s * k0 * k1, rel=1e-11)


@EACH
def test_both_halves_of_a_symmetric_kernel(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is mirrored is what would have been computed; tiles of any size give the same."""
    whole = kernel(X)
    assert_close(whole, kernel(X, X.clone()))
    assert torch.equal(whole, whole.mT)
    assert float(torch.linalg.eigvalsh(whole).min()) > -1e-13 * float(whole.diagonal().max())
    rectangle = kernel(X, Y)
    monkeypatch.setattr(_blocks, "_TILE", 9)
    assert_close(kernel(X), whole)
    assert_close(kernel(X, Y), rectangle)


@pytest.mark.parametrize("shape", [(400, 300), (3, 50_000), (50_000, 3), (400, None)])
def test_tiles_keep_to_the_memory_they_are_given(shape: tuple[int, int | None]) -> None:
    """And every entry, or every one on and above the diagonal, lies in one of them."""
    n, m = shape
    pairs = _blocks.Pairs(torch.zeros(n, 1), None if m is None else torch.zeros(m, 1), 0.0)
    met = torch.zeros(pairs.shape, dtype=torch.int8)
    for rows, columns in pairs.tiles(1.0):
        met[rows, columns] += 1
        assert met[rows, columns].numel() * 8 * _blocks._MATRICES <= 2**20
    assert bool((met.triu() == torch.ones_like(met).triu()).all() if m is None else (met == 1).all())


@EACH
def test_a_gram_matrix_is_as_good_as_the_inputs(kernel: Kernel) -> None:
    for y in (Y, None):
        assert_close(kernel(ntk.gram(X, y), bias=0.3, scale=2.0), kernel(X, y, bias=0.3, scale=2.0))
        assert_close(kernel(ntk.gram(X, y, bias=0.3)), kernel(X, y, bias=0.3))
    extended = [torch.cat([part, torch.full((len(part), 1), 0.3, dtype=torch.float64)], 1) for part in (X, Y)]
    assert_close(kernel(X, Y, bias=0.3, scale=2.0), 2 * kernel(*extended))


@EACH
def test_zero_vectors_and_results_in_a_place_of_their_own(kernel: Kernel) -> None:
    x = X.clone()
    x[4] = 0
    there = torch.empty(9, 7, dtype=torch.float64)
    assert kernel(x, Y, out=there) is there
    assert torch.isfinite(there).all()
    assert torch.isfinite(kernel(x)).all()
    if float(kernel(x)[4, 4]) == 0:  # without a constant nothing comes of nothing
        assert torch.equal(there[4], torch.zeros(7, dtype=torch.float64))
    assert_close(kernel(x.float(), Y.float()), kernel(x.float().double(), Y.float().double()), "equal")


@pytest.mark.parametrize("branch", ["identity", "relu"])
@pytest.mark.parametrize("degree", [1, 2, 5])
def test_products_are_homogeneous(branch: str, degree: int) -> None:
    """Theta(t x, y) = t^N Theta(x, y): the trained kernel predictor is t^N along rays from 0."""
    once = ntk.product(X, Y, degree=degree, branch=branch)
    assert_close(ntk.product(7.3 * X, Y, degree=degree, branch=branch), 7.3**degree * once)


def exact_relu(x: Tensor, y: Tensor, depth: int) -> float:
    """The kernel of layers of ReLU with fifty digits."""
    with mpmath.workdps(50):
        u, v = (mpmath.matrix(part.tolist()) for part in (x, y))
        left, right, s = (u.T * u)[0], (v.T * v)[0], (u.T * v)[0]
        tangent = s
        for _ in range(depth):
            size = mpmath.sqrt(left * right)
            t = mpmath.acos(s / size)
            s = size * (mpmath.sin(t) + (mpmath.pi - t) * mpmath.cos(t)) / (2 * mpmath.pi)
            tangent = s + (mpmath.pi - t) / (2 * mpmath.pi) * tangent
            left, right = left / 2, right / 2
        return float(tangent)


@pytest.mark.parametrize("gap", [1e-2, 1e-4, 1e-6, 1e-8, 1e-12])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("depth", [1, 3])
def test_pairs_that_are_nearly_parallel_or_opposite(gap: float, sign: int, depth: int) -> None:
    """Their cosine is 1 to the last digit; arccos of it would cost k1 half of its digits."""
    x = X[:1]
    y = sign * (1.7 * x + gap * Y[:1])
    found, expected = float(ntk.relu_mlp(x, y, depth=depth)), exact_relu(x[0], y[0], depth)
    scale = float(x.norm() * y.norm()) / 2**depth
    assert abs(found - expected) < 1e-12 * scale


def test_identical_points_meet_at_no_angle() -> None:
    """Wherever they stand, also where only their inner products are known."""
    x = X[[0, 1, 0]]
    found = ntk.product(x, degree=3, branch="relu")
    assert_close(found[0, 2], found[0, 0], "equal")
    assert_close(ntk.product(x, x.clone(), degree=3), found, "equal")
    assert_close(ntk.product(ntk.gram(x, x.clone()), degree=3), found, "equal")
    assert_close(found.diagonal(), (x.square().sum(1) / 2) ** 3 * 4, "rounding")
    assert_close(ntk.relu_mlp(x, depth=4)[0, 2], x[0].square().sum() * 5 / 16, "rounding")


def test_an_optical_gram_matrix_is_that_of_both_quadratures() -> None:
    fields = torch.complex(X, inputs(9, 4, seed=2)), torch.complex(Y, inputs(7, 4, seed=3))
    real = [torch.cat([field.real, field.imag], 1) for field in fields]
    for branch in ("relu", BENT):
        found = ntk.product(ntk.optical_gram(*fields), degree=2, branch=branch)
        assert_close(found, ntk.product(*real, degree=2, branch=branch))
    turned = [field * cmath.exp(0.7j) for field in fields]
    assert_close(ntk.optical_gram(*turned).cross, ntk.optical_gram(*fields).cross)
    assert ntk.optical_gram(fields[0]).symmetric


def test_widths_for_trust() -> None:
    """sqrt(m) std / mean, as sampled from networks: 1.0, 1.9, 3.4, 5.7, 10.2 and 1.8, 4.4, 10.6, 22, 43 (rare, large
    neurons make samples too small at high degree)."""
    for branch, sampled in (("identity", [1.0, 1.9, 3.4, 5.7, 10.2]), ("relu", [1.8, 4.4, 10.6])):
        for degree, value in enumerate(sampled, 1):
            found = ntk.finite_width_error("product", degree=degree, width=1, branch=branch)
            assert found == pytest.approx(value, rel=0.08)
    assert ntk.finite_width_error("product", degree=1, width=1, branch="identity") == pytest.approx(1, rel=1e-14)
    assert ntk.finite_width_error("product", degree=1, width=1) == pytest.approx(math.sqrt(3), rel=1e-14)
    width = ntk.width_for(0.01, "skip", degree=3, branch="relu", squared_norm=0.8)
    errors = [
        ntk.finite_width_error("skip", degree=3, width=m, branch="relu", squared_norm=0.8) for m in (width, width - 1)
    ]
    assert errors[0] <= 0.01 < errors[1]
    one, layers = (ntk.finite_width_error(f, degree=1, width=9, branch=BENT) for f in ("product", "mlp"))
    assert one == pytest.approx(layers, rel=1e-14)


@pytest.mark.parametrize("slope", [1e-6, 3e-9, 1e-10])
@pytest.mark.parametrize("family", ["product", "skip", "nested", "mlp"])
def test_the_kernel_of_nearly_constant_branches_hardly_varies(family: Any, slope: float) -> None:
    """Rounding must not make a variance negative. The light of a nest and its gradient vary with nothing else too."""
    found = ntk.finite_width_error(family, degree=2, width=1, branch=(1, slope))
    assert found < (3 if family == "nested" else 10 * slope + 1e-7)
