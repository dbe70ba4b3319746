"""Angles of pairs that are nearly parallel, where the cosine has lost them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_CLOSE = 1e-6  # of the cosine to 1: further off its rounding moves the angle, and its sine, by less than 2e-13
_SAME = 2.0**-48  # of the cosine to 1: all that rounding of a product of vectors leaves
_CHUNK = 65536  # numbers of vectors gathered at a time

Directions = tuple[Tensor, Tensor, Tensor, Tensor]
"""Rows `(r, d)` and 1 / norms `(r, 1)`; columns `(c, d)` and 1 / norms `(1, c)`."""


@dataclass(frozen=True)
class Near:
    """Angles `(k,)` of the pairs (row, column) of a block that are nearly parallel or opposite."""

    row: Tensor
    column: Tensor
    angle: Tensor

    def write(self, angle: Tensor, sin: Tensor, cos: Tensor) -> None:
        """Put them, with sine and cosine, in their places."""
        place = (self.row, self.column)
        for matrix, values in ((angle, self.angle), (sin, self.angle.sin()), (cos, self.angle.cos())):
            matrix.index_put_(place, values)

    def after_relu(self) -> Near | None:
        r"""Angles t' between the covariances of one layer of ReLU later: pi cos t' = sin t + (pi - t) cos t.

        Written for 1 - cos t', with the series of sin t - t cos t, t being small. Opposite vectors are no longer so.
        """
        small = self.angle < 1
        if not small.any():
            return None
        t = self.angle[small]
        lost = 2 * (t / 2).sin().square() - t**3 / (3 * math.pi) * (1 - t**2 / 10)
        return Near(self.row[small], self.column[small], 2 * (lost.clamp_min(0) / 2).sqrt().asin())


def nearly_parallel(cos: Tensor, directions: Directions | None) -> Near | None:
    """Pairs whose cosine is near 1 or -1, with angles from the difference of their directions (Kahan).

    A cosine of 1 - 1e-16 is an angle of 1e-8: identical inputs would get that, and k1 an error of 2e-9. Without
    directions, angles below 1e-7 become 0.
    """
    low, high = (float(end) for end in cos.aminmax())
    limit = 1 - (_SAME if directions is None else _CLOSE)
    if max(-low, high) < limit:
        return None
    row, column = (cos.abs() >= limit).nonzero(as_tuple=True)
    sign = cos[row, column].sign()
    if directions is None:
        return Near(row, column, torch.where(sign > 0, 0.0, math.pi).to(cos))
    rows, inverse_a, columns, inverse_b = directions
    inverse_b = inverse_b.mT
    pieces = (part.split(max(1, _CHUNK // rows.shape[1])) for part in (row, column, sign))
    gaps = [
        (rows[i] * inverse_a[i] - one[:, None] * (columns[j] * inverse_b[j])).norm(dim=1)
        for i, j, one in zip(*pieces, strict=True)
    ]
    small = 2 * (torch.cat(gaps) / 2).clamp_max(1).asin()
    return Near(row, column, torch.where(sign > 0, small, math.pi - small))
