"""Publishing and merging in a process that ends before a given step of writing, as if killed. It never returns."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from photonics_sim.sweeps._plan import Plan
from photonics_sim.sweeps._read import open_store
from photonics_sim.sweeps._store import Store
from photonics_sim.sweeps._work import run_tasks

KILLED = 255
LAST = range(12, 18)


def made(plan: Plan, numbers: range) -> Any:
    """The outcomes of these tasks."""
    return run_tasks(plan.job, list(plan.tasks(np.array(numbers))))


def act(action: str, steps: int, folder: Path) -> None:
    """Do up to `steps` steps of publishing the last trials, or of merging; the exit code says how many it took."""
    plan = Plan.read(folder)
    store = open_store(folder, plan).mend()
    if action == "publish":
        store.add(made(plan, LAST))
    left = steps

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            nonlocal left
            if not left:
                os._exit(KILLED)
            left -= 1
            return real(*args, **more)

        return call

    class File(io.BufferedRandom):
        write = counted(io.BufferedRandom.write)
        flush = counted(io.BufferedRandom.flush)

    os.fdopen = lambda handle, mode: File(io.FileIO(handle, "w+"))  # type: ignore[assignment,misc,return-value]
    tempfile.mkstemp = counted(tempfile.mkstemp)
    for name in ("fsync", "chmod", "replace", "unlink"):
        setattr(os, name, counted(getattr(os, name)))
    getattr(store, action)()
    os._exit(steps - left)


def serve() -> None:
    """Act on each line of stdin, "publish 3 /folder", in a new process, and tell how it ended."""
    for line in sys.stdin:
        action, steps, folder = line.split(maxsplit=2)
        if not (child := os.fork()):
            act(action, int(steps), Path(folder.strip()))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def lay(store: Store, plan: Plan, numbers: range) -> None:
    """A part with these trials."""
    store.add(made(plan, numbers))
    store.publish()


if __name__ == "__main__":
    serve()
