"""Files are whole or absent."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from photonics_sim.errors import PhotonicsError
from photonics_sim.files import write_atomically


def test_text_and_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", "grüße\n")
    write_atomically(tmp_path / "b", b"\x00\xff")
    assert (tmp_path / "a").read_bytes() == b"gr\xc3\xbc\xc3\x9fe\n"
    assert (tmp_path / "b").read_bytes() == b"\x00\xff"
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_others_may_read_what_is_written(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", "x")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


def test_an_old_file_is_replaced_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old content that is longer")
    with path.open() as reader:
        write_atomically(path, "new")
        assert reader.read() == "old content that is longer"
    assert path.read_text() == "new"


def test_a_relative_name_lands_in_the_working_directory(workplace: Path) -> None:
    write_atomically(Path("a"), "x")
    assert (workplace / "a").read_text() == "x"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file" / "a", tmp_path / "none" / "a", Path("/proc/no/a")):
        with pytest.raises(PhotonicsError, match=r"cannot write .*; free some space or choose another folder"):
            write_atomically(path, "x")
    assert (tmp_path / "file").read_text() == "x"


def test_a_folder_in_the_way_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(PhotonicsError, match="cannot write"):
        write_atomically(tmp_path / "a", "x")
    assert os.listdir(tmp_path) == ["a"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    """The system refuses to let a file of this process grow beyond 1000 bytes."""
    path = tmp_path / "a"
    path.write_text("old")
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom photonics_sim.errors import PhotonicsError\n"
        "from photonics_sim.files import write_atomically\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "write_atomically(Path(sys.argv[1] + '2'), b'x' * 1000)\n"
        "try:\n    write_atomically(Path(sys.argv[1]), b'x' * 100_000)\n"
        "except PhotonicsError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"cannot write {path}: File too large; free some space")
    assert path.read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["a", "a2"]


def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0" * 300_000)
    code = (
        "import sys\nfrom pathlib import Path\nfrom photonics_sim.files import write_atomically\n"
        "path = Path(sys.argv[1])\nprint(1, flush=True)\n"
        "while True:\n    for digit in b'123':\n        write_atomically(path, bytes([digit]) * 300_000)"
    )
    for wait in (0.01, 0.033, 0.07):
        with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(wait)
            writer.send_signal(signal.SIGKILL)
        content = path.read_bytes()
        assert len(content) == 300_000
        assert len(set(content)) == 1


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_atomically(path, b"0" * 50_000)
    seen: list[bytes] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.append(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for digit in b"1234512345":
        write_atomically(path, bytes([digit]) * 50_000)
    stop.set()
    reader.join()
    assert seen
    assert all(len(content) == 50_000 and len(set(content)) == 1 for content in seen)
