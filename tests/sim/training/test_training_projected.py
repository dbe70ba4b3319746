"""A projection in front of the device: kept with the run, and the same after a stop."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import photonics_sim as ps
from photonics_sim import PhotonicsError
from photonics_sim.datasets import Dataset, Pipeline, fit_pipeline, load
from photonics_sim.device import Device
from photonics_sim.files import read_tensors, write_tensors
from photonics_sim.training import Progress, evaluate, load_pipeline, load_trained

SMALL: dict[str, Any] = {"epochs": 2, "batch_size": 64, "chips": 2, "seed": 4, "progress": False}


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits")


@pytest.fixture(scope="module")
def pipeline(digits: Dataset) -> Pipeline:
    return fit_pipeline(digits, pca=6)


def device(**fields: Any) -> Device:
    return ps.load_device("free-space-scatterer", seed=4, **({"inputs": 6, "classes": 10} | fields))


def test_the_run_keeps_the_projection_and_resumes_to_the_same_numbers(
    workplace: Path, digits: Dataset, pipeline: Pipeline
) -> None:
    def stop(now: Progress) -> None:
        if (now.epoch, now.step) == (1, 5):
            signal.raise_signal(signal.SIGINT)

    whole = ps.train(device(), digits, pipeline=pipeline, name="whole", **SMALL)
    part = ps.train(device(), digits, pipeline=pipeline, name="part", callbacks=[stop], **SMALL)
    assert part.state == "interrupted"
    kept, _ = read_tensors(part.pipeline_path)
    assert all(np.array_equal(kept[name], array) for name, array in pipeline.arrays().items())
    text = part.config_path.read_text()
    assert "pca = 6" in text
    assert "whitening = 0.5" in text
    assert len(text) < 4000
    ended = ps.resume(part, progress=False)
    for name in ("train_loss", "validation_loss", "test_prediction", "as_built_score", "sample"):
        assert np.array_equal(ended.metrics[name].values, whole.metrics[name].values), name
    found = evaluate(load_trained(whole), digits, pipeline=load_pipeline(whole))
    assert found.score == whole.summary["test_accuracy"]


def test_runs_without_a_projection_have_no_such_file(workplace: Path, digits: Dataset) -> None:
    run = ps.train(device(inputs=16), digits, **SMALL | {"epochs": 1})
    assert not run.pipeline_path.exists()
    assert load_pipeline(run) == fit_pipeline(digits, 16)


def test_a_projection_that_is_lost_or_of_another_size_is_named(
    workplace: Path, digits: Dataset, pipeline: Pipeline
) -> None:
    run = ps.train(device(), digits, pipeline=pipeline, **SMALL | {"epochs": 1})
    other = fit_pipeline(digits, pca=5).arrays()
    write_tensors(run.pipeline_path, other, {})
    with pytest.raises(PhotonicsError, match=r"pipeline.safetensors does not fit .*config.toml: .*\(5, 64\), expected"):
        ps.resume(run, epochs=2, progress=False)
    run.pipeline_path.unlink()
    with pytest.raises(PhotonicsError, match=r"pipeline.safetensors: no such file; expected the arrays of a run"):
        load_pipeline(run)


def test_a_pipeline_of_another_width_or_data_leaves_no_folder(
    workplace: Path, digits: Dataset, pipeline: Pipeline
) -> None:
    with pytest.raises(PhotonicsError, match="gives 6 features and the device takes 7"):
        ps.train(device(inputs=7), digits, pipeline=pipeline, **SMALL)
    table = Pipeline.from_dict(fit_pipeline(digits, 64).to_dict() | {"shape": [16, 16]})
    with pytest.raises(PhotonicsError, match=r"takes samples \(16, 16\) for classification, digits has \(8, 8\)"):
        ps.train(device(inputs=256), digits, pipeline=table, **SMALL)
    assert not Path("runs").exists()
