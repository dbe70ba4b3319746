"""Light through a row of masks: hops and masks as one step, a few samples at a time."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from photonics_sim.device import forward_mode_active
from photonics_sim.errors import PhotonicsError
from photonics_sim.optics._convolve import adjoint_convolve, check_transfer, convolve

_SAMPLES_BYTES = 2**22  # of the fields that go through all masks together


def relay(field: Tensor, masks: Tensor, transfers: tuple[Tensor, ...]) -> Tensor:
    r"""Hop, mask, hop, mask, ..., hop: :math:`u = P_K M_K \cdots P_1 M_1 P_0 u_0`.

    What is kept for the gradient is the light on each mask; the gradient of a mask is summed sample by sample, so that
    no batch of products is ever formed.

    Args:
        field: Complex, `(..., ny, nx)`.
        masks: Complex transmissions, `(K, ny, nx)`, of the same type.
        transfers: K + 1 transfer functions of padded planes, `(py, px)`; see `convolve`.

    Returns:
        The field after the last hop, `(..., ny, nx)`.

    Raises:
        PhotonicsError: for masks of another shape or type, or another number of hops.
    """
    _check(field, masks, transfers)
    if forward_mode_active() or any(transfer.requires_grad for transfer in transfers):
        return plain_relay(field, masks, transfers)
    return _Relay.apply(field, masks, *transfers)[0]  # type: ignore[no-untyped-call, no-any-return]


def _check(field: Tensor, masks: Tensor, transfers: tuple[Tensor, ...]) -> None:
    if masks.ndim != 3 or masks.shape[-2:] != field.shape[-2:] or masks.dtype != field.dtype:
        raise PhotonicsError(
            f"masks {masks.dtype} {tuple(masks.shape)} for a field {field.dtype} {tuple(field.shape)}: expected "
            "transmissions (masks, ny, nx) of its samples and its type"
        )
    if len(transfers) != len(masks) + 1:
        raise PhotonicsError(f"{len(transfers)} transfer functions for {len(masks)} masks; expected {len(masks) + 1}")
    for transfer in transfers:
        check_transfer(field, transfer)


def plain_relay(field: Tensor, masks: Tensor, transfers: tuple[Tensor, ...]) -> Tensor:
    """The same, hop by hop, which every function transform can differentiate."""
    return _lights(field, masks, transfers)[-1]


def _lights(field: Tensor, masks: Tensor, transfers: tuple[Tensor, ...]) -> list[Tensor]:
    """The light on each mask, and after the last hop."""
    lights = [convolve(field, transfers[0])]
    for mask, transfer in zip(masks.unbind(-3), transfers[1:], strict=True):
        lights.append(convolve(lights[-1] * mask, transfer))
    return lights


class _Relay(torch.autograd.Function):
    """Keeps the light on the masks, and goes back with the adjoint of every step."""

    @staticmethod
    def forward(field: Tensor, masks: Tensor, *transfers: Tensor) -> tuple[Tensor, Tensor]:
        planes = field.reshape(-1, *field.shape[-2:])
        out = torch.empty_like(planes, memory_format=torch.contiguous_format)
        met = planes.new_empty(len(masks), *planes.shape)
        for part in _parts(planes):
            light = convolve(planes[part], transfers[0])
            for place, (mask, transfer) in enumerate(zip(masks, transfers[1:], strict=True)):
                met[place, part] = light
                light = convolve(light.mul_(mask), transfer)
            out[part] = light
        return out.reshape(field.shape), met.reshape(len(masks), *field.shape)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        field, masks, *transfers = inputs
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(field, masks, output[1], *transfers)

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        field, masks, met, *transfers = ctx.saved_tensors
        if torch.is_grad_enabled():  # a second derivative needs the light on the masks as a function
            met = torch.stack(_lights(field, masks, tuple(transfers))[:-1])
        planes, lights = grad.reshape(-1, *grad.shape[-2:]), met.reshape(len(masks), -1, *met.shape[-2:])
        back, slopes = [], torch.zeros_like(masks)
        for part in _parts(planes):
            light = adjoint_convolve(planes[part], transfers[-1])
            steps: list[Tensor] = []
            for place in reversed(range(len(masks))):
                steps.insert(0, (lights[place, part].conj() * light).sum(0))
                light = light * masks[place].conj()
                if place or ctx.needs_input_grad[0]:
                    light = adjoint_convolve(light, transfers[place])
            slopes = slopes + torch.stack(steps)
            if ctx.needs_input_grad[0]:
                back.append(light)
        return torch.cat(back).reshape(grad.shape) if back else None, slopes, *[None] * len(transfers)

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, ...], field: Tensor, masks: Tensor, *transfers: Tensor
    ) -> tuple[tuple[Tensor, Tensor], tuple[int, int]]:
        if in_dims[1] is None and in_dims[0] is not None:  # more samples
            out, met = _Relay.apply(field.movedim(in_dims[0], 0), masks, *transfers)  # type: ignore[no-untyped-call]
            return (out, met), (0, 1)
        fields, many = (
            one.expand(info.batch_size, *one.shape) if axis is None else one.movedim(axis, 0)
            for one, axis in zip((field, masks), in_dims[:2], strict=True)
        )
        each = [_Relay.apply(one, own, *transfers) for one, own in zip(fields, many, strict=True)]  # type: ignore[no-untyped-call]
        return (torch.stack([out for out, _ in each]), torch.stack([met for _, met in each])), (0, 0)


def _parts(planes: Tensor) -> list[slice]:
    """Samples that go through all masks together."""
    each = planes.element_size() * planes.shape[-2] * planes.shape[-1]
    count = max(1, _SAMPLES_BYTES // each) if planes.device.type == "cpu" else len(planes)
    return [slice(start, start + count) for start in range(0, len(planes), count)]
