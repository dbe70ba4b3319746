"""How far a sweep is."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from photonics_sim.sweeps._result import MISSING, OK
from photonics_sim.sweeps._store import Store
from photonics_sim.training import Counted, clock

_WINDOW_S = 60.0
_BETWEEN_S = 0.2


@dataclass(frozen=True)
class SweepProgress(Counted):
    """A moment of a sweep.

    Attributes:
        done: Trials that are measured, those of earlier calls among them.
        total: Trials of the plan, or of this shard of it.
        failed: Of those done.
        trials_per_s: Over the last minute; NaN before anything is known.
        left_s: Estimated time left in seconds; NaN likewise.
    """

    failed: int
    trials_per_s: float
    left_s: float

    def line(self) -> str:
        """One plain line."""
        failed = f"  {self.failed:,} failed" if self.failed else ""
        speed = "-" if math.isnan(self.trials_per_s) else f"{self.trials_per_s:.3g}"
        return f"{self.done:,}/{self.total:,} trials{failed}  {speed} trials/s  {clock(self.left_s)} left"


class Watch:
    """Tells callbacks how far a sweep is, a few times a second.

    Args:
        store: Of the sweep.
        total: Trials that there will be, those that are stored already among them.
        callbacks: Each is called with a `SweepProgress`.
    """

    def __init__(self, store: Store, total: int, callbacks: Sequence[Callable[[SweepProgress], Any]]) -> None:
        self._store, self._total, self._callbacks = store, total, callbacks
        self._seen: deque[tuple[float, int]] = deque()  # from the first outcome on: starting workers is no work

    def __call__(self) -> None:
        now = time.monotonic()
        done = self._done()
        if self._seen and now - self._seen[-1][0] < _BETWEEN_S and done < self._total:
            return
        self._seen.append((now, done))
        while self._seen[0][0] < now - _WINDOW_S and len(self._seen) > 2:
            self._seen.popleft()
        (since, before), failed = self._seen[0], int((self._store.status > OK).sum())
        speed = (done - before) / (now - since) if done > before and now > since else math.nan
        moment = SweepProgress(done, self._total, failed, speed, (self._total - done) / speed)
        for callback in self._callbacks:
            callback(moment)

    def _done(self) -> int:
        return int(np.count_nonzero(self._store.status != MISSING))
