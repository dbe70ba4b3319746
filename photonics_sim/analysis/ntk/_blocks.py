"""Kernels tile by tile: a tile's numbers stay in the cache from the inner products to the result."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from photonics_sim.analysis.ntk._duals import Block
from photonics_sim.analysis.ntk._gram import Gram, points, squares
from photonics_sim.device import machine_memory_bytes
from photonics_sim.errors import PhotonicsError
from photonics_sim.networks import check_count

Form = Callable[[Block, int], Tensor]
"""The kernel of a block at a degree; uses up the block."""

_TILE = 65536  # entries per thread, half a megabyte: some four matrices of it fit into a core's cache
_MATRICES = 12  # of a tile's size, that a form holds at most at a time


@dataclass(frozen=True)
class Request:
    """What is asked of a form.

    Attributes:
        degree: Or depth, as `word` says.
        bias: Constant entry that inputs get.
        memory_mb: That tiles may take, beside the result and the inputs.
        out: Where the result goes.
    """

    word: str
    degree: int
    bias: float
    memory_mb: float
    out: Tensor | None


class Pairs:
    """Inner products of two sets of inputs by tiles, from the inputs or from their Gram matrix."""

    def __init__(self, x: Tensor | Gram, y: Tensor | None, bias: float) -> None:
        if isinstance(x, Gram):
            if y is not None:
                raise PhotonicsError("a Gram matrix has both sets of inputs in it; leave y out")
            if not math.isfinite(bias):
                raise PhotonicsError(f"bias = {bias:g} must be finite; 0 is none")
            self._cross, self._added = x.cross, bias * bias
            self.left, self.right, self.symmetric = x.left + bias * bias, x.right + bias * bias, x.symmetric
            self._x = self._y = None
            return
        self._x, other = points(x, y, bias)
        self._y = self._x if other is None else other
        self.symmetric = other is None
        self.left = squares(self._x, "x")
        self.right = self.left if other is None else squares(other, "y")

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.left), len(self.right)

    def block(self, rows: slice, columns: slice) -> Block:
        """A tile; on the diagonal of a symmetric one s is |x|^2 exactly."""
        left, right = self.left[rows, None], self.right[None, columns]
        if self._x is None or self._y is None:
            return Block(self._cross[rows, columns] + self._added, left, right)
        x, y = self._x[rows], self._y[columns]
        s = x @ y.mT
        if self.symmetric and rows == columns:
            s.diagonal().copy_(left[:, 0])
        return Block(s, left, right, x, y)

    def tiles(self, memory_mb: float) -> Iterator[tuple[slice, slice]]:
        """Rows and columns; of a symmetric matrix those on and above the diagonal."""
        n, m = self.shape
        entries = int(memory_mb * 2**20 / (8 * _MATRICES))
        if self.left.device.type == "cpu":
            entries = min(entries, _TILE * torch.get_num_threads())
        side = math.isqrt(entries)
        wide = side if self.symmetric else min(m, max(4 * side, entries // n))
        tall = side if self.symmetric else max(1, entries // wide)
        for top in range(0, n, tall):
            for start in range(top if self.symmetric else 0, m, wide):
                yield slice(top, min(top + tall, n)), slice(start, min(start + wide, m))


def assemble(x: Tensor | Gram, y: Tensor | None, form: Form, request: Request) -> Tensor:
    """The whole kernel matrix `(n, m)` of a form.

    Raises:
        PhotonicsError: for a degree that is no whole number of at least 1, inputs that `gram` refuses, memory that is
            not there, and a kernel that overflows.
    """
    word, degree = request.word, request.degree
    check_count(word, degree)
    if not 1 <= request.memory_mb < math.inf:
        raise PhotonicsError(
            f"memory_mb = {request.memory_mb:g}: expected a number; tiles need at least 1 MB beside the result"
        )
    with torch.no_grad():
        pairs = Pairs(x, y, request.bias)
        result = _result(pairs, request.out)
        for rows, columns in pairs.tiles(request.memory_mb):
            tile = form(pairs.block(rows, columns), degree)
            if not math.isfinite(float(tile.sum())) and not torch.isfinite(tile).all():
                raise _overflow(form, pairs, (rows, columns), tile, request)
            if pairs.symmetric and rows == columns:
                tile = (tile + tile.mT) / 2
            elif pairs.symmetric:
                result[columns, rows].copy_(tile.mT)
            result[rows, columns].copy_(tile)
    return result


def _result(pairs: Pairs, out: Tensor | None) -> Tensor:
    n, m = pairs.shape
    place = pairs.left.device
    if out is not None:
        if out.dtype != torch.float64 or tuple(out.shape) != (n, m) or out.device != place or out.requires_grad:
            raise PhotonicsError(
                f"out is {out.dtype} {tuple(out.shape)} on {out.device}; expected float64 {(n, m)} on {place}, without "
                "requires_grad"
            )
        return out
    there = machine_memory_bytes()
    if place.type == "cpu" and 8 * n * m > 0.8 * there:
        raise PhotonicsError(
            f"the kernel of {n:,} x {m:,} inputs takes {8e-9 * n * m:,.0f} GB, this machine has {1e-9 * there:,.0f}; "
            "compute rows at a time (for rows in x.split(1000): product(rows, x, ...)), or pass out=, a float64 tensor "
            "that lies in a file: torch.from_file(path, shared=True, size=n * m, dtype=torch.float64).view(n, m)"
        )
    if place.type == "cpu":  # numpy asks the system for large pages, which are there four times as fast as torch's
        return torch.from_numpy(np.empty((n, m)))
    return torch.empty(n, m, dtype=torch.float64, device=place)


def _overflow(form: Form, pairs: Pairs, place: tuple[slice, slice], tile: Tensor, request: Request) -> PhotonicsError:
    """Which inputs overflow, and from which degree on."""
    i, j = (int(index) for index in (~torch.isfinite(tile)).nonzero()[0])
    rows, columns = (slice(part.start + k, part.start + k + 1) for part, k in zip(place, (i, j), strict=True))
    least = next(
        degree
        for degree in range(1, request.degree + 1)
        if degree == request.degree or not torch.isfinite(form(pairs.block(rows, columns), degree)).all()
    )
    norms = [float(square) ** 0.5 for square in (pairs.left[rows], pairs.right[columns])]
    return PhotonicsError(
        f"the kernel of inputs {rows.start} and {columns.start}, of norms {norms[0]:.3g} and {norms[1]:.3g}, exceeds "
        f"1.8e308 from {request.word} {least} on; {request.word} {request.degree} was asked. Scale the inputs to norms "
        "near 1" + (f", or ask for at most {request.word} {least - 1}" if least > 1 else "")
    )
