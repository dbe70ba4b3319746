"""The folder of a run: made once, held by one process."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from photonics_sim.errors import PhotonicsError
from photonics_sim.runs import free_name, lock_run, new_run_folder
from photonics_sim.runs._folder import is_locked


def test_runs_are_numbered_from_one(workplace: Path) -> None:
    assert free_name("card") == "card-1"
    assert [new_run_folder("card") for _ in range(3)] == [Path(f"runs/card-{n}") for n in (1, 2, 3)]
    assert new_run_folder("other") == Path("runs/other-1")
    assert (workplace / "runs" / "card-3").is_dir()


def test_the_first_free_number_is_taken(workplace: Path) -> None:
    for name in ("card-1", "card-3"):
        (workplace / "runs" / name).mkdir(parents=True)
    (workplace / "runs" / "card-2").write_text("a file takes a name too")
    assert free_name("card") == "card-4"
    assert new_run_folder("card").name == "card-4"


def test_a_name_or_a_place_of_ones_own(workplace: Path) -> None:
    assert new_run_folder("card", name="mine") == Path("runs/mine")
    assert new_run_folder("card", out=workplace / "deep" / "er" / "mine") == workplace / "deep" / "er" / "mine"
    assert (workplace / "deep" / "er" / "mine").is_dir()
    assert not (workplace / "runs" / "card-1").exists()


def test_name_and_place_together_are_refused(workplace: Path) -> None:
    with pytest.raises(PhotonicsError, match="give one of them"):
        new_run_folder("card", name="a", out=Path("b"))
    assert list(workplace.iterdir()) == []


def test_a_folder_that_exists_is_never_taken(workplace: Path) -> None:
    path = new_run_folder("card", name="mine")
    (path / "precious").write_text("x")
    with pytest.raises(PhotonicsError, match=r"^runs/mine exists already; give another --name or --out$"):
        new_run_folder("card", name="mine")
    with pytest.raises(PhotonicsError, match="exists already"):
        new_run_folder("card", out=path)
    assert (path / "precious").read_text() == "x"


def test_a_run_that_exists_can_be_resumed_is_said(workplace: Path) -> None:
    path = new_run_folder("card", name="mine")
    (path / "config.toml").write_text("")
    with pytest.raises(PhotonicsError, match=r"is a run already; .* or `photonics-sim resume runs/mine`$"):
        new_run_folder("card", name="mine")


def test_a_file_in_the_way_is_told(workplace: Path) -> None:
    (workplace / "file").write_text("x")
    for out in ("file", "file/a", "file/a/b"):
        with pytest.raises(PhotonicsError, match=r"file.*--out"):
            new_run_folder("card", out=Path(out))
    (workplace / "runs").write_text("x")
    for name in (None, "mine"):
        with pytest.raises(PhotonicsError, match=r"runs.*--out"):
            new_run_folder("card", name=name)
    assert (workplace / "file").read_text() == "x"


def test_processes_at_once_get_folders_of_their_own(workplace: Path) -> None:
    code = "from photonics_sim.runs import new_run_folder\nprint(*[new_run_folder('card') for _ in range(20)])"
    workers = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=workplace)
        for _ in range(2)
    ]
    names = " ".join(worker.communicate()[0].strip() for worker in workers).split()
    assert sorted(names) == sorted(f"runs/card-{n}" for n in range(1, 41))


HOLD = (
    "import sys\nfrom pathlib import Path\nfrom photonics_sim.runs import lock_run\n"
    "with lock_run(Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.readline()\n"
    "print('free', flush=True)\nsys.stdin.readline()"
)


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until it is sent a line."""
    arguments = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)
    with holder(tmp_path) as process:
        assert is_locked(tmp_path)
        with (
            pytest.raises(PhotonicsError, match=r"is in use by process \d+ on .* since .*; wait for it"),
            lock_run(tmp_path),
        ):
            pass
        assert is_locked(tmp_path), "the refused attempt has not freed it"
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "free\n"
        assert not is_locked(tmp_path)
        with lock_run(tmp_path):
            assert is_locked(tmp_path)
    assert not is_locked(tmp_path)


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not is_locked(tmp_path)
        with lock_run(tmp_path):
            pass


def test_an_error_inside_frees_the_run(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), lock_run(tmp_path):
        raise KeyboardInterrupt
    assert not is_locked(tmp_path)


def test_a_folder_that_cannot_be_locked_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(PhotonicsError, match=r"cannot write in .*; make it writable"),
        lock_run(tmp_path / "file"),
    ):
        pass
