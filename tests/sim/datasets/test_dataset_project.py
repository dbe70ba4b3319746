"""Principal components against a singular value decomposition, and what is said where there are none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import TensorDataset

from photonics_sim import datasets
from photonics_sim.datasets import Dataset, Part, Pipeline, fit_pipeline
from photonics_sim.errors import PhotonicsError


def dataset(shape: tuple[int, ...], n: int = 100) -> Dataset:
    """Samples whose features depend on each other, with targets that do not matter."""
    generator = torch.Generator().manual_seed(0)
    width = int(np.prod(shape))
    mixing = torch.randn((width, width), generator=generator) * torch.logspace(0, -1, width)
    samples = torch.randn((n, width), generator=generator) @ mixing.T
    return datasets.from_tensors(TensorDataset(samples.reshape(n, *shape), torch.arange(n) % 3))


def table() -> Dataset:
    """Columns in units that differ by orders of magnitude, one of them far from zero."""
    found = dataset((5,))
    units, offset = torch.tensor([1e-6, 1.0, 1e3, 5.0, 1.0]), torch.tensor([0.0, 3e3, -20.0, 1.0, 0.0])
    parts = [Part(part.inputs * units + offset, part.targets) for part in found.parts.values()]
    return replace(found, train=parts[0], validation=parts[1], test=parts[2])


def standardised(raw: Tensor, train: Tensor) -> NDArray[np.float64]:
    """One mean and one spread per column of a table, or per channel of images, as float64 (n, features)."""
    whole, found = train.double().numpy(), raw.double().numpy()
    axes = {2: 0, 3: (0, 1, 2), 4: (0, 2, 3)}[whole.ndim]
    scaled: NDArray[np.float64] = (found - whole.mean(axes, keepdims=True)) / whole.std(axes, keepdims=True)
    return scaled.reshape(len(found), -1)


CASES: dict[str, Callable[[], Dataset]] = {
    "table": table,
    "image": lambda: dataset((4, 4)),
    "colour": lambda: dataset((3, 2, 2)),
    "more features than samples": lambda: dataset((12, 12)),
}


@pytest.mark.parametrize("make", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("whitening", [0.0, 0.5, 1.0])
def test_coefficients_are_those_of_a_singular_value_decomposition(
    make: Callable[[], Dataset], whitening: float
) -> None:
    found = make()
    pipeline = fit_pipeline(found, pca=4, whitening=whitening)
    train = standardised(found.train.inputs, found.train.inputs)
    mean = train.mean(axis=0)
    _, singular, axes = np.linalg.svd(train - mean, full_matrices=False)
    spread = singular[:4] / np.sqrt(len(train))
    for part in found.parts.values():
        expected = (standardised(part.inputs, found.train.inputs) - mean) @ axes[:4].T / spread**whitening
        expected /= np.sqrt((spread ** (2 - 2 * whitening)).mean())
        prepared = pipeline.inputs(part.inputs).double().numpy()
        signs = np.sign((prepared * expected).sum(axis=0))
        np.testing.assert_allclose(prepared * signs, expected, atol=2e-4)


@pytest.mark.parametrize("make", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("whitening", [0.0, 0.5, 1.0])
def test_features_are_uncorrelated_and_their_mean_square_is_one(make: Callable[[], Dataset], whitening: float) -> None:
    found = make()
    prepared = fit_pipeline(found, pca=4, whitening=whitening).inputs(found.train.inputs).double()
    covariance = prepared.T @ prepared / len(prepared)
    assert float(covariance.trace()) == pytest.approx(4, rel=1e-5)
    assert float((covariance - covariance.diag().diag()).abs().max()) < 1e-4
    assert float(prepared.mean(dim=0).abs().max()) < 1e-4
    if whitening == 1:
        torch.testing.assert_close(covariance.diag(), torch.ones(4).double(), atol=1e-4, rtol=0)


def test_only_the_train_part_counts_and_the_fit_is_repeatable() -> None:
    found = dataset((4, 4))
    other = replace(found, test=Part(found.test.inputs * 9, found.test.targets))
    one, two = (fit_pipeline(each, pca=4).arrays() for each in (found, other))
    assert all(np.array_equal(one[name], two[name]) for name in ("mean", "projection"))


def test_a_projection_survives_text_and_arrays_bit_by_bit() -> None:
    found = dataset((4, 4))
    pipeline = fit_pipeline(found, pca=4)
    assert pipeline.features == 4
    assert not pipeline.expands
    written = json.dumps(pipeline.to_dict())
    assert len(written) < 200
    assert Pipeline.needs_arrays(json.loads(written))
    again = Pipeline.from_dict(json.loads(written), pipeline.arrays())
    assert again.to_dict() == pipeline.to_dict()
    assert torch.equal(again.inputs(found.test.inputs), pipeline.inputs(found.test.inputs))


def test_images_may_be_projected_many_at_a_time() -> None:
    found = dataset((4, 4))
    pipeline = fit_pipeline(found, pca=4)
    many = found.train.inputs.repeat(40, 1, 1)
    torch.testing.assert_close(pipeline.inputs(many)[-7:], pipeline.inputs(many[-7:]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pca": 17}, r"pca = 17, but 70 training samples of 16 features .* from 1 to 16 components"),
        ({"pca": 0}, "pca = 0"),
        ({"pca": 4, "whitening": 1.5}, r"whitening is 1.5; choose 0 \(none\) to 1"),
        ({"pca": 4, "whitening": float("nan")}, "whitening is nan"),
        ({"pca": 4, "features": 16}, "features = 16 and pca = 4 both say"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(PhotonicsError, match=message):
        fit_pipeline(dataset((4, 4)), **options)  # type: ignore[arg-type]
    assert fit_pipeline(dataset((4, 4)), features=4, pca=4).features == 4


def test_components_without_spread_are_refused() -> None:
    found = dataset((4, 4))
    found.train.inputs[:, 0] = 0.5
    assert fit_pipeline(found, pca=12).features == 12
    with pytest.raises(PhotonicsError, match="pca = 13, but only 12 components of tensors have any spread; ask for 12"):
        fit_pipeline(found, pca=13)
    with pytest.raises(PhotonicsError, match="from 1 to 70 components"):
        fit_pipeline(dataset((12, 12)), pca=71)


def test_spoiled_arrays_are_refused() -> None:
    pipeline = fit_pipeline(dataset((4, 4)), pca=4)
    arrays = pipeline.arrays()
    for changes, message in (
        ({"projection": arrays["projection"][:3]}, r"array projection is float64 of shape \(3, 16\), expected"),
        ({"mean": arrays["mean"].astype(np.float32)}, "array mean is float32"),
        ({"mean": arrays["mean"] * np.nan}, "expected finite float64"),
    ):
        with pytest.raises(PhotonicsError, match=message):
            Pipeline.from_dict(pipeline.to_dict(), arrays | changes)
    with pytest.raises(PhotonicsError, match="array mean is missing"):
        Pipeline.from_dict(pipeline.to_dict())
    with pytest.raises(PhotonicsError, match="pca is '4'"):
        Pipeline.from_dict(pipeline.to_dict() | {"pca": "4"}, arrays)
    with pytest.raises(PhotonicsError, match="field whitening is missing"):
        Pipeline.from_dict({k: v for k, v in pipeline.to_dict().items() if k != "whitening"}, arrays)
