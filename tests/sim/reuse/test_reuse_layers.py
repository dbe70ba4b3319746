"""The hand-written pass through the layers, against plain operations and against the laws of derivatives."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import functional_call, jacfwd, jacrev, jvp, vmap

from photonics_sim import PhotonicsError, ReLaXNet
from photonics_sim.device import normal
from photonics_sim.reuse import NONLINEARITIES
from photonics_sim.testing import assert_close, assert_gradient


def net(**options: Any) -> ReLaXNet:
    sizes: dict[str, Any] = {"weight_sets": 2, "layers": 5, "seed": 3}
    return ReLaXNet(4, 6, 3, **(sizes | options)).double()


def inputs(network: ReLaXNet, *batch: int) -> Tensor:
    pieces = (network.schedule.layers,) if network.inject == "sequence" else ()
    return normal(1, *batch, *pieces, 4)


def plain(network: ReLaXNet, x: Tensor) -> Tensor:
    """The equation by torch's own differentiation, one layer and one replica at a time."""
    state = dict(network.named_parameters())
    if network.input.weight.ndim == 3:
        alone = [plain(_replica(network, r), x) for r in range(len(network.input.weight))]
        return torch.stack(alone)
    driven = x @ state["input.weight"].T
    h = driven if network.inject == "once" else torch.zeros_like(x[..., 0, :1].expand(*x.shape[:-2], 6))
    if network.inject == "every":
        h = torch.zeros_like(driven)
    f = NONLINEARITIES[network.nonlinearity].plain
    for layer, k in enumerate(network.schedule.banks):
        z = h @ state["banks.weight"][k].T + state["banks.bias"][k]
        if network.inject == "every":
            z = z + driven
        if network.inject == "sequence":
            z = z + driven[..., layer, :]
        h = network.residual * h + f(z)
    return h @ state["readout.weight"].T + state["readout.bias"]


def _replica(network: ReLaXNet, r: int) -> Any:
    class One:
        input, readout, banks = network.input, network.readout, network.banks

        def named_parameters(self) -> Any:
            return [(name, p[r]) for name, p in network.named_parameters()]

    one = One()
    one.input = torch.nn.Linear(4, 6)  # two axes: one network
    for name in ("inject", "nonlinearity", "schedule", "residual"):
        setattr(one, name, getattr(network, name))
    return one


@pytest.mark.parametrize("checkpoints", [False, True])
@pytest.mark.parametrize("replicas", [None, 2])
@pytest.mark.parametrize("inject", ["once", "every", "sequence"])
@pytest.mark.parametrize(
    ("nonlinearity", "residual"), [("tanh", 1.0), ("relu", 0.7), ("saturating", -0.3), ("tanh", 0.0)]
)
def test_values_and_gradients_are_those_of_plain_operations(
    nonlinearity: str, residual: float, inject: str, replicas: int | None, checkpoints: bool
) -> None:
    network = net(
        layers=11, nonlinearity=nonlinearity, residual=residual, inject=inject, replicas=replicas,
        checkpoints=checkpoints,
    )  # fmt: skip
    x = inputs(network, 7).requires_grad_()
    assert_close(network(x), plain(network, x))
    watched = [x, *network.parameters()]
    found, expected = (torch.autograd.grad(y.square().sum(), watched) for y in (network(x), plain(network, x)))
    for ours, theirs in zip(found, expected, strict=True):
        assert_close(ours, theirs, "law")


@pytest.mark.parametrize("residual", [1.2, 2.0, -2.0])
@pytest.mark.parametrize("nonlinearity", ["tanh", "saturating"])
def test_states_that_grow_lose_no_gradient(nonlinearity: str, residual: float) -> None:
    """f(z) is far below the rounding of such states."""
    network = net(layers=64, nonlinearity=nonlinearity, residual=residual).float()
    x = normal(1, 5, 4).float()
    watched = list(network.parameters())
    found, expected = (torch.autograd.grad(y.sum(), watched) for y in (network(x), plain(network, x)))
    for ours, theirs in zip(found, expected, strict=True):
        assert_close(ours, theirs, "law")


@pytest.mark.parametrize("inject", ["once", "sequence"])
@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_gradients_against_finite_differences(nonlinearity: str, inject: str) -> None:
    network = net(nonlinearity=nonlinearity, inject=inject, residual=0.8, checkpoints=True)
    names = [name for name, _ in network.named_parameters()]

    def run(x: Tensor, *values: Tensor) -> Tensor:
        return functional_call(network, dict(zip(names, values, strict=True)), (x,))

    assert_gradient(run, inputs(network, 2), *network.parameters())


@pytest.mark.parametrize("nonlinearity", ["relu", "saturating"])
def test_dead_units_stay_dead_whatever_is_rounded(nonlinearity: str) -> None:
    """f(z) is told from two states; where alpha h is rounded, 0 must not become a little light."""
    network = net(nonlinearity=nonlinearity, residual=0.7, layers=40).float()
    with torch.no_grad():
        network.banks.bias.fill_(-1e3)
    gradients = torch.autograd.grad(network(normal(1, 50, 4).float()).sum(), [network.banks.weight, network.banks.bias])
    assert all(not gradient.any() for gradient in gradients)


def test_single_precision() -> None:
    network = net(layers=16)
    x = normal(1, 300, 4)
    wide = torch.autograd.grad(network(x).square().mean(), list(network.parameters()))
    narrow = torch.autograd.grad(network.float()(x.float()).square().mean(), list(network.parameters()))
    for single, double in zip(narrow, wide, strict=True):
        assert_close(single, double.float(), "law")


def test_function_transforms() -> None:
    network, x, v = net(), normal(1, 4), normal(2, 4)
    assert_close(jacfwd(network)(x), jacrev(network)(x))
    assert_close(vmap(network)(normal(3, 5, 4)), network(normal(3, 5, 4)))

    def slope(point: Tensor) -> Tensor:
        out: Tensor = jvp(network, (point,), (v,))[1]
        return out

    step = 1e-3
    difference = (network(x + step * v) - 2 * network(x) + network(x - step * v)) / step**2
    assert_close(jvp(slope, (x,), (v,))[1], difference, "second")


def test_second_derivatives_by_double_backward() -> None:
    network = net(checkpoints=True)
    x = normal(1, 2, 4).requires_grad_()
    assert torch.autograd.gradgradcheck(network, x)
    frozen = network.requires_grad_(False)
    assert torch.autograd.gradgradcheck(frozen, x)


def test_a_sequence_is_a_recurrent_net() -> None:
    """alpha = 0, one bank: torch's RNN on that sequence."""
    network = net(weight_sets=1, layers=6, inject="sequence", residual=0.0)
    rnn = torch.nn.RNN(4, 6, batch_first=True).double()
    with torch.no_grad():
        rnn.weight_ih_l0.copy_(network.input.weight)
        rnn.weight_hh_l0.copy_(network.banks.weight[0])
        rnn.bias_hh_l0.copy_(network.banks.bias[0])
        rnn.bias_ih_l0.zero_()
    x = normal(1, 7, 6, 4)
    assert_close(network(x), network.readout(rnn(x)[1][0]))
    with pytest.raises(PhotonicsError, match=r"\(\*batch, 6, 4\)"):
        network(normal(1, 7, 5, 4))


def test_the_output_may_be_changed_without_harm() -> None:
    """Nothing that a backward pass needs is handed out."""
    network = net()
    x = normal(1, 7, 4)
    expected = torch.autograd.grad(network(x).sum(), network.banks.weight)[0]
    y = network(x) * 1
    y.mul_(0).add_(1)
    assert_close(torch.autograd.grad(network(x).sum(), network.banks.weight)[0], expected, "equal")
