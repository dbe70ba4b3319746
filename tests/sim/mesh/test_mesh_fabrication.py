"""From a card to faults: design, wavelength, errors that are alike over the wafer, reflections; SVD pairs."""

from __future__ import annotations

import math

import pytest
import torch

from photonics_sim import PhotonicsError
from photonics_sim.device import normal
from photonics_sim.mesh import (
    Faults,
    MeshCard,
    SplitterCard,
    Topology,
    built_faults,
    haar_phases,
    mesh_matrix,
    nominal_faults,
    power_on_waveguides,
    propagate,
    reflection_bound,
    shifter_positions,
    splitter_positions,
    svd_meshes,
    topology,
    wafer_errors,
)
from photonics_sim.testing import assert_close, assert_unitary


def test_an_ideal_card_has_no_faults() -> None:
    plan = topology("clements", 6)
    assert nominal_faults(plan, MeshCard()) == Faults()
    assert built_faults(Faults(), plan, MeshCard(), seed=1) == Faults()


def test_losses_of_the_card_are_those_of_the_light() -> None:
    card = MeshCard(splitter=SplitterCard(loss_db=0.1), waveguide_loss_db_per_cm=2.0, column_length_um=500.0)
    plan = topology("clements", 6)
    phases = haar_phases(plan, 1)
    U = mesh_matrix(plan, phases, nominal_faults(plan, card))
    # every inner path crosses six columns of two splitters, an edge path fewer: between the two the power must lie
    power = U.abs().square().sum(0)
    waveguides = 10 ** (-2.0 * 6 * 0.05 / 10)
    assert (power <= waveguides * 10 ** (-6 * 0.1 / 10) + 1e-12).all()
    assert (power >= waveguides * 10 ** (-12 * 0.1 / 10) - 1e-12).all()


def test_independent_errors_have_the_cards_size() -> None:
    plan = topology("clements", 16)
    card = MeshCard(splitter=SplitterCard(error_rad=0.02))
    built = built_faults(Faults(), plan, card, seed=4, chips=50, phase_error_rad=0.3)
    assert built.angle is not None
    assert built.phase is not None
    assert float((built.angle - math.pi / 4).std()) == pytest.approx(0.02, rel=0.03)
    assert float(built.phase.std()) == pytest.approx(0.3, rel=0.03)
    again = built_faults(Faults(), plan, card, seed=4, chips=50, phase_error_rad=0.3)
    assert torch.equal(built.angle, again.angle)
    other = built_faults(Faults(), plan, card, seed=5, chips=50).angle
    assert other is not None
    assert not torch.equal(built.angle, other)


def test_errors_are_alike_over_the_correlation_length() -> None:
    """Covariance over many wafers against share * exp(-d^2 / 2 L^2)."""
    length = 400e-6
    card = MeshCard(correlation_length_um=400.0, correlated_share=0.75)
    places = torch.tensor([[0.0, 0.0], [0.5 * length, 0.0], [length, 0.0], [0.0, 2 * length], [8 * length, 0.0]])
    errors = wafer_errors(places, card, key=3, chips=4000)
    found = errors.T @ errors / len(errors)
    distance = torch.cdist(places.double(), places.double())
    expected = 0.75 * torch.exp(-(distance**2) / (2 * length**2)) + 0.25 * torch.eye(5)
    assert float((found - expected).abs().max()) < 4 / math.sqrt(4000) * math.sqrt(2)


def test_parts_lie_where_the_light_meets_them() -> None:
    card = MeshCard(column_length_um=300.0, mode_pitch_um=100.0)
    plan = topology("clements", 4)
    shifters, splitters = shifter_positions(plan, card), splitter_positions(plan, card)
    assert shifters.shape == (16, 2)
    assert splitters.shape == (12, 2)
    assert_close(splitters[0], torch.tensor([300e-6 * 1.5 / 4, 50e-6], dtype=torch.float64))
    assert_close(shifters[0], torch.tensor([300e-6 * 0.5 / 4, 0.0], dtype=torch.float64))
    assert (shifters[-4:, 0] >= 4 * 300e-6).all()


def test_a_coupling_that_leaves_its_range_with_wavelength() -> None:
    card = MeshCard(splitter=SplitterCard(coupling_slope_per_nm=0.005))
    plan = topology("clements", 4)
    angle = nominal_faults(plan, card, wavelength_nm=1570.0).angle
    assert angle is not None
    assert float(angle[0].sin() ** 2) == pytest.approx(0.6)
    with pytest.raises(PhotonicsError, match=r"would couple 1\.25"):
        nominal_faults(plan, card, wavelength_nm=1700.0)


def test_reflections_are_bounded_by_the_exact_solution() -> None:
    """Two reflecting rows in free space, r each: the round trips add r^2 / (1 - r^2) to a transmission of one."""
    plan = Topology("one cell", 2, [[(0, 1)]])  # two rows of splitters
    for return_loss in (20.0, 40.0):
        r2 = 10 ** (-return_loss / 10)
        assert reflection_bound(plan, return_loss) == pytest.approx(r2 / (1 - r2))
    assert reflection_bound(plan, 0.0) == 0.0
    assert reflection_bound(topology("clements", 64), 20.0) == math.inf


@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (2, 6)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_any_matrix_on_two_meshes(shape: tuple[int, int], dtype: torch.dtype) -> None:
    M = torch.complex(normal(1, *shape), normal(2, *shape)) if dtype.is_complex else normal(1, *shape)
    pair = svd_meshes(M)
    assert float(pair.transmission.max()) == pytest.approx(1)
    assert_close(pair.matrix(), M.to(torch.complex128), "law")
    for mesh in (pair.left, pair.right):
        assert_unitary(mesh.matrix())


def test_matrices_that_are_none() -> None:
    for bad, words in (
        (torch.zeros(3, 3), "not zero"),
        (torch.full((3, 3), math.nan), "finite"),
        (torch.ones(3), "2 x 2"),
    ):
        with pytest.raises(PhotonicsError, match=words):
            svd_meshes(bad)


def test_a_fresh_mesh_spreads_the_light() -> None:
    """Haar phases leave each output a share of 1/N on average; uniform ones leave light near its input."""
    plan = topology("clements", 32)
    far = torch.stack([mesh_matrix(plan, haar_phases(plan, n))[-4:, :4] for n in range(8)]).abs().square().mean()
    assert float(far) == pytest.approx(1 / 32, rel=0.4)


def test_power_on_the_waveguides() -> None:
    plan = topology("reck", 5)
    phases = haar_phases(plan, 3)
    x = torch.complex(normal(5, 5), normal(6, 5))
    power = power_on_waveguides(plan, phases, x, Faults())
    assert power.shape == (plan.depth + 1, 5)
    assert_close(power.sum(1), power[0].sum().expand(plan.depth + 1))
    assert_close(power[-1], propagate(plan, phases, x).abs().square())
