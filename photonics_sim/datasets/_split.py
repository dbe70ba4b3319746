"""Which sample belongs to which part: fixed by the data alone, never by the seed of a training."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SEED = 20_240_229
TRAIN, VALIDATION, TEST = 0, 1, 2
PART_NAMES = ("train", "validation", "test")

# Each run of ten samples of a class is dealt out by these; the first two go to training, so that a rare class
# is learned before it is tested.
WITH_TEST = np.array([0, 0, 2, 0, 0, 1, 0, 2, 0, 0])
WITHOUT_TEST = np.array([0, 0, 0, 0, 0, 1, 0, 0, 0, 0])


def deal(groups: NDArray[Any], *, with_test: bool) -> NDArray[np.int64]:
    """Deal samples out to the parts, in the same proportions within every group.

    Args:
        groups: class number of each sample, shape (n,); all alike where there are no classes.
        with_test: 70 / 10 / 20 % for training, validation and test; else 90 / 10 % without a test part.

    Returns:
        Part of each sample, 0 training, 1 validation, 2 test, shape (n,).
    """
    pattern = WITH_TEST if with_test else WITHOUT_TEST
    order = np.random.Generator(np.random.PCG64(SEED)).permutation(len(groups))
    by_group = order[np.argsort(groups[order], kind="stable")]
    _, first, sizes = np.unique(groups[by_group], return_index=True, return_counts=True)
    rank = np.arange(len(groups)) - np.repeat(first, sizes)
    codes = np.empty(len(groups), dtype=np.int64)
    codes[by_group] = pattern[rank % len(pattern)]
    return codes


def hold_out(n: int, count: int) -> NDArray[np.int64]:
    """Choose `count` of `n` samples for validation.

    Returns:
        Part of each sample, 0 training or 1 validation, shape (n,).
    """
    codes = np.zeros(n, dtype=np.int64)
    codes[np.random.Generator(np.random.PCG64(SEED)).permutation(n)[:count]] = VALIDATION
    return codes
