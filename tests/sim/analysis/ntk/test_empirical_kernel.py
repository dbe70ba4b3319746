"""The empirical kernel: by hand, by three ways that agree, and refused where there is none."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from photonics_sim import PhotonicsError, load_device
from photonics_sim.analysis.ntk import empirical
from photonics_sim.analysis.ntk._jacobian import fastest_way
from photonics_sim.analysis.ntk._linear_layers import MOST_USES, structured_layers
from photonics_sim.analysis.ntk._subject import Subject
from photonics_sim.device import normal
from photonics_sim.networks import MLP, NestedNet, ProductNet, SkipNet
from photonics_sim.testing import assert_close

X, Y = normal(7, 9, 4), normal(8, 5, 4)


class Tied(nn.Module):
    """One weight in two layers, one layer at several uses, a weight that lives beside its layer, an own parameter."""

    def __init__(self, uses: int = 3) -> None:
        super().__init__()
        self.first, self.again, self.loop = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
        self.again.weight = self.first.weight
        self.beside, self.last = nn.Linear(4, 3), nn.Linear(4, 3, bias=False)
        self.gain = nn.Parameter(torch.tensor(0.7))
        self.uses = uses

    def forward(self, x: Tensor) -> Tensor:
        h = self.again(self.first(x).tanh())
        for _ in range(self.uses):
            h = functional.relu_(self.loop(h) + 0.3) + x
        return self.beside(h) * self.gain + functional.linear(h, self.beside.weight).square() + self.last(h)


class Tokens(nn.Module):
    """A layer that takes several rows per sample, and a convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.each, self.filter, self.last = nn.Linear(2, 3), nn.Conv1d(3, 2, 2), nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.filter(self.each(x.reshape(-1, 2, 2)).mT).flatten(1).tanh())


def half_frozen() -> nn.Module:
    net = nn.Sequential(nn.Linear(4, 5), nn.ReLU(inplace=True), nn.Linear(5, 2), nn.BatchNorm1d(2)).eval()
    net[0].bias.requires_grad_(False)
    net[2].weight.requires_grad_(False)
    return net


def company() -> nn.Module:
    """Batches are centred, by other means than a batch norm."""

    class Centred(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(4, 3), nn.Linear(3, 2)

        def forward(self, x: Tensor) -> Tensor:
            h = self.first(x).sin()
            return self.last(h - 0.5 * h.mean(0))

    return Centred()


class Sorting(nn.Module):
    """Samples go through a layer in the order of their first number."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 3), nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        order = x[:, 0].argsort()
        return self.last(self.first(x[order])[order.argsort()].sin())


class Choosing(nn.Module):
    """Samples whose first number is negative pass the layer by."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        taken = x[:, 0] > 0
        return x.index_put((taken,), self.layer(x[taken]))


NETS: dict[str, tuple[Any, set[str]]] = {
    "product": (lambda: ProductNet(4, 3, degree=3, width=8), {"factors.0", "factors.1", "factors.2", "readout"}),
    "skip": (lambda: SkipNet(4, 1, degree=2, width=8), {"factors.0", "factors.1", "readout"}),
    "nested": (lambda: NestedNet(4, 2, degree=2, width=8), {"factors.0", "factors.1", "mixing.0", "readout"}),
    "layers": (
        lambda: MLP(4, 2, depth=2, width=8, bias=1.0, parametrisation="standard"),
        {"layers.0", "layers.1", "readout"},
    ),
    "tied": (Tied, {"loop", "last"}),
    "often": (lambda: Tied(MOST_USES + 1), {"last"}),
    "tokens": (Tokens, {"last"}),
    "half frozen": (half_frozen, {"0", "2"}),
    "company": (company, set()),
    "sorting": (Sorting, {"last"}),
}


def made(name: str) -> nn.Module:
    torch.manual_seed(3)
    net: nn.Module = NETS[name][0]().double()
    return net


CASES = [(name, outputs, y) for name in ("nested", "tied") for outputs in ("mean", "each", "all") for y in (None, Y)]
CASES += [(name, outputs, y) for name in NETS for outputs, y in (("all", None), ("mean", Y))]


@pytest.mark.parametrize(("name", "outputs", "y"), CASES)
def test_structure_and_jacobians_give_one_kernel(name: str, outputs: Any, y: Tensor | None) -> None:
    net = made(name)
    expected = empirical(net, X, y, outputs=outputs, way="loop")
    assert_close(empirical(net, X, y, outputs=outputs), expected)
    assert_close(empirical(net, X, y, outputs=outputs, way="transforms"), expected)


@pytest.mark.parametrize("name", NETS)
def test_only_what_outer_products_describe_is_taken_so(name: str) -> None:
    net = made(name)
    assert set(structured_layers(Subject.of(net, X), X)) == NETS[name][1]


def test_a_linear_function_by_hand() -> None:
    net = nn.Linear(4, 3).double()
    inner = X @ Y.T + 1
    assert_close(empirical(net, X, Y), inner)
    assert_close(empirical(net, X, Y, outputs="each"), inner.expand(3, -1, -1))
    assert_close(empirical(net, X, Y, outputs="all"), inner[..., None, None] * torch.eye(3, dtype=torch.float64))


def test_pairs_of_outputs_hold_the_others() -> None:
    net = made("tied")
    pairs, each = empirical(net, X, Y, outputs="all"), empirical(net, X, Y, outputs="each")
    assert pairs.shape == (9, 5, 3, 3)
    assert_close(pairs.diagonal(dim1=2, dim2=3).permute(2, 0, 1), each)
    assert_close(each.mean(0), empirical(net, X, Y))
    assert_close(empirical(net, Y, X, outputs="all"), pairs.transpose(0, 1).transpose(2, 3))


@pytest.mark.parametrize("outputs", ["mean", "each", "all"])
@pytest.mark.parametrize("y", [None, Y], ids=["symmetric", "two sets"])
def test_little_memory_gives_the_same(outputs: Any, y: Tensor | None) -> None:
    net, seen = made("nested"), []
    least = 2 * (2 if outputs == "all" else 1) * 8 * (16 + 8 + 8 + 8 + 2 + 24) / 1e6  # two samples' slopes
    expected = empirical(net, X, y, outputs=outputs)
    for memory in (least, 2 * least, 6 * least):
        found = empirical(
            net, X, y, outputs=outputs, memory_mb=memory, progress=lambda done, total: seen.append((done, total))
        )
        assert_close(found, expected)
        done, total = seen[-1]
        assert done == total >= (9 if y is None else 14) * 2
    assert total < 9 * 14 * 2, "more memory means fewer passes"
    with pytest.raises(PhotonicsError, match="give at least that"):
        empirical(net, X, y, outputs=outputs, memory_mb=least / 3)


def test_single_precision_is_summed_in_double() -> None:
    net = made("product").float()
    found = empirical(net, X.float())
    assert found.dtype == torch.float64
    assert_close(found.float(), empirical(made("product"), X).float())
    assert torch.equal(found, found.T)
    x = X[:1].float().repeat(6, 1)  # rank one, to the rounding of float64
    values = torch.linalg.eigvalsh(empirical(net, x))
    assert float(values[:-1].abs().max()) < 1e-14 * float(values[-1])


def test_kernel_of_a_device() -> None:
    device = load_device("mzi-thermo-optic", inputs=3, outputs=2).double()
    x = normal(3, 4, 3)
    found = empirical(device, x)
    assert_close(empirical(device, x, way="transforms"), found, "law")
    assert_close(empirical(device, x[:2], x[2:]), found[:2, 2:])
    assert_close(empirical(device.as_built(1), x), empirical(device.as_built(1), x, way="transforms"), "law")
    with pytest.raises(PhotonicsError, match=r"an ensemble of 2 chips.*as_built\(seed\) without chips"):
        empirical(device.as_built(1, chips=2), x)


@pytest.mark.parametrize(
    ("card", "way"), [("mzi-thermo-optic", "loop"), ("time-multiplexed-electro-optic", "transforms")]
)
def test_backward_passes_written_by_hand_are_kept(card: str, way: str) -> None:
    device = load_device(card, inputs=3)
    x = normal(3, 2, 3).float()
    assert fastest_way(Subject.of(device, x), x) == way


class Chance(nn.Module):
    """Dropout without a module of its own, as attention has it."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(x, 0.5)


def hidden(layer: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(4, 3), layer)


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (hidden(nn.BatchNorm1d(3)), r"1 normalises each sample by its neighbours.*call model.eval\(\)"),
        (hidden(nn.BatchNorm1d(3, track_running_stats=False)).eval(), "use one that tracks running statistics"),
        (hidden(nn.Dropout(0.5)), r"drops numbers at random.*call model.eval\(\)"),
        (nn.ReLU(), "no trained parameters"),
        (nn.Linear(4, 2, dtype=torch.complex128), "weight is complex"),
        (hidden(Chance()), "two passes of one sample through Sequential differ"),
        (hidden(nn.Flatten(0)), r"gives \(3,\) for one sample; expected \(1, outputs\)"),
    ],
)
def test_networks_without_a_kernel(net: nn.Module, words: str) -> None:
    with pytest.raises(PhotonicsError, match=words):
        empirical(net.double() if "complex" not in words else net, X)


def test_mistakes() -> None:
    net = made("product")
    with pytest.raises(PhotonicsError, match="did you mean mean"):
        empirical(net, X, outputs="men")  # type: ignore[arg-type]
    with pytest.raises(PhotonicsError, match="choose auto, transforms, loop"):
        empirical(net, X, way="jacobian")  # type: ignore[arg-type]
    with pytest.raises(PhotonicsError, match=r"y\[2, 1\] is nan"):
        empirical(net, X, torch.where(torch.arange(20).reshape(5, 4) == 9, torch.nan, Y))
    with pytest.raises(PhotonicsError, match=r"x has shape \(0, 4\)"):
        empirical(net, X[:0])
    with pytest.raises(PhotonicsError, match=r"samples of x are \(4,\) and those of y \(3,\)"):
        empirical(net, X, Y[:, :3])
    for memory in (0.0, math.nan, math.inf):
        with pytest.raises(PhotonicsError, match="memory_mb = "):
            empirical(net, X, memory_mb=memory)
    with pytest.raises(PhotonicsError, match=r"entries of 81 that are not finite.*Scale the samples"):
        empirical(net, 1e200 * X)


def test_networks_that_transforms_cannot_follow() -> None:
    class Branching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain = nn.Parameter(torch.tensor(2.0, dtype=torch.float64))

        def forward(self, x: Tensor) -> Tensor:
            return self.gain**2 * x if float(x.detach().sum()) > 0 else self.gain * x

    x = torch.tensor([[1.0], [-3.0]], dtype=torch.float64)
    with pytest.raises(PhotonicsError, match=r'does not pass torch.func.*ask for way="loop"'):
        empirical(Branching(), x)
    slopes = torch.tensor([4.0, -3.0], dtype=torch.float64)
    assert_close(empirical(Branching(), x, way="loop"), torch.outer(slopes, slopes))


def test_a_layer_that_some_samples_pass_by() -> None:
    """The first ones, on which structure is tried, do not tell."""
    x = torch.cat([X.abs(), -X.abs()])
    net = Choosing().double()
    expected = X.abs() @ X.abs().T + 1
    assert_close(empirical(net, x, way="loop"), torch.block_diag(expected, torch.zeros_like(expected)))
    with pytest.raises(PhotonicsError, match=r'layer takes some samples and not others.*ask for way="loop"'):
        empirical(net, x)
