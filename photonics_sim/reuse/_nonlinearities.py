"""The functions f of the layers, each with its slope told from its output alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

_NUMPY_IS_FASTER = 2**17  # twice as fast as torch's, but on one thread


@dataclass(frozen=True)
class Nonlinearity:
    """One function, in the three forms that a pass needs.

    Attributes:
        plain: f(z), by operations that every transform passes.
        in_place: The same, over its argument.
        pull: From f(z) and the gradient of f(z) to the gradient of z, over the first.
        flat: Whether f(z) = 0 tells a slope of 0, so that rounding must not make it positive.
    """

    plain: Callable[[Tensor], Tensor]
    in_place: Callable[[Tensor], Tensor]
    pull: Callable[[Tensor, Tensor], Tensor]
    flat: bool


def _saturating(z: Tensor) -> Tensor:
    """r / (1 + r) of r = max(z, 0): a detector that saturates."""
    r = z.relu()
    return r / (1 + r)


def _tanh_in_place(z: Tensor) -> Tensor:
    if z.device.type == "cpu" and z.dtype == torch.float32 and z.numel() <= _NUMPY_IS_FASTER:
        values = z.numpy()
        np.tanh(values, out=values)
        return z
    return z.tanh_()


def _saturating_in_place(z: Tensor) -> Tensor:
    r = z.relu_()
    return r.div_(1 + r)


def _pull_tanh(y: Tensor, grad: Tensor) -> Tensor:
    back: Tensor = torch.ops.aten.tanh_backward.grad_input(grad, y, grad_input=y)
    return back


def _pull_relu(y: Tensor, grad: Tensor) -> Tensor:
    return torch.mul(grad, y > 0, out=y)


def _pull_saturating(y: Tensor, grad: Tensor) -> Tensor:
    lit = y > 0
    return y.neg_().add_(1).square_().mul_(lit).mul_(grad)


NONLINEARITIES: dict[str, Nonlinearity] = {
    "tanh": Nonlinearity(torch.tanh, _tanh_in_place, _pull_tanh, flat=False),
    "relu": Nonlinearity(torch.relu, torch.relu_, _pull_relu, flat=True),
    "saturating": Nonlinearity(_saturating, _saturating_in_place, _pull_saturating, flat=True),
}
