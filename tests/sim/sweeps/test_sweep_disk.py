"""Disks that are full, folders that cannot be written, names that are taken: told in a line, and nothing is lost."""

from __future__ import annotations

import errno
import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photonics_sim.errors import PhotonicsError, PhotonicsWarning
from photonics_sim.sweeps import _checks, read_result, resume_sweep, start_sweep
from photonics_sim.sweeps._plan import Plan
from photonics_sim.sweeps._read import open_store
from photonics_sim.sweeps._result import OK
from tests.sim.sweeps.sweep_runs import asked, assert_same, coordinator, how, planned, swept
from tests.sim.sweeps.sweep_steps import lay

SMALL = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))"


@pytest.mark.parametrize(
    ("limit", "file", "parts"),
    [(9_000, r"parts/p00000000-\w+\.h5", 0), (35_000, r"results\.h5", 6)],
    ids=["a part", "the merge"],
)
def test_a_full_disk_ends_a_sweep_in_a_line_and_loses_nothing(
    limit: int, file: str, parts: int, tmp_path: Path
) -> None:
    folder = planned(tmp_path / "a", "smooth", 300, 1)
    process = coordinator(folder, prefix=SMALL.format(limit), publish_s=0.0, chunk=50, patience_s=0.1)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 1, "no signal, as HDF5 would have it"
    assert re.search(rf"PhotonicsError: cannot write \S*{file}: File too large; free some space or choose", told)
    assert len(list(folder.glob("parts/*"))) == parts
    assert int((read_result(folder).status == OK).sum()) == 50 * parts
    assert resume_sweep(folder, how()).trials_run == 300 - 50 * parts
    assert_same(folder, swept(tmp_path / "whole", "smooth", 300, 1).path)


def test_room_that_comes_back_in_time_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows wait in memory meanwhile."""
    real, refused = os.fsync, [0]

    def fsync(handle: int) -> None:
        refused[0] += 1
        if refused[0] <= 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    folder = planned(tmp_path / "a")
    with monkeypatch.context() as patch:
        patch.setattr("photonics_sim.sweeps._run.TICK_S", 0.02)
        patch.setattr("photonics_sim.files._atomic.os.fsync", fsync)
        found = resume_sweep(folder, how(publish_s=0.0, chunk=4))
    assert refused[0] > 4
    assert (found.trials_run, found.missing) == (60, 0)
    assert_same(folder, swept(tmp_path / "whole").path)


@pytest.fixture
def nobody(tmp_path: Path) -> Any:
    """A function that runs another one as a user who may read all and write nothing here."""
    if os.geteuid() != 0:
        pytest.skip("needs to become another user")
    for path in (*reversed(tmp_path.parents), tmp_path):
        if path.is_relative_to("/tmp/") and path != Path("/tmp"):
            path.chmod(0o755)

    def run(call: Any) -> Any:
        os.seteuid(65534)
        try:
            return call()
        finally:
            os.seteuid(0)

    return run


def test_a_folder_that_cannot_be_written_can_be_read(tmp_path: Path, nobody: Any) -> None:
    folder = swept(tmp_path / "a").path
    (folder / "results.h5").rename(folder / "parts" / "p00000000-whole.h5")
    assert nobody(lambda: read_result(folder)).complete
    with pytest.raises(PhotonicsError, match=r"cannot write in .*a: Permission denied; make it writable"):
        nobody(lambda: resume_sweep(folder, how()))
    with pytest.raises(PhotonicsError, match=r"cannot make the run folder .*b: Permission denied; .*--out"):
        nobody(lambda: start_sweep(asked(), how(), out=tmp_path / "b"))


def test_a_file_that_may_not_be_read_now_is_no_damaged_one(tmp_path: Path, nobody: Any) -> None:
    folder = swept(tmp_path / "a").path
    folder.chmod(0o777)
    (folder / "parts").chmod(0o777)
    for path in (folder / ".lock", folder / "results.h5"):
        path.chmod(0o666)
    (folder / "results.h5").chmod(0)
    with pytest.raises(PhotonicsError, match=r"cannot read .*results\.h5: Permission denied; see to it, then resume"):
        nobody(lambda: resume_sweep(folder, how()))
    assert not (folder / "quarantine").exists()
    assert resume_sweep(folder, how()).trials_run == 0


def test_a_name_that_is_taken_stays_as_it_is(workplace: Path) -> None:
    first = start_sweep(asked(), how(), name="tol").path
    before = (first / "results.h5").read_bytes()
    with pytest.raises(PhotonicsError, match=r"runs/tol is a sweep already; .* or `photonics-sim resume runs/tol`"):
        start_sweep(asked(), how(), name="tol")
    Path("taken").write_text("x")
    with pytest.raises(PhotonicsError, match=r"taken exists already; give another --name or --out"):
        start_sweep(asked(), how(), out="taken")
    assert (first / "results.h5").read_bytes() == before
    assert [start_sweep(asked(points=1), how()).path.name for _ in range(2)] == ["mzi-mems-sweep-1", "mzi-mems-sweep-2"]


def test_a_sweep_that_cannot_be_planned_leaves_no_folder(workplace: Path) -> None:
    for more, words in (({"chips": 0}, "--chips 0"), ({"vary": {"mesh.nothing": [1.0]}}, "no field mesh.nothing")):
        with pytest.raises(PhotonicsError, match=words):
            start_sweep(asked(**more), how(), name="tol")
    assert not Path("runs").exists()


@pytest.mark.parametrize("what", ["are free on the disk", "of memory can be used", "results.h5 may hold"])
def test_what_does_not_fit_is_refused_after_the_first_trial(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(tmp_path)._replace(free=10_000 if "disk" in what else 2**50)
    monkeypatch.setattr(_checks.shutil, "disk_usage", lambda path: free)
    monkeypatch.setattr(_checks, "machine_memory_bytes", lambda: 10_000 if "memory" in what else 2**50)
    monkeypatch.setattr(_checks, "MAX_BYTES", 10_000 if "hold" in what else 2**50)
    folder = planned(tmp_path / "a", "smooth", 300, 1)
    with pytest.raises(PhotonicsError, match=rf"300 trials of 104 bytes need .* GiB, and 0\.0 GiB .*{what}; return fe"):
        resume_sweep(folder, how())
    monkeypatch.undo()
    assert resume_sweep(folder, how()).trials_run == 300


def test_a_sweep_that_is_nearly_done_needs_room_for_the_rest_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = planned(tmp_path / "a", "smooth", 300, 1)
    plan = Plan.read(folder)
    lay(open_store(folder, plan), plan, range(290))
    usage = shutil.disk_usage(tmp_path)._replace(free=104 * 320)
    monkeypatch.setattr(_checks.shutil, "disk_usage", lambda path: usage)
    assert resume_sweep(folder, how()).trials_run == 10


def test_what_a_kill_or_a_copy_leaves_is_put_right(tmp_path: Path) -> None:
    folder = planned(tmp_path / "a")
    plan = Plan.read(folder)
    lay(open_store(folder, plan), plan, range(10))
    part = next(folder.glob("parts/*"))
    for left in (folder / ".results.h5.abc", folder / "parts" / f".{part.name}.xyz"):
        left.write_bytes(b"half")
    assert resume_sweep(folder, how()).trials_run == 50
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "parts", "plan.h5", "results.h5"]
    (folder / "parts").rmdir()
    (folder / "results.h5").unlink()
    assert resume_sweep(folder, how()).trials_run == 60


def test_a_curve_of_a_million_numbers(tmp_path: Path) -> None:
    found = swept(tmp_path / "a", "long", 2, 2)
    assert found.curves["curve"].shape == (2, 2, 1_000_000)
    np.testing.assert_array_equal(found.curves["curve"][1, 0, :3], [1.0, 2.0, 3.0])
    content = bytearray((found.path / "results.h5").read_bytes())
    content[len(content) // 2] ^= 1
    (found.path / "results.h5").write_bytes(content)
    with pytest.warns(PhotonicsWarning, match="put aside in quarantine/"):
        again = resume_sweep(found, how())
    assert again.trials_run == 4
