"""The table of hostile files, for every kind that is read: each is refused in one line, in little memory, at once."""

from __future__ import annotations

import faulthandler
import random
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hostile_cases import SAFETENSORS
from hostile_kinds import KINDS
from hostile_tables import ROWS

from photonics_sim import PhotonicsError
from photonics_sim.datasets import load_text
from photonics_sim.files import read_tensors

MOST_BYTES = 100 * 2**20
CASES = [(kind, case) for kind, rows in ROWS.items() for case in rows]
Honest = Callable[[str], Path]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Honest:
    """Folders with an honest file of each kind, which is read once: that it is taken, and what reads it is loaded."""
    root = tmp_path_factory.mktemp("honest")

    def make(kind: str) -> Path:
        folder = root / kind.replace(" ", "-")
        if not folder.exists():
            folder.mkdir()
            KINDS[kind].make(folder)
            KINDS[kind].read(shutil.copytree(folder, root / "read" / folder.name))
        return folder

    return make


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """A reader that waits for ever inside a library ends the tests, with the place."""
    faulthandler.dump_traceback_later(60, exit=True, file=sys.__stderr__)
    yield
    faulthandler.cancel_dump_traceback_later()


@contextmanager
def little_memory() -> Iterator[None]:
    """The block takes no more memory than `MOST_BYTES` on top, where the system can tell."""
    before = _peak(reset=True)
    yield
    after = _peak(reset=False)
    assert after - before <= MOST_BYTES, f"it took {(after - before) / 2**20:.0f} MiB"


def _peak(*, reset: bool) -> int:
    """The most memory that this process has had since the last reset; 0 where the system does not tell."""
    with suppress(OSError):
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
        return 1024 * int(found[1]) if found else 0
    return 0


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below with its size and the time of its last change; the lock of a run is none."""
    found = {str(path.relative_to(folder)): path.lstat() for path in folder.rglob("*") if path.name != ".lock"}
    return {name: (stat.st_size, stat.st_mtime_ns if not name.endswith("run") else 0) for name, stat in found.items()}


def test_every_kind_has_rows() -> None:
    assert set(ROWS) == set(KINDS)


@pytest.mark.parametrize(("kind", "case"), CASES, ids=[f"{kind}: {case}" for kind, case in CASES])
def test_a_hostile_file_is_refused_and_nothing_is_written(
    kind: str, case: str, honest: Honest, workplace: Path
) -> None:
    folder = shutil.copytree(honest(kind), workplace / "one" / "two")
    spoil, words = ROWS[kind][case]
    spoil(folder / KINDS[kind].file)
    before = state(workplace)
    with little_memory(), pytest.raises(PhotonicsError) as caught:
        KINDS[kind].read(folder)
    message = str(caught.value)
    assert re.search(words, message), message
    assert any(name in message for name in (Path(KINDS[kind].file).name, str(folder), "card free-space-scatterer"))
    assert "\n" not in message
    assert len(message) < 1200
    assert state(workplace) == before


# not of a MATLAB file whose hash is taken as it is: scipy's reader of them ends the process, and hashes keep it safe
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "svhn with its hash"])
def test_a_file_with_a_flipped_bit_is_read_or_refused(kind: str, honest: Honest, workplace: Path) -> None:
    """One that is read may hold other numbers: no format of these has a checksum over all of it."""
    content = (honest(kind) / KINDS[kind].file).read_bytes()
    draw = random.Random(kind)
    for attempt in range(8):
        folder = shutil.copytree(honest(kind), workplace / str(attempt))
        damaged = bytearray(content)
        damaged[draw.randrange(min(len(content), 4000))] ^= 1 << draw.randrange(8)
        (folder / KINDS[kind].file).write_bytes(damaged)
        with suppress(PhotonicsError):
            KINDS[kind].read(folder)


def test_shapes_are_told_before_an_array_is_read(workplace: Path) -> None:
    SAFETENSORS["1 TB that is a hole"][0](workplace / "a")

    def check(shapes: dict[str, tuple[int, ...]]) -> None:
        raise PhotonicsError(f"{shapes}")

    with little_memory(), pytest.raises(PhotonicsError, match=r"^\{'a': \(1000000000000,\)\}$"):
        read_tensors(workplace / "a", check=check)


@pytest.mark.parametrize("name", ["U+", "U+zz", "U+110000", "U+" + "f" * 40])
def test_a_vocabulary_in_a_configuration_that_names_no_character_is_refused(name: str, workplace: Path) -> None:
    KINDS["text"].make(workplace)
    with pytest.raises(PhotonicsError, match="a vocabulary lists each character once"):
        load_text(workplace / "a.txt", vocabulary=["a", name])
