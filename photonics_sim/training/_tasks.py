"""What a task asks of the outputs: a loss to descend and a score to judge by."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from photonics_sim.datasets import Task

SCORE_NAMES = {"classification": "accuracy", "regression": "r2"}


def loss(outputs: Tensor, targets: Tensor, task: Task, *, label_smoothing: float = 0.0) -> Tensor:
    """Mean loss of detected powers against targets.

    Classification: softmax cross-entropy whose logits are the detected powers themselves, in the device's output
    units; the device's gain, which training sets through its illumination, is the temperature. Regression: mean squared
    error against targets scaled to 0..1, since a power is never negative.

    Args:
        outputs: `(b, n)`.
        targets: Class numbers `(b)`, or scaled values `(b, n)`.
        task: "classification" or "regression".
        label_smoothing: Probability that is spread evenly over all classes.
    """
    if task == "classification":
        return functional.cross_entropy(outputs, targets, label_smoothing=label_smoothing)
    return functional.mse_loss(outputs, targets)


def hits(outputs: Tensor, targets: Tensor, task: Task) -> float:
    """What adds up to the score over batches: right answers, or squared errors."""
    return float(correct(outputs, targets, task).sum())


def score(total: float, targets: Tensor, task: Task) -> float:
    """Accuracy (0..1), or the coefficient of determination R^2, from what `hits` added up over all targets."""
    if task == "classification":
        return total / len(targets)
    spread = (targets.double() - targets.double().mean(0)).square().sum()
    return 1 - total / float(spread) if spread > 0 else float("nan")


def correct(outputs: Tensor, targets: Tensor, task: Task) -> Tensor:
    """Per-sample outcome: right or wrong (0/1), or squared error, `(..., b)` float64."""
    if task == "classification":
        return (outputs.argmax(-1) == targets).double()
    return (outputs.double() - targets.double()).square().sum(-1)


def format_score(value: float, name: str) -> str:
    """A score as people read it: accuracy in percent, R^2 as a number."""
    return f"{100 * value:.1f} %" if name == "accuracy" else f"{value:.3f}"


def is_better(candidate: tuple[float, float], best: tuple[float, float] | None) -> bool:
    """Whether a (score, loss) of the validation part beats the best one: higher score first, then lower loss."""
    return best is None or candidate[0] > best[0] or (candidate[0] == best[0] and candidate[1] < best[1])


def predictions(outputs: Tensor, task: Task) -> Tensor:
    """Class numbers `(b)`, or the outputs as they are."""
    return outputs.argmax(-1) if task == "classification" else outputs


def confusion(predicted: Tensor, targets: Tensor, classes: int) -> Tensor:
    """Counts `(classes, classes)`: row the true class, column the predicted one."""
    return torch.bincount(targets * classes + predicted, minlength=classes**2).reshape(classes, classes)
