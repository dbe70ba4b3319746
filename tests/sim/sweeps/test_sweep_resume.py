"""Going on with a sweep: refused where numbers would not go together, and never in the way of a reader."""

from __future__ import annotations

import re
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from filelock import FileLock

from photonics_sim.device import load_card, render_card
from photonics_sim.errors import PhotonicsError
from photonics_sim.runs import lock_run
from photonics_sim.sweeps import (
    Asked,
    _checks,
    counts_of,
    list_sweeps,
    read_result,
    resume_sweep,
    start_sweep,
)  # fmt: skip
from photonics_sim.sweeps._plan import Plan
from photonics_sim.sweeps._read import open_store
from photonics_sim.sweeps._result import MISSING, OK
from tests.sim.sweeps.sweep_runs import TRIALS, columns, how, planned, swept
from tests.sim.sweeps.sweep_steps import lay

CARD, COUNT = "chip.toml", 60


def begun(folder: Path, *args: Any, rows: int = 10, **more: Any) -> Path:
    """A sweep of which some rows are stored."""
    planned(folder, *args, **more)
    plan = Plan.read(folder)
    lay(open_store(folder, plan), plan, range(rows))
    return folder


def other_conditions(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """From now on sweeps run under other conditions."""
    real = _checks.conditions
    monkeypatch.setattr(_checks, "conditions", lambda job, command: real(job, command) | changes)


@pytest.fixture
def own_card(workplace: Path) -> Path:
    """A sweep of a card of one's own, half done."""
    Path(CARD).write_text(render_card(load_card("mzi-mems")))
    one = Asked(
        target=load_card(CARD), vary={"trial.x": [1.0, 2.0, 3.0]}, chips=2, trial=TRIALS + "smooth", origin=CARD,
        settings={"mesh.splitter.loss_db": 0.25},
    )  # fmt: skip
    folder = start_sweep(one, how(), out="a").path
    plan = Plan.read(folder)
    (folder / "results.h5").unlink()
    lay(open_store(folder, plan), plan, range(3))
    return folder


def test_a_changed_card_is_refused_with_what_differs(own_card: Path) -> None:
    text = Path(CARD).read_text()
    Path(CARD).write_text(text + "\n# a comment changes nothing\n")
    changed = re.sub(r"(?m)^error_rad = .*$", "error_rad = 0.125", text, count=1)
    assert changed != text
    assert resume_sweep(own_card, how()).trials_run == 3
    (own_card / "results.h5").unlink()
    Path(CARD).write_text(changed)
    with pytest.raises(
        PhotonicsError, match=r"chip\.toml has changed .*: .*error_rad = 0\.125 \(planned .*allow-mixed"
    ):
        resume_sweep(own_card, how())
    assert resume_sweep(own_card, how(), allow_mixed=True).trials_run == 6
    Path(CARD).unlink()
    assert resume_sweep(own_card, how()).complete, "the plan has a card of its own"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"torch": "9.9"}, r"\(torch [0-9.+a-z]* -> 9\.9\)"),
        ({"threads": 8}, r"\(threads 1 -> 8\)"),
        ({"python": "2.7", "sources": "abc"}, r"\(python 3[0-9.]* -> 2\.7, sources [\w-]* -> abc\)"),
    ],
)
def test_other_conditions_are_refused_with_what_differs(
    changes: dict[str, Any], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begun(tmp_path / "a")
    other_conditions(monkeypatch, **changes)
    with pytest.raises(PhotonicsError, match=rf"a was begun under other conditions {told}.*--allow-mixed"):
        resume_sweep(folder, how())


def test_an_edited_function_is_refused(workplace: Path) -> None:
    own = Path("own_trial_to_be_edited.py")
    own.write_text("def measure(params, seed):\n    return {'answer': params['trial.x']}\n")
    one = Asked(
        target=load_card("mzi-mems"), vary={"trial.x": [1.0, 2.0, 3.0]}, chips=2, trial=f"{own.stem}:measure"
    )  # fmt: skip
    folder = start_sweep(one, how(), out="a").path
    (folder / "results.h5").unlink()
    plan = Plan.read(folder)
    lay(open_store(folder, plan), plan, range(3))
    own.write_text("def measure(params, seed):\n    return {'answer': 2 * params['trial.x']}\n")
    with pytest.raises(PhotonicsError, match=r"other conditions \(sources (\w+)-\w+ -> \1-\w+\)"):
        resume_sweep(folder, how())


def test_mixed_rows_say_how_they_were_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = begun(tmp_path / "a")
    with monkeypatch.context() as patch:
        other_conditions(patch, torch="9.9", host="elsewhere")
        resume_sweep(folder, how(), allow_mixed=True)
        assert resume_sweep(folder, how()).complete, "these conditions are known now"
    np.testing.assert_array_equal(columns(folder / "results.h5")["made"], [0] * 10 + [1] * 50)
    assert [one["torch"] == "9.9" for one in read_result(folder).conditions] == [False, True]
    assert read_result(folder).conditions[1]["host"] == "elsewhere"


def test_conditions_of_the_first_row_count_not_those_of_the_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = planned(tmp_path / "a")
    with monkeypatch.context() as patch:
        other_conditions(patch, torch="9.9")
        found = resume_sweep(folder, how())
    assert found.complete
    (folder / "results.h5").unlink()
    plan = Plan.read(folder)
    with monkeypatch.context() as patch:
        other_conditions(patch, torch="9.9")
        store = open_store(folder, plan)
        assert _checks.check_conditions(plan, plan.job, store, allow_mixed=False) == 0
        lay(store, plan, range(10))
    with pytest.raises(PhotonicsError, match=r"torch 9\.9 -> "):
        resume_sweep(folder, how())


def test_a_plan_that_was_tampered_with_is_refused(tmp_path: Path) -> None:
    folder = begun(tmp_path / "a")
    with h5py.File(folder / "plan.h5", "r+") as file:
        file["params/trial.x"][3] = 3.5
    for use in (lambda: resume_sweep(folder, how()), lambda: read_result(folder)):
        with pytest.raises(PhotonicsError, match=r"plan\.h5 has been changed since it was written; start a new sweep"):
            use()


def test_what_others_are_told_of_a_sweep_in_use(tmp_path: Path) -> None:
    folder = begun(tmp_path / "a")
    with lock_run(folder):
        with pytest.raises(PhotonicsError, match=r"a is in use by process \d+ on .* since .*; wait for it, or stop it"):
            resume_sweep(folder, how())
        assert (read_result(folder).status != MISSING).sum() == 10
    assert resume_sweep(folder, how()).complete


def test_who_only_looks_whether_a_sweep_runs_is_not_in_its_way(tmp_path: Path) -> None:
    folder = begun(tmp_path / "a")
    look = FileLock(folder / ".lock", thread_local=False)
    look.acquire()
    threading.Timer(0.05, look.release).start()
    assert resume_sweep(folder, how()).complete


def test_readers_are_neither_blocked_nor_wrong_while_a_sweep_runs_and_merges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photonics_sim.sweeps._store.MOST_PARTS", 3)
    expected = swept(tmp_path / "whole", "smooth", COUNT, 1).values["level_db"]
    folder = planned(tmp_path / "a", "smooth", COUNT, 1)
    done = threading.Event()
    wrong: list[BaseException] = []

    def run() -> None:
        try:
            assert resume_sweep(folder, how(publish_s=0.0, chunk=2)).complete
        except BaseException as error:
            wrong.append(error)
        done.set()

    thread = threading.Thread(target=run)
    thread.start()
    counts = [0]
    while not done.is_set():
        assert list_sweeps(tmp_path)[-1] == folder
        found = read_result(folder)
        measured = np.isfinite(found.values["level_db"]) if found.values else np.zeros((COUNT, 1), dtype=bool)
        np.testing.assert_array_equal(found.status == OK, measured)
        if found.values:
            np.testing.assert_array_equal(found.values["level_db"][measured], expected[measured])
        counts.append(int(measured.sum()))
        assert found.missing == COUNT - counts[-1]
    thread.join()
    assert not wrong
    assert counts == sorted(counts), "nothing that was stored is out of sight again"
    assert len(set(counts)) > 3


def test_what_failed_is_made_again_when_asked(tmp_path: Path) -> None:
    found = swept(tmp_path / "a", "bad", 15, 2)
    assert counts_of(found)["trials_failed"] == 28
    with h5py.File(found.path / "results.h5") as file:
        level, status = file["metrics/level_db"][()], file["status"][()]
        assert np.isnan(level[status != OK]).all()
    assert resume_sweep(found, how()).trials_run == 0
    again = resume_sweep(found, how(), retry_failed=True)
    assert again.trials_run == 28
    assert again.failures == found.failures
    plan = Plan.read(found.path)
    store = open_store(found.path, plan).mend()
    store.add([_mended(one) for one in _tasks(plan, range(4, 8))])
    store.publish()
    better = resume_sweep(found, how())
    assert counts_of(better)["trials_failed"] == 24
    assert better.values["level_db"][2].tolist() == [5.0, 5.0]
    assert not {(2, 0), (3, 1)} & better.failures.keys()


def _tasks(plan: Plan, numbers: range) -> Iterator[Any]:
    return plan.tasks(np.array(numbers))


def _mended(task: Any) -> Any:
    from photonics_sim.sweeps._job import Outcome

    return Outcome(task.point, task.first, 1, OK, 0.0, {"level_db": np.array([5.0])})


def test_failures_after_the_last_good_row_are_nan_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The part with them has no column of numbers."""
    folder = planned(tmp_path / "a", "bad", vary={"trial.x": [0.0, 20.0, 1.0, 2.0]}, chips=1)
    plan = Plan.read(folder)
    store = open_store(folder, plan)
    for numbers in (range(2), range(2, 4)):
        lay(store, plan, numbers)
        store.merge()
    assert np.isnan(columns(folder / "results.h5")["metrics/level_db"][2:]).all()
    assert np.isnan(read_result(folder).values["level_db"][2:]).all()


def test_texts_of_failures_survive_a_merge_slice_by_slice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("photonics_sim.sweeps._store.SLICE", 3)
    folder = planned(tmp_path / "a", "bad", vary={"trial.x": np.ones(12) + np.arange(12) * 1e-9}, chips=1, design="zip")
    plan = Plan.read(folder)
    store = open_store(folder, plan)
    for numbers in (range(1), range(8, 9), range(1, 8), range(9, 12)):
        lay(store, plan, numbers)
        store.merge()
    assert len(read_result(folder).failures) == int((read_result(folder).status > OK).sum())


def test_a_folder_that_was_renamed_goes_on(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module of the trial is looked for where it was, seen from the folder, and where we are now."""
    (workplace / "code").mkdir()
    (workplace / "code" / "own_trial.py").write_text("def own(params, seed):\n    return {'y': params['trial.x']}\n")
    without = list(sys.path)
    monkeypatch.chdir(workplace / "code")
    one = Asked(target=load_card("mzi-mems"), vary={"trial.x": [1.0, 2.0]}, trial="own_trial:own")
    folder = start_sweep(one, how(), out=workplace / "sweeps" / "a").path
    monkeypatch.chdir(workplace)
    moved = folder.rename(workplace / "sweeps" / "b")
    far = Path(shutil.copytree(moved, workplace / "c"))
    shutil.rmtree(far / "parts")
    for one, place, works in ((moved, workplace, True), (far, workplace, False), (far, workplace / "code", True)):
        (one / "results.h5").unlink(missing_ok=True)
        monkeypatch.setattr(sys, "path", list(without))
        monkeypatch.chdir(place)
        if works:
            assert resume_sweep(one, how(workers=2)).values["y"][:, 0].tolist() == [1.0, 2.0]
        else:
            with pytest.raises(PhotonicsError, match=r"own_trial:own: cannot import it .*; run from its folder"):
                resume_sweep(one, how(workers=2))
