"""The symmetric unitary of a lossless reciprocal medium, also where eigenvalues coincide."""

from __future__ import annotations

import cmath

import pytest
import torch
from torch.func import jacfwd, jacrev, vmap

from photonics_sim import PhotonicsError
from photonics_sim.device import normal
from photonics_sim.optics import symmetric_unitary
from photonics_sim.testing import assert_close, assert_gradient, assert_reciprocal, assert_unitary


def test_it_is_lossless_and_reciprocal(dtype: torch.dtype) -> None:
    S = symmetric_unitary(normal(1, 4, 30, 30).to(dtype))
    assert_unitary(S)
    assert_reciprocal(S)


def test_it_is_the_matrix_exponential(dtype: torch.dtype) -> None:
    G = normal(1, 2, 20, 20)
    expected = torch.matrix_exp(1j * (G + G.mT) / 2)
    found = symmetric_unitary(G.to(dtype))
    assert_close(found, expected.to(found.dtype), "rounding")


@pytest.mark.parametrize(
    "generator",
    [
        normal(1, 3, 4, 4),
        torch.eye(4).double(),
        torch.zeros(4, 4).double(),
        torch.diag(torch.tensor([1.0, 1, 1 + 1e-9, 3]).double()),
        torch.diag(torch.tensor([0, 2 * torch.pi, 4 * torch.pi, 1.0]).double()),
    ],
    ids=["random", "identity", "zero", "nearly equal", "equal phases"],
)
def test_gradients_also_at_equal_eigenvalues(generator: torch.Tensor) -> None:
    assert_gradient(symmetric_unitary, generator)
    torch.autograd.gradgradcheck(symmetric_unitary, [generator.clone().requires_grad_()], rtol=1e-4)


def test_function_transforms() -> None:
    G = normal(2, 5, 5)

    def f(value: torch.Tensor) -> torch.Tensor:
        return torch.view_as_real(symmetric_unitary(value))

    assert_close(jacfwd(f)(G), jacrev(f)(G), "law")
    many = normal(3, 6, 5, 5)
    assert_close(vmap(f)(many), f(many), "law")


def test_equal_phases_have_no_direction() -> None:
    """exp(i H) with H = identity moves only through H itself: dS = i e^i dH."""
    dH = normal(4, 4, 4)
    dH = dH + dH.mT
    _, dS = torch.func.jvp(symmetric_unitary, (torch.eye(4).double(),), (dH,))
    assert_close(dS, 1j * cmath.exp(1j) * dH, "law")


@pytest.mark.parametrize("bad", [torch.ones(3, 4), torch.ones(3), torch.ones(3, 3, dtype=torch.complex64)])
def test_other_generators_are_refused(bad: torch.Tensor) -> None:
    with pytest.raises(PhotonicsError, match="real square generators"):
        symmetric_unitary(bad)
