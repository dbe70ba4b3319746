"""Networks with Hadamard products: what they compute, of which degree, and how they start."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from photonics_sim import PhotonicsError
from photonics_sim.networks import MLP, Branch, NestedNet, ProductNet, SkipNet
from photonics_sim.testing import assert_close

HADAMARD = (ProductNet, SkipNet, NestedNet)
BENT = (0.3, -0.5, 0.25)
X = torch.linspace(-1.5, 1.5, 15, dtype=torch.float64).reshape(5, 3)


def weights(layers: nn.ModuleList) -> list[Tensor]:
    return [layer.weight for layer in layers]  # type: ignore[misc]


def phi(name: object, z: Tensor) -> Tensor:
    return z.relu() if name == "relu" else z if name == "identity" else 0.3 - 0.5 * z + 0.25 * z**2


@pytest.mark.parametrize("branch", ["identity", "relu", BENT])
@pytest.mark.parametrize("bias", [0.0, 0.7])
def test_a_product_is_its_formula(branch: Any, bias: float) -> None:
    net = ProductNet(3, 2, degree=3, width=8, branch=branch, bias=bias, scale=2.0).double()
    x = torch.cat([X, torch.full((5, 1), bias, dtype=torch.float64)], -1) if bias else X
    a, b, c = (phi(branch, x @ w.T) for w in weights(net.factors))
    assert_close(net(X), (a * b * c) @ net.readout.weight.T * math.sqrt(2 / 8))


@pytest.mark.parametrize("branch", ["identity", "relu", BENT])
def test_a_skip_network_keeps_what_was_before_each_product(branch: Any) -> None:
    net = SkipNet(3, degree=3, width=8, branch=branch).double()
    a, b, c = (phi(branch, X @ w.T) for w in weights(net.factors))
    assert_close(net(X), (a * (1 + b) * (1 + c)) @ net.readout.weight.T / math.sqrt(8))


@pytest.mark.parametrize("branch", ["identity", "relu", BENT])
def test_a_nested_network_is_its_recursion(branch: Any) -> None:
    net = NestedNet(3, degree=3, width=8, branch=branch, injection=(1.0, 0.0, 0.5)).double()
    a, b, c = (phi(branch, X @ w.T) for w in weights(net.factors))
    s2, s3 = (w / math.sqrt(8) for w in weights(net.mixing))
    y = c * ((b * ((a * net.entering[0]) @ s2.T)) @ s3.T + 0.5 * net.entering[2])
    assert_close(net(X), y @ net.readout.weight.T / math.sqrt(8))


@pytest.mark.parametrize("branch", ["relu", BENT])
def test_layers_stand_one_behind_the_other(branch: Any) -> None:
    net = MLP(3, depth=2, width=8, branch=branch).double()
    first, second = weights(net.layers)
    h = phi(branch, phi(branch, X @ first.T) @ second.T / math.sqrt(8))
    assert_close(net(X), h @ net.readout.weight.T / math.sqrt(8))


@pytest.mark.parametrize(
    ("net", "degree"),
    [(kind(3, degree=n, width=4, branch="identity", bias=0.5), n) for kind in HADAMARD for n in (1, 2, 4)]
    + [(kind(3, degree=2, width=4, branch=BENT), 4) for kind in HADAMARD]
    + [(MLP(3, depth=2, width=4, branch=BENT), 4)],
)
def test_the_degree_is_that_of_the_polynomial_along_a_line(net: nn.Module, degree: int) -> None:
    """Differences of one order more vanish, those of the degree itself do not."""
    line = torch.arange(degree + 2.0, dtype=torch.float64)[:, None] * torch.tensor([[1.0, -0.5, 0.25]]).double() - 1
    values = net.double()(line).flatten().detach()
    scale = float(values.abs().max())
    assert float(values.diff(n=degree + 1).abs().max()) < 1e-12 * 2**degree * scale
    assert float(values.diff(n=degree).abs().min()) > 1e-4 * scale


@pytest.mark.parametrize("kind", HADAMARD)
def test_standard_layers_are_torchs_own(kind: Any) -> None:
    net = kind(3, 2, degree=2, width=400, parametrisation="standard", bias=1.0)
    layers = [module for module in net.modules() if isinstance(module, nn.Linear)]
    for layer in layers:
        reach = 1 / math.sqrt(layer.in_features)
        assert layer.bias is not None
        assert float(layer.weight.detach().abs().max()) <= reach
        assert float(layer.weight.detach().std()) == pytest.approx(reach / math.sqrt(3), rel=0.1)
    assert net.readout.bias is not None
    assert kind(3, degree=2, parametrisation="standard").readout.bias is None


@pytest.mark.parametrize("kind", HADAMARD)
def test_wide_networks_keep_their_size(kind: Any) -> None:
    """In the parametrisation of tangent kernels outputs neither grow nor shrink with the width."""
    sizes = []
    for width in (32, 256):
        outputs = torch.stack([kind(3, degree=2, width=width, seed=seed)(X.float()) for seed in range(60)])
        sizes.append(float(outputs.detach().square().mean().sqrt()))
    assert sizes[0] == pytest.approx(sizes[1], rel=0.35)


@pytest.mark.parametrize("kind", HADAMARD)
def test_a_seed_is_a_network_whatever_was_drawn_before(kind: Any) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = kind(3, degree=2, width=8, seed=4)
    assert torch.equal(torch.get_rng_state(), before), "torch's own random state is left alone"
    torch.rand(5)
    other = kind(3, degree=2, width=8, seed=4)
    assert_close(one(X.float()), other(X.float()))
    assert not torch.equal(one(X.float()), kind(3, degree=2, width=8, seed=5)(X.float()))


@pytest.mark.parametrize("kind", HADAMARD)
def test_a_batch_is_its_samples(kind: Any) -> None:
    net = kind(3, 2, degree=3, width=8, bias=0.5).double()
    assert_close(net(X.reshape(5, 1, 3)).reshape(5, 2), torch.stack([net(x) for x in X]))


@pytest.mark.parametrize("kind", HADAMARD)
def test_gradients_are_right(kind: Any) -> None:
    net = kind(3, degree=3, width=4, branch=BENT, bias=0.5).double()
    x = X.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda *_: net(x), (x, *net.parameters()))


def test_branches_have_names() -> None:
    assert Branch.of("identity") == Branch.of((0, 1)) == Branch.of((0, 1, 0))
    assert Branch.of("identity").degree == 1
    assert Branch.of("relu").degree is None
    assert Branch.of(BENT).degree == 2
    assert Branch.of(Branch.of(BENT)).name == str(BENT)
    assert "width=8, branch=identity, ntk, bias=0.5, scale=2" in repr(
        ProductNet(3, degree=2, width=8, branch="identity", bias=0.5, scale=2)
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"degree": 0}, "degree = 0: give a whole number of at least 1; degree 0 is a constant"),
        ({"degree": 2.5}, "degree = 2.5: give a whole number"),
        ({"width": 0}, "width = 0"),
        ({"branch": "rellu"}, "no branch 'rellu'; did you mean relu"),
        ({"branch": (2.0,)}, "is a constant"),
        ({"branch": (0.0, float("nan"))}, "must be finite"),
        ({"parametrisation": "ntx"}, "no parametrisation 'ntx'"),
        ({"bias": float("inf")}, "bias = inf must be finite"),
        ({"scale": 0.0}, "scale = 0 must be a positive number"),
        ({"scale": 2.0, "parametrisation": "standard"}, "leave it out"),
        ({"injection": (1.0, 1.0)}, "injection has 2 numbers for degree 3; give one, or 3"),
        ({"injection": 0.0}, "the first of which is not 0"),
    ],
)
def test_what_makes_no_network_is_refused(options: dict[str, Any], said: str) -> None:
    kind = NestedNet if "injection" in options else ProductNet
    with pytest.raises(PhotonicsError, match=re.escape(said)):
        kind(3, **{"degree": 3, "width": 4, **options})


def test_inputs_of_another_width_are_refused() -> None:
    with pytest.raises(PhotonicsError, match=r"ProductNet takes inputs \(\*batch, 3\); found \(5, 4\)"):
        ProductNet(3, degree=2, width=4)(torch.zeros(5, 4))


def test_inputs_of_another_number_type_are_refused() -> None:
    with pytest.raises(
        PhotonicsError, match=r"inputs are torch.float64, ProductNet computes in torch.float32.*x.float"
    ):
        ProductNet(3, degree=2, width=4)(torch.zeros(5, 3, dtype=torch.float64))


def test_injections_may_come_as_tensors() -> None:
    for given in (0.5, torch.tensor(0.5), torch.tensor([0.5, 0.5])):
        assert NestedNet(3, degree=2, width=4, injection=given).injection == (0.5, 0.5)
