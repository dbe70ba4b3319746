"""What a polynomial kernel spans: monomials, counted by formula and by rank."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError, did_you_mean

_FAMILIES = ("product", "skip", "nested")
_FIRST = 32  # points of the first look
_GAP = 30.0  # between the last eigenvalue that counts and the first that does not


def monomials(dimension: int, degree: int, family: str = "product", *, bias: bool = False) -> int:
    """How many monomials of d inputs a network with identity branches spans: the rank of its tangent kernel.

    Products of N branches have those of degree N, C(d + N - 1, N). Networks that add what they had ("skip", and
    "nested" with its injections) have all of degrees 1 to N, C(d + N, N) - 1. A bias in the branches brings all up to
    degree N, the constant included, C(d + N, N).

    Args:
        dimension: d.
        degree: N.
        family: "product", "skip" or "nested".
        bias: Whether the branches have one.

    Raises:
        PhotonicsError: for unknown families, and counts below 1.
    """
    if dimension < 1 or degree < 1:
        raise PhotonicsError(f"dimension = {dimension}, degree = {degree}: both are at least 1")
    if family not in _FAMILIES:
        raise PhotonicsError(f"no family {family!r}; choose {', '.join(_FAMILIES)}{did_you_mean(family, _FAMILIES)}")
    if bias:
        return math.comb(dimension + degree, degree)
    if family == "product":
        return math.comb(dimension + degree - 1, degree)
    return math.comb(dimension + degree, degree) - 1


def monomial_rank(
    kernel: Callable[[Tensor, Tensor], Tensor], dimension: int, *, most: int = 1024, seed: int = 0
) -> int | None:
    """Numerical rank of a kernel on random points: how many functions it spans.

    Points are drawn from a cube and doubled until there are more than twice as many as the rank. Eigenvalues of an
    n x n matrix in float64 are known to some n eps of the largest: those above 10 n eps count, and a gap must part them
    from the others. A polynomial kernel has one as long as its weakest monomial stays above rounding.

    Args:
        kernel: `(x, y)` to the matrix of all pairs, float64.
        dimension: d of the points.
        most: Points at which to give up.
        seed: Of the points.

    Returns:
        The rank; None where there is none up to `most` points, or no gap: no polynomial of low degree.

    Raises:
        PhotonicsError: for kernels that are not finite, or not a matrix of all pairs.
    """
    if dimension < 1:
        raise PhotonicsError(f"dimension = {dimension}: expected at least 1")
    generator = torch.Generator().manual_seed(seed)
    x = 2 * torch.rand(most, dimension, generator=generator, dtype=torch.float64) - 1
    count = _FIRST
    while count <= most:
        values = _eigenvalues(kernel, x[:count])
        rank = int((values > 10 * count * sys.float_info.epsilon * values[0]).sum())
        if 2 * rank < count:
            return rank if float(values[rank - 1]) > _GAP * float(values[rank]) else None
        count *= 2
    return None


def _eigenvalues(kernel: Callable[[Tensor, Tensor], Tensor], x: Tensor) -> Tensor:
    """Magnitudes, largest first."""
    K = kernel(x, x)
    if not isinstance(K, Tensor) or K.shape != (len(x), len(x)) or K.is_complex():
        found = tuple(K.shape) if isinstance(K, Tensor) else type(K).__name__
        raise PhotonicsError(f"the kernel returned {found}; expected a real tensor {(len(x), len(x))}")
    if not bool(torch.isfinite(K).all()):
        raise PhotonicsError("the kernel is not finite on the cube [-1, 1]^d")
    values: Tensor = torch.linalg.eigvalsh((K + K.mT).detach().double().cpu() / 2).abs()
    if not float(values.max()) > 0:
        raise PhotonicsError("the kernel is 0 at all points: it spans nothing")
    return values.sort(descending=True).values
