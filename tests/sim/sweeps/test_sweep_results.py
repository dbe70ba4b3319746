"""What a sweep returns and leaves: arrays with names and units, files for other programs, and a forecast."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray

from photonics_sim.errors import PhotonicsError
from photonics_sim.runs import Metric
from photonics_sim.sweeps import (
    Plan,
    SweepProgress,
    SweepResult,
    counts_of,
    estimate_sweep,
    export_csv,
    find_sweep,
    list_sweeps,
    read_result,
    sweep,
)
from photonics_sim.sweeps._result import ERROR as FAILED
from photonics_sim.sweeps._result import OK
from photonics_sim.sweeps._work import trial_of
from photonics_sim.tolerance import summary_lines, summary_of  # fmt: skip
from tests.sim.sweeps.sweep_runs import asked, how, swept
from tests.sim.sweeps.sweep_trials import failing, smooth

ERROR, KIND = "mesh.splitter.error_rad", "encoder.kind"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> SweepResult:
    """Two axes of the card and one of the trial, one point in five failing."""
    return sweep(
        "mzi-mems",
        {ERROR: [0.0, 0.02], KIND: "phase,amplitude", "trial.x": range(10)},
        chips=3,
        trial=failing,
        out=tmp_path_factory.mktemp("found") / "a",
        workers=1,
        progress=False,
        command=["photonics-sim", "sweep", "two words"],
    )


def test_measured_numbers_have_named_axes_and_units(found: SweepResult) -> None:
    level = found["level_db"]
    assert isinstance(level, Metric)
    assert level.dims == (ERROR, KIND, "trial.x", "chip")
    assert (level.values.shape, level.unit, level.long_name) == ((2, 2, 10, 3), "dB", "level db")
    seed = int(Plan.read(found.path).seeds[1])
    assert level.values[1, 0, 3, 1] == smooth({"trial.x": 3}, seed)["level_db"]
    assert np.isnan(level.values[:, :, 4]).all()
    axis = found[ERROR]
    assert (axis.dims, axis.unit, axis.values.tolist()) == ((ERROR,), "rad", [0.0, 0.02])
    assert found["trial.x"].values.dtype == np.int64
    assert found.curves["curve"].shape == (40, 3, 3)
    with pytest.raises(PhotonicsError, match="has no level; did you mean level_db"):
        found["level"]


def test_what_a_sweep_says_of_itself(found: SweepResult) -> None:
    assert (found.name, found.design, found.chips, found.headline) == ("mzi-mems", "grid", 3, "level_db")
    assert found.trial == "tests.sim.sweeps.sweep_trials:failing"
    assert found.complete
    assert found.trials_run == 120
    assert found.failures[9, 0] == "ValueError: no light at 9"
    counts = counts_of(found)
    assert (counts["state"], counts["trials_ok"], counts["trials_failed"]) == ("finished", 96, 24)
    assert find_sweep(found.path) == found.path
    assert list_sweeps(found.path.parent) == [found.path]
    again = read_result(found.path)
    np.testing.assert_array_equal(again["level_db"].values, found["level_db"].values)
    with h5py.File(found.path / "results.h5") as file:
        assert file.attrs["command"] == b"photonics-sim sweep 'two words'"
        assert file.attrs["complete"] == b"true"
        assert b"[mesh.splitter]" in file.attrs["card"]


def test_a_zip_and_a_sample_are_by_point(tmp_path: Path) -> None:
    zipped = swept(tmp_path / "a", design="zip", vary={"trial.x": [1.0, 1.0, 2.0], ERROR: [0.0, 0.1, 0.1]})
    assert zipped["level_db"].dims == ("point", "chip")
    assert zipped[ERROR].values.tolist() == [0.0, 0.1, 0.1]
    sampled = swept(tmp_path / "b", design="sobol", samples=8, vary={"trial.x": "0:1"})
    assert sampled["level_db"].values.shape == (8, 3)
    assert sampled.axes[0].values.tolist() == [0.0, 1.0]


def test_xarray_opens_results_with_units_on_everything(found: SweepResult) -> None:
    with xarray.open_datatree(found.path / "results.h5", engine="h5netcdf") as tree:
        assert set(tree.children) == {"params", "metrics", "curves", "failures"}
        assert dict(tree.sizes) == {"trial": 120}
        for node in tree.subtree:
            for name, variable in node.variables.items():
                assert variable.attrs["units"], name
                assert variable.attrs["long_name"], name
        assert tree["metrics/level_db"].dims == ("trial",)
        assert tree["metrics/level_db"].attrs["units"] == "dB"
        assert tree["params"][ERROR].attrs["units"] == "rad"
        assert tree["curves/curve"].dims == ("trial", "curve_axis1")
        np.testing.assert_array_equal(tree["metrics/level_db"].values, found.values["level_db"].ravel())
        assert tree["params"][KIND].values[[0, 119]].tolist() == [b"phase", b"amplitude"]
        assert tree["status"].attrs["flag_meanings"] == "missing ok error worker_died timed_out"
        assert tree["failures/text"].values[0] == b"ValueError: no light at 4"
        np.testing.assert_array_equal(tree["point"].values * 3 + tree["chip"].values, tree["trial"].values)


def test_xarray_opens_the_plan_too(found: SweepResult) -> None:
    with h5py.File(found.path / "plan.h5") as file:
        items: list[Any] = []
        file.visititems(lambda name, item: items.append(item) if isinstance(item, h5py.Dataset) else None)
        assert all(item.attrs["units"] and item.attrs["long_name"] for item in items)


def test_a_table_of_trials(found: SweepResult, tmp_path: Path) -> None:
    assert export_csv(found, tmp_path / "a.csv") == 120
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["point", "chip", f"{ERROR} [rad]", KIND, "trial.x", "level_db [dB]", "status", "error"]
    assert rows[0] == {
        "point": "0", "chip": "0", f"{ERROR} [rad]": "0.0", KIND: "phase", "trial.x": "0",
        "level_db [dB]": repr(float(found.values["level_db"][0, 0])), "status": "ok", "error": "",
    }  # fmt: skip
    assert (rows[12]["status"], rows[12]["level_db [dB]"], rows[12]["error"]) == (
        "error", "", "ValueError: no light at 4",
    )  # fmt: skip
    with pytest.raises(PhotonicsError, match="cannot write"):
        export_csv(found, tmp_path / "nowhere" / "a.csv")


def test_a_summary(found: SweepResult) -> None:
    lines = summary_lines(found)
    assert lines[0].startswith("96 of 120 trials of mzi-mems (tests.sim.sweeps.sweep_trials:failing): mean level 0.37")
    assert "24 failed" in "\n".join(lines)
    assert "ValueError: no light at 4" in "\n".join(lines)
    summary = summary_of(found)
    assert summary["measured"]["level_db"]["unit"] == "dB"
    assert summary["trials_failed"] == 24


def test_progress_is_told_up_to_the_end(tmp_path: Path) -> None:
    seen: list[SweepProgress] = []
    swept(tmp_path / "a", "slow", 120, 1, run=how(callbacks=[seen.append]))
    assert seen[-1].finished
    assert [moment.done for moment in seen] == sorted(moment.done for moment in seen)
    assert seen[-1].total == 120
    assert "120/120 trials" in seen[-1].line()


def test_a_forecast_writes_nothing(workplace: Path) -> None:
    plan = asked("slow", 200, 5, settings={"trial.ms": 10}).plan()
    estimate = estimate_sweep(plan, workers=2)
    assert (estimate.points, estimate.chips, estimate.trials, estimate.workers) == (200, 5, 1000, 2)
    assert 4.5 < estimate.low_s < estimate.high_s
    row = 64 + 8 + 4 * 8
    assert 2 * 1000 * row <= estimate.disk_bytes <= 2 * 1000 * row + 50_000
    assert not estimate.failed
    with pytest.raises(PhotonicsError, match="there is nothing to do in this shard"):
        estimate_sweep(asked(points=1, chips=2, shard="3/3").plan())
    assert estimate_sweep(asked("bad", vary={"trial.x": [1.0]}).plan()).failed == "ValueError: no such fibre"
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (1.0, "ValueError: no such fibre"),
        (2.0, "SystemExit: 3"),
        (3.0, "the trial returned level_db = nan; expected finite numbers"),
        (4.0, "returned level_db, more; the first trial returned level_db"),
        (5.0, "returned level_db[2]; the first trial returned level_db"),
        (6.0, "the trial returned level_db = ['bright']; expected numbers, alike for every chip"),
        (7.0, "returned float; expected a dict of numbers"),
        (9.0, "the trial returned a number called 'level/db'; letters, digits and _ make a name"),
        (11.0, "expected a dict of numbers"),
        (12.0, "the trial returned a number called 'level_axis1'; letters, digits and _ make a name"),
        (13.0, "expected numbers, alike for every chip"),
        (14.0, "expected numbers, alike for every chip"),
        (15.0, "MuteError: <exception str() failed>"),
    ],
)
def test_a_trial_that_goes_wrong_becomes_a_row_that_says_so(x: float, text: str, tmp_path: Path) -> None:
    found = swept(tmp_path / "a", "bad", vary={"trial.x": [0.0, x, 20.0]}, chips=1)
    assert found.status[:, 0].tolist() == [OK, FAILED, OK]
    assert found.failures[1, 0].endswith(text)
    assert np.isnan(found.values["level_db"][:, 0]).tolist() == [False, True, False]


def test_a_long_text_in_any_letters_is_cut_and_kept(tmp_path: Path) -> None:
    told = swept(tmp_path / "a", "bad", vary={"trial.x": [0.0, 10.0]}, chips=1).failures[1, 0]
    assert told.startswith("ValueError: gr\u00fcn ? xxx")
    assert len(told) == 400


def test_a_trial_may_go_to_another_folder(workplace: Path) -> None:
    found = swept(Path("a"), "bad", vary={"trial.x": [0.0, 16.0, 20.0]}, chips=1, run=how(publish_s=0.0, chunk=1))
    os.chdir(workplace)
    assert (found.path, found.complete) == (Path("a"), True)
    assert (read_result(found.path).status == OK).all()


def test_all_may_fail(tmp_path: Path) -> None:
    found = swept(tmp_path / "a", "bad", vary={"trial.x": [1.0, 2.0]}, chips=1)
    assert found.complete
    assert not found.values
    assert "nothing was measured" in summary_lines(found)[0]
    with pytest.raises(PhotonicsError, match="holds no measured number yet"):
        found.headline  # noqa: B018
    assert export_csv(found, tmp_path / "a.csv") == 2


def test_threads_of_a_dask_worker_have_a_trial_each() -> None:
    """A trial remembers the last device."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    job, meet = asked().plan().job, Barrier(2)

    def trial() -> int:
        meet.wait()
        return id(trial_of(job))

    with ThreadPoolExecutor(2) as pool:
        first, second = (future.result() for future in [pool.submit(trial) for _ in range(2)])
    assert first != second
