"""Weight banks: the matrices that the layers of a network share."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from photonics_sim.device import derive_key, normal
from photonics_sim.weights import WeightBank


class Banks(nn.Module, ABC):
    """L_W banks of an N x N matrix and a bias each.

    A leading axis of the matrices, where there is one, is that of independent networks (`replicas`) or of chips.

    Attributes:
        weight_sets: L_W.
        width: N.
        bias: Trainable, `([replicas,] weight_sets, width)`; added by the electronics.
        coherent: Whether the light of several banks adds up as fields.
    """

    coherent: ClassVar[bool]

    weight_sets: int
    width: int
    bias: nn.Parameter

    @abstractmethod
    def matrices(self, leakage: float = 0.0) -> Tensor:
        """The matrices of all banks now, `([replicas or chips,] weight_sets, width, width)`, built once for a pass.

        Args:
            leakage: Share of the signal (a field in coherent banks, else a power) that each dark bank gets as well.
        """

    @abstractmethod
    def element_rms(self) -> Tensor | None:
        """Rms of the noise that each reading adds to each element, like `matrices`; None without."""

    @abstractmethod
    def output_rms(self) -> Tensor | None:
        """Rms of what detection adds to one output, over the largest element of the input; None without.

        `([chips,] weight_sets, width or 1)`.
        """

    @abstractmethod
    def slow(self) -> list[WeightBank]:
        """The slow arrays behind the matrices, which are written and age; none for ideal ones."""


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

    coherent: ClassVar[bool] = False

    def __init__(self, weight_sets: int, width: int, *, layers: int, seeds: int | tuple[int, ...] = 0) -> None:
        super().__init__()
        self.weight_sets, self.width = weight_sets, width
        drawn = initial_matrices(weight_sets, width, layers, seeds)
        self.weight = nn.Parameter(drawn.to(torch.get_default_dtype()))
        self.bias = nn.Parameter(torch.zeros_like(self.weight[..., 0]))

    @classmethod
    def holding(cls, weight: Tensor, bias: Tensor) -> Self:
        """Banks of these matrices `([replicas,] weight_sets, width, width)` and biases, as copies."""
        banks = cls(weight.shape[-3], weight.shape[-1], layers=1)
        banks.weight = nn.Parameter(weight.detach().clone())
        banks.bias = nn.Parameter(bias.detach().clone())
        return banks

    def matrices(self, leakage: float = 0.0) -> Tensor:
        return with_leakage(self.weight, leakage)

    def element_rms(self) -> None:
        return None

    def output_rms(self) -> None:
        return None

    def slow(self) -> list[WeightBank]:
        return []


def initial_matrices(weight_sets: int, width: int, layers: int, seeds: int | tuple[int, ...]) -> Tensor:
    """What every kind of bank starts from: normal with deviation 1 / sqrt(N L_T), float64."""
    return drawn_for(seeds, "banks", weight_sets, width, width) / math.sqrt(width * layers)


def with_leakage(matrices: Tensor, leakage: float) -> Tensor:
    """Each bank with a share of all the others, `(..., weight_sets, width, width)`: the light of dark banks adds up."""
    if not leakage:
        return matrices
    return (1 - leakage) * matrices + leakage * matrices.sum(-3, keepdim=True)


def drawn_for(seeds: int | tuple[int, ...], name: str, *shape: int) -> Tensor:
    """Standard normal numbers, `shape`, or `(replicas, *shape)`: each replica draws what it would draw alone."""
    if isinstance(seeds, int):
        return normal(derive_key(seeds, name), *shape)
    return torch.stack([normal(derive_key(seed, name), *shape) for seed in seeds])
