"""The folder of a run: made once, never overwritten, held by one process at a time."""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from photonics_sim.errors import PhotonicsError
from photonics_sim.files import write_atomically

RUNS = Path("runs")
RUN, SWEEP = "config.toml", "plan.h5"
MARKS = {RUN: "run", SWEEP: "sweep"}
"""What a folder is, by the file that makes it one."""
_OWNER = ".owner"
_PATIENCE_S = 0.2  # who only looks whether a folder is held has it for a moment


def new_run_folder(stem: str, *, name: str | None = None, out: Path | None = None) -> Path:
    """Make the folder of a new run: `out`, or `runs/<name>`, or the first free `runs/<stem>-<number>`.

    Raises:
        PhotonicsError: where it exists already, or cannot be made or written.
    """
    if out is not None and name is not None:
        raise PhotonicsError("--name and --out both say where the run goes; give one of them")
    if name is not None and Path(name).name != name:
        raise PhotonicsError(f"--name {name}: a name has no folders in it; use --out for a path")
    path = out if out is not None else RUNS / (name or free_name(stem))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                path.mkdir()
                return path
            except FileExistsError:
                if out is not None or name is not None:
                    raise PhotonicsError(_taken(path)) from None
                path = RUNS / free_name(stem)  # another process took the name in between
    except OSError as error:
        raise PhotonicsError(
            f"cannot make the run folder {path}: {error.strerror}; choose another place with --out"
        ) from error


def folder_of(name_or_path: str | Path, marks: Iterable[str] = MARKS) -> Path | None:
    """The folder of this name under `runs/`, or at this path, that has one of these marks; None where there is none."""
    wanted = tuple(marks)
    places = (Path(name_or_path), RUNS / name_or_path)
    return next((path for path in places if any((path / mark).is_file() for mark in wanted)), None)


def sweep_folder(name_or_path: str | Path) -> Path | None:
    """The folder of the sweep that a name or path means; None where it means a run, or nothing."""
    folder = folder_of(name_or_path)
    return folder if folder is not None and (folder / SWEEP).is_file() else None


def list_folders(folder: Path = RUNS, marks: Iterable[str] = MARKS) -> list[Path]:
    """The folders in a folder that have one of these marks, oldest first."""
    found = [path for mark in marks for path in folder.glob(f"*/{mark}")] if folder.is_dir() else []
    return [path.parent for path in sorted(found, key=lambda path: path.stat().st_mtime)]


def free_name(stem: str) -> str:
    """The first of `<stem>-1`, `<stem>-2` ... that no run has."""
    return next(name for number in itertools.count(1) if not os.path.lexists(RUNS / (name := f"{stem}-{number}")))


def _taken(path: Path) -> str:
    for mark, kind in MARKS.items():
        if (path / mark).is_file():
            return f"{path} is a {kind} already; give another --name or --out, or `photonics-sim resume {path}`"
    return f"{path} exists already; give another --name or --out"


@contextmanager
def lock_run(path: Path) -> Iterator[None]:
    """Hold a run folder for writing.

    Raises:
        PhotonicsError: where another process holds it, or the folder cannot be written.
    """
    lock = FileLock(path / ".lock")
    try:
        lock.acquire(timeout=_PATIENCE_S, poll_interval=0.02)
    except Timeout:
        raise PhotonicsError(f"{path} is in use by {_owner(path)}; wait for it, or stop it first") from None
    except OSError as error:
        raise PhotonicsError(f"cannot write in {path}: {error.strerror}; make it writable") from error
    owner = path / _OWNER
    try:
        started = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        with suppress(PhotonicsError):  # a full disk is told by whoever has something to lose
            write_atomically(owner, f"process {os.getpid()} on {socket.gethostname()} since {started}")
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()


def _owner(path: Path) -> str:
    try:
        return (path / _OWNER).read_text() or "another process"
    except OSError:  # it has not said so yet, or is just ending
        return "another process"


def is_locked(path: Path) -> bool:
    """Whether a process holds the run folder now."""
    lock_file = path / ".lock"
    if not lock_file.exists():
        return False
    lock = FileLock(lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:  # a folder that cannot be written is not being written
        return False
    lock.release()
    return False
