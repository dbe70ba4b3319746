"""Kernel regression judged on a test part, its ridge chosen on a part of the training samples."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from photonics_sim.analysis.ntk._regression import KernelRegression
from photonics_sim.errors import PhotonicsError, PhotonicsWarning

Task = Literal["classification", "regression"]

_RIDGES = tuple(10.0 ** (power / 2) for power in range(-16, 5))  # of the mean diagonal
_HELD_BACK = 0.25  # of the training samples, to choose the ridge by


@dataclass(frozen=True)
class Targets:
    """What is to be learnt.

    Attributes:
        task: "classification" of class numbers, or "regression" of values.
        train, test: Class numbers `(n)`, or values `(n, columns)`.
        classes: Of a classification.
    """

    task: Task
    train: Tensor
    test: Tensor
    classes: int

    @classmethod
    def of(cls, task: Task, train: Tensor, test: Tensor) -> Targets:
        """Checked targets; values `(n)` become a column.

        Raises:
            PhotonicsError: for another task, targets of another kind, and a single class.
        """
        if task not in {"classification", "regression"}:
            raise PhotonicsError(f"task = {task!r}; choose classification or regression")
        if task == "regression":
            return cls(task, train.double().reshape(len(train), -1), test.double().reshape(len(test), -1), 0)
        if train.is_floating_point() or train.ndim != 1 or test.is_floating_point() or test.ndim != 1:
            raise PhotonicsError("classification takes class numbers (n), integers; for values ask for regression")
        if int(torch.cat([train, test]).min()) < 0 or len(train.unique()) < 2:
            raise PhotonicsError(f"the {len(train)} training samples are of a single class, or of numbers below 0")
        return cls(task, train, test, int(torch.cat([train, test]).max()) + 1)

    def numbers(self, part: Tensor) -> Tensor:
        """A column for each class, 1 where it is right; values as they are."""
        if self.task == "regression":
            return part
        return torch.nn.functional.one_hot(part, self.classes).double()

    def score(self, predicted: Tensor, true: Tensor) -> float:
        """Accuracy, or R^2 over all columns."""
        if self.task == "classification":
            return float((predicted.argmax(1) == true).double().mean())
        spread = (true - true.mean(0)).square().sum()
        return 1 - float((predicted - true).square().sum() / spread) if spread > 0 else math.nan


@dataclass(frozen=True)
class Predictor:
    """Regression on targets around their mean, which predictions come on top of."""

    regression: KernelRegression
    mean: Tensor

    @classmethod
    def of(cls, matrix: Tensor, numbers: Tensor) -> Predictor:
        """Of a kernel `(n, n)` and targets `(n, columns)`, without a ridge."""
        mean = numbers.mean(0)
        with warnings.catch_warnings():  # a report tells what cannot be learnt in its own place
            warnings.simplefilter("ignore", PhotonicsWarning)
            return cls(KernelRegression(matrix, None, numbers - mean), mean)

    def __call__(self, rows: Tensor, ridge: float = 0.0, time: float = math.inf) -> Tensor:
        """Predictions `(m, columns)` from the kernel of the samples asked for and the training samples, `(m, n)`."""
        return self.mean + self.regression.with_ridge(ridge).predict(rows, time)


def chosen_ridge(matrix: Tensor, targets: Targets, seed: int) -> float:
    """The ridge, in units of the kernel, that serves best a part of the training samples that is not learnt from.

    Args:
        matrix: Kernel of the training samples, `(n, n)`.
        targets: Of them.
        seed: Of the part.
    """
    order = torch.randperm(len(matrix), generator=torch.Generator().manual_seed(seed))
    held = max(1, round(_HELD_BACK * len(matrix)))
    held_back, kept = order[:held], order[held:]
    true = targets.train[held_back]
    predictor = Predictor.of(matrix[kept][:, kept], targets.numbers(targets.train[kept]))
    rows, size = matrix[held_back][:, kept], float(matrix.diagonal().mean())
    tried: list[tuple[float, float, float]] = []
    for ridge in _RIDGES:
        found = predictor(rows, size * ridge)
        score = targets.score(found, true)
        missed = float((found - targets.numbers(true)).square().sum())
        # a score that is no number beats none: the error decides then, as it does among equals
        tried.append((-math.inf if math.isnan(score) else score, -missed, size * ridge))
    return max(tried)[2]
