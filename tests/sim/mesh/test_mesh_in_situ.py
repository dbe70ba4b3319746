"""The gradient that a chip measures on itself is the gradient."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from photonics_sim import PhotonicsError
from photonics_sim.device import normal
from photonics_sim.mesh import TOPOLOGIES, Faults, Topology, in_situ_gradient, propagate, shifter_fields, topology
from photonics_sim.testing import assert_close, relative_error


def parts(mesh: Topology, lossy: bool) -> Faults:
    angle, phase = math.pi / 4 + 0.1 * normal(1, mesh.splitters), normal(2, mesh.shifters)
    if not lossy:
        return Faults(angle, phase)
    return Faults(angle, phase, *(normal(3, n).abs() for n in (mesh.shifters, mesh.splitters, mesh.modes)))


def by_autograd(mesh: Topology, faults: Faults, *batch: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Phases, source, adjoint and gradient of a loss that depends on powers and on amplitudes."""
    phases = (3 * normal(4, mesh.shifters)).requires_grad_()
    source = torch.complex(*normal(5, 2, *batch, mesh.modes))
    weight = normal(6, mesh.modes)
    y = propagate(mesh, phases, source, faults)
    y.retain_grad()
    ((y.abs() ** 4) * weight + y.real * weight).sum().backward()
    assert y.grad is not None
    assert phases.grad is not None
    return phases.detach(), source, y.grad, phases.grad


@pytest.mark.parametrize("lossy", [False, True])
@pytest.mark.parametrize("name", TOPOLOGIES)
def test_three_intensities_are_the_gradient(name: str, lossy: bool) -> None:
    mesh = topology(name, 8)
    faults = parts(mesh, lossy)
    for batch in ((), (3, 2)):
        phases, source, adjoint, gradient = by_autograd(mesh, faults, *batch)
        assert_close(in_situ_gradient(mesh, phases, source, adjoint, faults), gradient)
        if not lossy:
            assert_close(in_situ_gradient(mesh, phases, source, adjoint, faults, through_inputs=True), gradient)


def test_single_precision() -> None:
    mesh = topology("clements", 6)
    phases, source, adjoint, gradient = by_autograd(mesh, Faults(), 4)
    single = in_situ_gradient(mesh, phases.float(), source.to(torch.complex64), adjoint.to(torch.complex64))
    assert single.dtype == torch.float32
    assert_close(single, gradient.float())


def test_conjugate_light_through_a_lossy_chip_is_too_weak() -> None:
    """By the power transmission to each shifter where all paths lose alike; otherwise the gradient is biased."""
    mesh, loss = topology("butterfly", 8), 0.7
    even = Faults(splitter_loss_db=torch.full((mesh.splitters,), loss, dtype=torch.float64))
    phases, source, adjoint, gradient = by_autograd(mesh, even, 3)
    # phi of a cell lies behind two splitters of each column before, theta behind one more
    passed = 2 * torch.from_numpy(mesh.shifter_places[:, 0]).double()
    passed[torch.from_numpy(mesh.cell_shifters[:, 1])] += 1
    measured = in_situ_gradient(mesh, phases, source, adjoint, even, through_inputs=True)
    assert_close(measured, gradient * 10 ** (-loss * passed / 10))
    uneven = parts(mesh, True)
    phases, source, adjoint, gradient = by_autograd(mesh, uneven, 3)
    measured = in_situ_gradient(mesh, phases, source, adjoint, uneven, through_inputs=True)
    assert relative_error(measured, gradient) > 0.05


def test_noise_of_the_detectors() -> None:
    """The error follows the noise; a dim adjoint is sent brightly, so its size does not matter."""
    mesh = topology("clements", 8)
    phases, source, adjoint, gradient = by_autograd(mesh, Faults(), 20)

    def error(noise: float, scale: float = 1.0) -> float:
        found = in_situ_gradient(mesh, phases, source, scale * adjoint, noise=noise, seed=3) / scale
        return float((found - gradient).norm() / gradient.norm())

    assert error(1e-2) / error(1e-4) == pytest.approx(100, rel=1e-6)
    assert error(1e-2) == pytest.approx(error(1e-2, 1e-6), rel=1e-6)
    assert 1e-3 < error(1e-2) < 0.1


def test_a_source_or_an_adjoint_of_nothing() -> None:
    mesh = topology("clements", 4)
    some, nothing = torch.ones(4, dtype=torch.complex128), torch.zeros(4, dtype=torch.complex128)
    for source, adjoint in ((some, nothing), (nothing, some)):
        gradient = in_situ_gradient(mesh, normal(1, 16), source, adjoint)
        assert float(gradient.abs().max()) < 1e-15


def test_gradient_descent_on_the_chip_alone_finds_the_best_that_it_can() -> None:
    """One path leads from input 0 to output 3; with splitter errors a, b a cell crosses 1 - sin^2(a + b) at most."""
    mesh = topology("clements", 4)
    faults = parts(mesh, False)
    assert faults.angle is not None
    source = torch.eye(4, dtype=torch.complex128)[:1]
    phases = normal(9, mesh.shifters)
    for _ in range(100):
        adjoint = torch.zeros_like(source)
        adjoint[0, 3] = -2 * propagate(mesh, phases, source, faults)[0, 3]  # of minus the power at output 3
        phases = phases - in_situ_gradient(mesh, phases, source, adjoint, faults, through_inputs=True)
    path = [0, 2, 4]  # modes 0 and 1 in column 0, 1 and 2 in column 1, 2 and 3 in column 2
    best = faults.angle[torch.from_numpy(mesh.cell_splitters[path])].sum(1).sin().square().prod()
    assert_close(propagate(mesh, phases, source, faults)[0, 3].abs().square(), best)


def test_fields_behind_the_shifters() -> None:
    """By a mesh that is cut there: phi of the first cell, theta of it, and the outputs."""
    mesh = topology("clements", 3)
    faults = Faults(0.7 + normal(1, mesh.splitters), normal(2, mesh.shifters), normal(3, mesh.shifters).abs())
    phases, x = normal(4, mesh.shifters), torch.complex(*normal(5, 2, 4, 2, 3))
    fields = shifter_fields(mesh, phases, x, faults)
    assert fields.shape == (9, 4, 2)
    assert faults.phase is not None
    assert faults.angle is not None
    assert faults.shifter_loss_db is not None
    through = 10 ** (-faults.shifter_loss_db / 20) * torch.exp(1j * (phases + faults.phase))
    assert_close(fields[0], through[0] * x[..., 0])
    a = faults.angle[0]
    assert_close(fields[1], through[1] * (a.cos() * fields[0] + 1j * a.sin() * x[..., 1]))
    assert_close(fields[-3:].movedim(0, -1), propagate(mesh, phases, x, faults))
    chips = shifter_fields(mesh, torch.stack([phases, 2 * phases]), x, faults)
    assert chips.shape == (9, 2, 4, 2)
    assert_close(chips[:, 0], fields)


def test_refusals() -> None:
    mesh = topology("clements", 4)
    phases, x = normal(1, 16), torch.ones(4, dtype=torch.complex128)
    for call, words in (
        (lambda: in_situ_gradient(mesh, normal(1, 2, 16), x, x), "one chip"),
        (lambda: in_situ_gradient(mesh, phases, x, torch.stack([x, x])), "one shape"),
        (lambda: in_situ_gradient(mesh, phases, x, x, noise=-1), "0 or more"),
        (lambda: in_situ_gradient(mesh, phases, x[:3], x[:3]), r"\(\*batch, 4\)"),
        (lambda: shifter_fields(mesh, phases[:15], x), "16"),
        (lambda: shifter_fields(mesh, phases, x.to(torch.complex64)), "same precision"),
        (lambda: shifter_fields(mesh, phases, x, Faults(angle=torch.ones(3))), "angle must be"),
    ):
        with pytest.raises(PhotonicsError, match=words):
            call()
