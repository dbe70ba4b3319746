"""Where a training is, and showing it: a bar in a terminal, plain lines in a log file."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from photonics_sim.runs import measure_of

PLAIN_INTERVAL_S = 30.0


@dataclass(frozen=True)
class Progress:
    """A moment of a training.

    Attributes:
        epoch: Current epoch, from 1.
        epochs: How many there will be.
        step: Steps done in this epoch.
        steps: Steps of an epoch.
        loss: Mean training loss of this epoch so far.
        task: What is learned; tells what the scores are.
        score: Training score of this epoch so far, where it is a mean over samples; NaN for R^2.
        validation: Score on the validation part after the last finished epoch; NaN before the first.
        samples_per_s: Training speed of this call, without its first step, which compiles; NaN before the second.
        left_s: Estimated time left in seconds; NaN likewise.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    task: str
    score: float
    validation: float
    samples_per_s: float
    left_s: float

    @property
    def epoch_done(self) -> bool:
        return self.step == self.steps

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return (self.epoch - 1 + self.step / self.steps) / self.epochs

    @property
    def finished(self) -> bool:
        return self.epoch_done and self.epoch == self.epochs

    def line(self) -> str:
        """One plain line."""
        measure = measure_of(self.task)
        score = "" if math.isnan(self.score) else f"  {measure.label} {measure.shown(self.score)}"
        validation = "-" if math.isnan(self.validation) else measure.shown(self.validation)
        speed = "-" if math.isnan(self.samples_per_s) else f"{self.samples_per_s:.0f}"
        return (
            f"epoch {self.epoch}/{self.epochs}  loss {self.loss:.4f}{score}  validation {validation}  "
            f"{speed} samples/s  {clock(self.left_s)} left"
        )


class Moment(Protocol):
    """How far some long work is."""

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""

    @property
    def finished(self) -> bool:
        """Whether all is."""

    def line(self) -> str:
        """One plain line."""


@dataclass(frozen=True)
class Counted:
    """A moment of work whose pieces are counted.

    Attributes:
        done: Pieces that are.
        total: Of all.
    """

    done: int
    total: int

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return self.done / self.total

    @property
    def finished(self) -> bool:
        return self.done == self.total


def clock(seconds: float) -> str:
    """Seconds as people read them, `1:02:03`; `-` for NaN."""
    if math.isnan(seconds):
        return "-"
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


@contextmanager
def show_progress() -> Iterator[Callable[[Moment], None]]:
    """A callback that shows long work on stderr: a bar in a terminal, else a line per 30 s."""
    if sys.stderr.isatty():
        with _bar() as callback:
            yield callback
    else:
        yield _PlainLines()


@contextmanager
def _bar() -> Iterator[Callable[[Moment], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as RichProgress

    bar = RichProgress(BarColumn(bar_width=24), TextColumn("{task.description}"), console=Console(stderr=True))
    with bar:
        task = bar.add_task("starting", total=1.0)

        def callback(now: Moment) -> None:
            bar.update(task, completed=now.share, description=now.line())

        yield callback


class _PlainLines:
    def __init__(self) -> None:
        self._last = -float("inf")

    def __call__(self, now: Moment) -> None:
        if now.finished or time.monotonic() - self._last > PLAIN_INTERVAL_S:
            self._last = time.monotonic()
            print(now.line(), file=sys.stderr, flush=True)
