"""Scattering matrices of lossless reciprocal media: symmetric and unitary."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor

from photonics_sim.device import forward_mode_active
from photonics_sim.errors import PhotonicsError


def symmetric_unitary(generator: Tensor) -> Tensor:
    r"""The scattering matrix S = exp(i H) of a lossless reciprocal medium, with H = (G + G^T) / 2.

    Energy is conserved (S unitary) and the medium is reciprocal (S symmetric) for every real generator G. S is built
    from one real eigendecomposition H = V w V^T. Its gradient uses the divided differences
    :math:`i e^{i(w_j+w_k)/2}\,\mathrm{sinc}((w_j-w_k)/2)` (Daleckii and Krein), which stay finite at equal eigenvalues.
    In forward mode and for second derivatives the matrix exponential is differentiated instead.

    Args:
        generator: Real matrices G, `(..., d, d)`, in radians.

    Returns:
        Complex S of the same shape.

    Raises:
        PhotonicsError: where the generator is not real or not square.
    """
    if generator.is_complex() or generator.ndim < 2 or generator.shape[-1] != generator.shape[-2]:
        raise PhotonicsError(
            f"symmetric_unitary needs real square generators (..., d, d); found {generator.dtype} "
            f"{tuple(generator.shape)}"
        )
    H = _symmetric(generator)
    if forward_mode_active():
        return torch.matrix_exp(torch.complex(torch.zeros_like(H), H))
    S, _, _ = _ExpI.apply(H)
    return cast(Tensor, S)


class _ExpI(torch.autograd.Function):
    """exp(i H) for real symmetric H; eigenvalues and eigenvectors leave it only for its own backward."""

    @staticmethod
    def forward(H: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        w, V = torch.linalg.eigh(H)
        rows = torch.cat([V * w.cos().unsqueeze(-2), V * w.sin().unsqueeze(-2)], dim=-2) @ V.mT
        real, imag = rows.chunk(2, dim=-2)
        return torch.complex(real, imag), w, V

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: tuple[Tensor, Tensor, Tensor]) -> None:
        _, w, V = output
        ctx.mark_non_differentiable(w, V)
        ctx.save_for_backward(inputs[0], w, V)

    @staticmethod
    def backward(ctx: Any, grad: Tensor, *_: Any) -> Tensor:
        H, w, V = ctx.saved_tensors
        if torch.is_grad_enabled():
            X = torch.complex(torch.zeros_like(H), H)
            # the derivative of exp at X^H, in the direction of the gradient, is the upper right block of one exp
            block = torch.cat([torch.cat([X.mH, grad], -1), torch.cat([torch.zeros_like(X), X.mH], -1)], -2)
            upper = torch.matrix_exp(block)[..., : H.shape[-1], H.shape[-1] :]
            return _symmetric(upper.imag)
        mean = (w.unsqueeze(-1) + w.unsqueeze(-2)) / 2
        slope = torch.sinc((w.unsqueeze(-1) - w.unsqueeze(-2)) / (2 * torch.pi))
        # sandwich real and imaginary part in one product each
        inner = V.mT.unsqueeze(-3) @ torch.stack([grad.real, grad.imag], -3) @ V.unsqueeze(-3)
        real, imag = inner.unbind(-3)
        return _symmetric(V @ (slope * (mean.cos() * imag - mean.sin() * real)) @ V.mT)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int], H: Tensor) -> tuple[Any, Any]:
        return _ExpI.apply(H.movedim(in_dims[0], 0)), (0, 0, 0)


def _symmetric(matrix: Tensor) -> Tensor:
    return (matrix + matrix.mT) / 2
