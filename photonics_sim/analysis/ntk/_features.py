"""What a block of samples brings to a kernel, and the products of two blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from photonics_sim.analysis.ntk._jacobian import WAYS, Way
from photonics_sim.analysis.ntk._linear_layers import record, slopes_of
from photonics_sim.analysis.ntk._subject import Subject
from photonics_sim.errors import PhotonicsError

Outputs = Literal["mean", "each", "all"]

_COLUMNS = 1 << 14  # of single precision are made double at a time


@dataclass(frozen=True)
class Layer:
    """A linear layer at all its uses: `inputs` A_u `(n, fan_in)`, `slopes` G_u `(n, outputs, fan_out)`."""

    inputs: tuple[Tensor, ...]
    slopes: tuple[Tensor, ...]
    weight: bool
    bias: bool


@dataclass(frozen=True)
class Features:
    """Of samples: their linear layers, and Jacobians `(n, outputs, numbers)` of all other parameters."""

    layers: tuple[Layer, ...]
    rows: Tensor | None


@dataclass(frozen=True)
class Maker:
    """Makes features.

    Attributes:
        subject: The network.
        layers: Its linear layers that are taken as outer products, by name.
        others: Names of its parameters outside them.
        way: How those are derived.
    """

    subject: Subject
    layers: dict[str, nn.Linear]
    others: list[str]
    way: Way

    def __call__(self, x: Tensor, outputs: slice) -> Features:
        """Features of samples `(n, ...)` for some of the outputs."""
        rows = WAYS[self.way](self.subject, x, outputs, self.others) if self.others else None
        return Features(self._linear(x, outputs) if self.layers else (), rows)

    def _linear(self, x: Tensor, outputs: slice) -> tuple[Layer, ...]:
        """One backward pass per output for all samples together, since no sample's output knows another sample."""
        with torch.enable_grad(), record(self.layers, len(x)) as uses:
            y = self.subject(x)[:, outputs]
            odd = [name for name, one in uses.items() if not (one.plain and one.inputs)]
            if odd:  # of the samples tried first it was not so
                raise PhotonicsError(
                    f"{type(self.subject.model).__name__}: {odd[0]} takes some samples and not others, or in another "
                    'shape; ask for way="loop"'
                )
            slopes = [slopes_of(one.sum(), uses) for one in y.unbind(-1)]
        return tuple(
            Layer(
                tuple(used.inputs),
                tuple(torch.stack(of_outputs, 1) for of_outputs in zip(*(one[name] for one in slopes), strict=True)),
                weight=self.layers[name].weight.requires_grad,
                bias=any(key == "bias" and p.requires_grad for key, p in self.layers[name].named_parameters()),
            )
            for name, used in uses.items()
        )

    def bytes_of_sample(self) -> tuple[int, int]:
        """Memory of a sample's features: apart from outputs, and for each output."""
        size = self.subject.kind.itemsize
        others = sum(self.subject.parameters[name].numel() for name in self.others)
        layers = self.layers.values()
        return size * sum(one.in_features for one in layers), size * (others + sum(one.out_features for one in layers))


def products(left: Features, right: Features, outputs: Outputs) -> Tensor:
    """Sums over parameters of the products of derivatives, float64.

    Returns:
        `(n, m)` summed over outputs for "mean", `(n, m, outputs)` for "each", `(n, m, outputs, outputs)` for "all".
    """
    terms = [_layer(a, b, outputs) for a, b in zip(left.layers, right.layers, strict=True)]
    if left.rows is not None and right.rows is not None:
        terms.append(_paired(left.rows, right.rows, outputs))
    total = terms[0]
    for term in terms[1:]:
        total = total.add_(term)
    return total


def _layer(left: Layer, right: Layer, outputs: Outputs) -> Tensor:
    """Sum over all pairs of uses of (G_u G_v^T) o (A_u A_v^T [+ 1]): weight and bias of a layer in one."""
    total: Tensor | None = None
    for a, g in zip(left.inputs, left.slopes, strict=True):
        for b, h in zip(right.inputs, right.slopes, strict=True):
            term = _paired(g, h, outputs)
            if left.weight:
                inner = _inner(a, b) + float(left.bias)
                term = term.mul_(inner[(..., *[None] * (term.ndim - 2))])
            total = term if total is None else total.add_(term)
    assert total is not None  # a layer that is not used is none of ours
    return total


def _paired(left: Tensor, right: Tensor, outputs: Outputs) -> Tensor:
    """Inner products of derivatives `(n, outputs, k)` and `(m, outputs, k)`, as `products` returns them."""
    if outputs == "mean":
        return _inner(left.flatten(1), right.flatten(1))
    if outputs == "each":
        return torch.stack([_inner(a, b) for a, b in zip(left.unbind(1), right.unbind(1), strict=True)], -1)
    found = _inner(left.flatten(0, 1), right.flatten(0, 1))
    return found.reshape(*left.shape[:2], *right.shape[:2]).transpose(1, 2).contiguous()


def _inner(left: Tensor, right: Tensor) -> Tensor:
    """left right^T in float64: a Gram matrix summed like this has no eigenvalue below 0 but by its rounding."""
    total: Tensor
    if left.dtype == torch.float64:
        total = left @ right.T
        return total
    total = torch.zeros(len(left), len(right), dtype=torch.float64, device=left.device)
    for a, b in zip(left.split(_COLUMNS, 1), right.split(_COLUMNS, 1), strict=True):
        total.addmm_(a.double(), b.double().T)
    return total
