"""Files of a sweep that are damaged: never silently wrong numbers, and what is lost is made again."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from photonics_sim.errors import PhotonicsError, PhotonicsWarning
from photonics_sim.sweeps import SweepResult, read_result, resume_sweep
from photonics_sim.sweeps._plan import Plan
from photonics_sim.sweeps._read import open_store
from tests.sim.sweeps.sweep_hostile import edit
from tests.sim.sweeps.sweep_runs import assert_same, how, planned, swept
from tests.sim.sweeps.sweep_steps import lay

Spoil = Callable[[Path], object]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return swept(tmp_path_factory.mktemp("whole") / "a", "failing", 30, 2).path


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of which half lies in results.h5 and the other in a part."""
    folder = planned(tmp_path_factory.mktemp("stored") / "a", "failing", 30, 2)
    plan = Plan.read(folder)
    store = open_store(folder, plan)
    lay(store, plan, range(30))
    store.merge()
    lay(store, plan, range(30, 60))
    return folder


def file_of(folder: Path, name: str) -> Path:
    return next(folder.glob(name))


def assert_equal(found: SweepResult, whole: SweepResult) -> None:
    assert found.failures == whole.failures
    for name in ("status", "values", "curves", "points"):
        one, two = getattr(found, name), getattr(whole, name)
        pairs = [(one, two)] if name == "status" else [(one[key], two[key]) for key in two]
        for mine, others in pairs:
            np.testing.assert_array_equal(mine, others, strict=True)


def is_refused(folder: Path, name: str, damaged: bytes, whole: SweepResult) -> bool:
    """Whether a reader refuses the file; what it reads else is right."""
    file_of(folder, name).write_bytes(damaged)
    told = ""
    try:
        found = read_result(folder)
    except PhotonicsError as error:
        told = str(error)
    if not told:
        assert_equal(found, whole)
    assert not told or (Path(name).name.split("*")[0] in told and "\n" not in told)
    return bool(told)


def damages(content: bytes, draw: random.Random) -> Iterator[bytes]:
    """Bits that flip, stretches that are zeroed as by a lost sector, and ends that are missing."""
    for _ in range(60):
        damaged = bytearray(content)
        damaged[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        yield bytes(damaged)
    for length in 10 * [64, 512]:
        start = draw.randrange(len(content) - length)
        yield content[:start] + bytes(length) + content[start + length :]
    for _ in range(10):
        yield content[: draw.randrange(1, len(content))]


@pytest.mark.parametrize("name", ["results.h5", "parts/p*.h5", "plan.h5"])
def test_damage_anywhere_is_noticed_or_harmless(name: str, stored: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(stored, tmp_path / "a"))
    good = read_result(stored)
    noticed = []
    for damaged in damages(file_of(stored, name).read_bytes(), random.Random(name)):
        noticed.append(is_refused(folder, name, damaged, good))
    assert all(noticed[-10:]), "whatever is cut off"
    assert sum(noticed) > 30


def test_no_column_can_be_zeroed_unseen(stored: Path, tmp_path: Path) -> None:
    """Where a chunk is zeroed together with HDF5's own check sum, that fits."""
    folder = Path(shutil.copytree(stored, tmp_path / "a"))
    content = file_of(stored, "results.h5").read_bytes()
    with h5py.File(folder / "results.h5") as file:
        chunks = {
            name: file[name].id.get_chunk_info(0)
            for name in ("trial", "status", "seconds", "metrics/level_db", "curves/curve", "failures/text")
        }
    for chunk in chunks.values():
        end = chunk.byte_offset + chunk.size
        assert is_refused(
            folder, "results.h5", content[: chunk.byte_offset] + bytes(chunk.size) + content[end:], read_result(stored)
        )


@pytest.mark.parametrize("cut", [False, True], ids=["a bit flips", "the end is missing"])
@pytest.mark.parametrize(("name", "lost"), [("results.h5", 30), ("parts/p*.h5", 30)])
def test_a_damaged_file_is_put_aside_and_its_trials_are_made_again(
    name: str, lost: int, cut: bool, stored: Path, whole: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(stored, tmp_path / "a"))
    path = file_of(folder, name)
    content = path.read_bytes()
    with h5py.File(path) as file:
        chunk = file["metrics/level_db"].id.get_chunk_info(0).byte_offset
    damaged = content[:-1000] if cut else content[:chunk] + bytes([content[chunk] ^ 4]) + content[chunk + 1 :]
    path.write_bytes(damaged)
    with pytest.raises(PhotonicsError, match=rf"{path.name} is damaged.*`photonics-sim resume .*` puts it aside"):
        read_result(folder)
    with pytest.warns(PhotonicsWarning, match=rf"put aside in quarantine/, .* made again: .*{path.name} is damaged"):
        found = resume_sweep(folder, how())
    assert found.trials_run == lost
    assert_same(folder, whole)
    (aside,) = (folder / "quarantine").iterdir()
    assert aside.name.startswith(path.stem)
    assert aside.read_bytes() == damaged
    assert resume_sweep(folder, how()).trials_run == 0


def test_a_file_that_is_damaged_late_loses_all_its_rows(
    stored: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slices in front of the damage are not taken for stored."""
    monkeypatch.setattr("photonics_sim.sweeps._store.SLICE", 7)
    folder = Path(shutil.copytree(stored, tmp_path / "a"))
    edit(folder / "results.h5", lambda file: file["trial"].write_direct(np.arange(30) + 40 * (np.arange(30) > 25)))
    with pytest.warns(PhotonicsWarning, match="its trials are not those of the plan"):
        assert resume_sweep(folder, how()).trials_run == 30
    assert_same(folder, whole)
