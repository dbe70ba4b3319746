"""Weight banks: the matrices that the layers of a network share."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from photonics_sim.device import derive_key, normal


class Banks(nn.Module, ABC):
    """L_W banks of an N x N matrix and a bias each, `R` networks side by side where `replicas` says so.

    Attributes:
        weight_sets: L_W.
        width: N.
        bias: Trainable, `([replicas,] weight_sets, width)`.
    """

    weight_sets: int
    width: int
    bias: nn.Parameter

    @abstractmethod
    def matrices(self) -> Tensor:
        """The matrices of all banks, `([replicas,] weight_sets, width, width)`, built once for a whole pass."""


class IdealBanks(Banks):
    """Matrices that are what they are set to.

    Args:
        weight_sets: L_W.
        width: N.
        layers: L_T of the network; weights start with deviation 1 / sqrt(N L_T), so that the residual sum of all layers
            stays of the size of its input.
        seeds: One for each replica; a single number for one network without that axis.

    Attributes:
        weight: Trainable, `([replicas,] weight_sets, width, width)`.
    """

    def __init__(self, weight_sets: int, width: int, *, layers: int, seeds: int | tuple[int, ...] = 0) -> None:
        super().__init__()
        self.weight_sets, self.width = weight_sets, width
        dtype, scale = torch.get_default_dtype(), 1 / math.sqrt(width * layers)
        drawn = drawn_for(seeds, "banks", weight_sets, width, width)
        self.weight = nn.Parameter((scale * drawn).to(dtype))
        self.bias = nn.Parameter(torch.zeros(drawn.shape[:-1], dtype=dtype))

    def matrices(self) -> Tensor:
        return self.weight


def drawn_for(seeds: int | tuple[int, ...], name: str, *shape: int) -> Tensor:
    """Standard normal numbers, `shape`, or `(replicas, *shape)`: each replica draws what it would draw alone."""
    if isinstance(seeds, int):
        return normal(derive_key(seeds, name), *shape)
    return torch.stack([normal(derive_key(seed, name), *shape) for seed in seeds])
