"""Far from the data a function is followed along straight rays: which polynomial of the way does it become?"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError

Function = Callable[[Tensor], Tensor]

_BLOCK = 2**16  # points that a function is asked at once
_POOR = 0.1  # unexplained share from which the published metric calls a ray not explained: R^2 < 0.9
_FLAT = 1e-13  # rms change along a ray over rms value: a constant to rounding


@dataclass(frozen=True)
class FarRays:
    """How much of a function along far rays polynomials of each degree explain.

    Attributes:
        start: Where the rays start, as distance from the origin.
        length: Of the rays.
        unexplained: 1 - R^2 of a least-squares fit of degree 0, 1, 2 ... : median over the rays.
        poor: Share of the rays with R^2 < 0.9, by degree.
        next_power: What a fit of each degree leaves of the pure power of the next one along the same ray from the
            origin: leaving far less than it is to be a polynomial of this degree.
        share: Of `next_power` that may be left.
        rays, points: How many rays, and points on each.
    """

    start: float
    length: float
    unexplained: tuple[float, ...]
    poor: tuple[float, ...]
    next_power: tuple[float, ...]
    share: float
    rays: int
    points: int

    @property
    def degree(self) -> int | None:
        """The lowest degree that explains all but `share` of what the next power would leave; None where none does."""
        left = zip(self.unexplained, self.next_power, strict=True)
        return next((g for g, (found, power) in enumerate(left) if found <= self.share * power), None)

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON."""
        return {
            "degree": self.degree,
            "start": self.start,
            "length": self.length,
            "unexplained": list(self.unexplained),
            "poor": list(self.poor),
            "next_power": list(self.next_power),
            "share": self.share,
            "rays": self.rays,
            "points": self.points,
        }

    def __str__(self) -> str:
        asked = len(self.unexplained) - 1
        found = (
            f"none: no polynomial of degree 0 to {asked}; bounded or periodic functions are none of any degree"
            if self.degree is None
            else f"a polynomial of degree {self.degree}"
        )
        lines = [f"from {self.start:g} on over {self.length:g}, {self.rays} rays: {found}"]
        lines.append(f"{'degree':>6s} {'unexplained':>12s} {'next power':>12s} {'R^2 < 0.9':>10s}")
        for g, row in enumerate(zip(self.unexplained, self.next_power, self.poor, strict=True)):
            lines.append(f"{g:6d} {row[0]:12.2e} {row[1]:12.2e} {100 * row[2]:8.1f} %")
        return "\n".join(lines)


def far_ray_degree(
    function: Function,
    dimension: int,
    *,
    radius: float = 1.0,
    start: float | None = None,
    far: float | None = None,
    degrees: int = 6,
    share: float = 0.1,
    rays: int = 5000,
    points: int = 100,
    seed: int = 0,
) -> FarRays:
    """Fit a function along random rays straight out of the data by polynomials of the way h, degree by degree.

    The metric of Wu et al. (arXiv:2209.07736): 5000 directions, 100 points on each ray, from 1.1 radii on, over ten
    times the largest coordinate. Fits are made with orthonormal polynomials on the ray, so that degrees do not spoil
    each other's digits.

    R^2 alone does not tell degrees apart: a straight line explains 15/16 of a parabola, a cubic all of h^4 but 3e-4. A
    degree is therefore found where a fit leaves little beside what it would leave of the next pure power.

    Args:
        function: `(n, d)` float64 to `(n)` or `(n, outputs)`; variances of outputs are added.
        dimension: d.
        radius: Of the data around the origin.
        start: Distance of the first point from the origin, 1.1 radii by default.
        far: Length of the rays, 10 radii by default.
        degrees: Highest degree that is fitted.
        share: Of what the next power would leave: below it a degree explains the function.
        rays, points: Number of rays, and of points on each.
        seed: Of the directions.

    Raises:
        PhotonicsError: for functions that are not finite there or return another shape, and counts that fit nothing.
    """
    start, length = 1.1 * radius if start is None else start, 10 * radius if far is None else far
    _check(dimension, {"radius": radius, "start": start, "far": length, "share": share}, degrees, rays, points)
    steps = torch.linspace(0, length, points, dtype=torch.float64)
    basis = _basis(points, degrees)
    ways = torch.randn(rays, dimension, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    ways = ways / ways.norm(dim=1, keepdim=True)
    blocks = ways.split(max(1, _BLOCK // points))
    left = [_unexplained(_ask(function, (start + steps)[:, None] * way[:, None]), basis) for way in blocks]
    unexplained = torch.cat(left)
    powers = ((start + steps) / (start + length))[:, None] ** torch.arange(1, degrees + 2)
    pure = _unexplained(powers.mT[:, :, None], basis).diagonal()
    return FarRays(
        float(start),
        float(length),
        tuple(unexplained.median(0).values.tolist()),
        tuple((unexplained > _POOR).double().mean(0).tolist()),
        tuple(pure.tolist()),
        share,
        rays,
        points,
    )


def _check(dimension: int, sizes: dict[str, float], degrees: int, rays: int, points: int) -> None:
    for name, value in sizes.items():
        if not (value > 0 and math.isfinite(value)):
            raise PhotonicsError(f"{name} = {value:g}: expected a positive number")
    if dimension < 1 or rays < 1 or degrees < 0:
        raise PhotonicsError(
            f"dimension = {dimension}, rays = {rays}, degrees = {degrees}: dimension and rays are at least 1, degrees 0"
        )
    if points < 2 * (degrees + 2):
        raise PhotonicsError(
            f"{points} points on a ray tell no degree {degrees}; take {2 * (degrees + 2)} or more, or fewer degrees"
        )


def _basis(points: int, degrees: int) -> Tensor:
    """Orthonormal polynomials at the points, `(degrees + 1, points)`: Chebyshev's, orthogonalised."""
    columns = np.polynomial.chebyshev.chebvander(np.linspace(-1, 1, points), degrees)
    return torch.from_numpy(np.ascontiguousarray(np.linalg.qr(columns).Q.T))


def _ask(function: Function, x: Tensor) -> Tensor:
    """Values on rays `(rays, points, d)`, as `(rays, points, outputs)`."""
    with torch.no_grad():
        values = function(x.flatten(0, 1))
    count = x.shape[0] * x.shape[1]
    if not isinstance(values, Tensor) or values.ndim not in {1, 2} or len(values) != count or values.is_complex():
        found = tuple(values.shape) if isinstance(values, Tensor) else type(values).__name__
        raise PhotonicsError(
            f"the function returned {found} for {count} points; expected real values ({count}) or ({count}, outputs)"
        )
    if not bool(torch.isfinite(values).all()):
        raise PhotonicsError(
            f"the function is not finite within {float(x.norm(dim=-1).max()):g} of the origin: rays are too long for "
            "its degree, or it overflows float32; shorten far, or ask it in float64"
        )
    return values.double().cpu().reshape(x.shape[0], x.shape[1], -1)


def _unexplained(values: Tensor, basis: Tensor) -> Tensor:
    """1 - R^2 after the fit of each degree, `(rays, degrees + 1)`; 0 throughout for a constant."""
    # each ray in units of its largest value: squares of what is asked far out leave the range of double precision
    values = values / values.abs().amax((1, 2), keepdim=True).clamp_min(torch.finfo(values.dtype).tiny)
    size = values.square().sum((1, 2))
    left, shares = values, []
    for polynomial in basis:
        # what is left is subtracted from, not its power from a total: shares far below rounding of the total are seen
        left = left - polynomial[:, None] * (polynomial @ left)[:, None]
        shares.append(left.square().sum((1, 2)))
    total = shares[0]
    flat = total <= _FLAT**2 * size
    return torch.stack([torch.where(flat, 0.0, share / torch.where(flat, 1.0, total)) for share in shares], dim=1)
