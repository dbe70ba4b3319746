"""Closed forms against random networks: the mean of their kernels, and how far one is from it."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from closed_cases import BENT, inputs, rms_z, sampled

from photonics_sim.analysis import ntk
from photonics_sim.networks import MLP, NestedNet, ProductNet, SkipNet

X = inputs(6, 3)
WRONG = 6.0  # rms z of a formula that is not the mean; one that is has some 1, more where entries err together
RIGHT = 2.2


@pytest.mark.parametrize("branch", ["identity", "relu", BENT])
@pytest.mark.parametrize("kind", [ProductNet, SkipNet])
@pytest.mark.parametrize("degree", [1, 2, 3])
def test_products_are_their_closed_forms_on_average(kind: Any, branch: Any, degree: int) -> None:
    """At width 128, which is far from the limit: their mean is the closed form at every width."""
    net = kind(3, degree=degree, width=128, branch=branch, bias=0.4, scale=2.0).double()
    assert rms_z(sampled(net, X, 300), ntk.closed_form(net)(X)) < RIGHT


@pytest.mark.parametrize("branch", ["identity", "relu"])
def test_a_wrong_formula_fails(branch: str) -> None:
    """N - 1 in the place of N: the negative control of all tests of this file."""
    net = ProductNet(3, degree=3, width=512, branch=branch).double()
    found = sampled(net, X, 800)
    right, layer, slope = (
        ntk.product(X, degree=3, branch=branch),
        ntk.product(X, degree=1, branch=branch),
        _slope(branch),
    )
    wrong = right - slope * (layer - slope) ** 2  # layer = k0 + s k1
    assert rms_z(found, right) < RIGHT
    assert rms_z(found, wrong) > WRONG


def _slope(branch: str) -> torch.Tensor:
    """s k1, written down anew."""
    s = X @ X.mT
    if branch == "identity":
        return s
    norm = X.norm(dim=1)
    angle = (s / (norm[:, None] * norm)).clamp(-1, 1).acos()
    return s * (math.pi - angle) / (2 * math.pi)


@pytest.mark.parametrize(
    ("net", "count"),
    [
        (NestedNet(3, degree=2, width=96, branch="identity", injection=(0.8, 1.3)), 150),
        (NestedNet(3, degree=3, width=96, branch="relu", injection=(1.0, 0.0, 0.6), bias=0.3), 150),
        (NestedNet(3, degree=2, width=96, branch=BENT, scale=2.0), 150),
        (MLP(3, depth=1, width=256, branch=(0.2, 1.0, -0.3, 0.1)), 300),
        (MLP(3, depth=2, width=128, branch=BENT, bias=0.5), 150),
        (MLP(3, depth=3, width=96, branch="relu", scale=2.0), 150),
    ],
    ids=lambda value: type(value).__name__,
)
def test_nests_and_layers_are_their_closed_forms_on_average(net: Any, count: int) -> None:
    net.double()
    assert rms_z(sampled(net, X, count), ntk.closed_form(net)(X)) < RIGHT


@pytest.mark.parametrize(
    ("net", "within"),
    [
        (ProductNet(3, degree=2, width=64, branch="identity"), 0.1),
        (ProductNet(3, degree=2, width=256, branch="relu", bias=0.5), 0.1),
        (SkipNet(3, degree=3, width=128, branch=BENT), 0.15),
        (SkipNet(3, degree=2, width=64, branch="relu"), 0.1),
        (MLP(3, depth=1, width=64, branch=BENT), 0.1),
        (NestedNet(3, degree=2, width=128, branch="identity", injection=(0.7, 1.2)), 0.1),
        (NestedNet(3, degree=3, width=128, branch="relu"), 0.15),
        (MLP(3, depth=2, width=128, branch=(0.2, 1.0, 0.1)), 0.1),
        (MLP(3, depth=3, width=128, branch="relu", bias=0.5), 0.1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_one_network_is_as_far_off_as_is_said(net: Any, within: float) -> None:
    """Exact for products and one layer; for the others the first order in 1 / sqrt(width)."""
    net.double()
    found = sampled(net, X[:1], 1000 if isinstance(net, NestedNet) or getattr(net, "depth", 1) > 1 else 2000)
    error = ntk.closed_form(net).finite_width_error(float(X[0].square().sum()))
    assert float(found.std() / found.mean()) == pytest.approx(error, rel=within)


def test_the_error_falls_as_the_root_of_the_width() -> None:
    widths = torch.tensor([16, 64, 256])
    errors = []
    for width in widths.tolist():
        found = sampled(ProductNet(3, degree=2, width=width, branch="identity").double(), X[:1], 2000)
        errors.append(float(found.std() / found.mean()))
    slope = torch.log(torch.tensor(errors[-1] / errors[0])) / math.log(16)
    assert float(slope) == pytest.approx(-0.5, abs=0.03)
