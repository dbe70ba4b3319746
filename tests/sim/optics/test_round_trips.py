"""Light after so many round trips: a sum of matrix powers, what it misses, its derivatives and its paths."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor
from torch.func import hessian, jacfwd, jacrev, jvp, vmap

from photonics_sim import PhotonicsError
from photonics_sim.device import normal
from photonics_sim.optics import resolvent, round_trips, symmetric_unitary
from photonics_sim.testing import assert_close, assert_gradient, assert_passive, tolerance


def problem(g: int = 3, b: int = 4, d: int = 7) -> tuple[Tensor, Tensor, Tensor]:
    S = symmetric_unitary(normal(2, g, d, d))
    return torch.exp(1j * normal(1, g, b, d)), S, torch.view_as_complex(normal(3, g, d, 2))


def dense(T: Tensor, S: Tensor, s: Tensor, coupling: float, bounces: int) -> Tensor:
    loop = coupling * T[..., None] * S[:, None] * T[..., None, :]
    powers = sum(torch.linalg.matrix_power(loop, m) for m in range(bounces + 1))
    return (1 - coupling) * (powers @ s[:, None, :, None])[..., 0]


@pytest.mark.parametrize("coupling", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("bounces", [1, 2, 5])
def test_it_is_the_sum_of_powers(coupling: float, bounces: int) -> None:
    T, S, s = problem()
    assert_close(
        round_trips(T, S, s, coupling=coupling, bounces=bounces), dense(T, S, s, coupling, bounces), "rounding"
    )


@pytest.mark.parametrize("bounces", [1, 4, 9])
def test_what_it_misses_of_the_stationary_field_is_known(bounces: int) -> None:
    """The rest of the series is (c T S T)^(n + 1) E: c^(n + 1) of the norm of E where nothing is lost."""
    T, S, s = problem(d=30)
    stationary = resolvent(T, S, s, coupling=0.6, tolerance=1e-15)
    missed = stationary - round_trips(T, S, s, coupling=0.6, bounces=bounces)
    assert_close(missed.norm(dim=-1), 0.6 ** (bounces + 1) * stationary.norm(dim=-1), "law")


def test_many_round_trips_are_all_of_them() -> None:
    T, S, s = problem()
    assert_close(round_trips(T, S, s, bounces=60), resolvent(T, S, s, tolerance=1e-15), "law")


@pytest.mark.parametrize("bounces", [1, 3])
def test_no_more_light_than_the_source_has_given_so_far(bounces: int) -> None:
    T, S, s = problem(d=40)
    given = ((1 - 0.5 ** (bounces + 1)) * s.norm(dim=-1)).square()
    assert_passive(given[:, None].expand(3, 4), round_trips(T, S, s, bounces=bounces).abs().square().sum(-1))


def test_in_step_all_light_adds_up() -> None:
    """The bound is reached: a medium that sends back what it gets."""
    s = torch.view_as_complex(normal(3, 1, 5, 2))
    field = round_trips(torch.ones(1, 1, 5, dtype=s.dtype), torch.eye(5, dtype=s.dtype)[None], s, bounces=2)
    assert_close(field[:, 0], (1 - 0.5**3) * s, "equal")


@pytest.mark.parametrize("bounces", [1, 2])
def test_a_field_couples_one_input_more_than_it_has_bounces(bounces: int) -> None:
    """Mixed differences of the field: those of n + 1 pixels are there, those of n + 2 vanish."""
    _, S, s = problem(g=1, d=5)
    low, high = normal(4, 5), normal(5, 5)

    def difference(inputs: int) -> float:
        total = torch.zeros(5, dtype=S.dtype)
        for corner in itertools.product((0, 1), repeat=inputs):
            chosen = torch.tensor([*corner, *[0] * (5 - inputs)], dtype=torch.bool)
            T = torch.exp(1j * torch.where(chosen, high, low))
            total = total + (-1) ** sum(corner) * round_trips(T[None, None], S, s, bounces=bounces)[0, 0]
        return float(total.norm() / s.norm())

    assert difference(bounces + 1) > 1e-4
    assert difference(bounces + 2) < tolerance("rounding", torch.float64)


def test_gradients_of_all_three_and_their_gradients() -> None:
    T, S, s = problem(g=2, b=2, d=3)

    def run(*inputs: Tensor) -> Tensor:
        return round_trips(*inputs, bounces=3)

    assert_gradient(run, T, S, s)
    torch.autograd.gradgradcheck(run, [t.clone().requires_grad_() for t in (T, S, s)], rtol=1e-4)


def test_function_transforms() -> None:
    _, S, s = problem()
    phase, direction = normal(9, 3, 4, 7), normal(10, 3, 4, 7)

    def power(p: Tensor) -> Tensor:
        return round_trips(torch.exp(1j * p), S, s, bounces=3).abs().square().sum(-1)

    def exact(p: Tensor) -> Tensor:
        return dense(torch.exp(1j * p), S, s, 0.5, 3).abs().square().sum(-1)

    assert_close(jacrev(power)(phase), jacrev(exact)(phase), "law")
    assert_close(jacfwd(power)(phase), jacrev(exact)(phase), "law")
    many = normal(8, 5, 3, 4, 7)
    assert_close(vmap(power)(many), torch.stack([power(p) for p in many]), "law")
    small = phase[:, :1]
    reference = jacrev(jacrev(lambda p: exact(p).sum()))(small)
    for twice in (hessian(lambda p: power(p).sum()), jacfwd(jacfwd(lambda p: power(p).sum()))):
        assert_close(twice(small), reference, "law", "second derivatives")

    def slope(p: Tensor) -> Tensor:
        return jvp(power, (p,), (direction,))[1]

    curvature = jvp(slope, (phase,), (direction,))[1]
    step = 1e-3
    steps = power(phase + step * direction) - 2 * power(phase) + power(phase - step * direction)
    assert_close(curvature, steps / step**2, "second")


def test_single_precision_and_systems_in_chunks() -> None:
    T, S, s = problem(g=12, b=2, d=250)  # 12 matrices of 1 MB: several cache-fulls
    together = round_trips(T, S, s, bounces=2)
    assert_close(together[5:6], round_trips(T[5:6], S[5:6], s[5:6], bounces=2), "equal")
    single = round_trips(*(t.to(torch.complex64) for t in (T, S, s)), bounces=2)
    assert_close(single, together.to(torch.complex64), "rounding")


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda T, S, s: (T[..., :-1], S, s), {}, r"round_trips .* found \(3, 4, 6\), \(3, 7, 7\) and \(3, 7\)"),
        (lambda T, S, s: (T.to(torch.complex64), S, s), {}, "one complex type"),
        (lambda T, S, s: (T, S, s), {"bounces": 0}, "for all round trips use resolvent"),
        (lambda T, S, s: (T, S, s), {"coupling": 1.0}, "outside"),
    ],
)
def test_what_is_refused(change, options, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(PhotonicsError, match=message):
        round_trips(*change(*problem()), **({"bounces": 2} | options))
