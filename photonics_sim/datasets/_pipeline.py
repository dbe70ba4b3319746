"""From raw samples to what a device takes, and back, by numbers that come from the train part alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from photonics_sim.datasets._dataset import Dataset, Task
from photonics_sim.datasets._pipeline_table import read_table
from photonics_sim.errors import PhotonicsError


@dataclass(frozen=True)
class Pipeline:
    """How raw samples become the inputs of a device.

    Attributes:
        task: "classification" or "regression".
        shape: shape of one raw sample, (features,) or (ny, nx).
        pool: side in pixels of the square blocks that are averaged; 1 leaves samples as they are.
        mean: what is subtracted, in raw units: one number for images, one per feature for tables.
        std: what is then divided by, in raw units; as many as in `mean`, all above 0.
        low: smallest training value of each target column, in the user's units; empty for classification.
        high: largest training value of each target column; empty for classification.
    """

    task: Task
    shape: tuple[int, ...]
    pool: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    @property
    def features(self) -> int:
        """Numbers in one prepared sample, the width a device has to have."""
        return math.prod(side // self.pool for side in self.shape)

    def inputs(self, raw: Tensor) -> Tensor:
        """Pool, flatten and standardise samples.

        Args:
            raw: floats, shape (n, *shape).

        Returns:
            Shape (n, features), in the type and on the device of `raw`, without unit.

        Raises:
            PhotonicsError: where the samples have another shape than those the pipeline was fitted on.
        """
        if tuple(raw.shape[1:]) != self.shape or raw.ndim != len(self.shape) + 1:
            raise PhotonicsError(
                f"the pipeline takes samples of shape (n, {', '.join(map(str, self.shape))}), not "
                f"{tuple(raw.shape)}; give raw samples of the data set it was fitted on"
            )
        _require_floats(raw)
        flat = pooled(raw, self.pool).flatten(1)
        if len(self.shape) == 2:
            return (flat - self.mean[0]) / self.std[0]
        mean, std = _columns(self.mean, raw), _columns(self.std, raw)
        return ((flat.double() - mean) / std).to(raw.dtype)

    def targets(self, raw: Tensor) -> Tensor:
        """Class numbers as they are; values scaled so that each column of the train part spans 0..1.

        Values of the other parts may lie outside 0..1.

        Args:
            raw: shape (n,) class numbers, or (n, k) in the user's units.
        """
        if self.task == "classification":
            return raw
        self._require_columns(raw)
        low, high = _columns(self.low, raw), _columns(self.high, raw)
        return ((raw.double() - low) / (high - low)).to(raw.dtype)

    def restore(self, outputs: Tensor) -> Tensor:
        """What a device gave, back in the user's units: the inverse of `targets`.

        Args:
            outputs: shape (n, k) for regression; left as it is for classification.
        """
        if self.task == "classification":
            return outputs
        self._require_columns(outputs)
        low, high = _columns(self.low, outputs), _columns(self.high, outputs)
        return (outputs.double() * (high - low) + low).to(outputs.dtype)

    def _require_columns(self, values: Tensor) -> None:
        if values.ndim != 2 or values.shape[1] != len(self.low):
            raise PhotonicsError(
                f"the pipeline takes targets of shape (n, {len(self.low)}), not {tuple(values.shape)}; "
                "give those of the data set it was fitted on"
            )

        _require_floats(values)

    def to_dict(self) -> dict[str, Any]:
        """The fields as text, lists and numbers, for TOML or JSON; `from_dict` restores every bit."""
        return {
            "task": self.task,
            "shape": list(self.shape),
            "pool": self.pool,
            "mean": list(self.mean),
            "std": list(self.std),
            "low": list(self.low),
            "high": list(self.high),
        }

    @classmethod
    def from_dict(cls, table: dict[str, Any]) -> Pipeline:
        """The pipeline that `to_dict` wrote down.

        Raises:
            PhotonicsError: where a field is missing, unknown, or cannot be what it says.
        """
        return cls(**read_table(table))


def _require_floats(values: Tensor) -> None:
    if not values.is_floating_point():
        raise PhotonicsError(f"the pipeline takes floats, not {values.dtype}; call float() on the tensor")


def _columns(values: tuple[float, ...], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, device=like.device)


def pooled(images: Tensor, factor: int) -> Tensor:
    """Average `factor` x `factor` blocks of images (n, ny, nx); factor 1 leaves any samples as they are."""
    if factor == 1:
        return images
    n, ny, nx = images.shape
    return images.reshape(n, ny // factor, factor, nx // factor, factor).mean(dim=(2, 4))


def _pool_factors(dataset: Dataset) -> dict[int, int]:
    if len(dataset.shape) == 1:
        return {dataset.features: 1}
    common = math.gcd(*dataset.shape)
    factors = [factor for factor in range(1, common + 1) if common % factor == 0]
    return {dataset.features // factor**2: factor for factor in factors}


def possible_widths(dataset: Dataset) -> list[int]:
    """Widths of a device that a data set fits, widest first: all features, or images pooled."""
    return list(_pool_factors(dataset))


def fit_pipeline(dataset: Dataset, features: int | None = None) -> Pipeline:
    """Fit the steps that prepare a data set for a device; only the train part is looked at.

    Args:
        dataset: raw samples.
        features: width of the device; images are pooled to it. None takes `pooled_side`² where the data set
            has one, else all features.

    Raises:
        PhotonicsError: where pooling by whole blocks cannot reach `features`.
    """
    if features is None:
        features = dataset.features if dataset.pooled_side is None else dataset.pooled_side**2
    factors = _pool_factors(dataset)
    if features not in factors:
        raise PhotonicsError(
            f"data set {dataset.name} with samples of {dataset.shape} cannot give {features} features; "
            f"choose a device that takes one of {', '.join(map(str, factors))}"
        )
    samples = pooled(dataset.train.inputs, factors[features]).flatten(1)
    if len(dataset.shape) == 2:
        samples = samples.reshape(-1, 1)
    mean, std = _statistics(samples)
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    if dataset.task == "regression":
        low = tuple(dataset.train.targets.amin(dim=0).tolist())
        high = tuple(dataset.train.targets.amax(dim=0).tolist())
    return Pipeline(dataset.task, dataset.shape, factors[features], mean, std, low, high)


def _statistics(samples: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    wide = samples.double()
    # A constant column can have a spread of rounding errors; min and max tell it for certain.
    constant = samples.amin(dim=0) == samples.amax(dim=0)
    std = wide.std(dim=0, correction=0).masked_fill(constant, 1.0)
    return tuple(wide.mean(dim=0).tolist()), tuple(std.tolist())
