"""ReLaX-Net: a residual network whose layers visit a few weight banks again and again."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.reuse._banks import Banks, IdealBanks, drawn_for
from photonics_sim.reuse._schedule import LayerSchedule


def _saturating(z: Tensor) -> Tensor:
    """r / (1 + r) of r = max(z, 0): a detector that saturates."""
    r = z.relu()
    return r / (1 + r)


NONLINEARITIES: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "saturating": _saturating,
}


class ReLaXNet(nn.Module):
    r"""Depth by time multiplexing: L_T layers on L_W banks (arXiv:2511.00044).

    .. math::
        h_{t+1} = \alpha h_t + f(W_k h_t + b_k \; [\, + W_{xh} x \,]), \quad k = \text{schedule}(t), \quad
        y = W_o h_{L_T} + b_o

    With inject "once" h_0 = W_xh x; with "every" h_0 = 0 and W_xh x is added in each layer. L_W = 1 is a recurrent net,
    L_W = L_T one whose layers share nothing. A bank's matrix is built once per pass; its gradient is the sum over its
    visits.

    Args:
        in_features, width, out_features: Sizes of x, h (N) and y.
        weight_sets: L_W, the banks that exist.
        layers: L_T, the layers in all.
        nonlinearity: f, a key of `NONLINEARITIES`.
        residual: alpha.
        inject: When the input enters.
        bank: The banks; None makes ideal ones.
        schedule: Which bank each layer visits; None is cyclic.
        replicas: Independent networks side by side, as a leading axis of parameters and outputs; None for one without.
        seed: Of the weights; replica r is the network of seed + r.
        checkpoints: Whether the backward pass computes the layers again, in about sqrt(L_T) segments, instead of
            keeping the fields of all: memory then grows with sqrt(L_T).

    Raises:
        PhotonicsError: for an unknown nonlinearity or way to inject, more banks than layers, and banks or a schedule of
            another size.
    """

    def __init__(
        self,
        in_features: int,
        width: int,
        out_features: int,
        *,
        weight_sets: int,
        layers: int,
        nonlinearity: str = "tanh",
        residual: float = 1.0,
        inject: Literal["once", "every"] = "once",
        bank: Banks | None = None,
        schedule: LayerSchedule | None = None,
        replicas: int | None = None,
        seed: int = 0,
        checkpoints: bool = False,
    ) -> None:
        super().__init__()
        self.schedule = schedule or LayerSchedule(weight_sets, layers)
        if (self.schedule.weight_sets, self.schedule.layers) != (weight_sets, layers):
            raise PhotonicsError(
                f"the schedule has {self.schedule.weight_sets} banks and {self.schedule.layers} layers, the network "
                f"{weight_sets} and {layers}; make them equal"
            )
        if nonlinearity not in NONLINEARITIES:
            raise PhotonicsError(
                f"no nonlinearity {nonlinearity!r}{did_you_mean(nonlinearity, NONLINEARITIES)}; choose "
                f"{', '.join(NONLINEARITIES)}"
            )
        if inject not in {"once", "every"}:
            raise PhotonicsError(f'inject = {inject!r}: the input enters "once" or "every" layer')
        seeds = seed if replicas is None else tuple(seed + r for r in range(replicas))
        self.banks = bank or IdealBanks(weight_sets, width, layers=layers, seeds=seeds)
        if (self.banks.weight_sets, self.banks.width) != (weight_sets, width):
            raise PhotonicsError(
                f"{self.banks.weight_sets} banks of width {self.banks.width} were given, the network has {weight_sets} "
                f"of width {width}; make them equal"
            )
        self.nonlinearity, self.residual, self.inject, self.checkpoints = nonlinearity, residual, inject, checkpoints
        self.input = Projection(in_features, width, bias=False, seeds=seeds, name="input")
        self.readout = Projection(width, out_features, bias=True, seeds=seeds, name="readout")

    @property
    def bank_parameter_count(self) -> int:
        """Trainable numbers of the banks, of one replica: L_W (N^2 + N) for ideal ones."""
        return _count(self.banks) // self._replicas

    @property
    def projection_parameter_count(self) -> int:
        """Trainable numbers of input and readout, of one replica; they do not grow with L_W."""
        return (_count(self.input) + _count(self.readout)) // self._replicas

    @property
    def _replicas(self) -> int:
        return len(self.input.weight) if self.input.weight.ndim == 3 else 1

    def forward(self, x: Tensor) -> Tensor:
        """Inputs `(*batch, in_features)` to outputs `([replicas,] *batch, out_features)`."""
        if x.shape[-1] != self.input.in_features:
            raise PhotonicsError(
                f"ReLaXNet takes inputs (*batch, {self.input.in_features}); found {tuple(x.shape)}. Reshape them"
            )
        driven = self.input(x.reshape(-1, x.shape[-1]))
        matrices, bias = self.banks.matrices(), self.banks.bias
        added = None if self.inject == "once" else driven
        h = driven if self.inject == "once" else torch.zeros_like(driven)
        for segment in self._segments():
            if self.checkpoints and torch.is_grad_enabled():
                h = cast(Tensor, checkpoint(self._walk, segment, h, matrices, bias, added, use_reentrant=False))
            else:
                h = self._walk(segment, h, matrices, bias, added)
        y: Tensor = self.readout(h)
        return y.reshape(*y.shape[:-2], *x.shape[:-1], y.shape[-1])

    def _walk(self, banks: tuple[int, ...], h: Tensor, matrices: Tensor, bias: Tensor, added: Tensor | None) -> Tensor:
        """The layers that visit these banks."""
        f = NONLINEARITIES[self.nonlinearity]
        for k in banks:
            offset = bias[..., k, None, :] if added is None else bias[..., k, None, :] + added
            z = _affine(h, matrices[..., k, :, :], offset)
            h = torch.add(f(z), h, alpha=self.residual)
        return h

    def _segments(self) -> list[tuple[int, ...]]:
        banks = self.schedule.banks
        length = math.isqrt(len(banks) - 1) + 1 if self.checkpoints else len(banks)
        return [banks[start : start + length] for start in range(0, len(banks), length)]

    def extra_repr(self) -> str:
        counts = f"{self.bank_parameter_count} weights in banks, {self.projection_parameter_count} in projections"
        return f"L_W={self.schedule.weight_sets}, L_T={self.schedule.layers}, {self.nonlinearity}, {counts}"


class Projection(nn.Module):
    """A linear map that all banks share.

    Attributes:
        weight: Trainable, `([replicas,] out_features, in_features)`, starting with deviation 1 / sqrt(in_features).
        bias: Trainable, `([replicas,] out_features)`, or None.
    """

    bias: nn.Parameter | None

    def __init__(
        self, in_features: int, out_features: int, *, bias: bool, seeds: int | tuple[int, ...], name: str
    ) -> None:
        super().__init__()
        self.in_features = in_features
        drawn = drawn_for(seeds, name, out_features, in_features) / math.sqrt(in_features)
        self.weight = nn.Parameter(drawn.to(torch.get_default_dtype()))
        self.bias = nn.Parameter(torch.zeros_like(self.weight[..., 0])) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """`([replicas,] batch, in_features)` to `([replicas,] batch, out_features)`."""
        if self.weight.ndim == 3 and x.ndim == 2:
            x = x.expand(len(self.weight), *x.shape)
        return _affine(x, self.weight, None if self.bias is None else self.bias.unsqueeze(-2))


def _affine(h: Tensor, matrix: Tensor, offset: Tensor | None) -> Tensor:
    """h W^T + offset in one call, for one network or for several side by side."""
    if offset is None:
        return h @ matrix.mT
    if h.ndim == 2:
        return torch.addmm(offset, h, matrix.mT)
    return torch.baddbmm(offset, h, matrix.mT)


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
