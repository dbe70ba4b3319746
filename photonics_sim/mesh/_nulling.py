"""Taking a unitary matrix apart into two-by-two blocks: Givens rotations that null one element after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from photonics_sim.mesh._cell_fit import Complex

Block = tuple[int, Complex]  # top mode, (batch, 2, 2)


Element = tuple[bool, int, int]  # whether nulled from the right, row, column


def rectangle_order(modes: int) -> Iterator[Element]:
    """The elements below the diagonal in the order of nulling that makes a rectangle of cells."""
    for diagonal in range(modes - 1):
        for step in range(diagonal + 1):
            if diagonal % 2 == 0:
                yield True, modes - 1 - step, diagonal - step
            else:
                yield False, modes - 1 - diagonal + step, step


def triangle_order(modes: int) -> Iterator[Element]:
    """The same for a triangle."""
    yield from ((True, row, column) for row in range(modes - 1, 0, -1) for column in range(row))


def null_all(A: Complex, order: Iterable[Element]) -> tuple[list[Block], Complex, list[Block]]:
    """Blocks at the inputs, phases (batch, modes), blocks at the outputs, all in the order of the light; uses up A."""
    ahead: list[Block] = []
    behind: list[Block] = []
    for from_right, row, column in order:
        if from_right:
            ahead.append(null_from_right(A, row, column))
        else:
            behind.append(null_from_left(A, row, column))
    return ahead, np.diagonal(A, axis1=-2, axis2=-1).copy(), behind[::-1]


def _unit(a: Any, b: Any) -> tuple[Any, Any]:
    """(a, b) at length 1; (0, 1) for nothing, so that a null that is there already changes nothing."""
    length = np.hypot(np.abs(a), np.abs(b))
    none = length == 0
    length = np.where(none, 1, length)
    return a / length, np.where(none, 1, b / length)


def null_from_right(A: Complex, row: int, column: int) -> Block:
    """The block G on modes column, column + 1 with A = A' G and A'[row, column] = 0; A becomes A'."""
    a, b = _unit(A[:, row, column], A[:, row, column + 1])
    block = np.stack([np.stack([b.conj(), -a.conj()], -1), np.stack([a, b], -1)], -2)
    A[:, :, column : column + 2] @= np.swapaxes(block, -1, -2).conj()
    A[:, row, column] = 0
    return column, block


def null_from_left(A: Complex, row: int, column: int) -> Block:
    """The block G on modes row - 1, row with A = G A' and A'[row, column] = 0; A becomes A'."""
    b, a = _unit(A[:, row, column], A[:, row - 1, column])
    block = np.stack([np.stack([a, -b.conj()], -1), np.stack([b, a.conj()], -1)], -2)
    A[:, row - 1 : row + 1] = np.swapaxes(block, -1, -2).conj() @ A[:, row - 1 : row + 1]
    A[:, row, column] = 0
    return row - 1, block
