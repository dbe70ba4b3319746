"""The report on a device's kernel, on devices whose kernel is known."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
import torch
from feature_device import FeatureDevice, squares
from torch import Tensor

from photonics_sim import PhotonicsError, load_device
from photonics_sim.analysis.ntk import KernelReport, estimate_kernel, kernel_report
from photonics_sim.analysis.ntk._choice import Targets, chosen_ridge
from photonics_sim.device import normal

X, NEW = normal(11, 60, 3), normal(12, 30, 3)
BENDS = {
    "line": lambda x: x,
    "parabola": squares,
    "wave": lambda x: torch.cat([torch.sin(7 * x), torch.cos(5 * x)], -1),
    "nearly a line": lambda x: torch.cat([x, 1.2 * torch.sin(3 * x)], -1),
}


def bent(x: Tensor) -> Tensor:
    return x[:, 0] * x[:, 1] - x[:, 2].square()


def judged(name: str, **options: Any) -> KernelReport:
    device = FeatureDevice(BENDS[name], 3)
    return kernel_report(device, X, bent(X), NEW, bent(NEW), task="regression", **options)


def test_a_linear_device_is_a_linear_layer() -> None:
    found = judged("line")
    assert found.rank == 3
    assert found.condition_number == math.inf
    values = torch.linalg.eigvalsh(X @ X.T).flip(0)
    assert found.eigenvalues[:3] == pytest.approx(values[:3].tolist())
    assert found.condition_above_rounding == pytest.approx(float(values[0] / values[2]))
    assert found.score == pytest.approx(found.linear_score, abs=0.05)
    assert found.score < 0.2
    assert found.learning_time == math.inf
    assert found.extrapolation_degree == 1
    assert "never fitted" in str(found)
    assert "directions that this kernel does not have" in found.caveats[0]


def test_a_device_of_products_learns_products() -> None:
    found = judged("parabola")
    assert found.score == pytest.approx(1, abs=1e-6)
    assert found.rank == 10
    assert found.extrapolation_degree == 2
    assert found.target_shares[10] == pytest.approx(1)
    assert found.train_curve[-1] == pytest.approx(1, abs=1e-6)
    assert 0 < found.learning_time < found.times[-1]
    near = min(range(len(found.times)), key=lambda k: abs(found.times[k] - found.learning_time))
    assert found.train_curve[near] == pytest.approx(0.9, abs=0.08), "R^2 is the share that is learnt"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("line", "a polynomial of degree 1 (R² 1.0000)"),
        ("wave", "no polynomial up to degree 8: bounded, periodic, or partly so (R² 0."),
        ("nearly a line", "near one of degree 1"),
    ],
)
def test_what_lies_outside_is_told_by_what_polynomials_explain(name: str, words: str) -> None:
    assert judged(name).extrapolation.startswith(words)


def test_clipped_inputs_end_in_a_constant() -> None:
    device = FeatureDevice(torch.sign, 3)  # rays through the origin leave each of its quadrants nowhere
    found = kernel_report(device, X, bent(X), NEW, bent(NEW), task="regression")
    assert found.extrapolation == "constant: the inputs clip, or the device saturates"
    assert found.extrapolation_degree == 0


def test_classes() -> None:
    device = FeatureDevice(squares, 3)
    y, new = ((x[:, 0] * x[:, 1] > 0).long() for x in (X, NEW))
    found = kernel_report(device, X, y, NEW, new)
    assert found.score >= found.linear_score + 0.2
    assert found.chance == pytest.approx(max(float(new.double().mean()), 1 - float(new.double().mean())))
    assert found.score_error == pytest.approx(math.sqrt(found.score * (1 - found.score) / 30))
    table = json.loads(json.dumps(found.to_dict()))
    assert table["score"] == found.score
    assert table["trace_shares"]["10"] == pytest.approx(1)
    assert "matrix" not in table
    assert str(found).startswith(f"kernel regression: accuracy {100 * found.score:.1f} % ±")


def test_the_ridge_is_chosen_without_the_test_part() -> None:
    device, noise = FeatureDevice(squares, 3), 2 * normal(13, 60)
    first = kernel_report(device, X, bent(X) + noise, NEW, bent(NEW), task="regression")
    second = kernel_report(device, X, bent(X) + noise, NEW, -bent(NEW), task="regression")
    assert first.ridge == second.ridge > 1e-8, "noise wants a ridge"
    targets = Targets.of("regression", bent(X), bent(NEW))
    matrix = squares(X) @ squares(X).T
    assert chosen_ridge(matrix, targets, 1) <= 1e-6 * float(matrix.diagonal().mean()), "clean targets want none"


def test_a_card_and_its_estimate() -> None:
    device = load_device("mzi-thermo-optic", inputs=3, outputs=2)
    y, seen = (bent(X) > 0).long(), []
    found = kernel_report(device, X[:12], y[:12], X[12:20], y[12:20], progress=lambda *now: seen.append(now))
    estimate = estimate_kernel(device, X, 20)
    assert seen[-1] == (estimate.passes, estimate.passes)
    assert 0 < estimate.low_s < estimate.high_s
    assert found.parameters == sum(p.numel() for p in device.parameters())
    assert found.along.shape == (6, 20)
    assert found.distances[0] == pytest.approx(1.1)


def test_mistakes() -> None:
    device, y = FeatureDevice(squares, 3), (bent(X) > 0).long()
    with pytest.raises(PhotonicsError, match=r"x_train has shape \(60, 2\); expected \(n, 3\)"):
        kernel_report(device, X[:, :2], y, NEW, y[:30])
    with pytest.raises(PhotonicsError, match="x_test has 30 samples and y_test 31"):
        kernel_report(device, X, y, NEW, y[:31])
    with pytest.raises(PhotonicsError, match="7 training and 30 test samples; at least 8 and 1"):
        kernel_report(device, X[:7], y[:7], NEW, y[:30])
    with pytest.raises(PhotonicsError, match="for values ask for regression"):
        kernel_report(device, X, bent(X), NEW, bent(NEW))
    with pytest.raises(PhotonicsError, match="60 training samples are of a single class"):
        kernel_report(device, X, 0 * y, NEW, y[:30])
    with pytest.raises(PhotonicsError, match="choose classification or regression"):
        kernel_report(device, X, y, NEW, y[:30], task="ranking")  # type: ignore[arg-type]
    with pytest.raises(PhotonicsError, match="all training samples are 0"):
        kernel_report(device, 0 * X, y, NEW, y[:30])
