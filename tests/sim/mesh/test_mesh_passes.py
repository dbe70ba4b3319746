"""The compiled sweep, the matrix and plain torch operations are one physics: values, derivatives, transforms."""

from __future__ import annotations

import copy
import math
import subprocess
import sys

import pytest
import torch
from torch import Tensor
from torch.func import jacfwd, jacrev, vmap

from photonics_sim import PhotonicsError
from photonics_sim.mesh import TOPOLOGIES, Faults, Mesh, Topology, mesh_matrix, propagate, topology
from photonics_sim.testing import assert_close, assert_gradient, assert_unitary, tolerance

KINDS = ["ideal", "splitters", "losses"]


def numbers(*shape: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def field(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.complex(*(2 * numbers(*shape, dtype=dtype, seed=s) - 1 for s in (8, 9)))


def faults(kind: str, mesh: Topology, *lead: int, dtype: torch.dtype = torch.float64) -> Faults:
    if kind == "ideal":
        return Faults()
    angle = math.pi / 4 + 0.2 * (numbers(*lead, mesh.splitters, dtype=dtype) - 0.5)
    phase = numbers(*lead, mesh.shifters, dtype=dtype, seed=1)
    if kind == "splitters":
        return Faults(angle, phase)
    shifters, splitters, paths = (
        numbers(*lead, n, dtype=dtype, seed=n) for n in (mesh.shifters, mesh.splitters, mesh.modes)
    )
    return Faults(angle, phase, 2 * shifters, splitters, paths)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TOPOLOGIES)
def test_all_ways_agree_in_values_and_derivatives(name: str, kind: str, dtype: torch.dtype) -> None:
    mesh = topology(name, 8)
    for lead in ((), (3,)):
        parts = faults(kind, mesh, *lead, dtype=dtype)
        phases = 2 * math.pi * numbers(*lead, mesh.shifters, dtype=dtype)
        x, g = field(5, 2, 8, dtype=dtype), field(*lead, 5, 2, 8, dtype=dtype)
        leaves = [value.requires_grad_() for value in (phases, x, *parts.tensors().values())]
        found = {}
        for method in ("plain", "sweep", "matrix"):
            y = propagate(mesh, phases, x, parts, method=method)  # type: ignore[arg-type]
            found[method] = [y, *torch.autograd.grad(y, leaves, g)]
        for method in ("sweep", "matrix"):
            for mine, plain in zip(found[method], found["plain"], strict=True):
                assert_close(mine, plain, "rounding" if kind == "ideal" else "law", f"{method} and plain")


@pytest.mark.parametrize("samples", [1, 15, 16, 17, 63, 64, 65, 130])
def test_blocks_of_any_length(samples: int) -> None:
    mesh = Mesh(9, "reck", phases=6 * numbers(81))
    x = field(samples, 9).requires_grad_()
    g = field(samples, 9)
    ways = [torch.autograd.grad(mesh(x, method=m), [x, mesh.phases], g) for m in ("sweep", "plain")]
    for mine, plain in zip(*ways, strict=True):
        assert_close(mine, plain)


@pytest.mark.parametrize("name", ["clements", "butterfly", "reck"])
def test_the_matrix_of_a_large_mesh_through_its_light_cone(name: str) -> None:
    mesh = topology(name, 128)
    phases = (2 * math.pi * numbers(mesh.shifters)).requires_grad_()
    g = field(128, 128)
    ways = [(U := mesh_matrix(mesh, phases, method=m), *torch.autograd.grad(U, phases, g)) for m in ("sweep", "plain")]  # type: ignore[arg-type]
    for mine, plain in zip(*ways, strict=True):
        assert_close(mine, plain)


def test_conjugate_and_negative_views() -> None:
    mesh = topology("clements", 4)
    phases, x = torch.complex(numbers(16), 6 * numbers(16)).conj().imag, field(3, 4)
    for given in (x.conj(), torch._neg_view(x)):
        clear = given.resolve_conj().resolve_neg().clone()
        leaf = given.detach().requires_grad_()
        y = propagate(mesh, phases, leaf, method="sweep")
        assert_close(y, propagate(mesh, phases.resolve_neg().clone(), clear, method="plain"))
        torch.autograd.grad(y, leaf, torch._neg_view(y.detach()))


UNWRITABLE = """
import pathlib, numba
from numba.core import caching
caching.FunctionCache._locator_classes = []
caching.CacheImpl._locator_classes = []
import torch
from photonics_sim.mesh import Mesh
assert Mesh(4).matrix().shape == (4, 4)
"""


def test_threads_change_nothing_but_rounding() -> None:
    mesh = Mesh(16, phases=6 * numbers(256))
    x, g = field(300, 16).requires_grad_(), field(300, 16)
    before = torch.get_num_threads()
    results = []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            y = mesh(x, method="sweep")
            results.append([y, *torch.autograd.grad(y, [x, mesh.phases], g)])
    finally:
        torch.set_num_threads(before)
    for one, three in zip(*results, strict=True):
        assert_close(three, one, "equal")


def test_many_chips_are_the_chips_one_by_one() -> None:
    mesh = topology("clements", 6)
    parts, phases = faults("losses", mesh, 4), numbers(36)
    together = propagate(mesh, phases, field(3, 6), parts, method="sweep")
    per_chip = propagate(mesh, phases, together, parts, per_chip=True, method="sweep")
    for n in range(4):
        alone = propagate(mesh, phases, field(3, 6), parts.chip(n), method="sweep")
        assert_close(together[n], alone, "equal")
        assert_close(per_chip[n], propagate(mesh, phases, alone, parts.chip(n), method="plain"))


@pytest.mark.parametrize("special", [0.0, math.pi, 2 * math.pi])
@pytest.mark.parametrize("name", ["clements", "bell", "three-splitter"])
def test_gradients_at_bar_and_cross(name: str, special: float) -> None:
    """Every physical parameter, against finite differences, where interferometer angles are singular."""
    mesh = topology(name, 3)
    phases = torch.full((mesh.shifters,), special, dtype=torch.float64)
    angle = torch.full((mesh.splitters,), math.pi / 4, dtype=torch.float64)
    losses = [0.5 + numbers(n) for n in (mesh.shifters, mesh.splitters, mesh.modes)]

    def run(phases: Tensor, angle: Tensor, phase: Tensor, *losses: Tensor) -> Tensor:
        return torch.view_as_real(propagate(mesh, phases, field(2, 3), Faults(angle, phase, *losses), method="sweep"))

    assert_gradient(run, phases, angle, torch.zeros_like(phases), *losses)
    assert_gradient(lambda p: torch.view_as_real(propagate(mesh, p, field(2, 3), method="sweep")), phases)


def test_function_transforms() -> None:
    mesh = topology("clements", 4)
    phases, x = numbers(16), field(2, 4)

    def power(p: Tensor) -> Tensor:
        return propagate(mesh, p, x, method="auto").abs().square().flatten()

    jacobian = jacrev(power)(phases)
    assert_close(jacfwd(power)(phases), jacobian)
    assert_close(vmap(power)(torch.stack([phases, 2 * phases]))[1], power(2 * phases))
    hessian = jacfwd(jacfwd(lambda p: power(p)[0]))(phases)
    assert_close(jacrev(jacrev(lambda p: power(p)[0]))(phases), hessian)
    leaf = phases.clone().requires_grad_()
    (slope,) = torch.autograd.grad(power(leaf)[0], leaf, create_graph=True)
    assert_close(torch.autograd.grad(slope[3], leaf)[0], hessian[3])


@pytest.mark.parametrize(("dtype", "size"), [(torch.float32, 512), (torch.float64, 128)])
def test_reversal_finds_the_field_again(dtype: torch.dtype, size: int) -> None:
    """Through N columns and back, the gradient of a linear form is the conjugate of the field that went in."""
    mesh = topology("clements", size)
    phases = 2 * math.pi * numbers(mesh.shifters, dtype=dtype)
    x = field(4, size, dtype=dtype).requires_grad_()
    y = propagate(mesh, phases, x, method="sweep")
    (back,) = torch.autograd.grad(y, x, y.detach())  # U^H U x
    error = float((back - x).detach().abs().max() / x.detach().abs().max())
    assert error < (1e-4 if dtype == torch.float32 else 1e-11)


@pytest.mark.parametrize(("size", "limit"), [(64, 3e-6), (256, 1.5e-5)])
def test_a_mesh_in_single_precision_is_unitary(size: int, limit: float) -> None:
    U = Mesh(size, phases=(6.3 * numbers(size * size)).float()).matrix().detach()
    assert float((U.mH @ U - torch.eye(size)).abs().max()) < limit


def test_a_lossy_mesh_keeps_the_fields_that_reversal_would_lose() -> None:
    """120 dB on the way: without kept fields the rounding would be a million times larger."""
    mesh = topology("clements", 24)
    parts = Faults(shifter_loss_db=2.5 * torch.ones(mesh.shifters))
    phases = (6 * numbers(mesh.shifters)).float().requires_grad_()
    x = field(3, 24, dtype=torch.float32)
    gradients = []
    for method in ("sweep", "plain"):
        y = propagate(mesh, phases, x, parts, method=method)  # type: ignore[arg-type]
        gradients.append(torch.autograd.grad((y.abs() / y.detach().abs().max()).sum(), phases)[0])
    assert_close(*gradients, kind="law")


def test_subnormals_are_nobody_elses_business() -> None:
    tiny = torch.tensor(1e-310, dtype=torch.float64)
    mesh = Mesh(8)
    mesh(torch.ones(4, 8, dtype=torch.complex64))
    assert float(tiny * 0.5) > 0
    torch.set_flush_denormal(True)
    try:
        mesh(torch.ones(4, 8, dtype=torch.complex64))
        assert float(tiny * 0.5) == 0
    finally:
        torch.set_flush_denormal(False)


WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = None
import torch
from photonics_sim import PhotonicsError
from photonics_sim.mesh import Mesh, decompose, haar_unitary
U = haar_unitary(6)
mesh = decompose(U)
assert (mesh.matrix() - U).abs().max() < 1e-12
mesh(U).abs().sum().backward()
try:
    mesh(U, method="sweep")
except PhotonicsError as error:
    assert "install numba" in str(error)
else:
    raise AssertionError("swept without numba")
"""

FORKED = """
import os, torch
from photonics_sim.mesh import Mesh
torch.set_num_threads(2)
mesh, x = Mesh(8), torch.ones(300, 8, dtype=torch.complex64)
expected = mesh(x, method="sweep")
child = os.fork()
if child == 0:
    os._exit(0 if torch.equal(mesh(x, method="sweep"), expected) else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


@pytest.mark.parametrize(
    "code",
    [WITHOUT_NUMBA, FORKED, UNWRITABLE],
    ids=["without numba", "in a forked worker", "where no compiled code can be kept"],
)
def test_it_also_runs(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_columns_of_cells_are_the_documented_convention() -> None:
    """T = i e^{i theta/2} [[e^{i phi} sin, cos], [e^{i phi} cos, -sin]] of theta/2; S[out, in]."""
    phi, theta = 0.3, 1.1
    cell = Topology("one cell", 2, [[(0, 1)]])
    T = mesh_matrix(cell, torch.tensor([phi, theta, 0.0, 0.0], dtype=torch.float64), method="plain")
    s, c = math.sin(theta / 2), math.cos(theta / 2)
    arm = complex(math.cos(phi), math.sin(phi))
    front = 1j * complex(math.cos(theta / 2), math.sin(theta / 2))
    expected = front * torch.tensor([[arm * s, c], [arm * c, -s]], dtype=torch.complex128)
    assert_close(T, expected)
    x = torch.tensor([1.0, 0.0], dtype=torch.complex128)
    assert_close(propagate(cell, torch.tensor([phi, theta, 0.0, 0.0], dtype=torch.float64), x), expected[:, 0])


def test_a_topology_of_ones_own() -> None:
    ring = Topology("ring", 5, [[(0, 4), (1, 3)], [(2, 3)], [(0, 1), (3, 4)]], cell="three-splitter")
    phases = 6 * numbers(ring.shifters)
    U = mesh_matrix(ring, phases)
    assert_unitary(U)
    assert_close(U, mesh_matrix(ring, phases, method="plain"))


def test_a_topology_is_one_object_and_keeps_its_columns() -> None:
    assert Mesh(4).topology is Mesh(4).topology
    assert copy.deepcopy(Mesh(4)).topology is topology("clements", 4)
    made = Topology("made", 4, ([(m, m + 1)] for m in range(3)))  # type: ignore[arg-type]
    assert made.columns == (((0, 1),), ((1, 2),), ((2, 3),))
    assert (made.depth, made.shifters) == (3, 10)


def test_faulty_twins_are_trained_where_the_mesh_was() -> None:
    mesh = Mesh(4)
    assert mesh.with_faults(Faults()).phases.requires_grad
    assert not mesh.requires_grad_(False).with_faults(Faults()).phases.requires_grad


def test_phases_go_into_the_arrangement_that_they_are_of() -> None:
    saved = Mesh(4, seed=1).double().state_dict()
    assert set(saved) == {"phases", "arrangement"}
    assert saved["arrangement"].dtype == torch.uint8
    mesh = Mesh(4, Topology("mine", 4, topology("clements", 4).columns)).double()
    mesh.load_state_dict(saved)
    assert torch.equal(mesh.phases, saved["phases"])
    bare = {"phases": saved["phases"]}
    mesh.load_state_dict(bare, strict=False)
    names = r"of clements of 4 modes \(mzi cells\); they mean nothing in reck of 4 modes"
    damaged = saved | {"arrangement": torch.zeros(3)}
    for other, state, words in ((Mesh(4, "reck"), saved, names), (mesh, bare, "missing"), (mesh, damaged, "damaged")):
        with pytest.raises(PhotonicsError, match=words):
            other.load_state_dict(state)


def test_refusals() -> None:
    mesh = topology("clements", 4)
    for call, words in (
        (lambda: propagate(mesh, numbers(15), field(4)), "16 shifters"),
        (lambda: propagate(mesh, numbers(16), field(5)), r"\(\*batch, 4\)"),
        (lambda: propagate(mesh, numbers(16), field(4, dtype=torch.float32)), "complex128"),
        (lambda: propagate(mesh, numbers(16).half(), field(4)), "float32 or float64"),
        (lambda: propagate(mesh, numbers(2, 16), field(4), Faults(angle=numbers(3, 12))), "2 chips"),
        (lambda: propagate(mesh, numbers(16), field(4), method="fast"), "no method"),  # type: ignore[arg-type]
        (lambda: propagate(mesh, numbers(2, 16), field(3, 4), per_chip=True), "per_chip"),
        (lambda: Mesh(4, faults=Faults(angle=numbers(5))), "angle must be"),
        (lambda: Mesh(4, faults=Faults(angle=0.1)), "angle must be a real tensor, .* found float"),  # type: ignore[arg-type]
        (lambda: Mesh(4, faults=Faults(angle=numbers(12).numpy())), "found ndarray"),  # type: ignore[arg-type]
        (lambda: Mesh(4, faults=Faults(angle=torch.ones(12, dtype=torch.int64))), "found torch.int64"),
        (lambda: Mesh(4, faults=Faults(phase=1j * numbers(16))), "phase must be a real tensor"),
        (lambda: Mesh(4, phases=numbers(16).numpy()), "float32 or float64 tensor in rad; found ndarray"),  # type: ignore[arg-type]
        (lambda: Mesh(4, phases=torch.ones(16, dtype=torch.int64)), "found torch.int64"),
        (lambda: Mesh(4, phases=numbers(16).half()), "found torch.float16"),
        (lambda: Mesh(4, phases=numbers(2, 2, 16)), r"\(2, 2, 16\)"),
        (lambda: Mesh(4, phases=numbers(16) / 0), "phases must be finite"),
        (lambda: Mesh(4, phases=numbers(2, 16), faults=Faults(angle=numbers(3, 12))), "of 2 chips and the faults of 3"),
        (lambda: Mesh(8.0), "is an int, such as 8; found 8.0"),  # type: ignore[arg-type]
        (lambda: Mesh("8"), "is an int, such as 8; found '8'"),  # type: ignore[arg-type]
        (lambda: topology("rectangle", 4), "rectangle is called clements here"),
        (lambda: topology("triangle", 4), "triangle is called reck here"),
        (lambda: Topology("x", 4, [(0, 1)]), r"One column of one cell is \[\[\(0, 1\)\]\]"),  # type: ignore[list-item]
        (lambda: Topology("x", 4, 3), "columns are a list of lists"),  # type: ignore[arg-type]
        (lambda: Topology("x", 4, [[(0, 1, 2)]]), r"joins two modes, .* found \(0, 1, 2\)"),  # type: ignore[list-item]
        (lambda: Topology("x", 4, [[(0.0, 1.5)]]), "modes are ints"),  # type: ignore[list-item]
        (lambda: Topology("x", 4, [[(1, 1)]]), "0 <= top < bottom"),
        (lambda: Topology("x", 4.0, []), "is an int"),  # type: ignore[arg-type]
        (lambda: Mesh(4, faults=Faults(shifter_loss_db=-numbers(16))), "not below 0 dB"),
        (lambda: Mesh(4, phases=numbers(3)), "16 shifters"),
        (lambda: topology("clement", 4), "did you mean clements"),
        (lambda: topology("butterfly", 6), "power of 2"),
        (lambda: topology("clements", 1), "at least 2"),
        (lambda: Topology("x", 3, [[(0, 1), (1, 2)]]), "two cells meet"),
        (lambda: Topology("x", 3, [[(0, 3)]]), "0 <= top"),
        (lambda: Topology("x", 3, [[(0, 1)]], cell="mz"), "mzi"),
    ):
        with pytest.raises(PhotonicsError, match=words):
            call()


def test_tolerances_leave_room_for_failure() -> None:
    """A phase that is off by a thousandth is seen."""
    mesh = topology("clements", 8)
    phases = numbers(64)
    moved = phases.clone()
    moved[10] += 1e-3
    gap = (mesh_matrix(mesh, moved) - mesh_matrix(mesh, phases)).abs().max()
    assert float(gap) > 100 * tolerance("law", torch.float64)
