"""From raw samples to the inputs of a device: pooling, scaling, and nothing learned from the test part."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from photonics_sim import datasets
from photonics_sim.datasets import Dataset, Part, Pipeline
from photonics_sim.datasets._standardise import Standardised
from photonics_sim.errors import PhotonicsError


def images(ny: int, nx: int, *, pooled_side: int | None = None) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    tensors = TensorDataset(torch.rand((60, ny, nx), generator=generator), torch.arange(60) % 3)
    return replace(datasets.from_tensors(tensors), pooled_side=pooled_side)


def values() -> Dataset:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn((60, 3), generator=generator) * torch.tensor([1e-6, 1.0, 5.0]) + torch.tensor([0.0, 1e6, 3.0])
    targets = torch.randn((60, 2), generator=generator, dtype=torch.float64) * 40 - 7
    return datasets.from_tensors(TensorDataset(inputs, targets))


def test_pooling_averages_blocks_as_by_hand() -> None:
    pipeline = Pipeline("classification", (2, 4), Standardised((2, 4), 2, (0.5,), (2.0,)))
    raw = torch.tensor([[[1.0, 3.0, 0.0, 0.0], [5.0, 7.0, 0.0, 2.0]]])
    assert pipeline.features == 2
    assert torch.equal(pipeline.inputs(raw), torch.tensor([[1.75, 0.0]]))


@pytest.mark.parametrize(
    ("shape", "widths"),
    [((28, 28), [784, 196, 49, 16, 4, 1]), ((6, 4), [24, 6]), ((5, 3), [15])],
)
def test_widths_are_those_whole_blocks_give(shape: tuple[int, int], widths: list[int]) -> None:
    dataset = images(*shape)
    assert datasets.possible_widths(dataset) == widths
    for width in widths:
        pipeline = datasets.fit_pipeline(dataset, width)
        prepared = pipeline.inputs(dataset.train.inputs)
        assert prepared.shape == (len(dataset.train), pipeline.features) == (42, width)
        assert float(prepared.mean()) == pytest.approx(0, abs=1e-5)
        assert float(prepared.std(correction=0)) == pytest.approx(1, abs=1e-5)
        assert len(pipeline.to_dict()["mean"]) == 1


def test_the_pooled_side_is_taken_unless_a_width_is_asked_for() -> None:
    dataset = images(28, 28, pooled_side=14)
    assert datasets.fit_pipeline(dataset).features == 196
    assert datasets.fit_pipeline(dataset, 49).features == 49
    assert datasets.fit_pipeline(images(28, 28)).features == 784


def test_a_width_out_of_reach_is_refused_with_those_that_are_not() -> None:
    with pytest.raises(PhotonicsError, match=r"cannot give 100 features.*784, 196, 49, 16, 4, 1$"):
        datasets.fit_pipeline(images(28, 28), 100)
    with pytest.raises(PhotonicsError, match=r"one of 3$"):
        datasets.fit_pipeline(values(), 2)


def test_features_of_a_table_are_scaled_one_by_one() -> None:
    dataset = values()
    prepared = datasets.fit_pipeline(dataset).inputs(dataset.train.inputs)
    torch.testing.assert_close(prepared.mean(dim=0), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(prepared.std(dim=0, correction=0), torch.ones(3), atol=1e-5, rtol=0)


def test_a_feature_without_spread_is_only_centred() -> None:
    dataset = values()
    dataset.train.inputs[:, 1] = 0.1
    pipeline = datasets.fit_pipeline(dataset)
    assert pipeline.to_dict()["std"][1] == 1
    assert float(pipeline.inputs(dataset.train.inputs)[:, 1].abs().max()) < 1e-7


@pytest.mark.parametrize("make", [values, lambda: images(4, 4)])
def test_only_the_train_part_counts(make: Callable[[], Dataset]) -> None:
    dataset = make()

    def scaled(part: Part) -> Part:
        return Part(part.inputs * 100 + 5, part.targets * 2)

    other = replace(dataset, validation=scaled(dataset.validation), test=scaled(dataset.test))
    assert datasets.fit_pipeline(other) == datasets.fit_pipeline(dataset)


def test_targets_are_scaled_to_the_train_part_and_back() -> None:
    dataset = values()
    pipeline = datasets.fit_pipeline(dataset)
    scaled = pipeline.targets(dataset.train.targets)
    assert scaled.amin(dim=0).tolist() == [0, 0]
    assert scaled.amax(dim=0).tolist() == [1, 1]
    torch.testing.assert_close(pipeline.restore(scaled), dataset.train.targets, rtol=1e-6, atol=1e-5)
    test = pipeline.restore(pipeline.targets(dataset.test.targets))
    torch.testing.assert_close(test, dataset.test.targets, rtol=1e-6, atol=1e-5)


def test_class_numbers_are_left_alone() -> None:
    dataset = images(4, 4)
    pipeline = datasets.fit_pipeline(dataset)
    assert pipeline.targets(dataset.test.targets) is dataset.test.targets
    outputs = torch.rand((5, 3))
    assert pipeline.restore(outputs) is outputs


@pytest.mark.parametrize("dataset", [values(), images(6, 4)])
def test_a_pipeline_survives_json_bit_by_bit(dataset: Dataset) -> None:
    pipeline = datasets.fit_pipeline(dataset)
    assert Pipeline.from_dict(json.loads(json.dumps(pipeline.to_dict()))) == pipeline


@pytest.mark.parametrize("raw", [torch.rand((5, 4, 5)), torch.rand((4, 4)), torch.rand((5, 16))])
def test_samples_of_another_shape_are_refused(raw: Tensor) -> None:
    with pytest.raises(PhotonicsError, match=r"samples of shape \(n, 4, 4\), not"):
        datasets.fit_pipeline(images(4, 4)).inputs(raw)


def test_other_targets_and_integers_are_refused() -> None:
    pipeline = datasets.fit_pipeline(values())
    with pytest.raises(PhotonicsError, match=r"targets of shape \(n, 2\), not \(5, 3\)"):
        pipeline.restore(torch.rand((5, 3)))
    with pytest.raises(PhotonicsError, match=r"takes floats, not torch.int64; call float\(\)"):
        pipeline.inputs(torch.ones((5, 3), dtype=torch.int64))
    with pytest.raises(PhotonicsError, match="takes floats"):
        pipeline.targets(torch.ones((5, 2), dtype=torch.int64))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "ranking"}, "task is 'ranking'"),
        ({"shape": [4, 0]}, r"shape is \[4, 0\]"),
        ({"shape": 16}, "shape is 16"),
        ({"shape": [1, 2, 4, 4]}, "one to three whole numbers"),
        ({"pool": 3}, "pool is 3, expected a whole number that divides"),
        ({"pool": True}, "pool is True"),
        ({"mean": [0.1, 0.2]}, "mean and std have to hold 1 numbers"),
        ({"mean": [float("nan")]}, "mean has to be a list of finite numbers"),
        ({"mean": ["0.1"]}, "mean has to be a list"),
        ({"std": [0.0]}, "those of std above 0"),
        ({"low": [0.0], "high": [1.0]}, "both are empty but for regression"),
        ({"task": "regression"}, "one number per target column"),
        ({"task": "regression", "low": [1.0], "high": [1.0]}, "low below high"),
        ({"means": [0.1]}, "unknown field 'means'; did you mean mean"),
    ],
)
def test_a_spoiled_table_is_refused(changes: dict[str, Any], message: str) -> None:
    spoiled = datasets.fit_pipeline(images(4, 4)).to_dict() | changes
    with pytest.raises(PhotonicsError, match=message):
        Pipeline.from_dict(spoiled)


def colour() -> Dataset:
    generator = torch.Generator().manual_seed(0)
    samples = torch.rand((60, 3, 4, 6), generator=generator) * torch.tensor([0.1, 1.0, 1.0]).view(3, 1, 1)
    return datasets.from_tensors(TensorDataset(samples, torch.arange(60) % 3))


def test_colour_images_are_pooled_and_standardised_channel_by_channel() -> None:
    dataset = colour()
    assert datasets.possible_widths(dataset) == [72, 18]
    pipeline = datasets.fit_pipeline(dataset, 18)
    raw = dataset.train.inputs
    blocks = torch.stack([raw[..., i::2, j::2] for i in range(2) for j in range(2)]).mean(dim=0)
    spread = blocks.std(dim=(0, 2, 3), correction=0).view(3, 1, 1)
    expected = (blocks - blocks.mean(dim=(0, 2, 3)).view(3, 1, 1)) / spread
    torch.testing.assert_close(pipeline.inputs(raw), expected.flatten(1), atol=1e-5, rtol=0)
    assert Pipeline.from_dict(json.loads(json.dumps(pipeline.to_dict()))) == pipeline


def test_the_pooled_side_of_colour_images_counts_for_each_channel() -> None:
    square = torch.rand((60, 3, 8, 8), generator=torch.Generator().manual_seed(0))
    dataset = datasets.from_tensors(TensorDataset(square, torch.arange(60) % 3))
    assert datasets.fit_pipeline(replace(dataset, pooled_side=2)).features == 12
    assert datasets.fit_pipeline(dataset).features == 192


def test_a_missing_field_is_named() -> None:
    spoiled = datasets.fit_pipeline(images(4, 4)).to_dict()
    del spoiled["std"]
    with pytest.raises(PhotonicsError, match="field std is missing"):
        Pipeline.from_dict(spoiled)
