"""Images and tables as inputs: pooled, then centred and divided by their spread."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from photonics_sim.datasets._dataset import Dataset
from photonics_sim.errors import PhotonicsError


@dataclass(frozen=True)
class Standardised:
    """Averages over square blocks of pixels, then one mean and one spread per channel, or per column of a table.

    Attributes:
        shape: shape of one raw sample, (features,), (ny, nx) or (channels, ny, nx).
        pool: side in pixels of the blocks; 1 leaves samples as they are.
        mean: what is subtracted, in raw units: one number per channel, or per feature of a table.
        std: what is then divided by, in raw units; as many as in `mean`, all above 0.
    """

    expands: ClassVar[bool] = False

    shape: tuple[int, ...]
    pool: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def features(self) -> int:
        return math.prod(self.shape) // (self.pool**2 if len(self.shape) > 1 else 1)

    def __call__(self, raw: Tensor) -> Tensor:
        """Samples (n, *shape) as inputs (n, features), channel by channel, in the type of `raw`."""
        require_floats(raw)
        if len(self.shape) == 1:
            return ((raw.double() - columns(self.mean, raw)) / columns(self.std, raw)).to(raw.dtype)
        mean, std = (columns(values, raw).to(raw.dtype).view(-1, 1, 1) for values in (self.mean, self.std))
        images = pooled(raw, self.pool).reshape(len(raw), len(mean), -1, self.shape[-1] // self.pool)
        return (images - mean).div_(std).flatten(1)

    def table(self) -> dict[str, Any]:
        return {"pool": self.pool, "mean": list(self.mean), "std": list(self.std)}

    def arrays(self) -> dict[str, Tensor]:
        return {}


def require_floats(values: Tensor) -> None:
    """Refuse a tensor of integers where numbers with a unit are wanted."""
    if not values.is_floating_point():
        raise PhotonicsError(f"the pipeline takes floats, not {values.dtype}; call float() on the tensor")


def columns(values: tuple[float, ...], like: Tensor) -> Tensor:
    """Numbers in double precision, on the device of `like`."""
    return torch.tensor(values, dtype=torch.float64, device=like.device)


def pooled(images: Tensor, factor: int) -> Tensor:
    """Average `factor` x `factor` blocks of images (..., ny, nx); factor 1 leaves any samples as they are."""
    if factor == 1:
        return images
    ny, nx = images.shape[-2:]
    blocks = images.reshape(*images.shape[:-2], ny // factor, factor, nx // factor, factor)
    return blocks.mean(dim=(-3, -1))


def pool_factors(dataset: Dataset) -> dict[int, int]:
    """Widths that images reach by whole blocks, widest first, each with the side of its block; one for a table."""
    if len(dataset.shape) == 1:
        return {dataset.features: 1}
    common = math.gcd(*dataset.shape[-2:])
    factors = [factor for factor in range(1, common + 1) if common % factor == 0]
    return {dataset.features // factor**2: factor for factor in factors}


def default_width(dataset: Dataset) -> int:
    """Features of a data set for which nobody asked: pooled to the side it recommends, or all."""
    if dataset.pooled_side is None:
        return dataset.features
    return dataset.pooled_side**2 * math.prod(dataset.shape[:-2])


def fit_standardised(dataset: Dataset, features: int | None = None) -> Standardised:
    """Means and spreads of the train part, pooled to `features`.

    Raises:
        PhotonicsError: where pooling by whole blocks cannot reach `features`.
    """
    features = default_width(dataset) if features is None else features
    factors = pool_factors(dataset)
    if features not in factors:
        raise PhotonicsError(
            f"data set {dataset.name} with samples of {dataset.shape} cannot give {features} features; "
            f"choose a device that takes one of {', '.join(map(str, factors))}"
        )
    samples = pooled(dataset.train.inputs, factors[features])
    if len(dataset.shape) == 1:
        mean, std = _statistics(samples)
    else:
        images = samples.unsqueeze(1) if len(dataset.shape) == 2 else samples
        # one channel at a time: the copy in double precision stays small
        found = [_statistics(images[:, channel].reshape(-1, 1)) for channel in range(images.shape[1])]
        mean, std = (tuple(value for pair in found for value in pair[i]) for i in range(2))
    return Standardised(dataset.shape, factors[features], mean, std)


def _statistics(samples: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    wide = samples.double()
    # A constant column can have a spread of rounding errors; min and max tell it for certain.
    constant = samples.amin(dim=0) == samples.amax(dim=0)
    std = wide.std(dim=0, correction=0).masked_fill(constant, 1.0)
    return tuple(wide.mean(dim=0).tolist()), tuple(std.tolist())
