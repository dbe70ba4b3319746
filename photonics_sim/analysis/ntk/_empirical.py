"""The neural tangent kernel of a network as it is, whatever it is made of."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from photonics_sim.analysis.ntk._features import Features, Maker, Outputs, products
from photonics_sim.analysis.ntk._jacobian import fastest_way
from photonics_sim.analysis.ntk._linear_layers import structured_layers
from photonics_sim.analysis.ntk._subject import Subject, check_samples
from photonics_sim.errors import PhotonicsError, did_you_mean

Progress = Callable[[int, int], object]
_MB = 1e6
_PIECE = 128  # samples of one pass, and rows of one product: autograd keeps what it needs for a pass, not for all
_TRANSFORMED = 32  # of one pass of torch.func, which holds all in between for each output
_PIECES = 8  # of the memory, one part in so many may be a single pass's


def empirical(
    model: nn.Module,
    x: Tensor,
    y: Tensor | None = None,
    *,
    outputs: Outputs = "mean",
    way: Literal["auto", "transforms", "loop"] = "auto",
    memory_mb: float = 1024.0,
    progress: Progress | None = None,
) -> Tensor:
    r"""The empirical neural tangent kernel of any torch network, or any device, at its present parameters.

    .. math:: \Theta_{oo'}(x, x') = \sum_p \partial_p f_o(x)\; \partial_p f_{o'}(x')

    over all parameters that are trained (`requires_grad`). Jacot, Gabriel and Hongler, 2018, arXiv:1806.07572.

    What a plain `nn.Linear` brings is taken as an outer product, (G_u G_v^T) o (A_u A_v^T + 1) summed over pairs of its
    uses, with A_u what it takes and G_u the slopes of the outputs, from one backward pass per output for all samples
    together; no Jacobian is stored (as in Novak, Sohl-Dickstein and Schoenholz, 2022, arXiv:2206.08720). Each layer is
    tried first on two samples against autograd. Everything else goes through Jacobians, in blocks of samples. Slopes
    are in the number type of the network and summed in float64. A pass of a device is its expectation, without noise.

    Args:
        model: Samples `(n, ...)` to real outputs `(n, ...)`. A sample's output must not depend on its neighbours, nor
            on chance: a batch norm in training is refused, and so is dropout.
        x: Samples, `(n, ...)`.
        y: Others, `(m, ...)`; None takes x again, and does half the work.
        outputs: "mean" averages over o = o', "each" keeps these apart, "all" has all pairs of outputs.
        way: Of the Jacobians. "transforms": `torch.func`, all samples of a block at once; "loop": a backward pass for
            each sample and output. "auto" takes linear layers as above, which the two do not, and for the rest loops
            where a backward pass is written by hand, as those of meshes are: transforms do without it.
        memory_mb: For slopes and Jacobians, beside the result. Less means more passes.
        progress: Called with passes done and passes in all (a pass is one sample and one output).

    Returns:
        float64, `(n, m)` for "mean", `(outputs, n, m)` for "each", `(n, m, outputs, outputs)` for "all".

    Raises:
        PhotonicsError: for an ensemble of chips, for samples of two shapes or that would meet, where two passes differ,
            where nothing is trained, for too little memory, and for a kernel that is not finite.
    """
    kernel = prepare(model, x, y, outputs, way, memory_mb, progress).kernel()
    if not torch.isfinite(kernel).all():
        raise PhotonicsError(
            f"the kernel of {type(model).__name__} has {int((~torch.isfinite(kernel)).sum())} entries of "
            f"{kernel.numel()} that are not finite: its slopes overflow. Scale the samples or the weights down, or use "
            "float64 (model.double())"
        )
    return kernel


def prepare(
    model: nn.Module,
    x: Tensor,
    y: Tensor | None = None,
    outputs: Outputs = "mean",
    way: Literal["auto", "transforms", "loop"] = "auto",
    memory_mb: float = 1024.0,
    progress: Progress | None = None,
) -> Work:
    """The work of a kernel, checked and cut into passes; see `empirical`."""
    for what, given, known in (("outputs", outputs, get_args(Outputs)), ("way", way, ("auto", "transforms", "loop"))):
        if given not in known:
            raise PhotonicsError(f"{what} = {given!r}{did_you_mean(str(given), known)}; choose {', '.join(known)}")
    if not 0 < memory_mb < math.inf:
        raise PhotonicsError(f"memory_mb = {memory_mb:g}: expected megabytes, a positive number")
    for name, samples in (("x", x), ("y", y)):
        if samples is not None:
            check_samples(samples, name)
    if y is not None and x.shape[1:] != y.shape[1:]:
        raise PhotonicsError(
            f"samples of x are {tuple(x.shape[1:])} and those of y {tuple(y.shape[1:])}: a kernel compares samples of "
            "one shape"
        )
    subject = Subject.of(model, x)
    x, y = subject.prepared(x), None if y is None else subject.prepared(y)
    layers = structured_layers(subject, x if y is None else torch.cat([x[:1], y[:1]])) if way == "auto" else {}
    inside = {id(value) for layer in layers.values() for value in layer.parameters()}
    others = [name for name, value in subject.parameters.items() if id(value) not in inside]
    chosen = fastest_way(subject, x) if way == "auto" else way
    maker = Maker(subject, layers, others, chosen)
    return Work(maker, x, y, outputs, _blocks(maker, x, y, outputs, memory_mb), progress)


@dataclass(frozen=True)
class _Blocks:
    """How the work is cut: outputs of a group, samples of a block, samples of a pass."""

    outputs: int
    samples: int
    piece: int


def _blocks(maker: Maker, x: Tensor, y: Tensor | None, outputs: Outputs, memory_mb: float) -> _Blocks:
    """As few groups of outputs as fit with all samples; where not even one output does, blocks of samples."""
    apart, each = maker.bytes_of_sample()
    everything = maker.subject.outputs
    least = everything if outputs == "all" else 1
    room = memory_mb * _MB
    rows = len(x) + (0 if y is None else len(y))
    group = min(everything, int((room / rows - apart) // each))
    if group >= least:
        samples = rows
    else:
        group, samples = least, int(room / 2 / (apart + least * each))  # the two sides of a product share the memory
    if samples < 1:
        need = 2 * (apart + least * each) / _MB
        raise PhotonicsError(
            f"memory_mb = {memory_mb:g}: the derivatives of two samples take {need:,.1f} MB; give at least that"
        )
    most = _TRANSFORMED if maker.others and maker.way == "transforms" else _PIECE
    piece = max(1, min(most, int(room / _PIECES / (apart + group * each))))
    return _Blocks(group, samples, piece)


class Work:
    """Fills a kernel block by block, the upper half of a symmetric one.

    Attributes:
        passes: In all; one is of a sample and an output.
    """

    def __init__(
        self, maker: Maker, x: Tensor, y: Tensor | None, outputs: Outputs, blocks: _Blocks, progress: Progress | None
    ) -> None:
        self._maker, self._outputs, self._blocks, self._progress = maker, outputs, blocks, progress
        self._symmetric = y is None
        self._left = _cut(len(x), blocks.samples)
        self._right = self._left if y is None else _cut(len(y), blocks.samples)
        self._x, self._y = x, x if y is None else y
        self._done, self.passes = 0, self._count()

    def kernel(self) -> Tensor:
        """The kernel, as `empirical` returns it."""
        count = self._maker.subject.outputs
        shape = {"mean": (), "each": (count,), "all": (count, count)}[self._outputs]
        # with the samples in front, whatever is asked for
        size = (len(self._x), len(self._y), *shape)
        self._result = torch.zeros(size, dtype=torch.float64, device=self._x.device)
        for group in _cut(count, self._blocks.outputs):
            for number, rows in enumerate(self._left):
                left = self._features(self._x, rows, group)
                for other, columns in enumerate(self._right):
                    if self._symmetric and other < number:
                        continue
                    same = self._symmetric and other == number
                    right = left if same else self._features(self._y, columns, group)
                    self._fill(left, right, group, same=same)
        if self._outputs == "each":
            return self._result.permute(2, 0, 1).contiguous()
        return self._result / count if self._outputs == "mean" else self._result

    def _features(self, samples: Tensor, rows: slice, group: slice) -> list[tuple[slice, Features]]:
        found = []
        for piece in _cut(rows.stop - rows.start, self._blocks.piece):
            place = slice(rows.start + piece.start, rows.start + piece.stop)
            found.append((place, self._maker(samples[place], group)))
            if self._progress is not None:
                self._done += (piece.stop - piece.start) * (group.stop - group.start)
                self._progress(self._done, self.passes)
        return found

    def _fill(
        self, left: list[tuple[slice, Features]], right: list[tuple[slice, Features]], group: slice, *, same: bool
    ) -> None:
        for number, (rows, a) in enumerate(left):
            for columns, b in right[number if same else 0 :]:
                term = products(a, b, self._outputs)
                if same and rows == columns:  # its halves are rounded apart
                    term = (term + _swapped(term)) / 2
                self._add(rows, columns, term, group)
                if self._symmetric and rows != columns:
                    self._add(columns, rows, _swapped(term), group)

    def _add(self, rows: slice, columns: slice, term: Tensor, group: slice) -> None:
        place = self._result[rows, columns]
        (place[..., group] if self._outputs == "each" else place).add_(term)

    def _count(self) -> int:
        sizes = [[one.stop - one.start for one in several] for several in (self._left, self._right)]
        pairs: int = sum(
            a + sum(b for other, b in enumerate(sizes[1]) if not self._symmetric or other > number)
            for number, a in enumerate(sizes[0])
        )
        return pairs * self._maker.subject.outputs


def _cut(count: int, size: int) -> list[slice]:
    """0 .. count in equal parts of at most `size`."""
    parts = math.ceil(count / size)
    edges = [round(count * part / parts) for part in range(parts + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]


def _swapped(term: Tensor) -> Tensor:
    """The two samples exchanged, and with them their outputs."""
    swapped = term.transpose(0, 1)
    return swapped.transpose(2, 3) if term.ndim == 4 else swapped
