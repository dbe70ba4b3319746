"""What a task asks of the outputs: a loss to descend and a score to judge by (`photonics_sim.runs.Measure`)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from photonics_sim.datasets import Task
from photonics_sim.runs import measure_of


@dataclass(frozen=True)
class _Rules:
    """One task.

    Attributes:
        loss: Mean loss of outputs, targets and label smoothing.
        outcomes: Of each sample, what adds up to the score.
        score: From the sum of the outcomes and all targets.
        decides: Whether an answer is one of the outputs, and not their values.
    """

    loss: Callable[[Tensor, Tensor, float], Tensor]
    outcomes: Callable[[Tensor, Tensor], Tensor]
    score: Callable[[float, Tensor], float]
    decides: bool


def _cross_entropy(outputs: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
    return functional.cross_entropy(outputs, targets, label_smoothing=label_smoothing)


def _squared_error(outputs: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
    return functional.mse_loss(outputs, targets)


def _right(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs.argmax(-1) == targets).double()


def _squared_errors(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs.double() - targets.double()).square().sum(-1)


def _bits(outputs: Tensor, targets: Tensor) -> Tensor:
    chosen = targets.expand(outputs.shape[:-1]).unsqueeze(-1)
    return -outputs.double().log_softmax(-1).gather(-1, chosen).squeeze(-1) / math.log(2)


def _mean(total: float, targets: Tensor) -> float:
    return total / len(targets)


def _variance_explained(total: float, targets: Tensor) -> float:
    spread = (targets.double() - targets.double().mean(0)).square().sum()
    return 1 - total / float(spread) if spread > 0 else float("nan")


_RULES: dict[Task, _Rules] = {
    "classification": _Rules(_cross_entropy, _right, _mean, decides=True),
    "regression": _Rules(_squared_error, _squared_errors, _variance_explained, decides=False),
    "next-token": _Rules(_cross_entropy, _bits, _mean, decides=True),
}


def loss(outputs: Tensor, targets: Tensor, task: Task, *, label_smoothing: float = 0.0) -> Tensor:
    """Mean loss of detected powers against targets.

    Classification and next-token: softmax cross-entropy, in nats, whose logits are the detected powers themselves, in
    the device's output units; the device's gain, which training sets through its illumination, is the temperature.
    Regression: mean squared error against targets scaled to 0..1, since a power is never negative.

    Args:
        outputs: `(b, n)`.
        targets: Class numbers `(b)`, or scaled values `(b, n)`.
        task: "classification", "regression" or "next-token".
        label_smoothing: Probability that is spread evenly over all classes.
    """
    return _RULES[task].loss(outputs, targets, label_smoothing)


def outcomes(outputs: Tensor, targets: Tensor, task: Task) -> Tensor:
    """Of each sample: right or wrong (1 or 0), squared error, or bits that its character takes; `(..., b)` float64."""
    return _RULES[task].outcomes(outputs, targets)


def hits(outputs: Tensor, targets: Tensor, task: Task) -> float:
    """The sum of the outcomes, which adds up to the score over batches."""
    return float(outcomes(outputs, targets, task).sum())


def score(total: float, targets: Tensor, task: Task) -> float:
    """Accuracy (0..1), the coefficient of determination R^2, or bits per character.

    Args:
        total: What `hits` added up over all targets.
        targets: All of them.
        task: What is judged.
    """
    return _RULES[task].score(total, targets)


def is_better(candidate: tuple[float, float], best: tuple[float, float] | None, task: Task) -> bool:
    """Whether a (score, loss) of the validation part beats the best one: by the score, among equals by lower loss."""
    if best is None or candidate[0] == best[0]:
        return best is None or candidate[1] < best[1]
    return candidate[0] > best[0] if measure_of(task).higher_is_better else candidate[0] < best[0]


def predictions(outputs: Tensor, task: Task) -> Tensor:
    """Class numbers `(b)`, or the outputs as they are."""
    return outputs.argmax(-1) if _RULES[task].decides else outputs


def confusion(predicted: Tensor, targets: Tensor, classes: int) -> Tensor:
    """Counts `(classes, classes)`: row the true class, column the predicted one."""
    return torch.bincount(targets * classes + predicted, minlength=classes**2).reshape(classes, classes)
