"""The response of a device to some of its inputs."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from photonics_sim.analysis.universality._probe import Encoder, Readout, Response
from photonics_sim.device import Device, Responds, derive_key
from photonics_sim.errors import PhotonicsError


@dataclass(frozen=True)
class DeviceResponse:
    """What a device tells about itself."""

    response: Response
    encoder: Encoder
    readout: Readout
    crossings: int | None
    period: float | None
    inputs: int


def device_response(device: Device, inputs: int, seed: int) -> DeviceResponse:
    """The first output's response to the first of all inputs in a random order, the others frozen at random."""
    name = device.card.name if device.card else type(device).__name__
    if not isinstance(device, Responds):
        raise PhotonicsError(
            f"{name} does not tell its field before detection; pass a callable response to check_universality instead"
        )
    if inputs > device.in_features:
        raise PhotonicsError(f"{name} has {device.in_features} inputs; found inputs = {inputs}. Ask for fewer")
    generator = torch.Generator().manual_seed(derive_key(seed, "universality", "subset"))
    chosen = torch.randperm(device.in_features, generator=generator)[:inputs]
    frozen = torch.randn(device.in_features, generator=generator, dtype=torch.float64)
    twins = {kind: copy.deepcopy(device).to(kind).requires_grad_(False) for kind in (torch.float32, torch.float64)}

    def response(x: Tensor) -> Tensor:
        rest = frozen.to(x).expand(len(x), -1)
        out: Tensor = cast(Responds, twins[x.dtype]).response(rest.index_copy(-1, chosen, x))[..., 0]
        return out

    return DeviceResponse(response, device.encoder, device.readout, device.crossings, device.period, device.in_features)
