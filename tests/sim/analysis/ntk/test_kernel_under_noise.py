"""Kernels of inputs that are read with noise, and what kernels refuse."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from closed_cases import BENT, inputs
from torch import Tensor, nn

from photonics_sim import PhotonicsError
from photonics_sim.analysis import ntk
from photonics_sim.networks import MLP, NestedNet, ProductNet

X, Y = inputs(5, 3), inputs(4, 3, seed=1)
SIGMA = 0.3


def powers(x: Tensor, y: Tensor | None, degree: int) -> Tensor:
    """s^N."""
    return (x @ (x if y is None else y).mT) ** degree


def test_noise_of_either_reading_adds_to_the_mean_of_powers() -> None:
    """E s = s; E s^2 = s^2 + sigma^2 (|x|^2 + |x'|^2) + d sigma^4: in standard errors, and a wrong mean is seen."""
    s = X @ Y.mT
    added = SIGMA**2 * (X.square().sum(1)[:, None] + Y.square().sum(1)) + 3 * SIGMA**4
    for degree, expected in ((1, s), (2, s**2 + added)):
        found = ntk.under_noise(partial(powers, degree=degree), X, Y, sigma=SIGMA, draws=1500)
        z = (found.mean - expected) / found.standard_error
        assert float(z.square().mean().sqrt()) < 2
    assert float(((found.mean - s**2) / found.standard_error).square().mean().sqrt()) > 10


def test_inputs_that_are_read_once_meet_their_own_reading() -> None:
    """E |x + n|^2 = |x|^2 + d sigma^2 on the diagonal; two readings of the same have no such term."""
    square = X.square().sum(1)
    for y, expected in ((None, square + 3 * SIGMA**2), (X, square)):
        found = ntk.under_noise(partial(powers, degree=1), X, y, sigma=SIGMA, draws=1000)
        z = (found.mean.diagonal() - expected) / found.standard_error.diagonal()
        assert float(z.abs().max()) < 3
        assert torch.equal(found.mean, found.mean.mT) == (y is None)


def test_without_noise_nothing_changes_and_a_seed_is_a_noise() -> None:
    kernel = ntk.closed_form(ProductNet(3, degree=2, width=4))
    silent = ntk.under_noise(kernel, X, Y, sigma=0.0, draws=2)
    assert torch.equal(silent.mean, kernel(X, Y))
    assert not silent.standard_error.any()
    one, same, other = (ntk.under_noise(kernel, X, sigma=0.1, draws=3, seed=seed).mean for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


HUGE = torch.full((2, 3), 1e40, dtype=torch.float64)
net = ProductNet(3, degree=2, width=4)

REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "degree 0": (lambda: ntk.product(X, degree=0), "degree = 0: .*at least 1; degree 0 is a constant"),
    "half a degree": (lambda: ntk.skip(X, degree=1.5), "degree = 1.5"),  # type: ignore[arg-type]
    "depth 0": (lambda: ntk.relu_mlp(X, depth=0), "depth = 0"),
    "another space": (lambda: ntk.product(X, Y[:, :2], degree=2), "x has 3 entries per input and y has 2"),
    "one input": (lambda: ntk.product(X[0], degree=2), r"x has shape \(3,\); expected inputs \(n, d\)"),
    "no inputs": (lambda: ntk.product(X[:0], degree=2), r"shape \(0, 3\)"),
    "a list": (lambda: ntk.product([[1.0]], degree=2), "x is a list; expected a tensor"),  # type: ignore[arg-type]
    "not finite": (lambda: ntk.product(X, Y / 0, degree=2), "y holds numbers that are not finite"),
    "complex": (lambda: ntk.product(X + 0j, degree=2), "x is complex; .*optical_gram"),
    "real fields": (lambda: ntk.optical_gram(X), r"fields are torch.float64 \(5, 3\).*take gram"),
    "overflow": (lambda: ntk.product(X, HUGE, degree=9, branch="identity"), "from degree 8 on; degree 9 was asked"),
    "of a nest": (lambda: ntk.nested(HUGE, degree=5), "norms 1.73e.40 and 1.73e.40, .* from degree 4 on"),
    "of layers": (lambda: ntk.polynomial_mlp(HUGE, depth=4, coefficients=(0, 0, 1)), "from depth 2 on.*Scale"),
    "from the first degree on": (lambda: ntk.polynomial_mlp(HUGE**3, depth=1, coefficients=(0, 0, 1)), "norms near 1$"),
    "of a square": (lambda: ntk.product(HUGE**5, degree=2), "row 0 of x is 1e.200 or more, whose square overflows"),
    "no branch": (lambda: ntk.product(X, degree=2, branch="rely"), "did you mean relu"),
    "relu as polynomial": (lambda: ntk.polynomial_mlp(X, depth=1, coefficients="relu"), "take relu_mlp"),
    "degree 200": (lambda: ntk.product(X, degree=1, branch=[1.0] * 201), "degree 200 overflows"),
    "injections": (lambda: ntk.nested(X, degree=3, injection=(1, 1)), "injection has 2 numbers for degree 3"),
    "injections of nothing": (lambda: ntk.nested(X, degree=0, injection=()), "degree = 0"),
    "half an injection": (lambda: ntk.nested(X, degree=1.5), "degree = 1.5"),  # type: ignore[arg-type]
    "no light": (lambda: ntk.nested(X, degree=2, injection=0), "starts the chain"),
    "bias": (lambda: ntk.product(X, degree=2, bias=float("inf")), "bias = inf"),
    "bias of a Gram matrix": (lambda: ntk.product(ntk.gram(X), degree=2, bias=float("nan")), "bias = nan"),
    "scale": (lambda: ntk.product(X, degree=2, scale=0), "scale = 0"),
    "memory": (lambda: ntk.product(X, degree=2, memory_mb=0.1), "memory_mb = 0.1"),
    "endless memory": (lambda: ntk.product(X, degree=2, memory_mb=torch.inf), "memory_mb = inf"),
    "larger than the machine": (
        lambda: ntk.product(torch.zeros(10**6, 1), torch.zeros(10**6, 1), degree=2),
        r"takes 8,000 GB.*rows at a time.*out=",
    ),
    "out": (lambda: ntk.product(X, degree=2, out=torch.empty(5, 4)), r"out is torch.float32 \(5, 4\)"),
    "both in one": (lambda: ntk.product(ntk.gram(X), Y, degree=2), "leave y out"),
    "an empty Gram matrix": (lambda: ntk.Gram(torch.zeros(0, 2), torch.zeros(0), torch.ones(2)), "of no inputs"),
    "no Gram matrix": (lambda: ntk.Gram(X @ X.mT, X[:, 0], X[:, 0]), "below 0|exceeds"),
    "its shapes": (lambda: ntk.Gram(X, X[:, 0], X[:, 0]), "cross .n, m., left .n,. and right .m,."),
    "larger than norms": (lambda: ntk.Gram(torch.eye(2), torch.ones(2) / 2, torch.ones(2)), "exceeds"),
    "its transpose": (
        lambda: ntk.Gram(torch.tensor([[1.0, 0.5], [0.2, 1.0]]), torch.ones(2), torch.ones(2), symmetric=True),
        "differs from its transpose",
    ),
    "family": (lambda: ntk.finite_width_error("products", degree=2, width=9), "did you mean product"),  # type: ignore[arg-type]
    "no width": (lambda: ntk.finite_width_error("skip", degree=2, width=0), "width = 0"),
    "no degree": (lambda: ntk.finite_width_error("mlp", degree=0, width=9), "degree = 0"),
    "no length": (lambda: ntk.finite_width_error("skip", degree=2, width=9, squared_norm=0), "zero vector"),
    "no error": (lambda: ntk.width_for(0.0, "skip", degree=2), "error = 0"),
    "endless degree": (lambda: ntk.finite_width_error("product", degree=900, width=9), "at degree 900"),
    "no squares": (lambda: ntk.finite_width_error("skip", degree=2, width=9, squared_norm=1e-300), "norm near 1"),
    "no finite width": (lambda: ntk.width_for(1e-200, "skip", degree=2), "no finite width"),
    "sigma": (lambda: ntk.under_noise(powers, X, sigma=-1), "sigma = -1"),  # type: ignore[arg-type]
    "noise of no kernel": (lambda: ntk.under_noise(lambda x, _: x @ x.mT / 0, X, sigma=1), "not finite at draw 0"),
    "draws": (lambda: ntk.under_noise(powers, X, sigma=1, draws=1), "draws = 1"),  # type: ignore[arg-type]
    "Gram with noise": (lambda: ntk.under_noise(powers, ntk.gram(X), sigma=1), "no Gram matrix"),  # type: ignore[arg-type]
    "another network": (lambda: ntk.closed_form(nn.Linear(3, 1)), "no closed form is known for Linear"),
    "standard": (lambda: ntk.closed_form(MLP(3, depth=1, parametrisation="standard")), "no limit.*empirical"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_kernel_is_refused(name: str) -> None:
    run, message = REFUSED[name]
    with pytest.raises(PhotonicsError, match=message):
        run()


def test_a_result_may_lie_in_a_file(tmp_path: Any) -> None:
    place = torch.from_file(str(tmp_path / "kernel"), shared=True, size=20, dtype=torch.float64).view(5, 4)
    ntk.product(X, Y, degree=2, out=place)
    again = torch.from_file(str(tmp_path / "kernel"), size=20, dtype=torch.float64).view(5, 4)
    assert torch.equal(again, ntk.product(X, Y, degree=2))


def test_the_closed_form_of_a_network_has_its_numbers() -> None:
    nest = NestedNet(3, degree=2, width=50, branch=BENT, injection=(0.5, 2.0), bias=0.3, scale=2.0)
    expected = ntk.nested(X, Y, degree=2, branch=BENT, injection=(0.5, 2.0), bias=0.3, scale=2.0)
    assert torch.equal(ntk.closed_form(nest)(X, Y), expected)
    error = ntk.finite_width_error("nested", degree=2, width=50, branch=BENT, injection=(0.5, 2.0), bias=0.3)
    assert ntk.closed_form(nest).finite_width_error() == error
