"""Devices one after the other."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from typing import Self, cast

import torch
from torch import Tensor, nn

from photonics_sim.device._costs import Costs
from photonics_sim.device._device import Device, check_chips
from photonics_sim.device._random import derive_key
from photonics_sim.errors import PhotonicsError


class Chain(Device):
    """Light, detector, light, detector: each device reads what the one before it measured.

    Args:
        devices: At least one; each takes as many inputs as the one before it gives outputs.

    Raises:
        PhotonicsError: for an empty chain or widths that do not fit, naming the place.
    """

    def __init__(self, devices: Sequence[Device]) -> None:
        super().__init__()
        if not devices:
            raise PhotonicsError("a chain needs at least one device")
        for place, (first, second) in enumerate(itertools.pairwise(devices)):
            if first.out_features != second.in_features:
                raise PhotonicsError(
                    f"chain: device {place} gives {first.out_features} outputs, device {place + 1} takes "
                    f"{second.in_features}; make them equal"
                )
        self.devices = nn.ModuleList(devices)
        self.in_features = devices[0].in_features
        self.out_features = devices[-1].out_features
        self.card = None
        self._chips = nn.ModuleList()

    def stages(self) -> list[Device]:
        """The devices in the order of the light."""
        return [cast(Device, device) for device in self.devices]

    def measure(self, x: Tensor, key: int | None) -> Tensor:
        if self._chips:
            return torch.stack([cast(Chain, chip).measure(x, _nth(key, n)) for n, chip in enumerate(self._chips)])
        for place, device in enumerate(self.stages()):
            x = device(x, key=_nth(key, place))
        return x

    def costs(self) -> Costs:
        first, *others = [device.costs() for device in self.stages()]
        return sum(others, start=first)

    def ideal(self) -> Self:
        return type(self)([device.ideal() for device in self.stages()])

    def as_built(self, seed: int, chips: int | None = None) -> Self:
        if chips is None:
            return type(self)(
                [device.as_built(derive_key(seed, "stage", place)) for place, device in enumerate(self.stages())]
            )
        check_chips(chips)
        built = type(self)([copy.deepcopy(device) for device in self.stages()])
        built._chips = nn.ModuleList(self.as_built(derive_key(seed, "chip", n)) for n in range(chips))
        return built


def _nth(key: int | None, place: int) -> int | None:
    return None if key is None else derive_key(key, place)
