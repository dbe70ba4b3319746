"""ReLaX-Net against its equation, its special cases, and the sum of a bank's visits."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from photonics_sim import LayerSchedule, PhotonicsError, ReLaXNet
from photonics_sim.device import normal
from photonics_sim.testing import assert_close, assert_gradient


def net(**options: Any) -> ReLaXNet:
    sizes: dict[str, Any] = {"weight_sets": 2, "layers": 5, "seed": 3}
    return ReLaXNet(4, 6, 3, **(sizes | options)).double()


def by_hand(network: ReLaXNet, x: Tensor, f: Any = torch.tanh) -> Tensor:
    """The equation, one layer at a time."""
    state = dict(network.named_parameters())
    u = x @ state["input.weight"].T
    h = u if network.inject == "once" else torch.zeros_like(u)
    for k in network.schedule.banks:
        z = h @ state["banks.weight"][k].T + state["banks.bias"][k]
        h = network.residual * h + f(z if network.inject == "once" else z + u)
    return h @ state["readout.weight"].T + state["readout.bias"]


@pytest.mark.parametrize("inject", ["once", "every"])
@pytest.mark.parametrize("residual", [1.0, 0.0, 0.5])
def test_it_is_the_published_equation(inject: str, residual: float) -> None:
    network = net(inject=inject, residual=residual, schedule=LayerSchedule(2, 5, "palindrome"))
    x = normal(1, 7, 4)
    assert_close(network(x), by_hand(network, x))
    assert network(x.reshape(7, 1, 4)).shape == (7, 1, 3)


@pytest.mark.parametrize(("name", "f"), [("relu", torch.relu), ("saturating", lambda z: z.relu() / (1 + z.relu()))])
def test_nonlinearities(name: str, f: Any) -> None:
    network = net(nonlinearity=name)
    x = normal(1, 7, 4)
    assert_close(network(x), by_hand(network, x, f))


def test_one_bank_is_a_recurrent_net() -> None:
    """alpha = 0, one bank, input in every layer: torch's RNN on a sequence that stands still."""
    network = net(weight_sets=1, layers=6, inject="every", residual=0.0)
    rnn = torch.nn.RNN(4, 6, batch_first=True, bias=True).double()
    with torch.no_grad():
        rnn.weight_ih_l0.copy_(network.input.weight)
        rnn.weight_hh_l0.copy_(network.banks.weight[0])
        rnn.bias_hh_l0.copy_(network.banks.bias[0])
        rnn.bias_ih_l0.zero_()
    x = normal(1, 7, 4)
    hidden = rnn(x[:, None].expand(7, 6, 4))[1][0]
    assert_close(network(x), network.readout(hidden))


def test_as_many_banks_as_layers_is_an_untied_residual_net() -> None:
    network = net(weight_sets=4, layers=4)
    linears = [torch.nn.Linear(6, 6).double() for _ in range(4)]
    with torch.no_grad():
        for k, linear in enumerate(linears):
            linear.weight.copy_(network.banks.weight[k])
            linear.bias.copy_(network.banks.bias[k])
    x = normal(1, 7, 4)
    h = network.input(x)
    for linear in linears:
        h = h + torch.tanh(linear(h))
    assert_close(network(x), network.readout(h))


def test_a_banks_gradient_is_the_sum_over_its_visits() -> None:
    network = net(weight_sets=2, layers=6)
    untied = net(weight_sets=6, layers=6)
    with torch.no_grad():
        for layer, k in enumerate(network.schedule.banks):
            untied.banks.weight[layer] = network.banks.weight[k]
            untied.banks.bias[layer] = network.banks.bias[k] = 0.1 * (k + 1)
        untied.input.load_state_dict(network.input.state_dict())
        untied.readout.load_state_dict(network.readout.state_dict())
    x = normal(1, 7, 4)
    shared, apart = (
        torch.autograd.grad(n(x).square().sum(), [n.banks.weight, n.banks.bias]) for n in (network, untied)
    )
    for tied, free in zip(shared, apart, strict=True):
        assert_close(tied, torch.stack([free[0::2].sum(0), free[1::2].sum(0)]))


def test_gradients_against_finite_differences() -> None:
    network = net(inject="every")
    names = [name for name, _ in network.named_parameters()]

    def run(x: Tensor, *values: Tensor) -> Tensor:
        return torch.func.functional_call(network, dict(zip(names, values, strict=True)), (x,))

    assert_gradient(run, normal(1, 2, 4), *network.parameters())


def test_replicas_are_the_networks_of_their_seeds() -> None:
    together = net(replicas=3, seed=10)
    x = normal(1, 7, 4)
    assert together(x).shape == (3, 7, 3)
    for r in range(3):
        assert_close(together(x)[r], net(seed=10 + r)(x))
    assert together.bank_parameter_count == net().bank_parameter_count


@pytest.mark.parametrize("layers", [5, 16, 17])
def test_checkpoints_change_no_number(layers: int) -> None:
    x = normal(1, 7, 4)
    gradients = []
    for checkpoints in (False, True):
        network = net(layers=layers, checkpoints=checkpoints)
        gradients.append(torch.autograd.grad(network(x).square().sum(), list(network.parameters())))
    for plain, again in zip(*gradients, strict=True):
        assert_close(again, plain, "equal")


def test_parameters_are_counted_apart() -> None:
    network = ReLaXNet(3072, 64, 10, weight_sets=8, layers=16)
    assert network.bank_parameter_count == 33_280
    assert network.projection_parameter_count == 64 * 3072 + 10 * 64 + 10
    assert set(dict(network.named_parameters())) == {
        "banks.weight", "banks.bias", "input.weight", "readout.weight", "readout.bias",
    }  # fmt: skip
    assert network.banks.weight.shape == (8, 64, 64)
    assert network.banks.bias.shape == (8, 64)
    deeper = ReLaXNet(3072, 64, 10, weight_sets=8, layers=64)
    assert deeper.bank_parameter_count == network.bank_parameter_count


def test_refusals() -> None:
    for options, words in (
        ({"weight_sets": 6}, "weight_sets = 6, layers = 5"),
        ({"nonlinearity": "tan"}, "tanh"),
        ({"inject": "twice"}, "once"),
        ({"schedule": LayerSchedule(2, 4)}, "2 banks and 4 layers"),
        ({"bank": net(weight_sets=3).banks}, "3 banks of width 6"),
        ({"bank": net().banks, "replicas": 3}, "not of as many networks"),
        ({"replicas": 0}, "replicas = 0"),
        ({"residual": float("nan")}, "residual = nan"),
    ):
        with pytest.raises(PhotonicsError, match=words):
            net(**options)
    with pytest.raises(PhotonicsError, match=r"\(\*batch, 4\)"):
        net()(normal(1, 7, 5))
