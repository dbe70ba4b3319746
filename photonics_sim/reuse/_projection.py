"""Linear maps in and out of a network, which its banks share."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from photonics_sim.reuse._banks import drawn_for


class Projection(nn.Module):
    """A linear map that all banks share.

    Attributes:
        in_features, out_features: Its sizes.
        weight: Trainable, `([replicas,] out_features, in_features)`, starting with deviation 1 / sqrt(in_features).
        bias: Trainable, `([replicas,] out_features)`, or None.
    """

    bias: nn.Parameter | None

    def __init__(
        self, in_features: int, out_features: int, *, bias: bool, seeds: int | tuple[int, ...], name: str
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        drawn = drawn_for(seeds, name, out_features, in_features) / math.sqrt(in_features)
        self.weight = nn.Parameter(drawn.to(torch.get_default_dtype()))
        self.bias = nn.Parameter(torch.zeros_like(self.weight[..., 0])) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """`([replicas or chips,] batch, in_features)` to `([replicas or chips,] batch, out_features)`."""
        return affine(x, self.weight, None if self.bias is None else self.bias.unsqueeze(-2))


def affine(h: Tensor, matrix: Tensor, offset: Tensor | None) -> Tensor:
    """h W^T + offset in one call, for one network or for several side by side.

    Args:
        h: `([several,] batch, n)`.
        matrix: `([several,] m, n)`.
        offset: Broadcasts with the result, or None.
    """
    if matrix.ndim == 3 and h.ndim == 2:
        h = h.expand(len(matrix), *h.shape)
    if offset is None:
        return h @ matrix.mT
    if h.ndim == 2:
        return torch.addmm(offset, h, matrix.mT)
    if matrix.ndim == 2:
        matrix = matrix.expand(len(h), *matrix.shape)
    return torch.baddbmm(offset, h, matrix.mT)
