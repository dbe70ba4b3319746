"""What a sweep would take, from a few real trials."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from photonics_sim.errors import PhotonicsError
from photonics_sim.sweeps._checks import row_bytes
from photonics_sim.sweeps._engines import count_workers
from photonics_sim.sweeps._plan import Plan
from photonics_sim.sweeps._result import OK
from photonics_sim.sweeps._work import run_task, same_numerics, set_numerics, trial_of

_TIMED = 4
_LONG_S = 20.0
_START_S = 3.0


@dataclass(frozen=True)
class SweepEstimate:
    """A forecast; the times are a range, from the fastest and the slowest timed call.

    Attributes:
        points, chips, trials: Of the plan, or of this shard of it.
        timed: Points that were timed.
        workers: Processes that it was reckoned for.
        low_s, high_s: Time of the whole in seconds.
        disk_bytes: Of the stored rows.
        failed: What went wrong in the timed points; empty where nothing did.
    """

    points: int
    chips: int
    trials: int
    timed: int
    workers: int
    low_s: float
    high_s: float
    disk_bytes: int
    failed: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def estimate_sweep(plan: Plan, *, workers: int | None = None) -> SweepEstimate:
    """Make a few trials of a plan in this process and scale up; nothing is written.

    Raises:
        PhotonicsError: where the trial cannot be made at all.
    """
    numbers = plan.missing_tasks(np.zeros((plan.count, plan.chips), dtype=np.uint8))
    if not len(numbers):
        raise PhotonicsError("there is nothing to do in this shard")
    trial = trial_of(plan.job)
    chosen = np.unique(np.linspace(0, len(numbers) - 1, _TIMED).astype(np.int64))
    seconds: list[float] = []
    sizes: list[int] = []
    failed = ""
    started = time.perf_counter()
    with same_numerics():
        set_numerics(plan.job)
        for task in plan.tasks(numbers[chosen]):
            outcome = run_task(trial, task)
            if not seconds and outcome.seconds < 1 and outcome.status == OK:
                outcome = run_task(trial, task)  # the first one also warms up
            seconds.append(outcome.seconds)
            failed = failed or outcome.error
            sizes.append(row_bytes(plan, outcome))
            if time.perf_counter() - started > _LONG_S:
                break
    count = count_workers(workers, plan.job.threads)
    start = _START_S if count > 1 else 0.0
    return SweepEstimate(
        points=plan.count,
        chips=plan.chips,
        trials=plan.trials,
        timed=len(seconds),
        workers=count,
        low_s=len(numbers) * min(seconds) / count,
        high_s=1.3 * len(numbers) * max(seconds) / count + start,
        disk_bytes=2 * max(sizes) * plan.trials + 20_000,
        failed=failed,
    )
