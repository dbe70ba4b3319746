"""The layers of one pass as one differentiable function, with a backward that keeps no more than the states."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from photonics_sim.device import forward_mode_active
from photonics_sim.reuse._nonlinearities import Nonlinearity

Noise = Callable[[int, Tensor], Tensor]


@dataclass(frozen=True)
class Plan:
    """What the layers of a pass have in common.

    Attributes:
        order: Bank of each layer.
        nonlinearity: f.
        residual: alpha.
        sequence: Whether each layer has an input of its own.
        segment: Layers between two states that are kept; the others are computed again on the way back, some layers
            at a time.
        noise: What a layer's reading adds to its product, from layer and state; without gradient. None for nothing.
    """

    order: tuple[int, ...]
    nonlinearity: Nonlinearity
    residual: float
    sequence: bool
    segment: int
    noise: Noise | None

    def added(self, layer: int, added: Tensor | None) -> Tensor | None:
        """What enters a layer."""
        return added[..., layer, :, :] if added is not None and self.sequence else added


def through_layers(h: Tensor, matrices: Tensor, bias: Tensor, added: Tensor | None, plan: Plan) -> Tensor:
    """The state behind all layers.

    Args:
        h: First state, `([several,] batch, width)`.
        matrices: `([several,] banks, width, width)`.
        bias: `([several,] banks, width)`.
        added: What enters the layers, like h, or with an axis of layers before the batch; or None.
        plan: Which layers.
    """
    if matrices.ndim == 4:
        several = len(matrices)
        h = h if h.ndim == 3 else h.expand(several, *h.shape)
        bias = bias if bias.ndim == 3 else bias.expand(several, *bias.shape)
        if added is not None and added.ndim == 2 + plan.sequence:
            added = added.expand(several, *added.shape)
    # where states grow beyond measure, f(z) is lost in their rounding
    growing = abs(plan.residual) > 1
    if growing or forward_mode_active() or torch._C._are_functorch_transforms_active():
        return _plain(h, matrices, bias, added, plan)
    out: Tensor = _Layers.apply(h, matrices, bias, added, plan)  # type: ignore[no-untyped-call]
    return out


def _plain(h: Tensor, matrices: Tensor, bias: Tensor, added: Tensor | None, plan: Plan) -> Tensor:
    """The same by plain operations, for function transforms, second derivatives and |alpha| > 1."""
    for layer, k in enumerate(plan.order):
        z = h @ matrices[..., k, :, :].mT + bias[..., k, None, :]
        entering = plan.added(layer, added)
        z = z if entering is None else z + entering
        if plan.noise is not None:
            z = z + plan.noise(layer, h.detach())
        h = plan.residual * h + plan.nonlinearity.plain(z)
    return h


class _Layers(torch.autograd.Function):
    """f(z) is told from two states that follow each other, so that nothing but states is kept."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Tensor:
        h, matrices, bias, added, plan = inputs
        walk = _Walk(matrices, bias, added, plan)
        segments = list(_segments(plan))
        last: Tensor = h
        kept: list[Tensor] = []
        if len(segments) == 1 and any(ctx.needs_input_grad):
            *kept, last = walk.states(segments[0], h)
        else:
            for layers in segments:
                kept.append(last)
                last = walk.last(layers, last)
        ctx.save_for_backward(*inputs[:4], last)
        ctx.kept, ctx.plan = kept, plan
        return last

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        *inputs, out = ctx.saved_tensors
        plan = ctx.plan
        if torch.is_grad_enabled():
            return (*_plain_gradients(inputs, plan, grad), None)
        _, matrices, bias, added = inputs
        back = _Back(matrices, bias, added, plan, grad)
        segments = list(_segments(plan))
        if len(segments) == 1:
            back.through(segments[0], [*ctx.kept, out])
        else:
            walk = _Walk(matrices, bias, added, plan)
            behind = out
            for layers, first in zip(reversed(segments), reversed(ctx.kept), strict=True):
                _back_again(walk, back, layers, first, behind)
                behind = first
        return back.grad, back.by_matrix, back.by_bias, back.by_added, None


# torch inspects the signature at every call: here it is, ready
_Layers.forward.__signature__ = inspect.signature(_Layers.forward)  # type: ignore[attr-defined]


def _segments(plan: Plan) -> Iterator[range]:
    total = len(plan.order)
    return (range(first, min(first + plan.segment, total)) for first in range(0, total, plan.segment))


_AT_ONCE = 4  # layers whose states are computed again together


def _back_again(walk: _Walk, back: _Back, layers: range, first: Tensor, behind: Tensor) -> None:
    """Backward through layers of which the first and the last state are known, by halves: few states at a time."""
    if len(layers) > _AT_ONCE:
        early, late = layers[: len(layers) // 2], layers[len(layers) // 2 :]
        middle = walk.last(early, first)
        _back_again(walk, back, late, middle, behind)
        _back_again(walk, back, early, first, middle)
    else:
        back.through(layers, [*walk.states(layers[:-1], first), behind])


class _Walk:
    """Layers forward."""

    def __init__(self, matrices: Tensor, bias: Tensor, added: Tensor | None, plan: Plan) -> None:
        self._matrices = [matrix.mT for matrix in matrices.unbind(-3)]
        self._bias = bias.unsqueeze(-2).unbind(-3)
        self._added, self._plan = added, plan
        self._multiply = torch.addmm if matrices.ndim == 3 else torch.baddbmm
        self._buffers: list[Tensor] = []
        self._spare: Tensor | None = None

    def last(self, layers: range, h: Tensor) -> Tensor:
        """The state behind these layers, in a tensor of its own."""
        own = torch.empty_like(h)
        if self._spare is None:
            self._spare = torch.empty_like(h)
        for left, layer in zip(reversed(range(len(layers))), layers, strict=True):
            h = self._step(layer, h, self._spare if left % 2 else own)
        return h

    def states(self, layers: range, h: Tensor) -> list[Tensor]:
        """The state before each of these layers and behind the last; good until the next call."""
        self._buffers += [torch.empty_like(h) for _ in range(len(layers) - len(self._buffers))]
        states = [h]
        for layer, buffer in zip(layers, self._buffers, strict=False):
            states.append(self._step(layer, states[-1], buffer))
        return states

    def _step(self, layer: int, h: Tensor, out: Tensor) -> Tensor:
        plan, k = self._plan, self._plan.order[layer]
        offset = self._bias[k]
        entering = plan.added(layer, self._added)
        if entering is not None:
            offset = torch.add(offset, entering, out=out)
        self._multiply(offset, h, self._matrices[k], out=out)
        if plan.noise is not None:
            out += plan.noise(layer, h)
        return plan.nonlinearity.in_place(out).add_(h, alpha=plan.residual)


class _Back:
    """Layers backward; the gradients of banks add up over their visits."""

    def __init__(self, matrices: Tensor, bias: Tensor, added: Tensor | None, plan: Plan, grad: Tensor) -> None:
        self.grad, self._plan = grad.clone(memory_format=torch.contiguous_format), plan
        self._y = torch.empty_like(self.grad)
        self.by_matrix, self.by_bias = torch.zeros_like(matrices), torch.zeros_like(bias)
        self.by_added = None if added is None else torch.zeros(added.shape, dtype=grad.dtype, device=grad.device)
        self._matrices = matrices.unbind(-3)
        self._gradients = list(zip(self.by_matrix.unbind(-3), self.by_bias.unbind(-2), strict=True))
        self._multiply = torch.addmm if matrices.ndim == 3 else torch.baddbmm

    def through(self, layers: range, states: Sequence[Tensor]) -> None:
        """Take the gradient from behind these layers to before them; `states` are those of `_Walk.states`."""
        plan = self._plan
        for place in reversed(range(len(layers))):
            k, h = plan.order[layers[place]], states[place]
            d = plan.nonlinearity.pull(self._output(h, states[place + 1]), self.grad)
            by_matrix, by_bias = self._gradients[k]
            self._multiply(by_matrix, d.mT, h, out=by_matrix)
            by_bias += d.sum(-2)
            if self.by_added is not None:
                entered = self._plan.added(layers[place], self.by_added)
                assert entered is not None
                entered += d
            self._multiply(self.grad, d, self._matrices[k], beta=plan.residual, out=self.grad)

    def _output(self, h: Tensor, following: Tensor) -> Tensor:
        """f(z) between two states; what is rounding of their difference is 0."""
        alpha = self._plan.residual
        y = torch.sub(following, h, alpha=alpha, out=self._y)
        if self._plan.nonlinearity.flat and alpha not in {0.0, 1.0}:
            y.masked_fill_(y <= 4 * abs(alpha) * torch.finfo(h.dtype).eps * h.abs(), 0)
        return y


def _plain_gradients(inputs: list[Tensor | None], plan: Plan, grad: Tensor) -> list[Tensor | None]:
    """Gradients that can be differentiated again."""
    h, matrices, bias, added = inputs
    assert h is not None
    assert matrices is not None
    assert bias is not None
    wanted = [tensor for tensor in inputs if tensor is not None and tensor.requires_grad]
    found = iter(torch.autograd.grad(_plain(h, matrices, bias, added, plan), wanted, grad, create_graph=True))
    return [next(found) if tensor is not None and tensor.requires_grad else None for tensor in inputs]
