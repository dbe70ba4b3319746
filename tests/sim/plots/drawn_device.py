"""A device that does little but draw a chip."""

from __future__ import annotations

import numpy as np
import torch
from chip_cases import drawing, rectangle
from torch import Tensor, nn

from photonics_sim.device import Card, ChipDrawing, Costs, Device


class DrawnDeviceCard(Card):
    inputs: int = 5
    outputs: int = 3

    def memory_bytes(self) -> dict[str, int]:
        return {"inputs": self.inputs}


CARD = DrawnDeviceCard(
    name="drawn", family="test", model="drawn_device:DrawnDevice", summary="Draws a chip", not_modelled=["physics"]
)


class DrawnDevice(Device):
    """A matrix; its drawing has the first input as power."""

    def __init__(self, card: DrawnDeviceCard, seed: int = 0) -> None:
        super().__init__()
        self.card, self.in_features, self.out_features = card, card.inputs, card.outputs
        self.matrix = nn.Parameter(torch.full((card.outputs, card.inputs), 0.1))

    def measure(self, x: Tensor, key: int | None) -> Tensor:
        return x @ self.matrix.T

    def costs(self) -> Costs:
        return Costs({"light": 1e-9}, {"laser": 1e-9}, ())

    def ideal(self) -> DrawnDevice:
        return self

    def as_built(self, seed: int, chips: int | None = None) -> DrawnDevice:
        return self

    def drawings(self, x: Tensor) -> list[ChipDrawing]:
        power = float(np.exp(x[0].item()))
        return [drawing(rectangle(4), name=name, power_w=power) for name in ("first mesh", "second mesh")]
