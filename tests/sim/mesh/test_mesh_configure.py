"""A chip whose faults nobody knows is programmed by its powers as well as one whose faults are known."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from photonics_sim import PhotonicsError
from photonics_sim.device import normal
from photonics_sim.mesh import (
    ConfigurationStep,
    Faults,
    Mesh,
    Topology,
    VirtualChip,
    decompose,
    haar_unitary,
    matrix_error,
    mesh_matrix,
    propagate,
    self_configure,
    topology,
)
from photonics_sim.testing import assert_close

RECTANGLE_AND_TRIANGLE = pytest.mark.parametrize("name", ["clements", "reck"])


def faults(mesh: Topology, sigma: float, offset: float = 0.0, seed: int = 1) -> Faults:
    return Faults(math.pi / 4 + sigma * normal(seed, mesh.splitters), offset * normal(seed + 99, mesh.shifters))


def error_left(mesh: Topology, parts: Faults, U: Tensor, **options: Any) -> float:
    found = self_configure(VirtualChip(mesh, parts), U, mesh, **options)
    return float(matrix_error(mesh_matrix(mesh, found.phases, parts), U))


@pytest.mark.parametrize("offset", [0.0, 3.0])
@RECTANGLE_AND_TRIANGLE
def test_an_ideal_chip_is_programmed_to_rounding(name: str, offset: float) -> None:
    """Whatever unknown phase each shifter adds."""
    for modes in (2, 3, 4, 5, 8, 9, 16):
        mesh = topology(name, modes)
        assert error_left(mesh, faults(mesh, 0.0, offset), haar_unitary(modes, seed=1)) < 1e-13


@RECTANGLE_AND_TRIANGLE
def test_targets_with_zeros(name: str) -> None:
    for modes in (2, 4, 7):
        mesh, eye = topology(name, modes), torch.eye(modes, dtype=torch.complex128)
        order = torch.randperm(modes, generator=torch.Generator().manual_seed(0))
        blocks = torch.block_diag(haar_unitary(modes // 2, seed=2), haar_unitary(modes - modes // 2, seed=3))
        for U in (eye, eye.flip(0), eye[order], blocks, torch.fft.fft(eye) / math.sqrt(modes)):
            assert error_left(mesh, faults(mesh, 0.0, 3.0), U) < 1e-13


@pytest.mark.parametrize(("modes", "sigma"), [(8, 0.02), (12, 0.05)])
@RECTANGLE_AND_TRIANGLE
def test_unknown_splitters_cost_no_more_than_known_ones(name: str, modes: int, sigma: float) -> None:
    """Exact where local correction is, no worse in the rms elsewhere, and far below plain programming.

    Local correction leaves sqrt(2/3) N sigma^2, so this has the same law; it tends to be below, because later cells see
    and mend a part of what a cell before them could not reach.
    """
    chips, mesh, found, local = 8, topology(name, modes), [], []
    for seed in range(chips):
        parts, U = faults(mesh, sigma, 1.0, seed), haar_unitary(modes, seed=seed)
        found.append(error_left(mesh, parts, U))
        local.append(float(matrix_error(decompose(U, name, faults=parts).matrix().detach(), U)))
        assert (found[-1] < 1e-12) == (local[-1] < 1e-12)
    mine, known = (math.sqrt(sum(error**2 for error in errors) / chips) for errors in (found, local))
    assert max(found) > 1e-4
    assert sigma > 0.02 or min(found) < 1e-12
    assert 0.6 * known < mine < 1.02 * known
    assert mine < 0.4 * sigma * math.sqrt(2 * (modes - 1))


def test_equal_losses_do_not_mislead() -> None:
    """Every path through a balanced rectangle is attenuated alike: the nulls are where they were."""
    plain = topology("clements", 6)
    U = haar_unitary(6)
    loss = Faults(path_loss_db=torch.full((6,), 3.0, dtype=torch.float64))
    found = self_configure(VirtualChip(plain, loss), U)
    assert_close(mesh_matrix(plain, found.phases).abs(), U.abs(), "law")


@RECTANGLE_AND_TRIANGLE
def test_what_it_measures(name: str) -> None:
    """12 powers for a cell, 3 for a phase; photodiodes alone for the cells of the triangle."""
    modes, seen = 5, []
    mesh = topology(name, modes)
    chip = VirtualChip(mesh, faults(mesh, 0.01))

    def watched(phases: Tensor, source: Tensor, receiver: Tensor) -> Tensor:
        assert float((source.norm() - 1).abs()) < 1e-12
        assert float((receiver.norm() - 1).abs()) < 1e-12
        seen.append(receiver)
        return chip(phases, source, receiver)

    reported: list[ConfigurationStep] = []
    found = self_configure(watched, haar_unitary(modes), mesh, sweeps=2, report=reported.append)
    cells, wires = len(mesh.cells), modes - 1
    assert found.measurements == chip.measurements == 21 * cells + 6 * wires
    assert found.steps == reported
    assert [step.sweep for step in found.steps] == [0] * (cells + wires) + [1] * (cells + wires)
    assert sorted(step.cell for step in found.steps if step.sweep == 0) == [-1] * wires + list(range(cells))
    assert_close(found.phases, found.steps[-1].phases, "equal")
    assert max(step.power for step in found.steps if step.cell >= 0) < 1e-14
    diodes = [int((receiver.abs() > 1e-12).sum()) == 1 for receiver in seen[: 2 * cells]]
    assert all(diodes) == (name == "reck")


@RECTANGLE_AND_TRIANGLE
def test_a_null_depends_on_its_own_cell_alone(name: str) -> None:
    """What the order of the cells rests on: the later ones may be in any state and change only the brightness."""
    modes = 5
    mesh = topology(name, modes)
    parts, U = faults(mesh, 0.02, 1.0), haar_unitary(modes)
    lights: list[tuple[Tensor, Tensor]] = []
    chip = VirtualChip(mesh, parts)

    def watched(phases: Tensor, source: Tensor, receiver: Tensor) -> Tensor:
        lights.append((source, receiver))
        nulls.append(len(phases) == 9)
        return chip(phases, source, receiver)

    nulls: list[bool] = []
    found = self_configure(watched, U, mesh)
    dark = [light for light, is_null in zip(lights, nulls, strict=True) if is_null]
    steps = [step for step in found.steps if step.cell >= 0]
    done: set[int] = set()
    later = 6 * normal(7, mesh.shifters)
    for step, (source, receiver) in zip(steps, dark, strict=True):
        done.add(step.cell)
        phases = step.phases.clone()
        open_cells = [cell for cell in range(len(mesh.cells)) if cell not in done]
        # theta alone: phi of an open cell may be the phase behind a cell that is done
        theta = torch.from_numpy(mesh.cell_shifters[open_cells, 1])
        phases[theta] = later[theta]
        amplitude = (propagate(mesh, phases, source, parts) * receiver.conj()).sum().abs()
        assert float(amplitude) < 1e-13


def test_further_sweeps_mend_a_little_and_spoil_nothing() -> None:
    mesh, U = topology("clements", 16), haar_unitary(16, seed=1)
    parts = faults(mesh, 0.02, seed=3)
    once, twice = (error_left(mesh, parts, U, sweeps=sweeps) for sweeps in (1, 2))
    assert 1e-3 < twice < once
    exact = topology("clements", 8)
    assert error_left(exact, faults(exact, 0.01), haar_unitary(8), sweeps=3) < 1e-13


def test_noise_of_the_meter() -> None:
    """The error follows the noise, and the n-th power of a seed always has the same noise."""
    mesh, U = topology("clements", 8), haar_unitary(8)
    errors = {}
    for noise in (1e-5, 1e-3):
        squares = []
        for seed in range(4):
            found = self_configure(VirtualChip(mesh, noise=noise, seed=seed), U)
            squares.append(float(matrix_error(mesh_matrix(mesh, found.phases), U)) ** 2)
        errors[noise] = math.sqrt(sum(squares) / 4)
    assert errors[1e-3] / errors[1e-5] == pytest.approx(100, rel=0.2)
    assert errors[1e-3] < 0.01
    source, phases = torch.ones(8, dtype=torch.complex128) / math.sqrt(8), torch.zeros(3, 64, dtype=torch.float64)
    one, same, other = (VirtualChip(mesh, noise=0.1, relative_noise=0.1, seed=s) for s in (1, 1, 2))
    first = one(phases, source, source)
    assert_close(same(phases, source, source), first, "equal")
    assert float((other(phases, source, source) - first).abs().min()) > 1e-6
    assert float((one(phases, source, source) - first).abs().min()) > 1e-6
    assert one.measurements == 6


def test_a_chip_measures_the_power_that_its_receiver_takes() -> None:
    mesh = Mesh(4, "reck", faults=faults(topology("reck", 4), 0.1, 1.0))
    x, w = (torch.complex(*normal(seed, 2, 4)) for seed in (1, 2))
    x, w = x / x.norm(), w / w.norm()
    chip = VirtualChip(Mesh(4, "reck", phases=mesh.phases.double(), faults=faults(mesh.topology, 0.1, 1.0)))
    phases = normal(3, 2, 16)
    V = mesh_matrix(mesh.topology, phases, faults(mesh.topology, 0.1, 1.0))
    assert_close(chip(phases, x, w), torch.stack([(w.conj() @ v @ x).abs().square() for v in V]))


def test_refusals() -> None:
    U, chip = haar_unitary(4), VirtualChip(topology("clements", 4))

    def blind(phases: Tensor, source: Tensor, receiver: Tensor) -> Tensor:
        return torch.full((len(phases),), torch.nan)

    for call, words in (
        (lambda: self_configure(chip, U, "bell"), "take clements or reck"),
        (lambda: self_configure(chip, 2 * U), "not unitary"),
        (lambda: self_configure(chip, U.real), "complex matrix"),
        (lambda: self_configure(chip, U, sweeps=0), "1 or more"),
        (lambda: self_configure(blind, U), "one finite power for each of 3 settings"),
        (lambda: VirtualChip(topology("clements", 4), Faults(angle=torch.ones(2, 12))), r"chip\(number\)"),
        (lambda: VirtualChip(topology("clements", 4), noise=-1), "0 or more"),
        (lambda: VirtualChip(topology("clements", 4), Faults(angle=torch.ones(2))), "angle must be"),
    ):
        with pytest.raises(PhotonicsError, match=words):
            call()
