"""Scattering matrices of lossless reciprocal media: symmetric and unitary."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor

from photonics_sim.device import forward_mode_active
from photonics_sim.errors import PhotonicsError
from photonics_sim.optics._chunks import in_chunks


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
    H = (generator + generator.mT) / 2
    if forward_mode_active():
        return torch.matrix_exp(torch.complex(torch.zeros_like(H), H))
    d = H.shape[-1]
    systems = H.reshape(-1, d, d)
    S = in_chunks(lambda part: _exp_i(part)[0], systems, bytes_each=3 * H.element_size() * d**2)
    return S.reshape(H.shape)


def _exp_i(H: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return _ExpI.apply(H)  # type: ignore[no-untyped-call, no-any-return]


class _ExpI(torch.autograd.Function):
    """exp(i H) for real symmetric H; eigenvalues and eigenvectors leave it only for its own backward."""

    @staticmethod
    def forward(H: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        w, V = torch.linalg.eigh(H)
        real, imag = (V * w.cos().unsqueeze(-2)) @ V.mT, (V * w.sin().unsqueeze(-2)) @ V.mT
        return torch.complex(real, imag), w, V

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: tuple[Tensor, Tensor, Tensor]) -> None:
        _, w, V = output
        ctx.mark_non_differentiable(w, V)
        ctx.save_for_backward(inputs[0], w, V)

    @staticmethod
    def backward(ctx: Any, grad: Tensor, *_: Any) -> Tensor:
        H, w, V = cast(tuple[Tensor, Tensor, Tensor], ctx.saved_tensors)
        if torch.is_grad_enabled():
            X = torch.complex(torch.zeros_like(H), H)
            # the derivative of exp at X^H, in the direction of the gradient, is the upper right block of one exp
            block = torch.cat([torch.cat([X.mH, grad], -1), torch.cat([torch.zeros_like(X), X.mH], -1)], -2)
            upper = torch.matrix_exp(block)[..., : H.shape[-1], H.shape[-1] :]
            return upper.imag
        # F = i e^{i (w_j + w_k) / 2} sinc((w_j - w_k) / 2), from vectors: d x d sines are slow
        turn = w / (2 * torch.pi)
        slope = torch.sinc(turn.unsqueeze(-1) - turn.unsqueeze(-2))
        cos, sin = (w / 2).cos(), (w / 2).sin()
        even = cos.unsqueeze(-1) * cos.unsqueeze(-2) - sin.unsqueeze(-1) * sin.unsqueeze(-2)
        odd = sin.unsqueeze(-1) * cos.unsqueeze(-2) + cos.unsqueeze(-1) * sin.unsqueeze(-2)
        real, imag = V.mT @ (grad.real @ V), V.mT @ (grad.imag @ V)
        inner: Tensor = slope * (even * imag - odd * real)
        return V @ inner @ V.mT

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int], H: Tensor) -> tuple[Any, Any]:
        return _exp_i(H.movedim(in_dims[0], 0)), (0, 0, 0)
