"""A kill before every step of writing: readers see what was there or what was to be, and a resume ends as it should."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from photonics_sim.sweeps import read_result, resume_sweep
from photonics_sim.sweeps._plan import Plan
from photonics_sim.sweeps._read import open_store
from tests.sim.sweeps.sweep_runs import ROOT, assert_same, how, planned, swept
from tests.sim.sweeps.sweep_steps import KILLED, LAST, lay

TRIALS = 24
Act = Callable[[str, int, Path], int]


@pytest.fixture(scope="module")
def act() -> Iterator[Act]:
    """Publish or merge in another process, so many steps of it; how many it took, or KILLED."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.sim.sweeps.sweep_steps"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

    def ask(action: str, steps: int, folder: Path) -> int:
        print(action, steps, folder, file=server.stdin, flush=True)
        assert server.stdout
        return int(server.stdout.readline())

    yield ask
    server.communicate()


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep with six trials in results.h5, seven in two parts, and eleven missing."""
    folder = planned(tmp_path_factory.mktemp("begun") / "a", "smooth", TRIALS, 1)
    plan = Plan.read(folder)
    store = open_store(folder, plan)
    lay(store, plan, range(6))
    store.merge()
    lay(store, plan, range(6, 9))
    lay(store, plan, range(20, 24))
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return swept(tmp_path_factory.mktemp("whole") / "a", "smooth", TRIALS, 1).path


@pytest.mark.parametrize("action", ["publish", "merge"])
def test_every_step(action: str, act: Act, begun: Path, whole: Path, tmp_path: Path) -> None:
    level = read_result(whole).values["level_db"][:, 0]
    old = {*range(9), *range(20, 24)}
    new = old | set(LAST) if action == "publish" else old
    needed = act(action, KILLED - 1, shutil.copytree(begun, tmp_path / "done"))
    seen: list[set[int]] = []
    parts: set[int] = set()
    for steps in sorted({*range(0, needed, 15), *range(max(0, needed - 7), needed + 1)}):
        folder = shutil.copytree(begun, tmp_path / str(steps))
        assert act(action, steps, folder) == (KILLED if steps < needed else needed)
        found = read_result(folder)
        seen.append(set(np.flatnonzero(found.status).tolist()))
        assert seen[-1] in (old, new)
        parts.add(len(list(folder.glob("parts/p*.h5"))))
        there = sorted(seen[-1])
        np.testing.assert_array_equal(found.values["level_db"][there, 0], level[there])
        assert resume_sweep(folder, how()).trials_run == TRIALS - len(there)
        assert_same(folder, whole)
    assert parts == ({2, 3} if action == "publish" else {2, 1, 0})
    assert seen[0] == old
    assert seen[-1] == new
