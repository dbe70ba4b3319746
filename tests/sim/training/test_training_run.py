"""Training into a run folder: resume is exact, nothing is overwritten, the test part decides nothing."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

import photonics_sim as ps
from photonics_sim import PhotonicsError
from photonics_sim.device import Device
from photonics_sim.files import read_tensors
from photonics_sim.training import Progress, evaluate, load_trained

SMALL: dict[str, Any] = {"epochs": 3, "batch_size": 16, "chips": 2, "seed": 4, "progress": False}


def device(**fields: Any) -> Device:
    return ps.load_device("free-space-scatterer", seed=4, **({"inputs": 5, "classes": 3} | fields))


def data(classes: int = 3, seed: int = 0) -> TensorDataset:
    """Three noisy clusters."""
    rng = np.random.default_rng(seed)
    y = np.arange(120) % classes
    x = rng.normal(size=(120, 5)) + 4 * np.eye(5)[y]
    return TensorDataset(torch.tensor(x, dtype=torch.float32), torch.tensor(y))


def weights(run: ps.Run) -> dict[str, Any]:
    return read_tensors(run.model_path)[0]


def assert_same_run(a: ps.Run, b: ps.Run) -> None:
    assert all(np.array_equal(weights(a)[name], value) for name, value in weights(b).items())
    for name, metric in a.metrics.items():
        if name != "seconds":
            assert np.array_equal(metric.values, b.metrics[name].values), name


def test_it_learns_and_the_summary_says_so(workplace: Path) -> None:
    run = ps.train(device(), data(), **SMALL | {"epochs": 15})
    assert run.state == "finished"
    assert run.path == Path("runs/free-space-scatterer-1")
    assert run.summary["test_accuracy"] > 0.8
    assert run.summary["epochs"] == run.summary["epochs_run"] == 15
    assert run.metrics["train_loss"].values[-1] < run.metrics["train_loss"].values[0] / 2
    assert run.metrics["confusion"].values.sum() == run.summary["test_samples"]


def test_the_kept_weights_are_those_of_the_best_validation_epoch(workplace: Path) -> None:
    run = ps.train(device(), data(), **SMALL | {"epochs": 12, "learning_rate": 1.0})
    scores, losses = (run.metrics[f"validation_{n}"].values for n in ("accuracy", "loss"))
    best = max(range(12), key=lambda e: (scores[e], -losses[e]))
    assert run.summary["best_epoch"] == best + 1
    from photonics_sim.datasets import from_tensors

    found = evaluate(load_trained(run), from_tensors(data()), part="validation")
    assert found.score == scores[best]
    assert found.loss == pytest.approx(losses[best], rel=1e-5)


def test_the_test_part_decides_nothing(workplace: Path) -> None:
    from dataclasses import replace

    from photonics_sim.datasets import Part, from_tensors

    whole = from_tensors(data())
    shuffled = Part(whole.test.inputs.flip(0) * 3, whole.test.targets)
    a = ps.train(device(), whole, name="a", **SMALL)
    b = ps.train(device(), replace(whole, test=shuffled), name="b", **SMALL)
    assert all(np.array_equal(weights(a)[name], value) for name, value in weights(b).items())


def stop_after(steps: int) -> Any:
    """A callback that asks to stop, as Ctrl-C does, after so many steps."""
    seen: list[Progress] = []

    def callback(now: Progress) -> None:
        seen.append(now)
        if len(seen) == steps:
            signal.raise_signal(signal.SIGINT)

    return callback


def test_the_first_step_which_compiles_is_no_measure_of_the_speed(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that goes on by 1000 s in the first pass and by 1 s in each other."""
    now, seen = [0.0], list[Progress]()
    found = device()
    found.register_forward_pre_hook(lambda *_: now.append(now[-1] + (1 if now[-1] else 1000)))
    monkeypatch.setattr("photonics_sim.training._loop.time", SimpleNamespace(monotonic=lambda: now[-1]))
    ps.train(found, data(), callbacks=[seen.append], **SMALL)
    assert math.isnan(seen[0].left_s)
    assert math.isnan(seen[0].samples_per_s)
    assert seen[1].samples_per_s == 16
    assert seen[1].left_s == 3 * seen[1].steps - 2
    assert seen[-1].left_s == 0


@pytest.mark.parametrize("steps", [1, 3, 6, 8, 11])
def test_a_stopped_run_resumes_to_the_same_numbers(workplace: Path, steps: int) -> None:
    noisy = {"detector.shot_noise": True, "modulator.phase_noise_rad": 0.1}
    whole = ps.train(device(**noisy), data(), name="whole", **SMALL)
    part = ps.train(device(**noisy), data(), name="part", callbacks=[stop_after(steps)], **SMALL)
    assert part.state == "interrupted"
    ended = ps.resume(part, dataset=data(), progress=False)
    assert ended.state == "finished"
    assert 0 < ended.summary["epochs_run"] <= 3
    assert_same_run(ended, whole)


def test_a_run_in_double_precision_stays_in_double_precision(workplace: Path) -> None:
    whole = ps.train(device().double(), data(), name="whole", **SMALL)
    part = ps.train(device().double(), data(), name="part", callbacks=[stop_after(4)], **SMALL)
    assert_same_run(ps.resume(part, dataset=data(), progress=False), whole)
    assert next(load_trained(whole).parameters()).dtype == torch.float64


def test_weights_that_were_changed_before_the_training_are_not_lost(workplace: Path) -> None:
    def changed() -> Device:
        found = device()
        with torch.no_grad():
            next(found.parameters()).add_(0.5)
        return found

    whole = ps.train(changed(), data(), name="whole", **SMALL)
    part = ps.train(changed(), data(), name="part", callbacks=[stop_after(1)], **SMALL)
    assert_same_run(ps.resume(part, dataset=data(), progress=False), whole)


KILLED = """
import photonics_sim as ps, torch, sys
torch.set_num_threads(1)
device = ps.load_device("free-space-scatterer", seed=1)
ps.train(device, "digits", name="killed", epochs=3, chips=0, seed=1, progress=False)
"""


def test_a_killed_run_resumes_to_the_same_numbers(workplace: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED], cwd=workplace)
    metrics = workplace / "runs/killed/metrics.h5"
    deadline = time.monotonic() + 60
    while not metrics.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait()
    run = ps.find_run("killed")
    assert run.state == "interrupted"
    ended = ps.resume(run, progress=False)
    fresh = ps.load_device("free-space-scatterer", seed=1)
    whole = ps.train(fresh, "digits", name="whole", epochs=3, chips=0, seed=1, progress=False)
    assert_same_run(ended, whole)


def test_resuming_a_finished_run_changes_nothing(workplace: Path) -> None:
    run = ps.train(device(), data(), **SMALL)
    before = run.metrics_path.read_bytes()
    assert ps.resume(run, dataset=data(), progress=False).state == "finished"
    assert run.metrics_path.read_bytes() == before


def test_a_finished_run_can_get_more_epochs_but_not_fewer(workplace: Path) -> None:
    run = ps.train(device(), data(), **SMALL)
    more = ps.resume(run, epochs=5, dataset=data(), progress=False)
    assert (more.summary["epochs"], more.summary["epochs_run"]) == (5, 2)
    with pytest.raises(PhotonicsError, match="larger --epochs"):
        ps.resume(more, epochs=2, dataset=data(), progress=False)


def test_regression(workplace: Path) -> None:
    x = torch.rand(200, 4, generator=torch.Generator().manual_seed(0))
    y = torch.stack([3 * x[:, 0] - x[:, 1], x[:, 2] * x[:, 3] * 100], dim=1)
    run = ps.train(device(inputs=4, classes=2, copies=2), TensorDataset(x, y), **SMALL | {"epochs": 40})
    assert run.summary["test_r2"] > 0.8
    assert run.metrics["test_prediction"].values.shape == (40, 2)
    assert run.metrics["test_prediction"].values[:, 1].max() > 50, "predictions are in the user's units"


def test_no_run_is_ever_overwritten(workplace: Path) -> None:
    run = ps.train(device(), data(), name="first", **SMALL)
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    with pytest.raises(PhotonicsError, match=r"first is a run already.*resume"):
        ps.train(device(), data(), name="first", **SMALL)
    assert before == {path.name: path.read_bytes() for path in run.path.iterdir()}


def test_resume_refuses_what_does_not_fit(workplace: Path) -> None:
    run = ps.train(device(), data(), callbacks=[stop_after(2)], **SMALL)
    with pytest.raises(PhotonicsError, match="trained on tensors that no file holds"):
        ps.resume(run, progress=False)
    with pytest.raises(PhotonicsError, match="contents have changed"):
        ps.resume(run, dataset=data(seed=1), progress=False)
    text = run.card_path.read_text()
    run.card_path.write_text(text.replace("copies = 1", "copies = 2"))
    with pytest.raises(PhotonicsError, match=r"does not fit the card: bias is \(3, 1, 5\) .* \(3, 2, 5\)"):
        ps.resume(ps.find_run(run.path), dataset=data(), progress=False)
    run.card_path.write_text(text)
    run.checkpoint_path.write_bytes(run.checkpoint_path.read_bytes()[:500])
    with pytest.raises(PhotonicsError, match="damaged"):
        ps.resume(ps.find_run(run.path), dataset=data(), progress=False)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, r"train: epochs = 0 is outside 1 \.\. 100000"),
        ({"learning_rate": float("nan")}, "not a finite number"),
        ({"lerning_rate": 0.1}, "did you mean learning_rate"),
        ({"batch_size": 2.5}, "batch_size"),
        ({"shift_px": 1.0}, "need images"),
    ],
)
def test_settings_that_make_no_sense_leave_no_folder(workplace: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(PhotonicsError, match=message):
        ps.train(device(), data(), **SMALL | settings)
    assert not Path("runs").exists()


def test_widths_that_do_not_fit_leave_no_folder(workplace: Path) -> None:
    with pytest.raises(PhotonicsError, match="5"):
        ps.train(device(inputs=7), data(), **SMALL)
    with pytest.raises(PhotonicsError, match=r"needs 3; build it with classes=3"):
        ps.train(device(classes=4), data(), **SMALL)
    assert not Path("runs").exists()


def test_as_built_chips_are_those_of_their_seed(workplace: Path) -> None:
    from photonics_sim.datasets import from_tensors

    found = device(**{"modulator.phase_error_rad": 1.0})
    one, two = (evaluate(found, from_tensors(data()), chips=5, seed=s).as_built for s in (1, 1))
    assert one is not None
    assert one == two
    low, high = one.interval
    assert low <= one.mean <= high
    assert len(set(one.scores)) > 1
