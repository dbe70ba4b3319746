"""The laws that every device obeys, and the suite that puts one through them.

A device's test file writes one method and gets every test::

    class TestMyDevice(DeviceConformance):
        def build(self) -> Device:
            return load_device("my-card", inputs=6)
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call, jacfwd, jacrev, jvp, vmap

from photonics_sim.device import Card, Device, Metered, Responds, build_device, normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.testing._laws import assert_close, assert_metered_passive
from photonics_sim.testing._tolerances import tolerance

Build = Callable[[], Device]


def sample_inputs(device: Device, *batch: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Fixed standard normal inputs `(*batch, in_features)` for a device."""
    return normal(2509, *batch, device.in_features).to(dtype)


def _double(build: Build) -> Device:
    return build().double()


def shapes(build: Build) -> None:
    """shapes: any batch in, the same batch out, also as built and as an ensemble"""
    device = _double(build)
    for batch in ((), (1,), (3,), (2, 3)):
        x = sample_inputs(device, *batch)
        assert device(x).shape == (*batch, device.out_features)
        assert not device(x).is_complex()
        assert device.as_built(1)(x).shape == (*batch, device.out_features)
        assert device.as_built(1, chips=2)(x).shape == (2, *batch, device.out_features)


def batch_independence(build: Build) -> None:
    """batch independence: a sample's output does not depend on its neighbours"""
    device = _double(build)
    x = sample_inputs(device, 4)
    alone = torch.stack([device(row) for row in x])
    assert_close(device(x), alone, "rounding", "outputs alone and in a batch")


def determinism(build: Build) -> None:
    """determinism: the same input, key and seed give the same output; a pass changes nothing"""
    device = _double(build)
    x = sample_inputs(device, 3)
    before = copy.deepcopy(device.state_dict())
    assert torch.equal(device(x), device(x))
    assert torch.equal(device(x, key=5), device(x, key=5))
    assert torch.equal(device.as_built(3)(x), device.as_built(3)(x))
    assert all(torch.equal(value, before[name]) for name, value in device.state_dict().items())


def precision(build: Build) -> None:
    """precision: single precision agrees with double precision"""
    device = build().double()
    single = copy.deepcopy(device).float()
    x = sample_inputs(device, 3)
    found = single(x.float())
    assert found.dtype == torch.float32
    assert_close(found, device(x).float(), "law", "outputs in single and double precision")


def gradients(build: Build) -> None:
    """gradients: of the input and of every parameter, against finite differences"""
    device = _double(build)
    x = sample_inputs(device, 2).requires_grad_()
    trained = {name: p for name, p in device.named_parameters() if p.requires_grad}

    def run(value: Tensor, *weights: Tensor) -> Tensor:
        out: Tensor = functional_call(device, dict(zip(trained, weights, strict=True)), (value,))
        return out

    torch.autograd.gradcheck(run, (x, *trained.values()), rtol=1e-4, atol=1e-6, fast_mode=True)
    for name, gradient in zip(trained, torch.autograd.grad(device(x).sum(), list(trained.values())), strict=True):
        assert torch.isfinite(gradient).all(), f"gradient of {name} is not finite"


def transforms(build: Build) -> None:
    """function transforms: jacrev, jacfwd, nested jvp, vmap and double backward agree"""
    device = _double(build)
    x = sample_inputs(device)
    v = sample_inputs(device, 2)[1]

    def f(value: Tensor) -> Tensor:
        out: Tensor = device(value)
        return out

    jacobian = jacrev(f)(x)
    outputs = f(x)
    _assert_derivative(jacfwd(f)(x), jacobian, outputs, "law", "forward and reverse jacobian")
    batch = sample_inputs(device, 3)
    assert_close(vmap(f)(batch), f(batch), "law", "vmap and a batch")
    chip = device.as_built(1)
    assert_close(vmap(chip)(batch), chip(batch), "law", "vmap and a batch, as built")

    def slope(value: Tensor) -> Tensor:
        out: Tensor = jvp(f, (value,), (v,))[1]
        return out

    curvature = jvp(slope, (x,), (v,))[1]
    step = 1e-3
    difference = (f(x + step * v) - 2 * f(x) + f(x - step * v)) / step**2
    _assert_derivative(curvature, difference, outputs, "second", "nested jvp and second difference")
    leaf = x.clone().requires_grad_()
    (first,) = torch.autograd.grad(f(leaf).sum(), leaf, create_graph=True)
    (second,) = torch.autograd.grad((first * v).sum(), leaf)
    terms = torch.cat([second * v, -curvature])  # both sum to v^T H v: together to nothing
    parts = torch.cat([terms, outputs])
    _assert_derivative(terms.sum()[None], torch.zeros(1).to(terms), parts, "law", "double backward and nested jvp")


def _assert_derivative(found: Tensor, expected: Tensor, outputs: Tensor, kind: str, what: str) -> None:
    """As `assert_close`, but rounding of the outputs is no error: a derivative may be zero."""
    size = max(float(expected.detach().abs().max()), float(outputs.detach().abs().max()))
    error, limit = float((found - expected).detach().abs().max()), tolerance(kind, found.dtype)
    assert error <= limit * size, f"{what} differ by {error:.2g}; {kind} in {found.dtype} allows {limit * size:.1g}"


def state_round_trip(build: Build) -> None:
    """state_dict: a device that takes over the settings gives the same outputs"""
    device, other = _double(build), _double(build)
    with torch.no_grad():
        for parameter in device.parameters():
            parameter.add_(0.01)
    other.load_state_dict(device.state_dict())
    x = sample_inputs(device, 3)
    assert torch.equal(device(x), other(x))


def passivity(build: Build) -> None:
    """passivity: where power is metered, no more comes out than goes in, ideal and as built"""
    device = _double(build)
    if isinstance(device, Metered):
        for instance in (device, device.ideal(), device.as_built(1)):
            assert_metered_passive(instance, sample_inputs(device, 5))


def response(build: Build) -> None:
    """response: where a device tells what it combines, it is finite, and as periodic as it says"""
    device = _double(build)
    if not isinstance(device, Responds):
        return
    x = sample_inputs(device, 3)
    found = device.response(x)
    assert found.shape[:-1] == (3,)
    assert torch.isfinite(found.abs()).all()
    if device.period is not None:
        for k in range(device.in_features):
            shift = torch.zeros_like(x)
            shift[:, k] = device.period
            assert_close(device.response(x + shift), found, "law", f"responses a period of input {k} apart")


def as_built(build: Build) -> None:
    """as built: a seed is a chip; the ideal device and the nominal settings stay what they are"""
    device = _double(build)
    x = sample_inputs(device, 3)
    before = device(x)
    chips = device.as_built(7, chips=3)(x)
    assert torch.isfinite(chips).all()
    assert torch.equal(device(x), before), "as_built has changed the nominal device"
    assert torch.equal(device.ideal()(x), device.ideal().ideal()(x))


def costs(build: Build) -> None:
    """costs: seconds and joules of a pass are positive and finite"""
    found = build().costs()
    assert 0 < found.total_latency_s < float("inf")
    assert 0 < found.total_energy_j < float("inf")
    assert found.optical_loss_db >= 0


def refusals(build: Build) -> None:
    """refusals: inputs of another width or that are not finite are refused in words"""
    device = _double(build)
    x = sample_inputs(device, 2)
    for bad in (x[..., :-1], x / 0):
        try:
            device(bad)
        except PhotonicsError:
            continue
        raise AssertionError(f"inputs {tuple(bad.shape)}, finite: {bool(torch.isfinite(bad).all())}, were taken")


def place(build: Build) -> None:
    """place: the device moves with .to() and computes there as on the CPU"""
    device = _double(build)
    x = sample_inputs(device, 2)
    expected = device(x)
    assert_close(device.to("cpu")(x), expected, "equal")
    if torch.cuda.is_available():
        assert_close(device.to("cuda")(x.cuda()).cpu(), expected, "law", "outputs on GPU and CPU")


_CHECKS: tuple[Callable[[Build], None], ...] = (
    shapes, batch_independence, determinism, precision, gradients, transforms, state_round_trip, passivity, response,
    as_built, costs, refusals, place,
)  # fmt: skip

LAWS = {check.__name__: (check.__doc__ or "").strip() for check in _CHECKS}


class DeviceConformance(ABC):
    """The conformance suite as pytest tests: derive, name the class `Test...` and write `build`.

    Keep the device small (some ten inputs): gradients are checked one by one.
    """

    @abstractmethod
    def build(self) -> Device:
        """A fresh device, the same at every call."""


def _as_test(check: Callable[[Build], None]) -> Callable[[Any], None]:
    def test(self: Any) -> None:
        check(self.build)

    test.__doc__ = check.__doc__
    return test


for _check in _CHECKS:
    setattr(DeviceConformance, f"test_{_check.__name__}", _as_test(_check))


def check_card(card: Card, *, size: int = 6) -> dict[str, str | None]:
    """Put the device of a card through every law, at a small size.

    Args:
        card: Any card; inputs are cut to `size` and outputs to 3, numerical settings to their exact values, other
            sizes to those that the schema calls small.

    Returns:
        For each law None, or what broke it.
    """
    values = card.model_dump()
    small = card.override(
        {
            **card.exact_values(),
            **card.small,
            card.input_field: min(size, values[card.input_field]),
            card.output_field: min(3, values[card.output_field]),
        }
    )
    results: dict[str, str | None] = {}
    for check in _CHECKS:
        try:
            check(lambda: build_device(small, seed=1))
            results[check.__name__] = None
        except Exception as problem:  # whatever a law meets is its finding
            results[check.__name__] = f"{type(problem).__name__}: {problem}".splitlines()[0]
    return results
