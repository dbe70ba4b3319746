"""Clock and memory gauge of the benchmarks."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path


def seconds(*runs: Callable[[], object], budget_s: float = 2.0) -> list[float]:
    """Of each, the median of the faster half of its times; they take turns, so that a busy moment meets them all."""
    for run in runs:
        run()
    times: list[list[float]] = [[] for _ in runs]
    end = time.perf_counter() + budget_s
    while len(times[0]) < 5 or (time.perf_counter() < end and len(times[0]) < 400):
        for run, found in zip(runs, times, strict=True):
            start = time.perf_counter()
            run()
            found.append(time.perf_counter() - start)
    return [statistics.median(sorted(found)[: (len(found) + 1) // 2]) for found in times]


def peak_memory_mb(run: Callable[[], object]) -> float:
    """Peak resident memory of this process while it runs, above what is resident before, in MB. Linux alone."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew from what is resident now
    before = _kilobytes("VmRSS")
    run()
    return (_kilobytes("VmHWM") - before) / 1024


def _kilobytes(key: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(key))
    return int(line.split()[1])
