"""What a few paired seeds allow to say: of a difference, and of a curve that may have stopped to rise."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as students_t

Scores = NDArray[np.float64]
Word = Literal["better", "worse", "open"]


def mean_error(values: Scores) -> tuple[Scores, Scores]:
    """Mean and standard error over seeds, the first axis."""
    return values.mean(0), values.std(0, ddof=1) / math.sqrt(len(values))


def interval(differences: Scores) -> tuple[float, float]:
    """What holds the mean of `(seeds,)` in 95 of 100 such studies (Student)."""
    mean, error = mean_error(differences)
    half = float(students_t.ppf(0.975, len(differences) - 1) * error)
    return float(mean) - half, float(mean) + half


def compared(differences: Scores) -> Word:
    """Whether the mean of `(seeds,)` is surely above or below 0."""
    low, high = interval(differences)
    return "better" if low > 0 else "worse" if high < 0 else "open"


def last_gain(scores: Scores) -> int:
    """After which point of curves `(seeds, points)` no further step gains more than its own standard error.

    Every later step counts, so that one early step which gained little by chance does not end the curve. The last
    point where all go on rising.
    """
    mean, error = mean_error(np.diff(scores, axis=1))
    gained = np.flatnonzero(mean > error)
    return int(gained[-1]) + 1 if len(gained) else 0
