"""The field inside a multiply scattering device, without ever forming one matrix per sample."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from photonics_sim.device import forward_mode_active
from photonics_sim.errors import PhotonicsError
from photonics_sim.optics._chunks import in_chunks
from photonics_sim.optics._round_trips import check_loop, go_round


def resolvent(
    transmission: Tensor,
    scattering: Tensor,
    source: Tensor,
    *,
    coupling: float = 0.5,
    tolerance: float = 1e-6,
) -> Tensor:
    r"""The stationary field of light that circulates between a modulator and a scattering medium.

    .. math:: E = (1 - c)\,(I - c\,T S T)^{-1}\,s

    where T = diag(transmission), S the scattering matrix, s the source and c the coupling. At c = 1/2 this is the
    equation of arXiv:2509.05420. It is never active: the norm of E is at most that of s for |T| <= 1 and unitary S.

    The solve is a Neumann iteration: n products with S, n the least that brings ``bound**(n + 1)`` to the tolerance,
    where ``bound = coupling * max|T|**2 * ||S||``. S is taken to be passive (norm at most 1); the last step of the
    iteration shows whether it is, and only where it is not the norm of S is computed. Gradients come from one more such
    iteration (implicit differentiation), so that nothing of the forward one is stored.

    Args:
        transmission: Complex amplitude transmission of each pixel, `(g, b, d)`: g independent systems, b samples.
        scattering: Complex scattering matrices, `(g, d, d)`, symmetric for a reciprocal medium; the gradient treats
            every entry as free.
        source: Complex illumination of each system, `(g, d)`.
        coupling: Fraction of the amplitude that stays in the loop, from 0 (none) to below 1.
        tolerance: Largest error of E relative to the norm of the source.

    Returns:
        The complex field E, `(g, b, d)`.

    Raises:
        PhotonicsError: where the shapes or types do not fit, the coupling is outside [0, 1), the tolerance is
            finer than the number type resolves, or the bound is not below 1 (the light would build up without end).
    """
    check_loop(transmission, scattering, source, coupling, "resolvent")
    _check_tolerance(transmission.dtype, tolerance)

    def solve(T: Tensor, S: Tensor, s: Tensor) -> Tensor:
        if forward_mode_active():
            return _unrolled(T, S, s.unsqueeze(-2), coupling, tolerance)
        return _solved(T, S, s.unsqueeze(-2), coupling, tolerance, None)[0]

    _, b, d = transmission.shape
    used = scattering.element_size() * (d * d + 3 * b * d)  # S, and three fields at a time
    return (1 - coupling) * in_chunks(solve, transmission, scattering, source, bytes_each=used)


def _check_tolerance(dtype: torch.dtype, tolerance: float) -> None:
    finest = torch.finfo(dtype).eps / 4
    if not finest <= tolerance < 1:
        raise PhotonicsError(f"tolerance = {tolerance:g} is outside {finest:.1g} .. 1, what {dtype} resolves")


def _products(bound: float, coupling: float, tolerance: float) -> int:
    """How many products with S bring the error of the field, a Neumann series with this bound, below the tolerance.

    After n of them it is at most (1 - coupling) bound^(n + 1) / (1 - bound).
    """
    if bound == 0:
        return 1
    rest = tolerance * min(1.0, (1 - bound) / (1 - coupling))
    return max(1, math.ceil(math.log(rest) / math.log(bound)) - 1)


def _conj(field: Tensor) -> Tensor:
    """The conjugate in memory: products slow down on a lazy one, and vmap lacks rules for it."""
    return field.conj().resolve_conj()


def _largest_row(field: Tensor) -> float:
    # the norm of the real view is tens of times faster than torch's complex one
    rows = torch.view_as_real(field).flatten(-2)
    return float(torch.linalg.vector_norm(rows, dim=-1).max()) if field.numel() else 0.0


def _solve(T: Tensor, S: Tensor, rhs: Tensor, coupling: float, tolerance: float) -> tuple[Tensor, Tensor, float]:
    """(y, S T y, bound), with the bound that the iteration was seen to obey."""
    peak = float(T.abs().max()) if T.numel() else 0.0
    bound = coupling * peak**2
    if bound < 1:
        n = _products(bound, coupling, tolerance)
        y, w, change = go_round(T, S, rhs, coupling, n)
        rounding = 64 * torch.finfo(T.dtype).eps * _largest_row(y)
        if _largest_row(change) <= 1.01 * peak * bound**n * _largest_row(rhs) + rounding:
            return y, w, bound
    norm = float(torch.linalg.matrix_norm(S, ord=2).max())
    bound *= norm
    if not bound < 1:
        raise PhotonicsError(
            f"coupling * max|T|^2 * ||S|| = {coupling:.4g} * {peak:.4g}^2 * {norm:.4g} = {bound:.4g} is not below 1: "
            "the light would build up without end; use passive T and S (|T| <= 1, ||S|| <= 1) or a smaller coupling"
        )
    y, w, _ = go_round(T, S, rhs, coupling, _products(bound, coupling, tolerance))
    return y, w, bound


def _unrolled(T: Tensor, S: Tensor, rhs: Tensor, coupling: float, tolerance: float) -> Tensor:
    """The same field by plain operations, which every function transform can differentiate."""
    try:
        _, _, bound = _solve(T.detach(), S.detach(), rhs.detach(), coupling, tolerance)
    except RuntimeError:  # under vmap no value can be looked at: passive light is assumed
        bound = coupling
    return go_round(T, S, rhs, coupling, _products(bound, coupling, tolerance))[0]


def _solved(*inputs: Any) -> tuple[Tensor, Tensor, float]:
    return _Solve.apply(*inputs)  # type: ignore[no-untyped-call, no-any-return]


class _Solve(torch.autograd.Function):
    """y = (I - c T S T)^{-1} rhs and, for its derivatives alone, S T y; rhs is `(g, b or 1, d)`.

    Its backward is again such a solve, so that backward derivatives of any order exist.
    """

    @staticmethod
    def forward(
        T: Tensor, S: Tensor, rhs: Tensor, coupling: float, tolerance: float, bound: float | None
    ) -> tuple[Tensor, Tensor, float]:
        if bound is None:
            return _solve(T, S, rhs, coupling, tolerance)
        y, w, _ = go_round(T, S, rhs, coupling, _products(bound, coupling, tolerance))
        return y, w, bound

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, float]) -> None:
        T, S, rhs, coupling, tolerance, _ = inputs
        ctx.coupling, ctx.tolerance = coupling, tolerance
        y, w, bound = output
        ctx.bound = bound
        ctx.shared = rhs.shape[-2] == 1 != T.shape[-2]
        ctx.mark_non_differentiable(w)
        ctx.save_for_backward(T, S, y, w)

    @staticmethod
    def backward(ctx: Any, grad: Tensor, *_: Any) -> tuple[Tensor | None, ...]:
        T, S, y, w = ctx.saved_tensors
        c = ctx.coupling
        adjoint, v = _solved(T, S.mT, _conj(grad), c, ctx.tolerance, ctx.bound)[:2]
        if torch.is_grad_enabled():  # a second derivative needs S T y and S^T T adjoint as functions
            w, v = torch.bmm(T * y, S.mT), torch.bmm(T * adjoint, S)
        grad_T = grad_S = grad_rhs = None
        if ctx.needs_input_grad[0]:
            grad_T = _conj(c * torch.addcmul(adjoint * w, v, y))
        if ctx.needs_input_grad[1]:
            grad_S = _conj(c * torch.bmm((T * adjoint).mT, T * y))
        if ctx.needs_input_grad[2]:
            grad_rhs = _conj(adjoint.sum(-2, keepdim=True) if ctx.shared else adjoint)
        return grad_T, grad_S, grad_rhs, None, None, None

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *inputs: Any) -> tuple[Any, ...]:
        T, S, rhs, *rest = inputs
        n = info.batch_size
        lead = [t.movedim(d, 0) if d is not None else t for t, d in zip((T, S, rhs), in_dims[:3], strict=True)]
        batched = [d is not None for d in in_dims[:3]]
        if batched[1]:  # one S each: more systems
            T, S, rhs = (t if b else t.expand(n, *t.shape) for t, b in zip(lead, batched, strict=True))
            y, w, bound = _solved(T.flatten(0, 1), S.flatten(0, 1), rhs.flatten(0, 1), *rest)
            return (y.unflatten(0, (n, -1)), w.unflatten(0, (n, -1)), bound), (0, 0, None)
        T, _, rhs = lead  # one S for all: more samples
        shape = (n, *T.shape[-3:])
        if batched[2] or rhs.shape[-2] != 1:
            rhs = rhs.expand(shape).transpose(0, 1).flatten(1, 2)
        T = T.expand(shape).transpose(0, 1).flatten(1, 2)
        y, w, bound = _solved(T, S, rhs, *rest)
        return (y.unflatten(1, (n, -1)), w.unflatten(1, (n, -1)), bound), (1, 1, None)
