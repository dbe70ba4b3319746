"""Hostile files of a sweep: each is refused in a line that names it, and none is taken for a part."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from photonics_sim.errors import PhotonicsError, PhotonicsWarning
from photonics_sim.files import write_note
from photonics_sim.sweeps import merge_sweeps, read_result, resume_sweep
from photonics_sim.sweeps._plan import Plan
from photonics_sim.sweeps._read import open_store
from tests.sim.sweeps.sweep_hostile import FOREIGN, ROWS, Spoil, edit, put
from tests.sim.sweeps.sweep_runs import assert_same, how, planned, swept
from tests.sim.sweeps.sweep_steps import lay


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return swept(tmp_path_factory.mktemp("whole") / "a", "failing", 30, 1).path


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All rows in one part."""
    folder = planned(tmp_path_factory.mktemp("part") / "a", "failing", 30, 1)
    plan = Plan.read(folder)
    lay(open_store(folder, plan), plan, range(30))
    return folder


def spoilt(folder: Path, to: Path, spoil: Spoil, *, merged: bool) -> tuple[Path, Path]:
    """A copy with one file spoilt: the part, or the same as results.h5, beside a good part."""
    copy = Path(shutil.copytree(folder, to))
    path = next(copy.glob("parts/*"))
    if merged:
        path = path.rename(copy / "results.h5")
    spoil(path)
    return copy, path


def refused(read: Callable[[], object], words: str, path: Path) -> str:
    """What a call says that refuses the file: a line, with its name."""
    with pytest.raises(PhotonicsError, match=words) as caught:
        read()
    told = str(caught.value)
    assert str(path) in told
    assert "\n" not in told
    return told


@pytest.mark.parametrize("case", ROWS)
def test_a_reader_refuses_it_and_a_resume_puts_it_aside(case: str, part: Path, tmp_path: Path) -> None:
    spoil, words = ROWS[case]
    folder, path = spoilt(part, tmp_path / "a", spoil, merged=False)
    assert "`photonics-sim resume" in refused(lambda: read_result(folder), words, path)
    shutil.copy(next(part.glob("parts/*")), folder / "results.h5")
    with pytest.warns(PhotonicsWarning, match=words):
        assert resume_sweep(folder, how()).trials_run == 0
    assert [file.name[:9] for file in (folder / "quarantine").iterdir()] == [path.name[:9]]


@pytest.mark.parametrize("case", ["external link", "trials unsorted", "another sum", "empty"])
def test_so_it_is_with_results(case: str, part: Path, whole: Path, tmp_path: Path) -> None:
    folder, path = spoilt(part, tmp_path / "a", ROWS[case][0], merged=True)
    refused(lambda: read_result(folder), ROWS[case][1], path)
    refused(lambda: merge_sweeps([folder], out=tmp_path / "b"), ROWS[case][1], path)
    assert not (tmp_path / "b").exists()
    with pytest.warns(PhotonicsWarning, match=ROWS[case][1]):
        assert resume_sweep(folder, how()).trials_run == 30
    assert_same(folder, whole)


@pytest.mark.parametrize("case", FOREIGN)
def test_a_resume_leaves_alone_what_is_not_damaged(case: str, part: Path, tmp_path: Path) -> None:
    folder, path = spoilt(part, tmp_path / "a", FOREIGN[case][0], merged=False)
    before = path.read_bytes()
    assert "`photonics-sim resume" not in refused(lambda: read_result(folder), FOREIGN[case][1], path)
    refused(lambda: resume_sweep(folder, how()), FOREIGN[case][1], path)
    assert path.read_bytes() == before


def test_columns_of_another_shape_than_in_the_other_files(part: Path, tmp_path: Path) -> None:
    folder, path = spoilt(part, tmp_path / "a", put("curves/curve", np.ones((30, 7))), merged=False)
    shutil.copy(next(part.glob("parts/*")), folder / "results.h5")
    with pytest.raises(
        PhotonicsError, match=r"results\.h5 does not fit: curve is of shape \[3\], in the others of \[7\]"
    ):
        read_result(folder)
    with pytest.warns(PhotonicsWarning, match=rf"{path.name} does not fit: curve is of shape \[7\], in the others"):
        assert resume_sweep(folder, how()).trials_run == 0


def test_shards_of_other_shapes_are_not_joined(part: Path, tmp_path: Path) -> None:
    folder, _ = spoilt(part, tmp_path / "a", put("curves/curve", np.ones((30, 7))), merged=False)
    with pytest.raises(
        PhotonicsError, match=rf"{folder} does not fit: curve is of shape \[7\], in the others of \[3\]"
    ):
        merge_sweeps([part, folder], out=tmp_path / "b")


def _recipe(**changes: Any) -> Spoil:
    """A plan whose recipe says something else, with the sum that belongs to it where it can have one."""

    def change(file: h5py.File) -> None:
        recipe = json.loads(file["recipe"][...].tobytes()) | changes
        del file["recipe"]
        file["recipe"] = np.frombuffer(json.dumps(recipe).encode(), dtype=np.uint8)

    return lambda path: edit(path, change)


def _plan_note(name: str, text: str) -> Spoil:
    def change(file: h5py.File) -> None:
        del file.attrs[name]
        write_note(file, name, text)

    return lambda path: edit(path, change)


def _array(name: str, values: Any) -> Spoil:
    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = values

    return lambda path: edit(path, change)


PLANS: dict[str, tuple[Spoil, str]] = {
    "a newer format": (_plan_note("format_version", "2"), "is of format 2, newer than this photonics_sim reads"),
    "another format": (_plan_note("format", "x"), "holds no plan of a sweep"),
    "no shard": (_plan_note("shard", "7"), "is damaged .*k/K"),
    "another value": (_array("params/trial.x", np.arange(30) + 1.0), "has been changed since it was written"),
    "fewer points": (_array("params/trial.x", np.arange(29.0)), "its columns do not fit each other"),
    "no points": (_array("params/trial.x", np.zeros(0)), "its columns do not fit each other"),
    "a table of points": (_array("params/trial.x", np.zeros((30, 2))), "its columns do not fit each other"),
    "complex points": (_array("params/trial.x", np.zeros(30, dtype=complex)), "its columns do not fit each other"),
    "seeds of fractions": (_array("seed", np.zeros(1)), "its columns do not fit each other"),
    "no axes": (_recipe(axes=[]), "its columns do not fit each other"),
    "no axes in a zip": (_recipe(axes=[], design="zip"), "its columns do not fit each other"),
    "no block": (_recipe(block=0), "its columns do not fit each other"),
    "no such design": (_recipe(design="spiral"), "its columns do not fit each other"),
    "a name of numbers": (_recipe(name=[1]), r"is damaged \(name is \[1\]\)"),
    "no job": (_recipe(job={}), "is damaged"),
    "another axis": (_recipe(axes=[{"path": "../x", "unit": "1", "long_name": ""}]), "is damaged"),
    "meanings of nothing": (_recipe(meanings={"a": {"unit": 1, "long_name": ""}}), "is damaged"),
    "JSON without an end": (_array("recipe", np.frombuffer(b"[" * 200_000, dtype=np.uint8)), "is damaged"),
    "a link": (lambda p: edit(p, lambda f: f.update({"x": h5py.SoftLink("/seed")})), "is a link"),
    "not HDF5": (lambda p: p.write_bytes(b"x" * 99), "is damaged or no HDF5 file"),
}


@pytest.mark.parametrize("case", PLANS)
def test_a_hostile_plan_is_refused_in_a_line(case: str, part: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(part, tmp_path / "a"))
    spoil, words = PLANS[case]
    spoil(folder / "plan.h5")
    refused(lambda: read_result(folder), words, folder / "plan.h5")
    refused(lambda: resume_sweep(folder, how()), words, folder / "plan.h5")
    assert len(list(folder.glob("parts/*"))) == 1
