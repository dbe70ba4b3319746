"""The real part of two complex matrices with attenuators between them, as one real product."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor

from photonics_sim.device import forward_mode_active


def quadrature_product(first: Tensor, second: Tensor, transmission: Tensor) -> Tensor:
    """Re(first diag(transmission) second), half the work of the complex product.

    Args:
        first: `(..., n, k)` complex.
        second: `(..., k, m)` complex.
        transmission: Of each of the k paths, real, `(..., k)`; leading axes broadcast.

    Returns:
        `(..., n, m)` real.
    """
    if forward_mode_active() or torch._C._are_functorch_transforms_active():
        return _plain(first, second, transmission)
    out: Tensor = _Product.apply(first, second, transmission)  # type: ignore[no-untyped-call]
    return out


def _plain(first: Tensor, second: Tensor, transmission: Tensor) -> Tensor:
    return (first @ (transmission.unsqueeze(-1) * second)).real


def _signed(transmission: Tensor) -> Tensor:
    """Once for each quadrature of a path, `(..., k, 2, 1)`: i i = -1."""
    return torch.stack([transmission, -transmission], -1).unsqueeze(-1)


class _Product(torch.autograd.Function):
    """Paths and quadratures are one axis of 2 k; derivatives of derivatives come from the plain product."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Tensor:
        first, second, transmission = inputs
        apart = torch.view_as_real(second.resolve_conj()).transpose(-1, -2)
        weighed = torch.empty(apart.shape, dtype=apart.dtype, device=apart.device)
        torch.mul(apart, _signed(transmission), out=weighed)
        rows = torch.view_as_real(first.resolve_conj()).flatten(-2)
        ctx.save_for_backward(*inputs)
        ctx.parts = rows, weighed
        out: Tensor = rows @ weighed.flatten(-3, -2)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        inputs = ctx.saved_tensors
        if torch.is_grad_enabled():
            wanted = [tensor for tensor in inputs if tensor.requires_grad]
            found = iter(torch.autograd.grad(_plain(*inputs), wanted, grad, create_graph=True))
            return tuple(next(found) if tensor.requires_grad else None for tensor in inputs)
        first, second, transmission = inputs
        rows, weighed = ctx.parts
        by_rows = grad @ weighed.flatten(-3, -2).mT
        by_weighed = (rows.mT @ grad).unflatten(-2, weighed.shape[-3:-1])
        apart = torch.view_as_real(second.resolve_conj()).transpose(-1, -2)
        quadratures = (by_weighed * apart).sum(-1)
        by_second = torch.empty((*by_weighed.shape[:-2], by_weighed.shape[-1], 2), dtype=grad.dtype, device=grad.device)
        torch.mul(by_weighed, _signed(transmission), out=by_second.transpose(-1, -2))
        by_transmission = (quadratures[..., 0] - quadratures[..., 1]).sum_to_size(transmission.shape)
        return (
            torch.view_as_complex(by_rows.unflatten(-1, (first.shape[-1], 2))),
            torch.view_as_complex(by_second),
            by_transmission,
        )


# torch inspects the signature at every call: here it is, ready
_Product.forward.__signature__ = inspect.signature(_Product.forward)  # type: ignore[attr-defined]
