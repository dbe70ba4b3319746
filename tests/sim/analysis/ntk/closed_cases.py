"""Kernels to try, and kernels of random networks to hold them against."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap

from photonics_sim.analysis import ntk
from photonics_sim.device import derive_key, normal

BENT = (0.3, 1.0, 0.25)
BRANCHES: tuple[Any, ...] = ("identity", "relu", BENT)

Kernel = Callable[..., Tensor]
KERNELS: dict[str, Kernel] = {
    f"{kernel.__name__} {degree} {branch}": partial(kernel, degree=degree, branch=branch)
    for kernel in (ntk.product, ntk.skip, ntk.nested)
    for degree in (1, 3)
    for branch in BRANCHES
} | {
    "relu_mlp 1": partial(ntk.relu_mlp, depth=1),
    "relu_mlp 3": partial(ntk.relu_mlp, depth=3),
    "polynomial_mlp 1": partial(ntk.polynomial_mlp, depth=1, coefficients=BENT),
    "polynomial_mlp 2": partial(ntk.polynomial_mlp, depth=2, coefficients=BENT),
}


def inputs(count: int, features: int, seed: int = 0) -> Tensor:
    """Of norms from some 0.5 to 1.5, float64."""
    return normal(derive_key(seed, "inputs"), count, features) / features**0.5


def sampled(net: nn.Module, x: Tensor, count: int, seed: int = 1) -> Tensor:
    """Kernels `(count, n, n)` of networks of this kind with all weights anew from N(0, 1), by their jacobians."""
    shapes = {name: tuple(weight.shape) for name, weight in net.named_parameters()}
    draws = {name: normal(derive_key(seed, name), count, *shape) for name, shape in shapes.items()}

    def outputs(weights: dict[str, Tensor]) -> Tensor:
        found: Tensor = functional_call(net, weights, (x,))
        return found[:, 0]

    def kernel(weights: dict[str, Tensor]) -> Tensor:
        jacobian = torch.cat([part.flatten(1) for part in jacrev(outputs)(weights).values()], 1)
        return jacobian @ jacobian.mT

    found: Tensor = vmap(kernel, chunk_size=50)(draws)
    return found


def rms_z(found: Tensor, expected: Tensor) -> float:
    """Root mean square of the deviations of means over networks from what is expected, in standard errors."""
    error = found.std(0) / len(found) ** 0.5
    return float(((found.mean(0) - expected) / error).square().mean().sqrt())
