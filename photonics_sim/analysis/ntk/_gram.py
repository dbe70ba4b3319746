"""Inner products of inputs: all that a kernel of wide networks asks about them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError

_SLACK = 1e-9  # by which rounding may make an inner product larger than the norms allow


@dataclass(frozen=True, eq=False)
class Gram:
    """Inner products of two sets of inputs, in the place of the inputs themselves.

    Angles below 1e-7 are lost in it and read as 0: where the inputs are at hand, give the kernels those.

    Attributes:
        cross: s = <x, x'>, `(n, m)`; becomes float64.
        left, right: |x|^2 `(n,)` and |x'|^2 `(m,)`.
        symmetric: Whether both sets are one: kernels then compute half of their entries.

    Raises:
        PhotonicsError: for shapes that do not fit, numbers that are complex or not finite, squares below 0, and
            products that no vectors of these norms have.
    """

    cross: Tensor
    left: Tensor
    right: Tensor
    symmetric: bool = False

    def __post_init__(self) -> None:
        for name in ("cross", "left", "right"):
            object.__setattr__(self, name, _real(getattr(self, name), f"{name} of the Gram matrix"))
        found = (tuple(self.cross.shape), tuple(self.left.shape), tuple(self.right.shape))
        if self.cross.ndim != 2 or found[1:] != (self.cross.shape[:1], self.cross.shape[1:]):
            raise PhotonicsError(f"a Gram matrix has cross (n, m), left (n,) and right (m,); found {found}")
        if not self.cross.numel():
            raise PhotonicsError(f"a Gram matrix of no inputs: found {found}; expected at least one in each set")
        if min(float(self.left.min()), float(self.right.min())) < 0:
            raise PhotonicsError("squared norms of a Gram matrix are below 0; expected |x|^2 and |x'|^2")
        norms = self.left.sqrt(), self.right.sqrt()
        for start in range(0, len(self.left), 256):  # rows at a time, so that it needs no memory of the matrix's size
            rows = slice(start, start + 256)
            if (self.cross[rows].abs() > (1 + _SLACK) * norms[0][rows, None] * norms[1]).any():
                raise PhotonicsError(
                    "cross of the Gram matrix exceeds |x| |x'|, which no inner product does; left and right are the "
                    "squares of the norms"
                )
        if self.symmetric and not (torch.equal(self.left, self.right) and torch.equal(self.cross, self.cross.mT)):
            raise PhotonicsError("symmetric = True, but cross differs from its transpose; leave symmetric out")


def gram(x: Tensor, y: Tensor | None = None, bias: float = 0.0) -> Gram:
    """The Gram matrix of inputs `(n, d)` and `(m, d)`; y = None is x itself.

    Args:
        x, y: Real inputs.
        bias: A constant entry that both get: s + bias^2. Leave it 0 where the kernel is given its own.

    Raises:
        PhotonicsError: for inputs of other shapes or types, and norms whose squares overflow.
    """
    left, right = points(x, y, bias)
    if right is None:
        cross = left @ left.mT
        cross = (cross + cross.mT) / 2
        square = squares(left, "x")
        cross.diagonal().copy_(square)
        return Gram(cross, square, square, symmetric=True)
    return Gram(left @ right.mT, squares(left, "x"), squares(right, "y"))


def optical_gram(fields_x: Tensor, fields_y: Tensor | None = None) -> Gram:
    r"""The Gram matrix of an optical encoding: complex fields of the inputs, `(n, modes)`.

    .. math:: s = \mathrm{Re} \sum_k E_k(x) E_k(x')^*, \quad |x|^2 \text{ the power of } E(x)

    It is that of both quadratures of every mode as real inputs: what follows must see them with equal weights, as a
    coherent receiver does. A detector of power sees other inputs, which are real: give the kernel those.

    Args:
        fields_x, fields_y: In units of sqrt(W), or any; `(n, modes)`, further axes are modes too. fields_y = None is
            fields_x.

    Raises:
        PhotonicsError: for real fields, and as in `gram`.
    """
    return gram(_quadratures(fields_x), None if fields_y is None else _quadratures(fields_y))


def _quadratures(fields: Tensor) -> Tensor:
    """Complex fields as real inputs, two for each mode, `(n, 2 modes)`."""
    if not isinstance(fields, Tensor) or not fields.is_complex() or fields.ndim < 2:
        found = f"{fields.dtype} {tuple(fields.shape)}" if isinstance(fields, Tensor) else type(fields).__name__
        raise PhotonicsError(f"fields are {found}; expected complex fields (n, modes). For real inputs take gram")
    return torch.view_as_real(fields.detach().resolve_conj()).flatten(1)


def points(x: Tensor, y: Tensor | None, bias: float = 0.0) -> tuple[Tensor, Tensor | None]:
    """Both sets of inputs in double precision, with the constant entry appended.

    Raises:
        PhotonicsError: as `gram`.
    """
    if not math.isfinite(bias):
        raise PhotonicsError(f"bias = {bias:g} must be finite; 0 is none")
    both = [None if one is None else _real(one, name) for one, name in ((x, "x"), (y, "y"))]
    for one, name in zip(both, "xy", strict=True):
        if one is not None and (one.ndim != 2 or not one.numel()):
            raise PhotonicsError(f"{name} has shape {tuple(one.shape)}; expected inputs (n, d), one in each row")
    left, right = both
    assert left is not None
    if right is not None and left.shape[1] != right.shape[1]:
        raise PhotonicsError(
            f"x has {left.shape[1]} entries per input and y has {right.shape[1]}: a kernel compares inputs of one space"
        )
    if right is not None and left.device != right.device:
        raise PhotonicsError(f"x lies on {left.device} and y on {right.device}; move them together with .to()")
    return _with_constant(left, bias), None if right is None else _with_constant(right, bias)


def squares(x: Tensor, name: str) -> Tensor:
    """|x|^2 of rows.

    Raises:
        PhotonicsError: where it overflows.
    """
    found = x.square().sum(-1)
    if not torch.isfinite(found).all():
        row = int((~torch.isfinite(found)).nonzero()[0])
        raise PhotonicsError(
            f"the norm of row {row} of {name} is {float(x[row].abs().max()):.2g} or more, whose square overflows: no "
            "degree from 1 on has a kernel there. Scale the inputs to norms near 1"
        )
    return found


def _with_constant(x: Tensor, bias: float) -> Tensor:
    return torch.cat([x, x.new_full((len(x), 1), bias)], 1) if bias else x.contiguous()


def _real(values: Tensor, name: str) -> Tensor:
    """In double precision, apart from the graph of gradients."""
    if not isinstance(values, Tensor):
        raise PhotonicsError(f"{name} is a {type(values).__name__}; expected a tensor: torch.as_tensor makes one")
    if values.is_complex():
        raise PhotonicsError(f"{name} is complex; for fields of light give the kernel optical_gram(fields)")
    values = values.detach().to(torch.float64)
    if not torch.isfinite(values).all():
        raise PhotonicsError(f"{name} holds numbers that are not finite; a kernel needs all inputs finite")
    return values
