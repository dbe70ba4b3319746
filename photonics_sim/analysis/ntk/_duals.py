"""What a nonlinearity makes of two Gaussian numbers: the duals k0 and k1 of a branch, block by block."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from photonics_sim.analysis.ntk._parallel import Near, nearly_parallel
from photonics_sim.errors import PhotonicsError
from photonics_sim.networks import Branch


@dataclass
class Block:
    """Part of a Gram matrix; what computes with it may use it up.

    Attributes:
        s: <x, x'>, `(r, c)`.
        left, right: |x|^2 `(r, 1)` and |x'|^2 `(1, c)`.
        rows, columns: The inputs themselves, `(r, d)` and `(c, d)`, where they are at hand.
        near: Pairs whose angle is known better than from s.
    """

    s: Tensor
    left: Tensor
    right: Tensor
    rows: Tensor | None = None
    columns: Tensor | None = None
    near: Near | None = None


@dataclass(frozen=True)
class Duals:
    r"""Of (u, v) ~ N(0, [[|x|^2, s], [s, |x'|^2]]): k0 = E phi(u) phi(v), k1 = E phi'(u) phi'(v).

    Attributes:
        k0: `(r, c)`.
        k1: `(r, c)`, or `(1, 1)` where it is the same for all.
        near: Pairs of the next layer whose angle is known better than from k0.
    """

    k0: Tensor
    k1: Tensor
    near: Near | None = None


def duals(branch: Branch, block: Block) -> Duals:
    """k0 and k1 of a branch; the block stays as it is."""
    if branch.coefficients is None:
        return _relu(block)
    if branch.coefficients == (0.0, 1.0):
        return Duals(block.s.clone(), block.s.new_ones(1, 1))
    return _polynomial(branch.coefficients, block)


def diagonal(branch: Branch, square: Tensor) -> Tensor:
    """k0 of an input with itself, from |x|^2, same shape."""
    if branch.coefficients is None:
        return square / 2
    levels = hermite(branch.coefficients, square)
    return sum((square**k / math.factorial(k) * level**2 for k, level in enumerate(levels)), torch.zeros_like(square))


def mean(branch: Branch, square: Tensor) -> Tensor:
    """mu = E phi(u), u ~ N(0, |x|^2), from |x|^2, same shape."""
    if branch.coefficients is None:
        return (square / (2 * math.pi)).sqrt()
    return hermite(branch.coefficients, square)[0]


def hermite(coefficients: tuple[float, ...], square: Tensor) -> list[Tensor]:
    r"""A_k = E phi^{(k)}(u), u ~ N(0, |x|^2), for which k0 = sum_k s^k / k! A_k(|x|^2) A_k(|x'|^2).

    .. math:: A_k = \sum_p a_{k + 2p} \frac{(k + 2p)!}{p!\, 2^p} |x|^{2p}

    Raises:
        PhotonicsError: for a polynomial whose factorials overflow.
    """
    if len(coefficients) > 151:
        raise PhotonicsError(f"a polynomial of degree {len(coefficients) - 1} overflows; the highest degree is 150")
    levels = []
    for k in range(len(coefficients)):
        level = torch.zeros_like(square)
        for p in reversed(range((len(coefficients) - 1 - k) // 2 + 1)):
            factor = math.factorial(k + 2 * p) // math.factorial(p) / 2**p
            level = level * square + coefficients[k + 2 * p] * factor
        levels.append(level)
    return levels


def _polynomial(coefficients: tuple[float, ...], block: Block) -> Duals:
    """Horner's scheme in s, whose coefficients are products of one number per row and one per column."""
    left, right = hermite(coefficients, block.left), hermite(coefficients, block.right)
    found = []
    for first in (0, 1):  # k1 is the derivative of k0 by s
        value = torch.zeros_like(block.s)
        for k in reversed(range(first, len(coefficients))):
            value.mul_(block.s)
            if coefficients[k::2].count(0.0) < len(coefficients[k::2]):  # else A_k is 0: odd or even polynomials
                value.add_(left[k] / math.factorial(k - first) * right[k])
        found.append(value)
    return Duals(found[0], found[1])


def _relu(block: Block) -> Duals:
    r"""k0 = ab (sin t + (pi - t) cos t) / 2 pi, k1 = (pi - t) / 2 pi (Cho and Saul, NeurIPS 2009)."""
    a, b = block.left.sqrt(), block.right.sqrt()
    # no norm of a float64 vector lies between 0 and the floor: a vector of length 0 is at right angles to all others,
    # which does not matter, since its k0 is 0 and its k1 meets s = 0
    inverse_a, inverse_b = (norm.clamp_min(1e-200).reciprocal() for norm in (a, b))
    cos = block.s * inverse_a
    cos.mul_(inverse_b).clamp_(-1, 1)
    near = block.near
    if near is None:
        directions = None
        if block.rows is not None and block.columns is not None:
            directions = (block.rows, inverse_a, block.columns, inverse_b)
        near = nearly_parallel(cos, directions)
    angle = cos.acos()
    sin = torch.addcmul(cos.new_ones(()), cos, cos, value=-1).sqrt_()
    if near is not None:
        near.write(angle, sin, cos)
    rest = math.pi - angle
    k0 = sin.addcmul_(rest, cos).mul_(a / (2 * math.pi)).mul_(b)
    return Duals(k0, rest.mul_(1 / (2 * math.pi)), None if near is None else near.after_relu())
