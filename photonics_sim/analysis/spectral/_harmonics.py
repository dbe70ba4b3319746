"""Zonal harmonics on the unit sphere S^(d-1): how many there are of a degree, and what they are."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import eval_chebyt, eval_gegenbauer
from torch import Tensor

from photonics_sim.errors import PhotonicsError

_ON_SPHERE = 1e-5  # of a norm: what points in single precision keep


def multiplicity(degree: int, dimension: int) -> int:
    """How many orthonormal spherical harmonics of a degree k there are on S^(d-1), exactly.

    C(k + d - 1, k) - C(k + d - 3, k - 2): homogeneous polynomials, less those with a factor |x|^2.

    Raises:
        PhotonicsError: for a negative degree, and dimensions below 2.
    """
    k, d = check_degrees([degree])[0], check_dimension(dimension)
    return math.comb(k + d - 1, k) - (math.comb(k + d - 3, k - 2) if k >= 2 else 0)


def gegenbauer(degree: int, cosine: NDArray[np.float64], dimension: int) -> NDArray[np.float64]:
    """P_k(cos t), the zonal harmonic of S^(d-1) with P_k(1) = 1: Gegenbauer's of index (d - 2)/2; d = 2: Chebyshev's.

    Over the uniform sphere, the mean of P_k^2 is 1 / multiplicity.

    Raises:
        PhotonicsError: for a negative degree, dimensions below 2, and degrees whose values overflow.
    """
    k, d = check_degrees([degree])[0], check_dimension(dimension)
    if d == 2:
        return np.asarray(eval_chebyt(k, cosine))
    index = (d - 2) / 2
    top = float(eval_gegenbauer(k, index, 1.0))
    if not math.isfinite(top):
        raise PhotonicsError(f"harmonics of degree {k} in {d} dimensions overflow double precision; lower the degree")
    return np.asarray(eval_gegenbauer(k, index, cosine) / top)


def harmonics(x: Tensor, directions: Tensor, degrees: Sequence[int], alpha: float | None = None) -> Tensor:
    """C_k^(alpha)(<x, zeta_k>), one column for each degree k and its direction zeta_k, float64 `(n, degrees)`.

    Unnormalised, as Wu et al. (arXiv:2209.07736) sum them up to a target: C_k(1) = binom(k + 2 alpha - 1, k).

    Args:
        x: Points on the unit sphere, `(n, d)`.
        directions: zeta_k, unit vectors, `(degrees, d)`.
        degrees: k of each column.
        alpha: Index of the polynomials. (d - 2)/2 by default, with which columns of different degree are orthogonal
            over the sphere; the published code takes (d - 1)/2, with which they are not.

    Raises:
        PhotonicsError: for points or directions off the sphere, and numbers of directions and degrees that differ.
    """
    orders = check_degrees(degrees)
    x, directions = (check_sphere(points, name) for points, name in ((x, "x"), (directions, "directions")))
    d = check_dimension(x.shape[1])
    if directions.shape != (len(orders), d):
        raise PhotonicsError(
            f"directions are {tuple(directions.shape)}; {len(orders)} degrees in {d} dimensions take "
            f"({len(orders)}, {d})"
        )
    index = (d - 2) / 2 if alpha is None else float(alpha)
    if not math.isfinite(index) or index < 0:
        raise PhotonicsError(f"alpha = {index:g}: expected a number from 0 on, (d - 2)/2 = {(d - 2) / 2:g} by default")
    cosines = (x @ directions.mT).clamp(-1, 1).numpy()
    columns = [_unnormalised(k, index, column) for k, column in zip(orders, cosines.T, strict=True)]
    return torch.from_numpy(np.stack(columns, axis=1))


def _unnormalised(degree: int, index: float, cosine: NDArray[np.float64]) -> NDArray[np.float64]:
    # C_k^(0) vanishes for all k > 0: the circle takes what C_k^(alpha) / alpha tends to, with Chebyshev's normalisation
    return np.asarray(eval_gegenbauer(degree, index, cosine) if index else eval_chebyt(degree, cosine))


def sphere_points(count: int, dimension: int, *, seed: int = 0) -> Tensor:
    """Points drawn uniformly from S^(d-1), float64 `(count, d)`.

    Raises:
        PhotonicsError: for no points, and dimensions below 2.
    """
    d = check_dimension(dimension)
    if count < 1:
        raise PhotonicsError(f"count = {count}: expected at least one point")
    x = torch.randn(count, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.nn.functional.normalize(x)


def check_dimension(dimension: int) -> int:
    """Refuse spheres without angles.

    Raises:
        PhotonicsError: says what was found.
    """
    if not 2 <= dimension < math.inf or int(dimension) != dimension:
        raise PhotonicsError(f"dimension = {dimension}: the unit sphere has angles from 2 dimensions on")
    return int(dimension)


def check_degrees(degrees: Sequence[int]) -> tuple[int, ...]:
    """The degrees as whole numbers from 0 on, no two alike.

    Raises:
        PhotonicsError: says what was found.
    """
    try:
        found = tuple(operator.index(k) for k in degrees)
    except TypeError:
        raise PhotonicsError(f"degrees = {list(degrees)}: expected whole numbers") from None
    if not found or min(found) < 0:
        raise PhotonicsError(f"degrees = {list(found)}: expected whole numbers from 0 on, at least one")
    if len(set(found)) < len(found):
        raise PhotonicsError(f"degrees = {list(found)} name one twice")
    return found


def check_sphere(points: Tensor, name: str) -> Tensor:
    """Points in double precision, each of norm 1.

    Raises:
        PhotonicsError: says which norm was found.
    """
    if not isinstance(points, Tensor) or points.ndim != 2 or points.is_complex() or not len(points):
        shape = tuple(points.shape) if isinstance(points, Tensor) else type(points).__name__
        raise PhotonicsError(f"{name}: found {shape}; expected real points (n, d)")
    points = points.detach().double().cpu()
    norms = points.norm(dim=1)
    worst = norms[(norms - 1).abs().nan_to_num(torch.inf).argmax()]
    if not abs(float(worst) - 1) <= _ON_SPHERE:
        raise PhotonicsError(
            f"{name} has a point of norm {float(worst):g}: divide each by its norm, all lie on a sphere"
        )
    return points
