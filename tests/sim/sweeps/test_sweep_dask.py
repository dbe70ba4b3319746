"""Sweeps on a Dask cluster: a scheduler and workers of their own, one of which is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from photonics_sim.sweeps import SweepProgress, resume_sweep
from photonics_sim.sweeps._result import DIED
from tests.sim.sweeps.sweep_runs import ROOT, how, planned, swept, until
from tests.sim.sweeps.sweep_trials import POISON

pytest.importorskip("distributed")

QUIET = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0", "OMP_NUM_THREADS": "1"}


class Cluster:
    """A scheduler and two workers; those that are killed come again."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "scheduler.json"
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self._start("dask_scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(self.file))
        until(self._is_up)
        self.address = json.loads(self.file.read_text())["address"]
        self.nanny = self._start(
            "dask_worker", self.address, "--nworkers", "2", "--nthreads", "1", "--no-dashboard",
            "--local-directory", str(folder), "--death-timeout", "5",
        )  # fmt: skip

    def _is_up(self) -> bool:
        with suppress(OSError, ValueError):
            return bool(json.loads(self.file.read_text()))
        return False

    def _start(self, tool: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{tool}", *options]
        log = (self.folder / f"{tool}.log").open("wb")
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | QUIET, stdout=log, stderr=log)
        log.close()
        self.processes.append(process)
        return process

    def close(self) -> None:
        for process in reversed(self.processes):  # workers take their leave of the scheduler
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    found = Cluster(tmp_path_factory.mktemp("cluster"))
    yield found
    found.close()


def test_a_worker_is_killed_and_exactly_the_poison_is_blamed(cluster: Cluster, tmp_path: Path) -> None:
    log = tmp_path / "log"
    folder = planned(tmp_path / "a", "poison_slowly", 40, 1, settings={"trial.log": str(log)})
    killed: list[int] = []

    def kill(moment: SweepProgress) -> None:
        for worker in [] if killed else map(int, reversed(log.read_text().split())):
            with suppress(ProcessLookupError):  # the poison may have been quicker
                os.kill(worker, signal.SIGKILL)
                killed.append(worker)
                break

    run = how(workers=None, scheduler=cluster.address, retries=0, callbacks=[kill])
    found = resume_sweep(folder, run)
    assert killed
    assert found.failures.keys() == {(int(POISON), 0)}
    assert found.status[int(POISON)] == DIED
    whole = swept(tmp_path / "whole", "smooth", 40, 1).values["level_db"]
    others = np.arange(40) != POISON
    np.testing.assert_array_equal(found.values["level_db"][others], whole[others])
