"""One plan on any engine, in chunks of any size and any order, whole or in shards: the same arrays, bit for bit."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photonics_sim.device import load_card
from photonics_sim.errors import PhotonicsError
from photonics_sim.sweeps import Asked, _provenance, merge_sweeps, read_result, resume_sweep, start_sweep
from photonics_sim.sweeps._engines import Dask, Engine, InProcess, Loky, count_workers, make_engine
from photonics_sim.sweeps._plan import Plan
from photonics_sim.sweeps._read import open_store
from photonics_sim.sweeps._run import Loop
from photonics_sim.sweeps._sweep import new_sweep_folder
from tests.sim.sweeps.sweep_runs import ROOT, assert_same, columns, how, planned, swept

MESH = Asked(
    target=load_card("mzi-mems", {"inputs": 6, "outputs": 6}),
    vary={"mesh.splitter.error_rad": [0.0, 0.02, 0.05], "mesh.splitter.loss_db": [0.0, 0.1]},
    chips=70,
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return swept(tmp_path_factory.mktemp("whole") / "a", "failing", 40, 2).path


@pytest.fixture(scope="module")
def engines() -> Iterator[dict[int, Engine]]:
    found: dict[int, Engine] = {1: InProcess(), 2: Loky(2)}
    yield found
    found[2].close()


def run_on(engine: Engine, folder: Path, chunk: int | None, *, shuffled: bool = False) -> Path:
    """A sweep on this engine."""
    planned(folder, "failing", 40, 2)
    plan = Plan.read(folder)
    store = open_store(folder, plan, publish_s=0.01)
    tasks = list(plan.tasks(plan.missing_tasks(store.status)))
    if shuffled:
        random.Random(0).shuffle(tasks)
    Loop(plan.job, store, engine, chunk=chunk).go(iter(tasks), len(tasks))
    store.merge()
    return folder


@pytest.mark.parametrize("chunk", [1, 7, None])
@pytest.mark.parametrize("workers", [1, 2])
def test_workers_and_chunks(
    workers: int, chunk: int | None, engines: dict[int, Engine], whole: Path, tmp_path: Path
) -> None:
    assert_same(run_on(engines[workers], tmp_path / "a", chunk), whole)


@pytest.mark.parametrize("workers", [1, 2])
def test_any_order(workers: int, engines: dict[int, Engine], whole: Path, tmp_path: Path) -> None:
    assert_same(run_on(engines[workers], tmp_path / "a", 3, shuffled=True), whole)


def test_a_mesh_in_this_process_and_in_a_worker(tmp_path: Path) -> None:
    """70 chips at a point are a block of 64 and one of 6; what may time out runs in a worker."""
    one = start_sweep(MESH, how(), out=tmp_path / "one")
    two = start_sweep(MESH, how(timeout_s=100), out=tmp_path / "two")
    assert_same(one.path, two.path)
    assert one["fidelity"].values.shape == (3, 2, 70)
    fidelity, loss = (one[name].values.mean(axis=-1) for name in ("fidelity", "insertion_loss_db"))
    assert (np.diff(fidelity, axis=0) < 0).all()
    assert (np.diff(loss, axis=1) > 0.5).all()


def test_numbers_are_of_the_type_that_the_sweep_was_planned_with(tmp_path: Path) -> None:
    import torch

    assert torch.get_default_dtype() == torch.float32
    single = start_sweep(MESH, how(), out=tmp_path / "single")
    torch.set_default_dtype(torch.float64)
    try:
        one = start_sweep(MESH, how(), out=tmp_path / "one")
        plan = MESH.plan()
    finally:
        torch.set_default_dtype(torch.float32)
    other = new_sweep_folder(plan, MESH.target, out=tmp_path / "two")
    two = resume_sweep(other, how(timeout_s=100))
    assert_same(one.path, two.path)
    assert (one["fidelity"].values != single["fidelity"].values).any()
    resume_sweep(new_sweep_folder(plan, MESH.target, out=tmp_path / "here"), how())
    assert torch.get_default_dtype() == torch.float32, "this process has its own type back"


def shards(to: Path, count: int = 3, **more: Any) -> list[Path]:
    return [swept(to / f"s{k}", "failing", 40, 2, shard=f"{k}/{count}", **more).path for k in range(1, count + 1)]


def test_shards_are_merged_into_the_whole(whole: Path, tmp_path: Path) -> None:
    folders = shards(tmp_path)
    parts = [read_result(folder) for folder in folders]
    assert [part.missing for part in parts] == [0, 0, 0]
    assert sorted(int((part.status > 0).sum()) for part in parts) == [26, 27, 27]
    before = [columns(folder / "results.h5") for folder in folders]
    merged = merge_sweeps([folders[2], folders[0], folders[1]], out=tmp_path / "all")
    assert merged.complete
    assert_same(merged.path, whole)
    assert resume_sweep(merged, how()).trials_run == 0
    assert all(
        np.array_equal(a["trial"], columns(b / "results.h5")["trial"]) for a, b in zip(before, folders, strict=True)
    )


def test_a_shard_that_is_missing_can_be_made_later(whole: Path, tmp_path: Path) -> None:
    merged = merge_sweeps(shards(tmp_path)[:2], out=tmp_path / "all")
    assert merged.missing == 26
    assert resume_sweep(merged, how()).trials_run == 26
    assert_same(merged.path, whole)


def test_shards_of_different_plans_or_conditions_are_not_merged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, _ = shards(tmp_path)
    other = swept(tmp_path / "other", "failing", 40, 2, seed=1).path
    with pytest.raises(PhotonicsError, match=r"other is of another plan than .*s1: shards are of one `sweep` command"):
        merge_sweeps([first, other], out=tmp_path / "a")
    with monkeypatch.context() as patch:
        patch.setattr(_provenance, "_sources", lambda job: "0123456789ab")
        later = swept(tmp_path / "later", "failing", 40, 2, shard="3/3").path
    with pytest.raises(PhotonicsError, match=r"later was made under other .*\(sources [\w-]+ and 0123456789ab\)"):
        merge_sweeps([first, second, later], out=tmp_path / "a")
    assert not (tmp_path / "a").exists()
    mixed = merge_sweeps([first, second, later], out=tmp_path / "a", allow_mixed=True)
    made = columns(mixed.path / "results.h5")["made"]
    np.testing.assert_array_equal(made, (np.arange(80) % 3 == 2).astype(np.uint8))


def test_hundreds_of_shards_of_one_experiment_have_one_provenance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = swept(tmp_path / "s1", "smooth", 3, 1, shard="1/260").path
    merged = merge_sweeps([first] * 260, out=tmp_path / "a")
    assert merged.missing == 2
    assert columns(merged.path / "results.h5")["made"].tolist() == [0]


def test_the_room_and_its_workers_do_without_torch_and_leave_stdout_alone(tmp_path: Path) -> None:
    """So a trial of one's own starts in half a second, and what it prints is no answer of a command."""
    folder = planned(tmp_path / "a", "without_torch", 8, 1)
    code = (
        "import os, sys\nimport photonics_sim.sweeps._work\n"
        "from photonics_sim.sweeps._sweep import Execution, resume_sweep\n"
        f"found = resume_sweep({str(folder)!r}, Execution(workers=2, progress=False))\n"
        "assert not {'torch', 'scipy.stats', 'matplotlib'} & sys.modules.keys()\n"
        "assert found.complete and not found.values['torch'].any()\n"
        "assert os.getpid() not in found.values['process']"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    # two workers write to one stderr: a line's end may come after another line
    assert (done.stdout, done.stderr.replace("\n", "")) == ("", "all is well" * 8)


def test_torch_threads_are_given_back(tmp_path: Path) -> None:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        start_sweep(MESH, how(), out=tmp_path / "a")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_the_engine_that_is_asked_for() -> None:
    assert isinstance(make_engine(1, None), InProcess)
    assert isinstance(make_engine(1, None, timeout_s=1.0), Loky), "a trial in this process cannot be ended"
    assert isinstance(make_engine(2, None), Loky)
    assert count_workers(None) == len(os.sched_getaffinity(0))
    assert count_workers(None, 10**6) == 1
    with pytest.raises(PhotonicsError, match=r"--workers 0: at least one works"):
        how(workers=0)
    pytest.importorskip("distributed")
    with pytest.raises(PhotonicsError, match=r"--scheduler tcp://127\.0\.0\.1:1: no Dask cluster .* within 0\.2 s"):
        Dask("tcp://127.0.0.1:1", timeout_s=0.2)
