"""Mixed derivatives by nested forward mode, and whether they can be trusted."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.func import jvp

from photonics_sim.analysis.universality._findings import Measured
from photonics_sim.analysis.universality._probe import EPS, Probe

_SINGLE = torch.finfo(torch.float32).eps
_NODES = 12
_REFUSALS = (RuntimeError, TypeError)  # of a response that forward mode does not pass


def derivative(probe: Probe, alpha: tuple[int, ...], points: Tensor) -> Tensor:
    """The mixed derivative of order alpha at points `(n, inputs)`, `(n,)`."""
    function: Callable[[Tensor], Tensor] = probe.differentiable
    for k, order in enumerate(alpha):
        for _ in range(order):
            function = _along(function, k)
    return function(points)


def _along(function: Callable[[Tensor], Tensor], k: int) -> Callable[[Tensor], Tensor]:
    def differentiated(x: Tensor) -> Tensor:
        tangent = torch.zeros_like(x)
        tangent[:, k] = 1
        out: Tensor = jvp(function, (x,), (tangent,))[1]
        return out

    return differentiated


def measure_derivative(probe: Probe, alpha: tuple[int, ...], samples: int = 64) -> Measured | None:
    """The derivative of order alpha at random points; None where forward mode does not pass the response.

    The floor is what single precision errs by, scaled to double, and what rounding of the values themselves does.
    """
    points = probe.points(f"tower {alpha}", samples)
    try:
        wide = derivative(probe, alpha, points).detach()
    except _REFUSALS:
        return None
    rounding = 4 * probe.rounding * float(probe(points).abs().max()) * 2.0 ** max(sum(alpha) - 3, 0)
    try:
        narrow = derivative(probe, alpha, points.float()).detach().to(wide.dtype)
        rounding += EPS / _SINGLE * float((narrow - wide).abs().max())
    except _REFUSALS:
        rounding *= 1e3  # a response that takes double precision alone
    sizes = wide.abs()
    at = int(sizes.argmax())
    return Measured(alpha, float(sizes[at]), float(sizes.median()), rounding, tuple(points[at].tolist()), "derivative")


def is_smooth(probe: Probe, samples: int = 16) -> bool | None:
    """Whether first and second derivatives add up to the differences that they must; None where there are none.

    f(x + v) - f(x) is the integral of f' along v, and likewise for f': a quantiser, whose derivative is zero or made
    up, breaks the first, a kink the second. Both integrals are taken by Gauss-Legendre quadrature.
    """
    start = probe.points("smooth", samples)
    low, high = probe.domain
    direction = torch.randn(start.shape, generator=probe.generator("smooth direction"), dtype=torch.float64)
    direction *= 0.25 * (high - low) / direction.norm(dim=-1, keepdim=True)

    nodes, weights = (torch.from_numpy(values) for values in np.polynomial.legendre.leggauss(_NODES))
    inside = start + 0.5 * (1 + nodes)[:, None, None] * direction  # all nodes of a path in one call
    along = direction.repeat(_NODES + 2, 1)

    def slope(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def differentiated(x: Tensor) -> Tensor:
            out: Tensor = jvp(function, (x,), (along,))[1]
            return out

        return differentiated

    points = torch.cat([start, start + direction, inside.flatten(0, 1)])
    functions = [probe.differentiable, slope(probe.differentiable), slope(slope(probe.differentiable))]
    try:
        values = [function(points).detach().unflatten(0, (-1, samples)) for function in functions]
    except _REFUSALS:
        return None
    for function_values, slopes in itertools.pairwise(values):
        found = function_values[1] - function_values[0]
        error = float((0.5 * weights.to(slopes) @ slopes[2:] - found).abs().max())
        if error > 1e-3 * max(float(found.abs().max()), 1e-9 * float(function_values.abs().max())):
            return False
    return True
