"""Sweeps that are killed: what they end with is what an unbroken one ends with, and nothing is made twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from photonics_sim.errors import PhotonicsError
from photonics_sim.sweeps import read_result, resume_sweep
from tests.sim.sweeps.sweep_runs import ROOT, assert_same, how, planned, swept, until

POINTS, KILLS = 300, 20
SERVER = """
import os, sys
from photonics_sim.sweeps._sweep import Execution, resume_sweep
import photonics_sim.sweeps._store
import tests.sim.sweeps.sweep_trials
photonics_sim.sweeps._store.MOST_PARTS = 8
for line in sys.stdin:
    workers, folder = line.split(maxsplit=1)
    if not (child := os.fork()):
        resume_sweep(folder.strip(), Execution(workers=int(workers), progress=False, publish_s=0.01, chunk=4))
        os._exit(0)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


class Forks:
    """Resumes sweeps in new processes, one after the other, which have imported everything."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-c", SERVER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, folder: Path, workers: int = 1) -> int:
        """The process."""
        print(workers, folder, file=self._server.stdin, flush=True)
        return int(self._told())

    def kill(self, process: int) -> None:
        os.kill(process, signal.SIGKILL)
        assert self._told() == "gone"

    def _told(self) -> str:
        assert self._server.stdout
        return self._server.stdout.readline().strip()

    def close(self) -> None:
        self._server.communicate()


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    found = Forks()
    yield found
    found.close()


def made(log: Path) -> list[float]:
    """Points that have been computed, in their order."""
    return [float(line.split()[0]) for line in log.read_text().splitlines()] if log.exists() else []


def stored(folder: Path) -> set[float]:
    """Trials in the files as they lie there."""
    found: set[float] = set()
    for path in (*folder.glob("results.h5"), *folder.glob("parts/p*.h5")):
        with h5py.File(path) as file:
            found |= set(file["trial"][()].astype(float).tolist())
    return found


def test_twenty_kills_change_nothing(forks: Forks, tmp_path: Path) -> None:
    log, draw, folder = tmp_path / "log", random.Random(1), tmp_path / "killed"
    planned(folder, "slow", POINTS, 1, settings={"trial.log": str(log)})
    swept(tmp_path / "whole", "smooth", POINTS, 1)
    before: set[float] = set()
    for kill in range(KILLS):
        count, wanted = len(made(log)), draw.randint(1, 24)
        child = forks.start(folder)
        until(lambda: len(made(log)) >= count + wanted)  # noqa: B023
        if kill % 5 == 0:
            with pytest.raises(PhotonicsError, match=rf"is in use by process {child} on .*; wait for it, or stop it"):
                resume_sweep(folder, how())
        time.sleep(draw.uniform(0, 0.01))
        forks.kill(child)
        assert before.isdisjoint(made(log)[count:]), "what is stored is not made again"
        assert before <= stored(folder), "and stays"
        before = stored(folder)
    np.testing.assert_array_equal(np.flatnonzero(read_result(folder).status), sorted(before))
    assert 0 < len(before) < POINTS
    found = resume_sweep(folder, how())
    assert found.trials_run == POINTS - len(before)
    assert len(made(log)) < POINTS + 10 * KILLS, "a kill costs what had not been stored"
    assert_same(folder, tmp_path / "whole")
    assert resume_sweep(folder, how()).trials_run == 0


def test_kills_of_a_coordinator_with_workers(forks: Forks, tmp_path: Path) -> None:
    log, draw, folder, points = tmp_path / "log", random.Random(2), tmp_path / "killed", 200
    planned(folder, "slow", points, 1, settings={"trial.log": str(log)})
    swept(tmp_path / "whole", "smooth", points, 1)
    for _ in range(4):
        count, wanted = len(made(log)), draw.randint(5, 40)
        child = forks.start(folder, workers=2)
        until(lambda: len(made(log)) >= count + wanted)  # noqa: B023
        forks.kill(child)
    before = len(stored(folder))
    assert 0 < before < points
    assert resume_sweep(folder, how()).trials_run == points - before
    assert len(made(log)) < points + 4 * 30
    assert_same(folder, tmp_path / "whole")
