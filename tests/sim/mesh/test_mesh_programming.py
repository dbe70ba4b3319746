"""From matrices to phases: exact rebuilds, and the laws by which faults spoil them and correction mends them.

Errors are rms over Haar-distributed targets, each on its own chip. Where no source is named a law is derived for small
sigma: parts contribute on their own, and r = |T00|^2 of a cell of rank k has the density k (1 - r)^(k - 1).
"""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from photonics_sim import PhotonicsError
from photonics_sim.device import normal
from photonics_sim.mesh import (
    Faults,
    Topology,
    decompose,
    fidelity,
    haar_unitary,
    matrix_error,
    mesh_matrix,
    svd_meshes,
    topology,
)
from photonics_sim.mesh._measures import check_unitary
from photonics_sim.testing import assert_close, assert_unitary

EXACT = ["clements", "reck", "three-splitter", "bell"]


def rms(error: Tensor) -> float:
    return float(error.square().mean().sqrt())


def spread(error: Tensor) -> float:
    """Relative standard error of the rms."""
    square = error.square()
    return float(square.std() / square.mean() / (2 * math.sqrt(len(square))))


def splitters(mesh: Topology, sigma: float, *chips: int) -> Faults:
    return Faults(angle=math.pi / 4 + sigma * normal(1, *chips, mesh.splitters))


def rebuilt(U: Tensor, name: str, faults: Faults | None = None) -> Tensor:
    return decompose(U, name, faults=faults or Faults()).matrix().detach()


@pytest.mark.parametrize("name", EXACT)
def test_haar_unitaries_are_rebuilt(name: str) -> None:
    for modes in (*range(2, 17), 64):
        U = haar_unitary(modes, seed=modes)
        assert float((rebuilt(U, name) - U).abs().max()) < 1e-12, modes


@pytest.mark.parametrize("power", [0.5, 0.65, 0.8])
@pytest.mark.parametrize("modes", [4, 8])
def test_one_splitter_cells_are_solved_numerically(modes: int, power: float) -> None:
    """Static splitters that cross 1/2 to 4/5 of the power serve (Fldzhyan et al., Opt. Lett. 45, 2632 (2020))."""
    mesh = topology("fldzhyan", modes)
    angle = torch.full((mesh.splitters,), math.asin(math.sqrt(power)), dtype=torch.float64)
    U = haar_unitary(modes, seed=1)
    assert float((rebuilt(U, "fldzhyan", Faults(angle=angle)) - U).abs().max()) < 1e-12


@pytest.mark.parametrize("name", EXACT)
def test_matrices_with_zeros_are_rebuilt(name: str) -> None:
    for modes in (2, 5, 8):
        eye = torch.eye(modes, dtype=torch.complex128)
        order = torch.randperm(modes, generator=torch.Generator().manual_seed(0))
        lone = haar_unitary(modes)
        lone[:, 0] = lone[0] = 0
        lone[0, 0] = 1
        lone[1:, 1:] = haar_unitary(modes - 1)
        for U in (
            eye,
            eye[order],
            eye.flip(0),
            eye * torch.exp(1j * torch.arange(modes, dtype=torch.float64)),
            torch.block_diag(haar_unitary(modes // 2), haar_unitary(modes - modes // 2)),
            lone,
            torch.fft.fft(eye) / math.sqrt(modes),
        ):
            assert float((rebuilt(U, name) - U).abs().max()) < 1e-12


@pytest.mark.parametrize("name", EXACT)
def test_batches_and_single_precision(name: str) -> None:
    U = haar_unitary(6, count=5)
    together = decompose(U, name)
    assert together.phases.dtype == torch.float64
    for n in range(5):
        assert_close(together.phases[n].detach(), decompose(U[n], name).phases.detach(), "rounding")
    single = decompose(U.to(torch.complex64), name)
    assert single.phases.dtype == torch.float32
    assert_close(single.matrix().detach(), U.to(torch.complex64), "rounding")


def test_numbers_of_cells_and_depths() -> None:
    for modes in (2, 3, 8, 17):
        rectangle, triangle = topology("clements", modes), topology("reck", modes)
        assert len(rectangle.cells) == len(triangle.cells) == modes * (modes - 1) // 2
        assert rectangle.depth == modes
        assert triangle.depth == max(2 * modes - 3, 1)
        assert rectangle.shifters == modes**2


def test_a_decomposed_cell_has_the_documented_phases() -> None:
    """T of `Mesh`, the form of strawberryfields' `mach_zehnder`, comes back with its own phi and theta."""
    phi, theta = 0.7, 1.3
    s, c = math.sin(theta / 2), math.cos(theta / 2)
    arm = complex(math.cos(phi), math.sin(phi))
    front = 1j * complex(c, s)
    T = front * torch.tensor([[arm * s, c], [arm * c, -s]], dtype=torch.complex128)
    assert_close(decompose(T).phases.detach().cos(), torch.tensor([phi, theta, 0, 0], dtype=torch.float64).cos())
    assert_close(rebuilt(T, "clements"), T)


@pytest.mark.parametrize("errors", [(0.05, 0.02), (-0.1, 0.03), (0.08, -0.09)])
def test_transmission_of_a_cell_with_splitter_errors_and_its_range(errors: tuple[float, float]) -> None:
    a, b = errors
    cell, half = topology("clements", 2), torch.linspace(0, math.pi / 2, 50, dtype=torch.float64)
    phases = torch.zeros(50, 4, dtype=torch.float64)
    phases[:, 1] = 2 * half
    faults = Faults(angle=math.pi / 4 + torch.tensor(errors, dtype=torch.float64))
    bar = mesh_matrix(cell, phases, faults)[:, 0, 0].abs().square()
    low, high = math.sin(a + b) ** 2, math.cos(a - b) ** 2
    assert_close(bar, low + (high - low) * half.sin().square())
    # an ideal cell of each half angle is matched where it lies between |a + b| and pi/2 - |a - b|, and nowhere else
    U = mesh_matrix(cell, phases)
    error = matrix_error(rebuilt(U, "clements", faults), U)
    reachable = (half >= abs(a + b)) & (half <= math.pi / 2 - abs(a - b))
    assert 0 < int(reachable.sum()) < 50
    assert float(error[reachable].max()) < 1e-14
    assert float(error[~reachable].min()) > 1e-3


@pytest.mark.parametrize("modes", [16, 32])
def test_uncorrected_splitter_errors(modes: int) -> None:
    """E = sigma sqrt(2 (N - 1)), and 1 - F = E^2."""
    sigma, chips = 0.01, 100
    U, mesh = haar_unitary(modes, count=chips), topology("clements", modes)
    V = mesh_matrix(mesh, decompose(U).phases.detach(), splitters(mesh, sigma, chips))
    error = matrix_error(V, U)
    assert rms(error) / (sigma * math.sqrt(2 * (modes - 1))) == pytest.approx(1, abs=0.03)
    assert_close(1 - fidelity(V, U), error.square() - error**4 / 4, "law")
    assert float((1 - fidelity(V, U)).mean()) / rms(error) ** 2 == pytest.approx(1, abs=0.02)


def test_phase_errors_and_the_bits_of_a_converter() -> None:
    """E = sigma sqrt(N); rounding to b bits over 2 pi is an error of 2 pi / (2^b sqrt 12)."""
    modes, chips, sigma = 16, 100, 0.01
    U, mesh = haar_unitary(modes, count=chips), topology("clements", modes)
    phases = decompose(U).phases.detach()

    def error(moved: Tensor) -> float:
        return rms(matrix_error(mesh_matrix(mesh, moved), U, global_phase=True)) / math.sqrt(modes)

    assert error(phases + sigma * normal(2, *phases.shape)) / sigma == pytest.approx(1, abs=0.03)
    for bits in (6, 8, 10):
        step = 2 * math.pi / 2**bits
        assert error((phases / step).round() * step) / (step / math.sqrt(12)) == pytest.approx(1, abs=0.05)


def test_local_correction_is_quadratic_in_the_error() -> None:
    """E = sqrt(2/3) N sigma^2 with three standard errors of 200 chips."""
    modes, chips, sigma = 32, 200, 0.02
    U, mesh = haar_unitary(modes, count=chips), topology("clements", modes)
    error = matrix_error(rebuilt(U, "clements", splitters(mesh, sigma, chips)), U)
    assert spread(error) < 0.04
    assert rms(error) / (math.sqrt(2 / 3) * modes * sigma**2) == pytest.approx(1, abs=3 * spread(error))


def test_fraction_of_chips_that_are_corrected_exactly() -> None:
    """exp(-N^3 sigma^2 / 3); at 16 modes terms of lower order are 1 %, three standard errors of 1000 chips 5 %."""
    modes, chips = 16, 1000
    U, mesh = haar_unitary(modes, count=chips), topology("clements", modes)
    for sigma in (0.01, 0.02):
        error = matrix_error(rebuilt(U, "clements", splitters(mesh, sigma, chips)), U)
        expected = math.exp(-(modes**3) * sigma**2 / 3)
        allowed = 3 * math.sqrt(expected * (1 - expected) / chips) + 0.01
        assert float((error < 1e-10).double().mean()) == pytest.approx(expected, abs=allowed)


def test_a_third_splitter_keeps_the_error_from_growing_with_the_mesh() -> None:
    """E = 4 sigma^2 sqrt(2 (1 - 3/N)): few cells need the states that the splitters do not reach."""
    sigma, chips = 0.02, 400
    found = {}
    for modes in (16, 32):
        U, mesh = haar_unitary(modes, count=chips, seed=3), topology("three-splitter", modes)
        error = matrix_error(rebuilt(U, "three-splitter", splitters(mesh, sigma, chips)), U)
        law = 4 * sigma**2 * math.sqrt(2 * (1 - 3 / modes))
        assert rms(error) / law == pytest.approx(1, abs=3 * spread(error))
        found[modes] = rms(error) / (math.sqrt(2 / 3) * modes * sigma**2)
    assert found[32] < 0.3  # of what a cell of two splitters leaves


def test_phase_offsets_are_corrected_in_full() -> None:
    for name in EXACT:
        mesh = topology(name, 7)
        U = haar_unitary(7)
        assert_close(rebuilt(U, name, Faults(phase=normal(5, mesh.shifters))), U)


def test_equal_losses_scale_a_rectangle_and_distort_a_triangle() -> None:
    """L dB in each cell: N L dB for all light once the edges, that some columns leave alone, lose as much."""
    modes, loss = 8, 0.4
    U = haar_unitary(modes)
    plain = topology("clements", modes)
    padded = Topology("padded", modes, plain.columns, edge_phases=True)
    in_cells = torch.from_numpy(padded.cell_shifters.flatten())
    inside = torch.zeros(padded.shifters, dtype=torch.bool)
    inside[in_cells] = inside[padded.output_shifters] = True
    phases = torch.zeros(padded.shifters, dtype=torch.float64)
    phases[inside] = decompose(U).phases.detach()
    per_splitter = torch.full((padded.splitters,), loss / 2, dtype=torch.float64)
    dummies = Faults(splitter_loss_db=per_splitter, shifter_loss_db=loss * (~inside).double())
    assert_close(mesh_matrix(padded, phases, dummies), 10 ** (-modes * loss / 20) * U)

    def distortion(name: str) -> float:
        V = mesh_matrix(
            topology(name, modes), decompose(U, name).phases.detach(), Faults(splitter_loss_db=per_splitter)
        )
        return float(matrix_error(V / (V.abs().square().sum() / modes).sqrt(), U))

    assert 0.01 < 2 * distortion("clements") < distortion("reck")


def test_measures() -> None:
    U = haar_unitary(5, count=3)
    assert_unitary(U)
    assert_close(haar_unitary(5, count=3), U, "equal")
    assert float((haar_unitary(5, count=3, seed=1) - U).abs().max()) > 0.1
    power = haar_unitary(3, count=4000).abs().square()
    # |U_jk|^2 has variance 1/18: four standard errors of 4000
    assert float((power.mean(0) - 1 / 3).abs().max()) < 0.015
    assert float((power.square().mean(0) - 1 / 6).abs().max()) < 0.015
    turned = U * complex(math.cos(1), math.sin(1))
    assert float(matrix_error(turned, U).max()) < 1e-15
    assert_close(matrix_error(turned, U, global_phase=True), torch.full((3,), 2 * math.sin(0.5), dtype=torch.float64))
    assert_close(fidelity(turned, U), torch.ones(3, dtype=torch.float64))
    swap = torch.eye(2, dtype=torch.complex128).flip(0)
    assert float(matrix_error(swap, torch.eye(2, dtype=torch.complex128))) == pytest.approx(math.sqrt(2))


@pytest.mark.filterwarnings("ignore:ComplexHalf")
def test_refusals() -> None:
    U = haar_unitary(4)
    half = U.clone()
    half[0] /= 2
    for call, words in (
        (lambda: decompose(half), r"not unitary: an element of U\^H U - 1 is 0.\d+"),
        (lambda: decompose(torch.stack([U, half])), "matrix 1 of the batch"),
        (lambda: decompose(U.real), "complex"),
        (lambda: decompose(U[:3]), r"\(3, 4\)"),
        (lambda: decompose(U * torch.nan), "not unitary"),
        (lambda: decompose(U, "butterfly"), "cannot make every unitary"),
        (lambda: decompose(U, "clemens"), "did you mean clements"),
        (lambda: decompose(haar_unitary(4, count=2), faults=splitters(topology("clements", 4), 0.1, 3)), "3; make"),
        (lambda: decompose(U, faults=Faults(angle=torch.ones(3))), "angle must be"),
        (lambda: matrix_error(U, U[:3]), "square"),
        (lambda: matrix_error(U, haar_unitary(3)), "one size"),
        (lambda: haar_unitary(0), "1 or more"),
        (lambda: haar_unitary(4.0), "is an int, such as 8; found 4.0"),  # type: ignore[arg-type]
        (lambda: haar_unitary(4, count=-1), "count is None or an int"),
        (lambda: check_unitary(U[None][:0]), r"no matrix in a batch of shape \(0, 4, 4\)"),
        (lambda: check_unitary(U.to(torch.complex32)), "complex64 or complex128; found torch.complex32"),
        (lambda: svd_meshes(torch.eye(4, dtype=torch.int64)), "found torch.int64"),
        (lambda: svd_meshes(torch.eye(4).half()), "found torch.float16"),
        (lambda: haar_unitary(3, dtype=torch.float64), "complex"),
    ):
        with pytest.raises(PhotonicsError, match=words):
            call()


@pytest.mark.parametrize("view", ["adjoint", "conjugate", "flipped", "expanded", "negative"])
def test_matrices_that_are_views(view: str) -> None:
    U = haar_unitary(5, seed=3)
    given = {
        "adjoint": U.mH,
        "conjugate": U.conj(),
        "flipped": U.flip(0),
        "expanded": U.expand(2, 5, 5),
        "negative": torch._neg_view(U),
    }[view]
    assert_close(decompose(given).matrix(), given.resolve_conj().resolve_neg().clone())


def test_a_name_is_not_an_arrangement() -> None:
    U = haar_unitary(6, seed=1)
    own = Topology("mine", 6, topology("clements", 6).columns)
    assert_close(decompose(U, own).matrix(), U)
    disguised = Topology("clements", 6, topology("reck", 6).columns)
    assert_close(decompose(U, disguised).matrix(), U)  # a triangle, whatever it is called
    with pytest.raises(PhotonicsError, match="cannot make every unitary"):
        decompose(U, Topology("clements", 6, [[(0, 1)]] * 15))


@pytest.mark.parametrize("name", ["clements", "three-splitter", "bell"])
def test_splitters_beyond_reach(name: str) -> None:
    plan = topology(name, 4)
    angle = torch.full((plan.splitters,), math.pi / 4, dtype=torch.float64)
    angle[-1] = 1.5
    with pytest.raises(PhotonicsError, match="beyond reach"):
        decompose(haar_unitary(4), plan, faults=Faults(angle=angle))
