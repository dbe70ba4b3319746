"""From raw samples to what a device takes, and back, by numbers that come from the train part alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from photonics_sim.datasets._dataset import Dataset, Task
from photonics_sim.datasets._one_hot import OneHot, fit_one_hot, window_widths
from photonics_sim.datasets._pipeline_table import needs_arrays, read_table
from photonics_sim.datasets._project import Projected, fit_projected
from photonics_sim.datasets._standardise import Standardised, columns, fit_standardised, pool_factors, require_floats
from photonics_sim.errors import PhotonicsError


@dataclass(frozen=True)
class Pipeline:
    """How raw samples become the inputs of a device.

    Attributes:
        task: "classification", "regression" or "next-token".
        shape: shape of one raw sample, (features,), (ny, nx), (channels, ny, nx), or (longest window,) for text.
        front: what makes inputs of samples.
        low: smallest training value of each target column, in the user's units; empty but for regression.
        high: largest training value of each target column; likewise.
    """

    task: Task
    shape: tuple[int, ...]
    front: Standardised | Projected | OneHot
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    @property
    def features(self) -> int:
        """Numbers in one prepared sample, the width a device has to have."""
        return self.front.features

    @property
    def expands(self) -> bool:
        """Whether prepared samples take so much more memory than raw ones that they are best made batch by batch."""
        return self.front.expands

    def inputs(self, raw: Tensor) -> Tensor:
        """Prepare samples.

        Args:
            raw: shape (n, *shape), floats; for text, character numbers.

        Returns:
            Shape (n, features), in the type and on the device of `raw` (float32 for text), without unit.

        Raises:
            PhotonicsError: where the samples have another shape than those the pipeline was fitted on.
        """
        if tuple(raw.shape[1:]) != self.shape or raw.ndim != len(self.shape) + 1:
            raise PhotonicsError(
                f"the pipeline takes samples of shape (n, {', '.join(map(str, self.shape))}), not "
                f"{tuple(raw.shape)}; give raw samples of the data set it was fitted on"
            )
        return self.front(raw)

    def targets(self, raw: Tensor) -> Tensor:
        """Class numbers as they are; values scaled so that each column of the train part spans 0..1.

        Values of the other parts may lie outside 0..1.

        Args:
            raw: shape (n,) class numbers, or (n, k) in the user's units.
        """
        if self.task != "regression":
            return raw
        self._require_columns(raw)
        low, high = columns(self.low, raw), columns(self.high, raw)
        return ((raw.double() - low) / (high - low)).to(raw.dtype)

    def restore(self, outputs: Tensor) -> Tensor:
        """What a device gave, back in the user's units: the inverse of `targets`.

        Args:
            outputs: shape (n, k) for regression; left as it is for other tasks.
        """
        if self.task != "regression":
            return outputs
        self._require_columns(outputs)
        low, high = columns(self.low, outputs), columns(self.high, outputs)
        return (outputs.double() * (high - low) + low).to(outputs.dtype)

    def _require_columns(self, values: Tensor) -> None:
        if values.ndim != 2 or values.shape[1] != len(self.low):
            raise PhotonicsError(
                f"the pipeline takes targets of shape (n, {len(self.low)}), not {tuple(values.shape)}; "
                "give those of the data set it was fitted on"
            )
        require_floats(values)

    def to_dict(self) -> dict[str, Any]:
        """The fields as text, lists and numbers, for TOML or JSON; with `arrays`, `from_dict` restores every bit."""
        common = {"task": self.task, "shape": list(self.shape), "low": list(self.low), "high": list(self.high)}
        return common | self.front.table()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is too large for text: the mean and the matrix of a projection; empty for others."""
        return {name: tensor.numpy() for name, tensor in self.front.arrays().items()}

    @staticmethod
    def needs_arrays(table: Mapping[str, Any]) -> bool:
        """Whether `from_dict` needs the arrays beside this table."""
        return needs_arrays(table)

    @classmethod
    def from_dict(cls, table: dict[str, Any], arrays: Mapping[str, NDArray[Any]] | None = None) -> Pipeline:
        """The pipeline that `to_dict` and `arrays` wrote down.

        Raises:
            PhotonicsError: where a field is missing, unknown, or cannot be what it says.
        """
        return cls(**read_table(table, arrays or {}))


def possible_widths(dataset: Dataset) -> list[int]:
    """Widths of a device that a data set fits, widest first: all features, images pooled, or windows of a text."""
    return window_widths(dataset) if dataset.task == "next-token" else list(pool_factors(dataset))


def fit_pipeline(
    dataset: Dataset, features: int | None = None, pca: int | None = None, whitening: float = 0.5
) -> Pipeline:
    """Fit the steps that prepare a data set for a device; only the train part is looked at.

    Args:
        dataset: raw samples.
        features: width of the device: images are pooled to it, of a text it decides how many characters are seen.
            None takes `pooled_side` where images have one, 16 characters of a text, else all features.
        pca: number of principal components to give instead; of images, all pixels count.
        whitening: with `pca`, the power of its own standard deviation by which each coefficient is divided: 0 keeps
            their sizes, 1 makes all alike.

    Raises:
        PhotonicsError: where pooling by whole blocks, or whole characters, cannot reach `features`, or there are not
            so many components.
    """
    front = _front(dataset, features, pca, whitening)
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    if dataset.task == "regression":
        low = tuple(dataset.train.targets.amin(dim=0).tolist())
        high = tuple(dataset.train.targets.amax(dim=0).tolist())
    return Pipeline(dataset.task, dataset.shape, front, low, high)


def _front(
    dataset: Dataset, features: int | None, pca: int | None, whitening: float
) -> Standardised | Projected | OneHot:
    if dataset.task == "next-token":
        if pca is not None:
            raise PhotonicsError(f"pca = {pca}, but {dataset.name} is text, which has no components; leave pca out")
        return fit_one_hot(dataset, features)
    if pca is None:
        return fit_standardised(dataset, features)
    if features not in {None, pca}:
        raise PhotonicsError(f"features = {features} and pca = {pca} both say how many inputs there are; give one")
    return fit_projected(dataset, pca, whitening)
