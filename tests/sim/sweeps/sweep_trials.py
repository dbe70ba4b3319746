"""Trials of the tests, without torch; workers import them by name."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

Params = Mapping[str, Any]
POISON, HANG = 7.0, 11.0


def smooth(params: Params, seed: int) -> dict[str, Any]:
    """A number of the point and the chip, and a curve."""
    drawn = np.random.default_rng(seed).random(4)
    return {"level_db": params["trial.x"] + drawn[0], "curve": drawn[1:] * params["trial.x"]}


def slow(params: Params, seed: int) -> dict[str, Any]:
    """`smooth` after `trial.ms` milliseconds; a line in the file `trial.log` for each time it has run."""
    time.sleep(params.get("trial.ms", 4) / 1000)
    if log := params.get("trial.log"):
        with Path(log).open("a") as file:
            file.write(f"{params['trial.x']:g} {seed}\n")
    return smooth(params, seed)


def deadly(params: Params, seed: int) -> dict[str, Any]:
    """Kills its process at one point, and never ends at another."""
    if params["trial.x"] == POISON:
        os.kill(os.getpid(), signal.SIGKILL)
    if params["trial.x"] == HANG:
        time.sleep(3600)
    return slow({"trial.ms": 1} | params, seed)


def bad(params: Params, seed: int) -> dict[str, Any]:
    """Goes wrong in another way at each point."""
    value = params["trial.x"]
    if value in _WRONG:
        return _WRONG[value](seed)
    return {"level_db": value}


def _raise(error: BaseException) -> Any:
    raise error


class _MuteError(Exception):
    def __str__(self) -> str:
        raise ValueError


_WRONG = {
    1.0: lambda seed: _raise(ValueError("no such fibre")),
    2.0: lambda seed: _raise(SystemExit(3)),
    3.0: lambda seed: {"level_db": np.nan},
    4.0: lambda seed: {"level_db": 1.0, "more": 2.0},
    5.0: lambda seed: {"level_db": [1.0, 2.0]},
    6.0: lambda seed: {"level_db": "bright"},
    7.0: lambda seed: 5.0,
    8.0: lambda seed: {"level_db": object()},
    9.0: lambda seed: {"level/db": 1.0},
    10.0: lambda seed: _raise(ValueError("grün \udc80 " + "x" * 1000)),
    11.0: lambda seed: {},
    12.0: lambda seed: {"level_db": 1.0, "level_axis1": 1.0},
    13.0: lambda seed: {"level_db": []},
    14.0: lambda seed: {"level_db": 1j},
    15.0: lambda seed: _raise(_MuteError()),
    16.0: lambda seed: os.chdir("/") or {"level_db": 16.0},
}


def interrupted(params: Params, seed: int) -> dict[str, Any]:
    """Behaves as if someone had pressed Ctrl-C at one point."""
    if params["trial.x"] == POISON:
        raise KeyboardInterrupt
    return smooth(params, seed)


def without_torch(params: Params, seed: int) -> dict[str, Any]:
    """Whether torch has been loaded where it runs, and which process that is; it talks."""
    print("all is well")
    return {"torch": "torch" in sys.modules, "process": os.getpid()}


def long(params: Params, seed: int) -> dict[str, Any]:
    """A curve of 8 MB."""
    return {"curve": np.arange(1_000_000) + params["trial.x"]}


def failing(params: Params, seed: int) -> dict[str, Any]:
    """`smooth`, but every fifth point goes wrong."""
    if params["trial.x"] % 5 == 4:
        raise ValueError(f"no light at {params['trial.x']:g}")
    return smooth(params, seed)


def poison_slowly(params: Params, seed: int) -> dict[str, Any]:
    """20 ms that may kill; the processes in the file `trial.log`."""
    time.sleep(0.02)
    with Path(params["trial.log"]).open("a") as file:
        file.write(f"{os.getpid()}\n")
    if params["trial.x"] == POISON:
        os.kill(os.getpid(), signal.SIGKILL)
    return smooth(params, seed)
