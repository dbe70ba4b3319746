"""The pieces of training: losses and scores by hand, the schedule, the forecast, progress lines."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
import torch

from photonics_sim import PhotonicsError, load_card, load_device
from photonics_sim.datasets import fit_pipeline, from_tensors, load
from photonics_sim.runs import TrainSettings
from photonics_sim.training import Progress, estimate_training, fit_card, loss
from photonics_sim.training._loop import learning_rate
from photonics_sim.training._tasks import confusion, hits, is_better, outcomes, score


def test_cross_entropy_takes_powers_as_logits() -> None:
    powers = torch.tensor([[2.0, 0.5, 0.0]])
    expected = -math.log(math.exp(0.5) / (math.exp(2) + math.exp(0.5) + 1))
    assert float(loss(powers, torch.tensor([1]), "classification")) == pytest.approx(expected, rel=1e-6)


def test_label_smoothing_spreads_probability() -> None:
    powers = torch.tensor([[2.0, 0.0]])
    logs = [-math.log(math.exp(v) / (math.exp(2) + 1)) for v in (2.0, 0.0)]
    expected = 0.9 * logs[0] + 0.1 * (logs[0] + logs[1]) / 2
    found = loss(powers, torch.tensor([0]), "classification", label_smoothing=0.1)
    assert float(found) == pytest.approx(expected, rel=1e-6)


def test_accuracy_and_r2_by_hand() -> None:
    outputs, targets = torch.tensor([[0.0, 1], [2, 1], [0, 3]]), torch.tensor([1, 1, 1])
    assert score(hits(outputs, targets, "classification"), targets, "classification") == pytest.approx(2 / 3)
    assert outcomes(outputs, targets, "classification").tolist() == [1, 0, 1]
    true, found = torch.tensor([[1.0], [2], [3]]), torch.tensor([[1.0], [2], [2]])
    assert score(hits(found, true, "regression"), true, "regression") == pytest.approx(1 - 1 / 2)


def test_bits_per_character_by_hand() -> None:
    chances = torch.tensor([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]])
    targets = torch.tensor([1, 0])
    assert outcomes(chances.log(), targets, "next-token").tolist() == pytest.approx([2, 3], rel=1e-6)
    found = score(hits(chances.log(), targets, "next-token"), targets, "next-token")
    assert found == pytest.approx(2.5, rel=1e-6)
    assert float(loss(chances.log(), targets, "next-token")) == pytest.approx(2.5 * math.log(2), rel=1e-6), "in nats"


def test_outcomes_of_several_devices_at_once() -> None:
    outputs, targets = torch.rand((4, 5, 3)), torch.tensor([0, 1, 2, 0, 1])
    for task in ("classification", "next-token"):
        together = outcomes(outputs, targets, task)
        assert torch.equal(together, torch.stack([outcomes(one, targets, task) for one in outputs]))


def test_confusion_has_true_rows() -> None:
    found = confusion(torch.tensor([0, 2, 2]), torch.tensor([0, 1, 2]), 3)
    assert found.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 1]]


@pytest.mark.parametrize(
    ("candidate", "best", "of_high", "of_low"),
    [((0.5, 1.0), None, True, True), ((0.6, 9.0), (0.5, 1.0), True, False), ((0.5, 0.9), (0.5, 1.0), True, True),
     ((0.5, 1.0), (0.5, 1.0), False, False), ((0.4, 9.0), (0.5, 1.0), False, True)],
)  # fmt: skip
def test_the_best_epoch_is_by_score_in_its_direction_then_by_loss(
    candidate: tuple[float, float], best: tuple[float, float] | None, of_high: bool, of_low: bool
) -> None:
    assert is_better(candidate, best, "classification") is of_high
    assert is_better(candidate, best, "regression") is of_high
    assert is_better(candidate, best, "next-token") is of_low


def test_the_rate_rises_and_then_falls_along_a_cosine() -> None:
    settings = TrainSettings(learning_rate=0.2, warmup=0.1)
    rates = [learning_rate(settings, step, 100) for step in range(100)]
    assert rates[0] == pytest.approx(0.02)
    assert max(rates) == rates[9]
    assert rates[50] == pytest.approx(0.1)
    assert rates[99] < 1e-3 * 0.2
    assert all(a > b for a, b in itertools.pairwise(rates[9:]))


def test_the_card_is_fitted_to_the_data_and_a_choice_is_kept() -> None:
    card, digits = load_card("free-space-scatterer", {"classes": 7}), load("digits")
    fitted = fit_card(card, digits)
    assert (fitted.model_dump()["inputs"], fitted.model_dump()["classes"]) == (64, 10)
    pooled = fit_card(load_card("free-space-scatterer", {"inputs": 16}), digits, chosen={"inputs"})
    assert pooled.model_dump()["inputs"] == 16
    with pytest.raises(PhotonicsError, match=r"classes = 7, but digits has 10"):
        fit_card(card, digits, chosen={"classes"})
    with pytest.raises(PhotonicsError, match="50"):
        fit_card(load_card("free-space-scatterer", {"inputs": 50}), digits, chosen={"inputs"})


def test_a_given_pipeline_decides_the_width() -> None:
    digits = load("digits")
    pipeline = fit_pipeline(digits, pca=12)
    assert fit_card(load_card("free-space-scatterer"), digits, pipeline=pipeline).model_dump()["inputs"] == 12
    chosen = load_card("free-space-scatterer", {"inputs": 16})
    with pytest.raises(PhotonicsError, match="inputs = 16, but the pipeline gives 12 features"):
        fit_card(chosen, digits, chosen={"inputs"}, pipeline=pipeline)


def test_the_forecast_leaves_the_device_alone_and_counts_right() -> None:
    device = load_device("free-space-scatterer", inputs=64)
    before = {name: value.clone() for name, value in device.state_dict().items()}
    found = estimate_training(device, load("digits"), TrainSettings(epochs=2, batch_size=100, chips=0))
    assert all(torch.equal(before[name], value) for name, value in device.state_dict().items())
    assert found.steps == 2 * math.ceil(len(load("digits").train) / 100)
    assert found.trained_parameters == 10 * (64 + 64 + 2 * 64 + 64 * 64)
    assert 0 < found.low_s <= found.high_s
    passes = found.steps * 100
    assert found.hardware_s == pytest.approx(passes * device.costs().total_latency_s)


def test_progress_lines() -> None:
    now = Progress(2, 10, 5, 50, 0.1234, "classification", 0.5, math.nan, 812.3, 3725)
    assert now.line() == "epoch 2/10  loss 0.1234  accuracy 50.0 %  validation -  812 samples/s  1:02:05 left"
    first = replace(now, samples_per_s=math.nan, left_s=math.nan)
    assert first.line().endswith("validation -  - samples/s  - left")
    assert not now.epoch_done
    text = replace(now, task="next-token", score=2.9531, validation=3.1)
    assert "  cross-entropy 2.953 bits/char  validation 3.100 bits/char  " in text.line()


def test_a_file_of_ones_own_is_regression_by_its_floats() -> None:
    tensors = torch.utils.data.TensorDataset(torch.rand(50, 3), torch.rand(50))
    assert from_tensors(tensors).task == "regression"
