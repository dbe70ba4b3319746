"""Trials of the sweep benchmark; workers import them by name."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any


def bare(trial: str, count: int) -> None:
    """What a worker would do without a sweep."""
    for _ in range(count):
        globals()[trial]({}, 0)


def wait(params: Mapping[str, Any], seed: int) -> dict[str, float]:
    """5 ms in which nothing is computed: the coordinator has a core to itself."""
    time.sleep(0.005)
    return {"answer": 42.0}


def work(params: Mapping[str, Any], seed: int) -> dict[str, float]:
    """5 ms of a core, by the clock of the process: what others take from it is not counted as work."""
    end = time.process_time() + 0.005
    while time.process_time() < end:
        pass
    return {"answer": 42.0}


def nothing(params: Mapping[str, Any], seed: int) -> dict[str, float]:
    """No work at all."""
    return {"answer": 42.0}
