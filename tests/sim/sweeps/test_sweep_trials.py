"""Each trial that comes along, once: fidelity, evaluation of a trained run, training, universality."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import photonics_sim as ps
from photonics_sim.device import build_device, load_card
from photonics_sim.errors import PhotonicsError
from photonics_sim.sweeps import Asked, SweepResult, resume_sweep, start_sweep
from photonics_sim.sweeps._plan import Plan
from photonics_sim.training import evaluate, load_run_dataset
from tests.sim.sweeps.sweep_runs import ROOT, how

IRIS = str(ROOT / "data" / "iris.npz")
MESH = {"inputs": 4, "outputs": 3}
SCATTERER = {"inputs": 4, "classes": 3}
ERROR, PHASE = "mesh.splitter.error_rad", "modulator.phase_error_rad"


def swept(to: Path, target: Any, vary: dict[str, Any], **more: Any) -> SweepResult:
    found = start_sweep(Asked(target=target, vary=vary, **more), how(), out=to)
    assert not found.failures
    return found


def test_fidelity_of_a_mesh_is_the_overlap_of_its_matrices(tmp_path: Path) -> None:
    found = swept(tmp_path / "a", load_card("mzi-mems", MESH), {ERROR: [0.0, 0.1]}, chips=3, seed=2)
    assert [meaning.unit for meaning in found.meanings.values()] == ["1", "dB"]
    plan = Plan.read(found.path)
    device = build_device(load_card("mzi-mems", {**MESH, ERROR: 0.1}), seed=2)
    with torch.no_grad():
        (U,) = device.ideal().matrices()
        (V,) = device.as_built(int(plan.seeds[0]), chips=3).matrices()
    overlap = torch.einsum("ij,cij->c", U.conj(), V).abs() ** 2
    expected = overlap / (U.abs().square().sum() * V.abs().square().sum((-2, -1)))
    np.testing.assert_allclose(found["fidelity"].values[1], expected, rtol=1e-5)


def test_fidelity_of_a_scatterer_is_told_by_its_responses(tmp_path: Path) -> None:
    found = swept(tmp_path / "a", load_card("free-space-scatterer", SCATTERER), {PHASE: [0.0, 0.3]}, chips=2)
    fidelity = found["fidelity"].values
    assert (fidelity[0] > 1 - 1e-5).all()
    assert (fidelity[1] < 0.999).all()


def test_a_device_is_swept_with_its_settings(tmp_path: Path) -> None:
    device = build_device(load_card("mzi-mems", MESH), seed=0)
    with torch.no_grad():
        for parameter in device.parameters():
            parameter.add_(0.3)
    found = swept(tmp_path / "a", device, {ERROR: [0.1]}, chips=2)
    fresh = swept(tmp_path / "b", load_card("mzi-mems", MESH), {ERROR: [0.1]}, chips=2)
    assert (found.path / "device.safetensors").is_file()
    assert not np.allclose(found["fidelity"].values, fresh["fidelity"].values, rtol=1e-9)
    moved = found.path.rename(tmp_path / "c")
    (moved / "results.h5").unlink()
    again = resume_sweep(moved, how())
    np.testing.assert_array_equal(again["fidelity"].values, found["fidelity"].values)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> ps.Run:
    device = build_device(load_card("free-space-scatterer", SCATTERER), seed=0)
    return ps.train(
        device, IRIS, out=tmp_path_factory.mktemp("runs") / "a", epochs=1, batch_size=64, chips=0, progress=False
    )


def test_a_trained_run_on_chips_as_built(trained: ps.Run, tmp_path: Path) -> None:
    found = swept(tmp_path / "a", trained, {PHASE: [0.0, 1.5]}, chips=3)
    assert (found.trial, found.headline) == ("evaluate", "accuracy")
    plan = Plan.read(found.path)
    device = ps.load_trained(trained, overrides={PHASE: 1.5})
    seed = int(plan.seeds[2])
    with torch.no_grad():
        one = evaluate(device.as_built(seed), load_run_dataset(trained), seed=seed)
    assert found["accuracy"].values[1, 2] == one.score
    assert found["loss"].values[1, 2] == pytest.approx(one.loss, rel=1e-6)
    either = swept(tmp_path / "b", trained, {"evaluate.as_built": "true,false"}, chips=2)
    assert (either["loss"].values[0] != either["loss"].values[1]).all()
    aged = start_sweep(Asked(target=trained, vary={"evaluate.after_hours": [1.0]}, chips=1), how(), out=tmp_path / "c")
    assert "has no weights that age" in aged.failures[0, 0]


def test_a_run_that_has_been_trained_on_is_refused(trained: ps.Run, tmp_path: Path) -> None:
    run = ps.find_run(shutil.copytree(trained.path, tmp_path / "run"))
    found = swept(tmp_path / "a", run, {PHASE: [0.0]}, chips=1)
    (found.path / "results.h5").unlink()
    device = build_device(load_card("free-space-scatterer", SCATTERER), seed=5)
    other = ps.train(device, IRIS, out=tmp_path / "other", epochs=1, batch_size=64, chips=0, progress=False)
    shutil.copy(other.model_path, run.model_path)
    with pytest.raises(PhotonicsError, match=r"run has been trained on since the sweep was planned; start a new sweep"):
        resume_sweep(found, how())
    shutil.rmtree(run.path)
    with pytest.raises(PhotonicsError, match=r"run: the run that is swept is not there any more; put it back"):
        resume_sweep(found, how())


def test_trainings_from_scratch(tmp_path: Path) -> None:
    settings = {"training.data": IRIS, "training.epochs": 1, "training.batch_size": 64, "training.chips": 2}
    card = load_card("free-space-scatterer", SCATTERER)
    found = swept(
        tmp_path / "a", card, {"training.learning_rate": [0.001, 0.1]}, trial="train", settings=settings, chips=2
    )
    assert list(found.values) == ["test_accuracy", "as_built_accuracy", "best_epoch"]
    assert (found["best_epoch"].values == 1).all()
    seed = int(Plan.read(found.path).seeds[1]) % 2**31
    run = ps.train(
        build_device(card, seed=seed), IRIS, out=tmp_path / "run", progress=False, seed=seed, epochs=1, batch_size=64,
        chips=2, learning_rate=0.1,
    )  # fmt: skip
    assert found["test_accuracy"].values[1, 1] == run.summary["test_accuracy"]
    assert found["as_built_accuracy"].values[1, 1] == run.summary["as_built"]["mean"]


def test_universality_along_an_imperfection(tmp_path: Path) -> None:
    found = swept(
        tmp_path / "a", load_card("free-space-scatterer", SCATTERER), {"universality.inputs": [2]},
        trial="universality", settings={"universality.order": 1}, chips=1,
    )  # fmt: skip
    assert list(found.values) == ["coupling", "coupling_error", "nondegenerate"]
    assert found["nondegenerate"].values.tolist() == [[1.0]]
    assert 0 < found["coupling"].values[0, 0] < 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"training.epoch": 1}, "training: no field epoch; did you mean epochs"),
        ({"training.epochs": -1}, "epochs"),
        ({"training.data": "nothing"}, "nothing"),
    ],
)
def test_settings_of_a_trial_are_checked_before_anything_runs(
    settings: dict[str, Any], words: str, tmp_path: Path
) -> None:
    asked = Asked(
        target=load_card("free-space-scatterer"), vary={"training.seed": [1]}, trial="train", settings=settings
    )
    with pytest.raises(PhotonicsError, match=words):
        start_sweep(asked, how(), out=tmp_path / "a")
    assert not (tmp_path / "a").exists()
