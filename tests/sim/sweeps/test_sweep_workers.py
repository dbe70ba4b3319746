"""Workers that die, hang or are left alone: each failure is put to its cause, and nobody stays behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from photonics_sim.sweeps import SweepProgress, read_result
from photonics_sim.sweeps._result import DIED, OK, TIMED_OUT
from tests.sim.sweeps.sweep_runs import coordinator, how, planned, swept, until
from tests.sim.sweeps.sweep_trials import HANG, POISON

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def children(mark: str) -> list[int]:
    """Processes that have inherited a mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:  # it has just ended
            continue
    return found


def test_whatever_befalls_workers_exactly_the_guilty_are_blamed(tmp_path: Path) -> None:
    """One trial kills its worker, one hangs, and someone kills a worker."""
    seen: list[SweepProgress] = []
    killed: list[int] = []

    def kill(moment: SweepProgress) -> None:
        seen.append(moment)
        if moment.done > 2 and not killed and sys.platform == "linux":
            mine = children(f"SWEEP={tmp_path}")
            killed.extend([pid for pid in mine if b"popen_loky" in Path(f"/proc/{pid}/cmdline").read_bytes()][:1])
            os.kill(killed[0], signal.SIGKILL)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWEEP", str(tmp_path))
        run = how(workers=2, retries=1, timeout_s=2, callbacks=[kill])
        found = swept(tmp_path / "a", "deadly", 40, 1, run=run)
    assert found.failures == {
        (int(POISON), 0): "its worker was killed (SIGKILL): by hand, or by the system for lack of memory, 2 times",
        (int(HANG), 0): "took more than 2 s",
    }
    assert (found.status[int(POISON)], found.status[int(HANG)]) == (DIED, TIMED_OUT)
    guilty = [int(POISON), int(HANG)]
    assert (np.delete(found.status, guilty) == OK).all()
    assert np.isnan(found.values["level_db"][guilty]).all()
    assert (seen[-1].done, seen[-1].failed) == (40, 2)


def test_ctrl_c_inside_a_trial_is_that_trials_end(tmp_path: Path) -> None:
    found = swept(tmp_path / "a", "interrupted", 12, 1, run=how(workers=2, retries=0))
    assert found.failures == {(int(POISON), 0): "its worker died (KeyboardInterrupt), 1 times"}


@linux
@pytest.mark.parametrize("blow", [[signal.SIGKILL], [signal.SIGTERM, signal.SIGTERM], [signal.SIGINT, signal.SIGINT]])
def test_no_worker_outlives_its_coordinator(tmp_path: Path, blow: Sequence[signal.Signals]) -> None:
    mark = f"SWEEP={tmp_path}"
    log = tmp_path / "log"
    planned(tmp_path / "a", "slow", 4, 1, settings={"trial.ms": 60_000, "trial.log": str(log)})
    process = coordinator(tmp_path / "a", workers=2, env=os.environ | {"SWEEP": str(tmp_path)})
    until(lambda: len(children(mark)) >= 4)  # itself, two workers, and loky's tracker
    time.sleep(0.3)
    for one in blow:
        process.send_signal(one)
        time.sleep(0.3)
    process.communicate(timeout=5)
    assert process.returncode != 0
    until(lambda: not children(mark), timeout_s=5)


@linux
@pytest.mark.parametrize("workers", [1, 2])
def test_a_first_signal_waits_for_what_is_worked_on(workers: int, tmp_path: Path) -> None:
    log = tmp_path / "log"
    planned(tmp_path / "a", "slow", 40, 1, settings={"trial.ms": 150, "trial.log": str(log)})
    process = coordinator(tmp_path / "a", workers=workers, env=os.environ | {"SWEEP": str(tmp_path)})
    until(lambda: log.exists() and len(log.read_text().splitlines()) > 3)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=10)
    assert (process.returncode, told) == (143, "")
    until(lambda: not children(f"SWEEP={tmp_path}"), timeout_s=5)
    found = read_result(tmp_path / "a")
    assert int((found.status == OK).sum()) == len(log.read_text().splitlines()) < 40
    assert found.missing == int((found.status != OK).sum())
