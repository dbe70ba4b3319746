"""Sobol' indices of numbers that were measured at A, B, and A with each column of B."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError

_RESAMPLES = 1000


def require_saltelli(columns: Sequence[NDArray[Any]], *, where: str) -> int:
    """How many base points a design has.

    Args:
        columns: Values of each axis, `(points,)`: A, B, then for each axis A with that column of B, page by page.
        where: What messages name.

    Raises:
        PhotonicsError: where the points are in another order.
    """
    base, rest = divmod(len(columns[0]), len(columns) + 2)
    ordered = base > 0 and not rest
    for place, column in enumerate(columns if ordered else []):
        first, second, *mixed = column.reshape(-1, base)
        ordered &= all(np.array_equal(page, second if i == place else first) for i, page in enumerate(mixed))
    if not ordered:
        raise PhotonicsError(f"{where}: a saltelli design is A, B, then A with each column of B; its points are not")
    return base


def bootstrapped_indices(
    y: NDArray[np.float64], confidence: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """First and total indices, and the ends of their intervals, from base points that are drawn again and again.

    Args:
        y: `(axes + 2, base)`: at A, B, and A with each column of B.
        confidence: Of the intervals, which are the same every time.

    Returns:
        Three arrays `(2, axes)`.
    """
    rng, base = np.random.default_rng(0), y.shape[1]
    again = np.array([sobol_indices(y[:, rng.integers(base, size=base)]) for _ in range(_RESAMPLES)])
    low, high = np.percentile(again, [50 * (1 - confidence), 50 * (1 + confidence)], axis=0)
    return sobol_indices(y), low, high


def sobol_indices(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """First and total indices after Saltelli et al., Comput. Phys. Commun. 181, 259 (2010), table 2 (b) and (f).

    `scipy.stats.sobol_indices` gives the same; it takes powers of 2 alone, so that no base point may fail, and its
    bootstrap gives other intervals every time.

    Args:
        y: `(axes + 2, base)`: at A, B, and A with each column of B.

    Returns:
        `(2, axes)`; 0 where nothing varies.
    """
    a, b, mixed = y[0] - y[:2].mean(), y[1] - y[:2].mean(), y[2:] - y[:2].mean()
    variance = np.var(y[:2])
    if variance == 0:
        return np.zeros((2, len(mixed)))
    first = (b * (mixed - a)).mean(axis=1) / variance
    total = 0.5 * ((a - mixed) ** 2).mean(axis=1) / variance
    return np.stack([first, total])
