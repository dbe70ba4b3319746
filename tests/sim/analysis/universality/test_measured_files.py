"""Plans of a measurement, and files of readings that decide nothing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from sample_cases import Readings, bent, grid, measured, points, read, store

from photonics_sim import PhotonicsError
from photonics_sim.analysis import check_measured, plan_measurement


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "points.h5"


def test_a_plan_says_what_it_asks(file: Path) -> None:
    assert plan_measurement(file, 3, order=2, boxes=10, domain=(0.0, 1.0)) == 270
    with h5py.File(file) as held:
        item = held["inputs"]
        assert (item.shape, item.dtype) == ((270, 3), np.float64)
        assert {"units", "long_name", "format_version", "order", "domain", "seed"} <= set(item.attrs)
        assert item[()].min() >= 0
        assert item[()].max() <= 1
    first = file.read_bytes()
    plan_measurement(file, 3, order=2, boxes=10, domain=(0.0, 1.0))
    assert points(file).shape == (270, 3)
    assert len(first) == len(file.read_bytes())


@pytest.mark.parametrize(
    ("inputs", "options", "words"),
    [
        (20, {}, r"takes 600 x 2\^20 rows"),
        (9, {"order": 9}, r"600 x 10\^9 rows"),
        (10**6, {}, r"600 x 2\^1000000 rows"),
        (0, {}, "are the least"),
        (2, {"order": 0}, "are the least"),
        (1, {"order": 10**9}, "order 32 the highest"),
        (2, {"boxes": 3}, "boxes = 3"),
        (2, {"domain": (1.0, 1.0)}, "give its low"),
        (2, {"domain": (0.0, math.inf)}, "give its low"),
    ],
)
def test_plans_that_cannot_be(file: Path, inputs: int, options: dict[str, Any], words: str) -> None:
    with pytest.raises(PhotonicsError, match=words):
        plan_measurement(file, inputs, **options)
    assert not file.exists()


def test_a_measured_file_is_left_alone(file: Path) -> None:
    measured(file, bent, 2, boxes=10)
    before = file.read_bytes()
    with pytest.raises(PhotonicsError, match="already has outputs"):
        plan_measurement(file, 2)
    other = store(file.with_name("other.h5"), something=np.zeros(3))
    with pytest.raises(PhotonicsError, match="no plan"):
        plan_measurement(other, 2)
    assert file.read_bytes() == before
    with pytest.raises(PhotonicsError, match=r"suffix '\.csv'"):
        plan_measurement(file.with_suffix(".csv"), 2)
    with pytest.raises(PhotonicsError, match="cannot write"):
        plan_measurement(file.parent / "nowhere" / "points.h5", 2)


def test_a_plan_that_is_interrupted_leaves_the_old_one(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_measurement(file, 2, boxes=10)
    before = file.read_bytes()

    def interrupted(source: str, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("photonics_sim.files._atomic.os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        plan_measurement(file, 3)
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert file.read_bytes() == before


GOOD = grid(8, 2)
SEEN = read(bent, GOOD, 0.1, 2)


def holed(values: Readings, row: int, value: float) -> Readings:
    values = values.copy()
    values[row, 1] = value
    return values


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no outputs": ({"inputs": GOOD}, "no data set outputs; measure its rows"),
    "misspelt outputs": ({"inputs": GOOD, "output": SEEN}, "no data set outputs; did you mean output"),
    "no inputs": ({"outputs": SEEN}, "no data set inputs"),
    "one reading": ({"inputs": GOOD, "outputs": SEEN[:, :1]}, "cannot tell noise from coupling; .* at least 2"),
    "one reading, flat": ({"inputs": GOOD, "outputs": SEEN[:, 0]}, "at least 2 times"),
    "fewer outputs": ({"inputs": GOOD, "outputs": SEEN[:-1]}, r"shape \(63, 2\) for 64 rows"),
    "several outputs": ({"inputs": GOOD, "outputs": np.ones((64, 2, 2))}, "of one output"),
    "flat inputs": ({"inputs": GOOD[:, 0], "outputs": SEEN}, r"must be \(rows, inputs\)"),
    "nothing": ({"inputs": GOOD[:0], "outputs": SEEN[:0]}, "shape \\(0, 2\\)"),
    "nan": ({"inputs": GOOD, "outputs": holed(SEEN, 5, math.nan)}, r"outputs is nan in row 5, column 1 \(1 entries"),
    "infinite input": ({"inputs": holed(GOOD, 7, math.inf), "outputs": SEEN}, "inputs is inf in row 7, column 1"),
    "complex inputs": ({"inputs": GOOD + 0j, "outputs": SEEN}, "inputs holds complex128; write real"),
    "text": ({"inputs": GOOD, "outputs": SEEN.astype("S8")}, r"outputs holds \|S8"),
    "constant": ({"inputs": GOOD, "outputs": np.full((64, 2), 0.5)}, "outputs is 0.5 throughout"),
    "scattered": ({"inputs": np.random.default_rng(0).random((64, 2)), "outputs": SEEN}, "0 whole boxes"),
    "small grid": ({"inputs": GOOD[:8], "outputs": SEEN[:8]}, "measure the points that plan_measurement writes"),
    "a hole in the grid": ({"inputs": GOOD[1:], "outputs": SEEN[1:]}, "0 whole boxes"),
    "an input that stands still": ({"inputs": GOOD * [1, 0], "outputs": SEEN}, "same inputs"),
    "too many inputs": ({"inputs": np.random.default_rng(0).random((64, 90)), "outputs": SEEN}, "0 whole boxes"),
    "points as repeats": ({"inputs": np.repeat(GOOD, 2, 0), "outputs": np.repeat(SEEN, 2, 0)}, "same inputs"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(file: Path, name: str) -> None:
    arrays, words = BAD[name]
    store(file, **arrays)
    with pytest.raises(PhotonicsError, match=words):
        check_measured(file)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("order", -1, "not those of a plan"),
        ("order", "one", "is not what plan_measurement writes"),
        ("order", 10**9, "not those of a plan"),
        ("order", 30, "0 whole boxes"),
        ("domain", [1.0, math.nan], "not those of a plan"),
        ("format_version", 2, "has format 2"),
    ],
)
def test_attributes_that_lie(file: Path, name: str, value: Any, words: str) -> None:
    measured(file, bent, 2, boxes=10)
    with h5py.File(file, "a") as held:
        held["inputs"].attrs[name] = value
    with pytest.raises(PhotonicsError, match=words):
        check_measured(file)


def test_files_that_are_none(file: Path) -> None:
    with pytest.raises(PhotonicsError, match="no such file"):
        check_measured(file)
    file.write_bytes(b"not HDF5")
    with pytest.raises(PhotonicsError, match="damaged or no HDF5"):
        check_measured(file)
    with pytest.raises(PhotonicsError, match="damaged or no HDF5"):
        plan_measurement(file, 2)
