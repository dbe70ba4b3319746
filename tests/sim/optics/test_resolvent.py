"""The circulating field against a dense solve, its derivatives of every kind, and its bound."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.func import hessian, jacfwd, jacrev, vmap

from photonics_sim import PhotonicsError
from photonics_sim.device import normal
from photonics_sim.optics import resolvent, symmetric_unitary
from photonics_sim.testing import assert_close, assert_gradient, assert_passive

EXACT = 1e-15


def problem(g: int = 3, b: int = 4, d: int = 7) -> tuple[Tensor, Tensor, Tensor]:
    phase = normal(1, g, b, d)
    S = symmetric_unitary(normal(2, g, d, d))
    return torch.exp(1j * phase), S, torch.view_as_complex(normal(3, g, d, 2))


def dense(T: Tensor, S: Tensor, s: Tensor, coupling: float = 0.5) -> Tensor:
    system = torch.eye(T.shape[-1], dtype=T.dtype) - coupling * T[..., None] * S[:, None] * T[..., None, :]
    return (1 - coupling) * (torch.linalg.inv(system) @ s[:, None, :, None])[..., 0]


@pytest.mark.parametrize("coupling", [0.0, 0.3, 0.5, 0.9])
def test_it_is_the_dense_solve(coupling: float) -> None:
    T, S, s = problem()
    assert_close(resolvent(T, S, s, coupling=coupling, tolerance=EXACT), dense(T, S, s, coupling), "law")


@pytest.mark.parametrize("tolerance", [1e-2, 1e-4, 1e-8])
def test_the_error_is_what_was_asked_for_and_not_far_less(tolerance: float) -> None:
    T, S, s = problem(d=60)
    error = resolvent(T, S, s, tolerance=tolerance) - dense(T, S, s)
    relative = float((error.norm(dim=-1) / s.norm(dim=-1, keepdim=True)).max())
    assert tolerance / 10 < relative <= tolerance


def test_single_precision_agrees_with_double() -> None:
    T, S, s = problem(d=30)
    single = resolvent(T.to(torch.complex64), S.to(torch.complex64), s.to(torch.complex64))
    assert_close(single, dense(T, S, s).to(torch.complex64), "rounding")


def test_lossy_and_asymmetric_media_too() -> None:
    T, S, s = problem()
    T, S = 0.8 * T, S @ torch.diag_embed(torch.exp(1j * normal(5, 3, 7)))
    assert_close(resolvent(T, S, s, tolerance=EXACT), dense(T, S, s), "law")


def test_a_norm_above_one_within_the_bound_is_solved() -> None:
    T, S, s = problem()
    assert_close(resolvent(T, 1.6 * S, s, tolerance=EXACT), dense(T, 1.6 * S, s), "law")


def test_it_is_never_active() -> None:
    T, S, s = problem(d=40)
    field = resolvent(T, S, s)
    assert_passive(s.abs().square().sum(-1, keepdim=True).expand(3, 4), field.abs().square().sum(-1))


def test_gradients_of_all_three_and_their_gradients() -> None:
    T, S, s = problem(g=2, b=2, d=3)

    def run(*inputs: Tensor) -> Tensor:
        return resolvent(*inputs, tolerance=EXACT)

    assert_gradient(run, T, S, s)
    torch.autograd.gradgradcheck(run, [t.clone().requires_grad_() for t in (T, S, s)], rtol=1e-4)


def test_the_gradient_of_s_is_free_of_symmetry_and_that_of_the_dense_solve() -> None:
    T, S, s = (t.clone().requires_grad_() for t in problem())
    found = torch.autograd.grad(resolvent(T, S, s, tolerance=EXACT).abs().square().sum(), [T, S, s])
    expected = torch.autograd.grad(dense(T, S, s).abs().square().sum(), [T, S, s])
    for name, a, b in zip("TSs", found, expected, strict=True):
        assert_close(a, b, "law", f"gradients of {name}")
    assert not torch.allclose(found[1], found[1].mT)


def test_function_transforms() -> None:
    _, S, s = problem()
    phase = normal(9, 3, 4, 7)

    def power(p: Tensor) -> Tensor:
        return resolvent(torch.exp(1j * p), S, s, tolerance=EXACT).abs().square().sum(-1)

    def exact(p: Tensor) -> Tensor:
        return dense(torch.exp(1j * p), S, s).abs().square().sum(-1)

    assert_close(jacrev(power)(phase), jacrev(exact)(phase), "law")
    assert_close(jacfwd(power)(phase), jacrev(exact)(phase), "law")
    many = normal(8, 5, 3, 4, 7)
    assert_close(vmap(power)(many), torch.stack([power(p) for p in many]), "law")
    small = phase[:, :1]
    reference = jacrev(jacrev(lambda p: exact(p).sum()))(small)
    for twice in (hessian(lambda p: power(p).sum()), jacfwd(jacfwd(lambda p: power(p).sum()))):
        assert_close(twice(small), reference, "law", "second derivatives")


def test_vmap_over_media_and_sources() -> None:
    T, _, _ = problem()
    media, sources = symmetric_unitary(normal(4, 5, 3, 7, 7)), torch.view_as_complex(normal(6, 5, 3, 7, 2))
    found = vmap(lambda S, s: resolvent(T, S, s, tolerance=EXACT))(media, sources)
    assert_close(found, torch.stack([dense(T, S, s) for S, s in zip(media, sources, strict=True)]), "law")


def test_many_systems_in_chunks_are_the_same_systems() -> None:
    T, S, s = problem(g=12, b=2, d=250)  # 12 matrices of 1 MB: several cache-fulls
    together = resolvent(T, S, s)
    for g in (0, 5, 11):
        assert_close(together[g : g + 1], resolvent(T[g : g + 1], S[g : g + 1], s[g : g + 1]), "equal")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda T, S, s: (2 * T, S, s), r"0\.5 \* 2\^2 \* 1 = 2 is not below 1"),
        (lambda T, S, s: (T, 3 * S, s), r"0\.5 \* 1\^2 \* 3 = 1\.5 is not below 1"),
        (lambda T, S, s: (T[..., :-1], S, s), r"found \(3, 4, 6\), \(3, 7, 7\) and \(3, 7\)"),
        (lambda T, S, s: (T.to(torch.complex64), S, s), "one complex type"),
    ],
)
def test_what_is_refused(change, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(PhotonicsError, match=message):
        resolvent(*change(*problem()))


@pytest.mark.parametrize("options", [{"coupling": 1.0}, {"coupling": -0.1}, {"tolerance": 1e-30}, {"tolerance": 2.0}])
def test_settings_outside_their_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(PhotonicsError, match="outside"):
        resolvent(*problem(), **options)  # type: ignore[arg-type]
