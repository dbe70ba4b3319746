"""Mercer spectra of zonal kernels on the sphere."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from functools import partial

import pytest
import torch
from scipy.special import spherical_in
from torch import Tensor

from photonics_sim import PhotonicsError
from photonics_sim.analysis import ntk
from photonics_sim.analysis.spectral import (
    MercerSpectrum,
    mercer_spectrum,
    multiplicity,
    parity_gaps,
    sphere_points,
    tail_slope,
)


def relu(degree: int, dimension: int = 10, degrees: range = range(25)) -> MercerSpectrum:
    return mercer_spectrum(partial(ntk.product, degree=degree, branch="relu"), dimension, degrees)


def power_of_cosine(n: int, d: int) -> list[float]:
    """mu_k of t^n on S^(d-1) for k = 0 ... 12, in fractions: (2k + d - 2) t P_k = (k + d - 2) P_(k+1) + k P_(k-1)."""
    found = {0: Fraction(1)}
    for _ in range(n):
        higher: dict[int, Fraction] = {}
        for k, c in found.items():
            up = Fraction(k + d - 2, 2 * k + d - 2) if k else Fraction(1)
            higher[k + 1] = higher.get(k + 1, Fraction(0)) + c * up
            if k:
                higher[k - 1] = higher.get(k - 1, Fraction(0)) + c * (1 - up)
        found = higher
    return [float(found.get(k, 0) / multiplicity(k, d)) for k in range(13)]


@pytest.mark.parametrize("dimension", [2, 3, 5, 10, 64])
@pytest.mark.parametrize("power", [1, 2, 5, 8])
def test_powers_have_the_spectrum_that_is_known(dimension: int, power: int) -> None:
    found = mercer_spectrum(lambda x, y: (x @ y.mT) ** power, dimension, range(13))
    for mu, noise, exact in zip(found.eigenvalues, found.noise, power_of_cosine(power, dimension), strict=True):
        assert abs(mu - exact) <= noise < 1e-14
    assert found.captured == pytest.approx(1, rel=1e-12)
    assert found.trace == pytest.approx(1, rel=1e-14)


def test_identity_branches_are_a_power() -> None:
    found = mercer_spectrum(partial(ntk.product, degree=3, branch="identity"), 4, range(13))
    assert found.trace == pytest.approx(4)
    for mu, noise, exact in zip(found.eigenvalues, found.noise, power_of_cosine(3, 4), strict=True):
        assert abs(mu - 4 * exact) <= noise


def test_small_eigenvalues_are_right_down_to_their_noise() -> None:
    """exp(t) in three dimensions: mu_k is the modified spherical Bessel function i_k(1), over fifteen orders."""
    found = mercer_spectrum(lambda x, y: (x @ y.mT).exp(), 3, range(20))
    for k, mu, noise, seen in zip(found.degrees, found.eigenvalues, found.noise, found.resolved, strict=True):
        exact = float(spherical_in(k, 1.0))
        assert abs(mu - exact) <= noise
        assert seen == (exact > noise)
    assert 11 <= sum(found.resolved) <= 14
    assert found.noise[0] < 1e-14
    assert "< " in str(found)
    assert parity_gaps(found) == ()


def test_spectra_of_the_reference() -> None:
    """Normalised to 1 on the diagonal, d = 10, ReLU branches: verified values of the notes on arXiv:2209.07736."""
    known = {1: {1: 5.0e-2, 5: 0.0, 8: 3.9e-7}, 3: {5: 2.8e-5, 8: 4.8e-7}, 6: {5: 9.5e-5, 8: 1.7e-6}}
    known[9] = {1: 1.4e-3, 5: 9.3e-5, 8: 4.3e-6}
    for degree, values in known.items():
        found = relu(degree).normalised
        for k, expected in values.items():
            assert found[k] == pytest.approx(expected, rel=0.02, abs=1e-16)


def test_products_close_the_gaps_of_parity() -> None:
    for dimension in (3, 10):
        assert parity_gaps(relu(1, dimension)) == tuple(range(3, 24, 2))
        for degree in (2, 3, 6):
            assert parity_gaps(relu(degree, dimension)) == ()
    assert parity_gaps(relu(1, 10, range(26))) == tuple(range(3, 26, 2))
    cube = mercer_spectrum(lambda x, y: (x @ y.mT) ** 3, 5, range(6))
    assert parity_gaps(cube) == (0, 2, 4, 5)


@pytest.mark.parametrize("degree", [1, 2, 3, 6])
def test_the_tail_has_one_exponent_at_any_degree(degree: int) -> None:
    """k^-d: more branches lift what lies before it, and change nothing of the exponent."""
    assert tail_slope(relu(degree, 3, range(65)), 40) == pytest.approx(-3, abs=0.06)
    assert -10.1 < tail_slope(relu(degree, 10, range(65)), 48) < -9.1


def test_the_trace_fills_up_as_its_tail_says() -> None:
    """mu_k ~ k^-d times k^(d-2) harmonics leaves about 1/k of the trace behind degree k."""
    found = relu(3, 5, range(129))
    left = {last: 1 - math.fsum(found.shares[: last + 1]) for last in (32, 64, 128)}
    assert left[32] > left[64] > left[128] > 0
    assert left[64] / left[128] == pytest.approx(2, rel=0.1)
    assert 2 * left[128] - left[64] == pytest.approx(0, abs=2e-4)


def test_a_profile_is_the_same_kernel() -> None:
    def profile(cosine: Tensor) -> Tensor:
        return ((math.pi - cosine.acos()) * cosine + (1 - cosine**2).sqrt()) / math.pi

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        return profile((x @ y.mT).clamp(-1, 1))

    one, two = mercer_spectrum(profile, 6, range(9), profile=True), mercer_spectrum(kernel, 6, range(9))
    assert one.eigenvalues == pytest.approx(two.eigenvalues, abs=1e-15)


def test_the_spectrum_is_that_of_a_matrix_of_many_points() -> None:
    """Eigenvalues of K/n gather, degree by degree, around mu_k."""
    found = mercer_spectrum(partial(ntk.product, degree=2, branch="relu"), 3, range(3))
    x = sphere_points(1500, 3, seed=1)
    values = torch.linalg.eigvalsh(ntk.product(x, degree=2, branch="relu") / 1500).flip(0)
    for k, mu in enumerate(found.eigenvalues):
        assert float(values[k**2 : (k + 1) ** 2].mean()) == pytest.approx(mu, rel=0.03)


def test_numbers_for_a_file() -> None:
    table = relu(2, 3, range(4)).to_dict()
    assert json.loads(json.dumps(table))["multiplicities"] == [multiplicity(k, 3) for k in range(4)]


def test_kernels_that_are_refused() -> None:
    def inner(x: Tensor, y: Tensor) -> Tensor:
        return x @ y.mT

    for kernel, message in (
        (lambda x, y: x[:, :1] @ y[:, :1].mT, "not zonal: at 0 degrees"),
        (lambda x, y: inner(x, y) + 1e-6 * inner(x**2, y**2), "not zonal"),
        (lambda x, y: inner(x, y) / 0, "not finite on the unit sphere"),
        (lambda x, y: inner(x, y)[0], r"returned \(1,\); expected a real tensor \(1, 1\)"),
        (lambda x, y: -inner(x, y), "is -1 on the diagonal"),
        (lambda x, y: inner(x, y).numpy(), "returned ndarray"),
    ):
        with pytest.raises(PhotonicsError, match=message):
            mercer_spectrum(kernel, 3, range(3))  # type: ignore[arg-type]
    with pytest.raises(PhotonicsError, match="dimension = 1"):
        mercer_spectrum(inner, 1, range(3))
    with pytest.raises(PhotonicsError, match=r"degrees = \[-1\]"):
        mercer_spectrum(inner, 3, [-1])
    with pytest.raises(PhotonicsError, match="1 eigenvalues from degree 1 to 3"):
        tail_slope(mercer_spectrum(inner, 3, range(4)), 1)


@pytest.mark.parametrize("dimension", [784, 50_000])
def test_many_dimensions_by_hand(dimension: int) -> None:
    """cos^3 has 3 / (d + 2) of degree 1 over its d harmonics, and no even degree."""
    found = mercer_spectrum(lambda cos: cos**3, dimension, range(4), profile=True)
    assert found.eigenvalues[1] == pytest.approx(3 / (dimension * (dimension + 2)), rel=1e-9)
    assert found.resolved == (False, True, False, True)
    with pytest.raises(PhotonicsError, match="in 1000000 dimensions take more than 2048 angles"):
        mercer_spectrum(lambda cos: cos**3, 10**6, [1], profile=True)
    with pytest.raises(PhotonicsError, match="dimension = nan"):
        mercer_spectrum(lambda cos: cos**3, math.nan, profile=True)  # type: ignore[arg-type]
