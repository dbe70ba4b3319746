"""Principal components as inputs: a fixed projection in front of a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from photonics_sim.datasets._dataset import Dataset
from photonics_sim.datasets._standardise import columns, fit_standardised, require_floats
from photonics_sim.errors import PhotonicsError

CHUNK = 1024  # samples that are in double precision at a time
SMALLEST_VARIANCE = 1e-10  # of the largest; below lies rounding


@dataclass(frozen=True, eq=False)
class Projected:
    """Coefficients of principal components, scaled to a mean square of 1 over the train part.

    Attributes:
        mean: what is subtracted from a flattened sample, in raw units, float64, (raw features,).
        matrix: what it is then multiplied by, float64, (components, raw features).
        whitening: power of its own standard deviation by which each coefficient was divided; told, not used.
    """

    expands: ClassVar[bool] = False

    mean: Tensor
    matrix: Tensor
    whitening: float

    @property
    def features(self) -> int:
        return len(self.matrix)

    def __call__(self, raw: Tensor) -> Tensor:
        """Samples (n, *shape) as inputs (n, components), in the type of `raw`."""
        require_floats(raw)
        mean, matrix = self.mean.to(raw.device), self.matrix.to(raw.device)
        chunks = raw.flatten(1).split(CHUNK)
        return torch.cat([((chunk.double() - mean) @ matrix.T).to(raw.dtype) for chunk in chunks])

    def table(self) -> dict[str, Any]:
        return {"pca": self.features, "whitening": self.whitening}

    def arrays(self) -> dict[str, Tensor]:
        return {"mean": self.mean, "projection": self.matrix}


def fit_projected(dataset: Dataset, components: int, whitening: float) -> Projected:
    """Principal components of the standardised train part.

    The components belong to samples that are standardised as without them (all pixels, no pooling), so that columns
    of a table in different units count alike. Each coefficient is divided by its standard deviation to the power
    `whitening`, then all of them by one number: the mean square over the features of the train part becomes 1.

    Raises:
        PhotonicsError: where there are not so many components with any spread, or `whitening` lies outside 0..1.
    """
    n, width = len(dataset.train), dataset.features
    if not 0 <= whitening <= 1:
        raise PhotonicsError(f"whitening is {whitening}; choose 0 (none) to 1 (all components of equal size)")
    if not 1 <= components <= min(n, width):
        raise PhotonicsError(
            f"pca = {components}, but {n} training samples of {width} features in {dataset.name} have from 1 to "
            f"{min(n, width)} components; ask for one of these numbers"
        )
    plain = fit_standardised(dataset, width)
    wide = torch.empty((n, width), dtype=torch.float64)
    for start in range(0, n, CHUNK):
        wide[start : start + CHUNK] = plain(dataset.train.inputs[start : start + CHUNK].double())
    offset = wide.mean(dim=0)
    wide -= offset
    axes, variance = _components(wide, components)
    count = int((variance > SMALLEST_VARIANCE * variance[0]).sum())
    if count < components:
        raise PhotonicsError(
            f"pca = {components}, but only {count} components of {dataset.name} have any spread; ask for {count} or "
            "fewer"
        )
    scale = (variance ** (1 - whitening)).mean() ** -0.5
    # of a standardised channel, or column, every feature
    mean, std = (columns(v, wide).repeat_interleave(width // len(v)) for v in (plain.mean, plain.std))
    matrix = scale * (variance ** (-whitening / 2))[:, None] * axes / std
    return Projected(mean + offset * std, matrix, whitening)


def _components(centred: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Axes (count, features) and variances (count,) of the leading components; `centred` may be overwritten."""
    from sklearn.decomposition import PCA

    n, width = centred.shape
    # both are exact and without chance; the first is the faster one for many samples
    solver = "covariance_eigh" if n >= width else "full"
    found = PCA(count, svd_solver=solver, copy=False).fit(centred.numpy())
    variance = np.asarray(found.explained_variance_, dtype=np.float64) * (n - 1) / n
    return torch.from_numpy(np.ascontiguousarray(found.components_)), torch.from_numpy(variance)
