"""What each task is judged by: the one place that knows a score's name, its better direction and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from photonics_sim.errors import PhotonicsError


@dataclass(frozen=True, kw_only=True)
class Measure:
    """The score of a task.

    Attributes:
        name: What summaries and metrics call it, after `train_`, `validation_` or `test_`.
        label: What sentences call it.
        higher_is_better: Which of two scores is the better one.
        is_mean: Whether it is a mean over samples, so that a part of an epoch has one too.
        scale: Factor from the value to the number that is shown.
        decimals: Of the number that is shown.
        suffix: What follows that number.
        unit: Of the value, in metrics.h5.
        title: Of a picture of it.
        axis: Label of its axis.
        span: Values that pictures show; curves that leave it are cut off.
    """

    name: str
    label: str
    higher_is_better: bool
    is_mean: bool
    scale: float = 1.0
    decimals: int = 3
    suffix: str = ""
    unit: str = "1"
    title: str
    axis: str
    span: tuple[float, float]

    def shown(self, value: float) -> str:
        """A score as people read it, e.g. `96.1 %`."""
        return f"{self.scale * value:.{self.decimals}f}{self.suffix}"


MEASURES = {
    "classification": Measure(
        name="accuracy",
        label="accuracy",
        higher_is_better=True,
        is_mean=True,
        scale=100.0,
        decimals=1,
        suffix=" %",
        title="Accuracy",
        axis="accuracy (%)",
        span=(0.0, 1.0),
    ),
    "regression": Measure(
        name="r2",
        label="R²",
        higher_is_better=True,
        is_mean=False,
        title="Variance explained",
        axis="R² (1 is perfect)",
        # an untrained device is worse than the mean by any factor
        span=(-1.0, 1.0),
    ),
    "next-token": Measure(
        name="bits_per_character",
        label="cross-entropy",
        higher_is_better=False,
        is_mean=True,
        suffix=" bits/char",
        unit="bit",
        title="Cross-entropy",
        axis="bits per character",
        # eight bits write a character down as it is
        span=(0.0, 8.0),
    ),
}


def measure_of(task: str) -> Measure:
    """What `task` is judged by.

    Raises:
        PhotonicsError: where there is no such task.
    """
    if task not in MEASURES:
        raise PhotonicsError(f"task is {task!r}; expected one of {', '.join(MEASURES)}")
    return MEASURES[task]
