"""ReLaX-Net: a residual network whose layers visit a few weight banks again and again."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.reuse._banks import Banks, IdealBanks
from photonics_sim.reuse._layers import Plan, through_layers
from photonics_sim.reuse._noise import reading_noise
from photonics_sim.reuse._nonlinearities import NONLINEARITIES
from photonics_sim.reuse._projection import Projection
from photonics_sim.reuse._schedule import LayerSchedule
from photonics_sim.weights import Switch


class ReLaXNet(nn.Module):
    r"""Depth by time multiplexing: L_T layers on L_W banks (arXiv:2511.00044).

    .. math::
        h_{t+1} = \alpha h_t + f(W_k h_t + b_k \; [\, + W_{xh} x \,]), \quad k = \text{schedule}(t), \quad
        y = W_o h_{L_T} + b_o

    With inject "once" h_0 = W_xh x; with "every" h_0 = 0 and W_xh x is added in each layer; with "sequence" x is a
    sequence of L_T pieces and layer t takes piece t, from h_0 = 0: a recurrent net for text and audio. L_W = 1 is a
    recurrent net, L_W = L_T one whose layers share nothing. A bank's matrix is built once per pass; its gradient is the
    sum over its visits.

    A static error of a bank acts alike at each of its visits; noise of readings, where `forward` gets a key, is fresh.

    Args:
        in_features, width, out_features: Sizes of x, h (N) and y.
        weight_sets: L_W, the banks that exist.
        layers: L_T, the layers in all.
        nonlinearity: f, a key of `NONLINEARITIES`.
        residual: alpha; beyond -1 .. 1 states grow with every layer, and checkpoints save no memory.
        inject: When the input enters.
        bank: The banks; None makes ideal ones.
        switch: Between the banks: its crosstalk mixes their matrices. None sends all light to one bank.
        schedule: Which bank each layer visits; None is cyclic.
        replicas: Independent networks side by side, as a leading axis of parameters and outputs; None for one without.
        seed: Of the weights; replica r is the network of seed + r.
        checkpoints: Whether the backward pass computes the layers again, in about sqrt(L_T) segments, instead of
            keeping the fields of all: memory then grows with sqrt(L_T). (A layer whose f has a slope of at most s can
            be inverted where s times the largest singular value of W is below alpha; the states could then be computed
            backwards and none be kept. Training leaves that range at once, so it is not offered.)

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
        inject: Literal["once", "every", "sequence"] = "once",
        bank: Banks | None = None,
        switch: Switch | None = None,
        schedule: LayerSchedule | None = None,
        replicas: int | None = None,
        seed: int = 0,
        checkpoints: bool = False,
    ) -> None:
        super().__init__()
        for name, size in (("in_features", in_features), ("width", width), ("out_features", out_features)):
            if size < 1:
                raise PhotonicsError(f"{name} = {size}: a network has at least one")
        if replicas is not None and replicas < 1:
            raise PhotonicsError(f"replicas = {replicas}: train at least one network, or leave it out")
        if not math.isfinite(residual):
            raise PhotonicsError(f"residual = {residual:g} must be finite; 1 keeps the state as it is")
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
        if inject not in {"once", "every", "sequence"}:
            raise PhotonicsError(f'inject = {inject!r}: the input enters "once", in "every" layer, or as a "sequence"')
        seeds = seed if replicas is None else tuple(seed + r for r in range(replicas))
        self.banks = bank or IdealBanks(weight_sets, width, layers=layers, seeds=seeds)
        if (self.banks.weight_sets, self.banks.width) != (weight_sets, width):
            raise PhotonicsError(
                f"{self.banks.weight_sets} banks of width {self.banks.width} were given, the network has {weight_sets} "
                f"of width {width}; make them equal"
            )
        if replicas is not None and tuple(self.banks.bias.shape[:-2]) != (replicas,):
            raise PhotonicsError(
                f"replicas = {replicas}, but the banks given are not of as many networks; give IdealBanks with a seed "
                "for each, or leave replicas out"
            )
        self.nonlinearity, self.residual, self.inject, self.checkpoints = nonlinearity, residual, inject, checkpoints
        self.switch = switch
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

    def forward(self, x: Tensor, *, key: int | None = None) -> Tensor:
        """The pass.

        Args:
            x: `(*batch, in_features)`; with inject "sequence" `(*batch, L_T, in_features)`.
            key: Names one reading, whose noise is a pure function of it; None reads without noise.

        Returns:
            `([replicas or chips,] *batch, out_features)`.

        Raises:
            PhotonicsError: for inputs of another shape.
        """
        h, batch = self._last_state(x, key)
        y: Tensor = self.readout(h)
        return y.reshape(*y.shape[:-2], *batch, y.shape[-1])

    def hidden(self, x: Tensor, *, key: int | None = None) -> Tensor:
        """The state h_{L_T} behind all layers, of which the outputs are linear combinations.

        Args:
            x, key: As in `forward`.

        Returns:
            `([replicas or chips,] *batch, width)`.

        Raises:
            PhotonicsError: for inputs of another shape.
        """
        h, batch = self._last_state(x, key)
        return h.reshape(*h.shape[:-2], *batch, h.shape[-1])

    def _last_state(self, x: Tensor, key: int | None) -> tuple[Tensor, torch.Size]:
        """What inputs become behind all layers, `([replicas or chips,] rows, width)`, and the batch that rows were."""
        sequence = self.inject == "sequence"
        wanted = (self.schedule.layers, self.input.in_features) if sequence else (self.input.in_features,)
        if tuple(x.shape[-len(wanted) :]) != wanted:
            raise PhotonicsError(
                f"ReLaXNet takes inputs (*batch, {', '.join(map(str, wanted))}); found {tuple(x.shape)}. Reshape them"
            )
        batch = x.shape[: -len(wanted)]
        rows = x.reshape(-1, *wanted)
        if sequence:  # layers lead, so that each layer's share lies together
            rows = rows.transpose(0, 1)
            driven: Tensor = self.input(rows.flatten(0, 1)).unflatten(-2, rows.shape[:2])
            h = torch.zeros_like(driven[..., 0, :, :])
        else:
            driven = self.input(rows)
            h = driven if self.inject == "once" else torch.zeros_like(driven)
        return self._through(h, None if self.inject == "once" else driven, key), batch

    def _through(self, h: Tensor, added: Tensor | None, key: int | None) -> Tensor:
        """The state behind all layers."""
        layers = self.schedule.layers
        plan = Plan(
            self.schedule.banks,
            NONLINEARITIES[self.nonlinearity],
            self.residual,
            sequence=self.inject == "sequence",
            segment=math.isqrt(layers - 1) + 1 if self.checkpoints else layers,
            noise=None if key is None else reading_noise(self.banks, self.schedule.banks, key),
        )
        leakage = self.switch.leakage(self.banks.coherent) if self.switch else 0.0
        return through_layers(h, self.banks.matrices(leakage), self.banks.bias, added, plan)

    def extra_repr(self) -> str:
        counts = f"{self.bank_parameter_count} weights in banks, {self.projection_parameter_count} in projections"
        return f"L_W={self.schedule.weight_sets}, L_T={self.schedule.layers}, {self.nonlinearity}, {counts}"


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
