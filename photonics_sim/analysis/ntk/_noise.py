"""Kernels of inputs that are read with noise."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from photonics_sim.device import derive_key, normal
from photonics_sim.errors import PhotonicsError


class NoisyKernel(NamedTuple):
    """Of a kernel under noise, `(n, m)` each.

    Attributes:
        mean: Over the noise.
        standard_error: Of that mean, from the scatter of the draws.
    """

    mean: Tensor
    standard_error: Tensor


def under_noise(
    kernel: Callable[[Tensor, Tensor | None], Tensor],
    x: Tensor,
    y: Tensor | None = None,
    *,
    sigma: float,
    draws: int = 100,
    seed: int = 0,
) -> NoisyKernel:
    """The expected kernel where every input is read with Gaussian noise of its own.

    With y = None all inputs are read once, as a training set is: an entry of the diagonal is a reading with itself.
    For two readings of the same inputs pass x as y too.

    Args:
        kernel: Of (x, y), for instance `functools.partial(product, degree=3)` or a `ClosedForm`; called with y = None
            where y is None.
        x, y: Inputs `(n, d)` and `(m, d)`.
        sigma: Standard deviation of the noise of each entry, in the units of x.
        draws: Over how many the mean is taken.
        seed: Of the noise.

    Raises:
        PhotonicsError: for a sigma that is below 0 or not finite, fewer than 2 draws, a kernel that is not finite,
            and what it refuses.
    """
    if not (math.isfinite(sigma) and sigma >= 0):
        raise PhotonicsError(f"sigma = {sigma:g}: the standard deviation of noise is at least 0, in the units of x")
    if not isinstance(draws, int) or draws < 2:
        raise PhotonicsError(f"draws = {draws}: a standard error takes at least 2")
    for one, name in ((x, "x"), (y, "y")):
        if one is not None and (not isinstance(one, Tensor) or one.is_complex() or one.ndim != 2):
            raise PhotonicsError(f"{name} cannot be read with noise: expected a real tensor (n, d), no Gram matrix")
    mean = scatter = torch.zeros(())
    for draw in range(draws):
        found = kernel(_read(x, sigma, derive_key(seed, "x", draw)),
                       None if y is None else _read(y, sigma, derive_key(seed, "y", draw)))  # fmt: skip
        if not torch.isfinite(found).all():
            raise PhotonicsError(f"the kernel is not finite at draw {draw} of the noise; scale the inputs down")
        if draw == 0:
            mean, scatter = torch.zeros_like(found), torch.zeros_like(found)
        off = found - mean
        mean += off / (draw + 1)
        scatter += off * (found - mean)
    return NoisyKernel(mean, (scatter / (draws - 1) / draws).sqrt())


def _read(inputs: Tensor, sigma: float, key: int) -> Tensor:
    inputs = inputs.to(torch.float64)
    return inputs + sigma * normal(key, *inputs.shape, like=inputs)
