"""Faults found from measured matrices predict matrices that were not measured."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from photonics_sim import PhotonicsError
from photonics_sim.device import normal
from photonics_sim.mesh import Calibration, Faults, Topology, calibrate, mesh_matrix, topology


def uniform(seed: int, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def chip(mesh: Topology, offset: float = 0.3) -> Faults:
    angle = math.pi / 4 + 0.03 * normal(1, mesh.splitters)
    return Faults(angle, offset * normal(2, mesh.shifters), 0.3 * uniform(3, mesh.shifters))


def settings(mesh: Topology, count: int, seed: int = 4) -> Tensor:
    return 2 * math.pi * uniform(seed, count, mesh.shifters)


def unseen(mesh: Topology, found: Calibration, true: Faults, powers: bool = False) -> float:
    """Largest error of an element, at settings that were not measured."""
    new = settings(mesh, 20, seed=5)
    one, other = mesh_matrix(mesh, new, found.faults), mesh_matrix(mesh, new, true)
    gap = one.abs().square() - other.abs().square() if powers else one - other
    return float(gap.abs().max())


@pytest.mark.parametrize(("name", "modes"), [("clements", 4), ("reck", 4), ("three-splitter", 3), ("bell", 3)])
def test_amplitudes_show_every_fault(name: str, modes: int) -> None:
    mesh = topology(name, modes)
    true, phases = chip(mesh), settings(mesh, 8)
    found = calibrate(mesh, phases, mesh_matrix(mesh, phases, true))
    assert unseen(mesh, found, true) < 1e-9
    assert found.residual < 1e-10
    if name in {"clements", "reck"}:
        assert found.blind == 0
        for kind, value in true.tensors().items():
            assert float((getattr(found.faults, kind) - value).abs().max()) < 1e-9


def test_offsets_of_any_size_in_a_small_mesh() -> None:
    mesh = topology("clements", 4)
    true, phases = chip(mesh, offset=3.0), settings(mesh, 6)
    assert unseen(mesh, calibrate(mesh, phases, mesh_matrix(mesh, phases, true)), true) < 1e-9


def test_parts_without_loss() -> None:
    """The losses end at their bound."""
    mesh = topology("clements", 4)
    angle, phase = (getattr(chip(mesh), name) for name in ("angle", "phase"))
    phases = settings(mesh, 6)
    found = calibrate(mesh, phases, mesh_matrix(mesh, phases, Faults(angle, phase)))
    assert unseen(mesh, found, Faults(angle, phase)) < 1e-8
    assert found.faults.shifter_loss_db is not None
    assert float(found.faults.shifter_loss_db.min()) >= 0


def test_powers_hide_the_phases_of_inputs_and_outputs() -> None:
    """2N - 1 combinations of phases; powers at new settings are right without them."""
    mesh = topology("clements", 4)
    true, phases = chip(mesh, offset=0.1), settings(mesh, 12)
    powers = mesh_matrix(mesh, phases, true).abs().square()
    found = calibrate(mesh, phases, powers, powers=True)
    assert unseen(mesh, found, true, powers=True) < 1e-8
    assert unseen(mesh, found, true) > 1e-2
    assert found.blind == 2 * 4 - 1
    errors = found.standard_error
    assert errors.angle is not None
    assert errors.phase is not None
    assert bool(errors.phase[mesh.output_shifters].isinf().all())
    assert bool(errors.angle.isfinite().all())


@pytest.mark.parametrize(("modes", "blind"), [(3, 3), (4, 7)])
def test_losses_of_the_splitters_of_a_cell_are_one_number(modes: int, blind: int) -> None:
    """One blind combination for each cell; one more at 4 modes, where two columns of cells cover all modes."""
    mesh = topology("clements", modes)
    loss = 0.3 * uniform(3, mesh.splitters)
    true, phases = Faults(chip(mesh).angle, splitter_loss_db=loss), settings(mesh, 6)
    found = calibrate(mesh, phases, mesh_matrix(mesh, phases, true), fit=("angle", "splitter loss"))
    assert unseen(mesh, found, true) < 1e-9
    assert found.blind == blind
    assert found.faults.phase is None
    assert found.faults.splitter_loss_db is not None
    pairs = torch.from_numpy(mesh.cell_splitters)
    gap = (found.faults.splitter_loss_db - loss)[pairs]
    assert float(gap.sum().abs()) < 1e-8
    assert modes == 4 or float(gap.sum(1).abs().max()) < 1e-8
    assert float(gap[:, 0].abs().max()) > 1e-2


def test_what_is_not_fitted_stays_at_the_start() -> None:
    mesh = topology("clements", 4)
    true, phases = chip(mesh), settings(mesh, 4)
    start = Faults(phase=true.phase, shifter_loss_db=true.shifter_loss_db)
    found = calibrate(mesh, phases, mesh_matrix(mesh, phases, true), fit=("angle",), start=start)
    assert found.faults.phase is not None
    assert true.phase is not None
    assert bool((found.faults.phase == true.phase).all())
    assert unseen(mesh, found, true) < 1e-9
    assert found.standard_error.phase is None


def test_noise_sets_residual_and_standard_errors() -> None:
    """All three are proportional to it, and parameters are off by about their standard error."""
    mesh = topology("clements", 4)
    true, phases = chip(mesh), settings(mesh, 10)
    V = mesh_matrix(mesh, phases, true)
    rms, ahead = {}, {}
    for noise in (1e-5, 1e-3):
        found = calibrate(mesh, phases, V + noise / math.sqrt(2) * torch.complex(*normal(7, 2, *V.shape)))
        # 320 equations for 44 unknowns
        assert found.residual == pytest.approx(noise * math.sqrt(1 - 44 / 320), rel=0.12)
        assert found.faults.angle is not None
        assert found.standard_error.angle is not None
        assert true.angle is not None
        pull = (found.faults.angle - true.angle) / found.standard_error.angle
        rms[noise] = float(pull.square().mean().sqrt())
        ahead[noise] = unseen(mesh, found, true)
    assert all(0.6 < value < 1.5 for value in rms.values())  # 12 angles: 1 +- 0.2
    assert ahead[1e-3] / ahead[1e-5] == pytest.approx(100, rel=0.1)


def test_views_that_are_conjugated_or_negated_are_as_good() -> None:
    mesh = topology("clements", 3)
    phases = settings(mesh, 8)
    V = mesh_matrix(mesh, phases, chip(mesh))
    negated = torch.complex(phases, -phases).conj().imag
    assert negated.is_neg()
    plain, views = (calibrate(mesh, p, m) for p, m in ((phases, V), (negated, V.conj().resolve_conj().conj())))
    assert views.residual == pytest.approx(plain.residual, abs=1e-9)


def test_refusals() -> None:
    mesh = topology("clements", 4)
    phases = settings(mesh, 4)
    V = mesh_matrix(mesh, phases)
    for call, words in (
        (lambda: calibrate(mesh, phases[:1], V[:1]), "32 equations for 44 unknowns; measure at least 2 settings"),
        (lambda: calibrate(mesh, phases[:0], V[:0]), "0 settings"),
        (lambda: calibrate(mesh, phases[:1].expand(4, -1), V), "4 settings are equal"),
        (lambda: calibrate(mesh, phases, V[:3]), r"measured \(K, 4, 4\)"),
        (lambda: calibrate(mesh, phases[:, 1:], V), r"\(K, 16\)"),
        (lambda: calibrate(mesh, phases, V.abs()), "complex amplitudes"),
        (lambda: calibrate(mesh, phases, V, powers=True), "real powers"),
        (lambda: calibrate(mesh, phases, V, fit=("angel",)), "did you mean angle"),
        (lambda: calibrate(mesh, phases, V, fit=()), r"list of faults, .* found nothing, \(\)"),
        (lambda: calibrate(mesh, phases, V, fit="angle"), "one name alone, 'angle'"),
        (lambda: calibrate(mesh, phases, V * torch.nan), "finite"),
        (lambda: calibrate(mesh, phases, V, start=Faults(angle=torch.ones(2, 12))), r"chip\(number\)"),
    ):
        with pytest.raises(PhotonicsError, match=words):
            call()
