"""The noise of readings, fresh in every layer."""

from __future__ import annotations

import torch
from torch import Tensor

from photonics_sim.device import derive_key, normal
from photonics_sim.reuse._banks import Banks
from photonics_sim.reuse._layers import Noise


def reading_noise(banks: Banks, order: tuple[int, ...], key: int) -> Noise | None:
    """What one reading adds to the product of a layer: of the detectors, over the largest input of the sample, and of
    each weight, over its own input.

    Args:
        banks: Tell the rms of both.
        order: Bank of each layer.
        key: Names the reading.

    Returns:
        A function of layer and state `([several,] batch, width)`, without gradient; None where nothing is noisy.
    """
    with torch.no_grad():
        element, output = banks.element_rms(), banks.output_rms()
    if element is None and output is None:
        return None

    @torch.no_grad()
    def noise(layer: int, h: Tensor) -> Tensor:
        k, variance = order[layer], torch.zeros_like(h)
        if output is not None:
            variance = variance + (output[..., k, None, :] * h.abs().amax(-1, keepdim=True)).square()
        if element is not None:
            variance = variance + h.square() @ element[..., k, :, :].square().mT
        return variance.sqrt() * normal(derive_key(key, "layer", layer), *variance.shape, like=h)

    return noise
