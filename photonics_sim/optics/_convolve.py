"""Circular convolution of padded fields, a cache-full at a time: nothing padded is ever kept."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from photonics_sim.device import forward_mode_active
from photonics_sim.errors import PhotonicsError

_BLOCK_BYTES = 2**20  # of the rows that are transformed together, which a core's second cache holds


def convolve(field: Tensor, transfer: Tensor) -> Tensor:
    """Pad at the end with zeros, multiply by a transfer function, and cut the field's own window out.

    A convolution does not care where its window lies, so nothing is centred. Rows of zeros are not transformed, nor
    rows that are cut away; columns are worked on in blocks, as rows of their own. The gradient is the same convolution
    with the conjugate, and nothing but the transfer function is kept for it.

    Args:
        field: Complex, `(..., ny, nx)`.
        transfer: Complex, of the same type, zero frequency first, `(..., py, px)`; leading axes broadcast. Fastest
            where columns are contiguous, as `in_columns` leaves them.

    Returns:
        The field of shape `(..., ny, nx)`.

    Raises:
        PhotonicsError: where they do not fit together.
    """
    check_transfer(field, transfer)
    if forward_mode_active() or transfer.requires_grad:
        return plain_convolve(field, transfer)
    lead = torch.broadcast_shapes(field.shape[:-2], transfer.shape[:-2])
    field = field.expand(*lead, *field.shape[-2:])
    return _Convolve.apply(field, transfer, False)  # type: ignore[no-untyped-call, no-any-return]


def check_transfer(field: Tensor, transfer: Tensor) -> None:
    """Refuse a field that is not complex, and a transfer function of another type or of fewer samples.

    Raises:
        PhotonicsError: names both.
    """
    fits = (
        field.ndim > 1
        and transfer.ndim > 1
        and all(p >= n for p, n in zip(transfer.shape[-2:], field.shape[-2:], strict=True))
    )
    if not (field.is_complex() and fits):
        raise PhotonicsError(
            f"field {field.dtype} {tuple(field.shape)} and transfer function {tuple(transfer.shape)}: expected a "
            "complex field (..., ny, nx) and as many samples or more, padded, (..., py, px)"
        )
    if transfer.dtype != field.dtype:
        raise PhotonicsError(
            f"field {field.dtype} and transfer function {transfer.dtype}: cast one to the other's type"
        )
    try:
        torch.broadcast_shapes(field.shape[:-2], transfer.shape[:-2])
    except RuntimeError:
        raise PhotonicsError(
            f"leading axes {tuple(field.shape[:-2])} of the field and {tuple(transfer.shape[:-2])} of the transfer "
            "function (its wavelengths) do not broadcast; give the field an axis of 1 where it is to be repeated"
        ) from None


def adjoint_convolve(field: Tensor, transfer: Tensor) -> Tensor:
    """The adjoint of `convolve`: the same with the conjugate transfer function, which is not formed."""
    return _Convolve.apply(field, transfer, True)  # type: ignore[no-untyped-call, no-any-return]


def in_columns(transfer: Tensor) -> Tensor:
    """The same values, one column after the other in memory."""
    return transfer.mT.contiguous().mT


def plain_convolve(field: Tensor, transfer: Tensor) -> Tensor:
    """The same by torch's own operations, which every function transform can differentiate."""
    ny, nx = field.shape[-2:]
    spectrum = torch.fft.fft2(field, s=tuple(transfer.shape[-2:]))
    back: Tensor = torch.fft.ifft2(spectrum * transfer)
    return back[..., :ny, :nx]


class _Convolve(torch.autograd.Function):
    """Linear in the field; the adjoint is itself with the conjugate transfer function."""

    generate_vmap_rule = False

    @staticmethod
    def forward(field: Tensor, transfer: Tensor, adjoint: bool) -> Tensor:
        return _convolved(field, transfer, adjoint)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        _, transfer, ctx.adjoint = inputs
        ctx.save_for_backward(transfer)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (transfer,) = ctx.saved_tensors
        return _Convolve.apply(grad, transfer, not ctx.adjoint), None, None  # type: ignore[no-untyped-call]

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, ...], field: Tensor, transfer: Tensor, adjoint: bool
    ) -> tuple[Tensor, int]:
        axis, other, _ = in_dims
        many = field.expand(info.batch_size, *field.shape) if axis is None else field.movedim(axis, 0)
        if other is not None:
            transfer = transfer.movedim(other, 0)
            missing = many.ndim - transfer.ndim  # axes between the mapped one and those of the transfer function
            transfer = transfer.reshape(len(transfer), *[1] * missing, *transfer.shape[1:])
        return _Convolve.apply(many, transfer, adjoint), 0  # type: ignore[no-untyped-call]


def _convolved(field: Tensor, transfer: Tensor, adjoint: bool) -> Tensor:
    """The convolution of fields that lead the transfer function's axes."""
    lead, planes = field.shape[:-2], field.reshape(-1, *field.shape[-2:])
    out = torch.empty_like(planes, memory_format=torch.contiguous_format)
    if transfer.ndim == 2:
        spans = [(transfer, 0, len(planes))]
    else:
        own = transfer.reshape(-1, *transfer.shape[-2:])
        which = torch.arange(len(own)).reshape(transfer.shape[:-2]).expand(lead).reshape(-1).tolist()
        spans = [(own[place], at, at + 1) for at, place in enumerate(which)]
    for H, start, stop in spans:
        each = 2 * field.element_size() * field.shape[-2] * H.shape[-1]
        count = max(1, 2 * _BLOCK_BYTES // each) if field.device.type == "cpu" else stop - start
        for at in range(start, stop, count):
            end = min(stop, at + count)
            _convolve_block(planes[at:end], H, out[at:end], adjoint)
    return out.reshape(*lead, *field.shape[-2:])


def _convolve_block(planes: Tensor, transfer: Tensor, out: Tensor, adjoint: bool) -> None:
    """A few planes `(b, ny, nx)` into `out`."""
    (b, ny, nx), (py, px) = planes.shape, transfer.shape
    here = planes.device.type == "cpu"
    height = _fitting(px, planes, ny) if here else ny
    width = _fitting(py, planes, px) if here else px
    turned = planes.new_empty(b, px, ny)  # so that columns lie in memory as rows do
    for top in range(0, ny, height):
        part = slice(top, top + height)
        turned[..., part] = torch.fft.fft(planes[:, part], n=px).mT
    for left in range(0, px, width):
        part = slice(left, left + width)
        columns = torch.fft.fft(turned[:, part], n=py)
        columns *= transfer[:, part].conj().mT if adjoint else transfer[:, part].mT
        turned[:, part] = torch.fft.ifft(columns)[..., :ny]
    for top in range(0, ny, height):
        part = slice(top, top + height)
        out[:, part] = torch.fft.ifft(turned[..., part].mT.contiguous())[..., :nx]


def _fitting(length: int, planes: Tensor, most: int) -> int:
    """Rows of this length that fit a block, at most all of them, in equal parts."""
    rows = max(1, _BLOCK_BYTES // (len(planes) * length * planes.element_size()))
    return -(-most // -(-most // rows))
