"""Trials of the sweep benchmark; workers import them by name."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any


def sleep(params: Mapping[str, Any], seed: int) -> dict[str, float]:
    """5 ms in which nothing is computed: all that is added to what it takes by its own clock is ours."""
    started = time.perf_counter()
    time.sleep(0.005)
    return {"own_s": time.perf_counter() - started}


def nothing(params: Mapping[str, Any], seed: int) -> dict[str, float]:
    """No work at all."""
    return {"own_s": 0.0}


def busy(params: Mapping[str, Any], seed: int) -> dict[str, float]:
    """Some 5 ms of one core."""
    started, total = time.perf_counter(), 0.0
    for number in range(60_000):
        total += number * 1e-9
    return {"own_s": time.perf_counter() - started}
