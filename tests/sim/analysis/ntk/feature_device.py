"""A device whose kernel is known: trained weights of fixed features of the inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor, nn

from photonics_sim.device import Costs, Device


class FeatureDevice(Device):
    """weight @ phi(x): the mean over outputs of its kernel is phi(x) . phi(x')."""

    def __init__(self, phi: Callable[[Tensor], Tensor], inputs: int, outputs: int = 2) -> None:
        super().__init__()
        self.in_features, self.out_features, self.card = inputs, outputs, None
        self.phi = phi
        features = phi(torch.zeros(1, inputs, dtype=torch.float64)).shape[-1]
        self.weight = nn.Parameter(torch.ones(outputs, features, dtype=torch.float64))

    def measure(self, x: Tensor, key: int | None) -> Tensor:
        return self.phi(x) @ self.weight.T

    def costs(self) -> Costs:
        return Costs({"light": 1e-9}, {"laser": 1e-9}, ())

    def ideal(self) -> Self:
        return self

    def as_built(self, seed: int, chips: int | None = None) -> Self:
        return self


def squares(x: Tensor) -> Tensor:
    """All products of two inputs, the inputs, and 1."""
    with_one = torch.cat([x, torch.ones_like(x[..., :1])], -1)
    return (with_one[..., :, None] * with_one[..., None, :]).flatten(-2)
