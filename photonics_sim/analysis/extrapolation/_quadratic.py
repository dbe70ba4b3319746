"""Is a quadratic function found exactly, so that it is right where there were no data?"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError

Predict = Callable[[Tensor], Tensor]
Fit = Callable[[Tensor, Tensor], Predict]


@dataclass(frozen=True)
class QuadraticRecovery:
    """What became of y = x^T A x + b.x + c, fitted inside and asked far outside.

    Attributes:
        points: Of the data.
        needed: Coefficients of the function, (d + 1)(d + 2)/2, or d (d + 1)/2 without its affine part: as many points
            in general position determine it.
        spanned: How many of them the data determine: the rank of their monomials.
        condition: Of the scaled monomials on the data: errors of the data may grow by it.
        inside: Relative rms error on fresh points among the data.
        outside: Relative rms error on the sphere of the far radius.
        far: That radius.
        within: Relative error outside up to which the function counts as recovered.
    """

    points: int
    needed: int
    spanned: int
    condition: float
    inside: float
    outside: float
    far: float
    within: float

    @property
    def determined(self) -> bool:
        """Whether the data leave one quadratic function only."""
        return self.spanned == self.needed

    @property
    def recovered(self) -> bool:
        """Whether what was fitted is right far outside."""
        return self.outside <= self.within

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON."""
        return {
            "recovered": self.recovered,
            "determined": self.determined,
            "points": self.points,
            "needed": self.needed,
            "spanned": self.spanned,
            "condition": self.condition if math.isfinite(self.condition) else None,
            "inside": self.inside,
            "outside": self.outside,
            "far": self.far,
            "within": self.within,
        }

    def __str__(self) -> str:
        data = f"{self.points} points span {self.spanned} of {self.needed} coefficients"
        if not self.determined:
            data += (
                ": they do not determine a quadratic function, take more points, in more directions and at two radii"
            )
        verdict = "recovered" if self.recovered else "not recovered"
        return f"{verdict}: relative error {self.outside:.2g} at {self.far:g}, {self.inside:.2g} inside; {data}"


def recovers_quadratic(
    fit: Fit,
    dimension: int,
    *,
    points: int | None = None,
    x: Tensor | None = None,
    affine: bool = True,
    radius: float = 1.0,
    far: float = 10.0,
    within: float = 1e-2,
    seed: int = 0,
) -> QuadraticRecovery:
    """Fit a random quadratic function on data near the origin, and ask it far outside.

    y = x^T A x + b.x + c has (d + 1)(d + 2)/2 coefficients. A kernel whose functions are the polynomials up to degree 2
    (identity branches with bias, N = 2) finds it exactly from as many points in general position; on one sphere nothing
    tells x^T x from c. A kernel with more functions (ReLU branches) chooses the smallest of those that pass through the
    data, which need not be the quadratic one. Without bias, branches are homogeneous and x^T A x is the function to ask
    for: a product of N = 2 ReLU branches is 20 % off from the directions +-e_i, +-(e_i + e_j), although they determine
    A, and finds it where data lie densely in all directions (arXiv:2209.07736 states exactness where data span the
    needed directions; identity branches are content with fewer).

    Args:
        fit: Training data `(n, d)`, `(n)` in float64 to a predictor, `(m, d)` to `(m)`.
        dimension: d.
        points: How many are drawn uniformly from the ball; twice as many as coefficients by default.
        x: Data of your own in place of drawn ones, `(n, d)`.
        affine: Whether the function has b.x + c.
        radius: Of the ball of the data.
        far: Radius of the sphere on which the function is asked, beyond `radius`.
        within: Relative rms error there that counts as recovered.
        seed: Of the function and the points.

    Raises:
        PhotonicsError: for data of another shape, a sphere inside the data, and predictions that are no finite numbers.
    """
    if dimension < 1 or not (0 < radius < far < math.inf) or not within > 0:
        raise PhotonicsError(
            f"dimension = {dimension}, radius = {radius:g}, far = {far:g}, within = {within:g}: expected at least one "
            "dimension, a positive radius, far beyond it, and a positive error"
        )
    needed = dimension * (dimension + 1) // 2 + (dimension + 1 if affine else 0)
    generator = torch.Generator().manual_seed(seed)
    target = _target(dimension, affine, generator)
    if x is None:
        x = _ball(2 * needed if points is None else points, dimension, radius, generator)
    data = _check_data(x, dimension)
    predict = fit(data, target(data))
    fresh = _ball(500, dimension, float(data.norm(dim=1).max()) or radius, generator)
    sphere = _ball(500, dimension, 1.0, generator)
    away = far * torch.nn.functional.normalize(sphere)
    spanned, condition = _span(data, affine)
    errors = [_error(predict, target, at) for at in (fresh, away)]
    return QuadraticRecovery(len(data), needed, spanned, condition, errors[0], errors[1], float(far), within)


def _target(dimension: int, affine: bool, generator: torch.Generator) -> Predict:
    A = 2 * torch.rand(dimension, dimension, generator=generator, dtype=torch.float64) - 1
    b = torch.randn(dimension, generator=generator, dtype=torch.float64) * affine
    c = torch.randn((), generator=generator, dtype=torch.float64) * affine
    return lambda x: ((x @ A) * x).sum(-1) + x @ b + c


def _ball(count: int, dimension: int, radius: float, generator: torch.Generator) -> Tensor:
    """Points drawn uniformly from a ball."""
    if count < 1:
        raise PhotonicsError(f"points = {count}: expected at least one")
    x = torch.randn(count, dimension, generator=generator, dtype=torch.float64)
    away = torch.rand(count, 1, generator=generator, dtype=torch.float64) ** (1 / dimension)
    return radius * away * torch.nn.functional.normalize(x)


def _check_data(x: Tensor, dimension: int) -> Tensor:
    if x.ndim != 2 or x.shape[1] != dimension or not len(x) or not bool(torch.isfinite(x).all()):
        raise PhotonicsError(f"x is {tuple(x.shape)}; expected finite points (n, {dimension})")
    return x.double()


def _span(x: Tensor, affine: bool) -> tuple[int, float]:
    """Rank and condition of the monomials of the function, with coordinates scaled to 1."""
    scaled = x / x.abs().amax(0).clamp_min(torch.finfo(torch.float64).tiny)
    rows, columns = torch.triu_indices(x.shape[1], x.shape[1])
    lower = [torch.ones(len(x), 1, dtype=x.dtype), scaled] if affine else []
    design = torch.cat([*lower, scaled[:, rows] * scaled[:, columns]], dim=1)
    values = torch.linalg.svdvals(design)
    rank = int((values > max(design.shape) * sys.float_info.epsilon * values[0]).sum())
    full = rank == design.shape[1]
    return rank, float(values[0] / values[-1]) if full else math.inf


def _error(predict: Predict, target: Predict, x: Tensor) -> float:
    """Relative rms error."""
    found, expected = predict(x), target(x)
    if not isinstance(found, Tensor) or found.numel() != len(x) or found.is_complex():
        shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise PhotonicsError(f"the predictor returned {shape} for {len(x)} points; expected ({len(x)},)")
    if not bool(torch.isfinite(found).all()):
        raise PhotonicsError(
            "predictions are not finite: the fit is singular or has diverged; add a ridge or more data"
        )
    return float((found.detach().double().reshape(-1) - expected).norm() / expected.norm())
