"""The folder of a run: made once, never overwritten, held by one process at a time."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from photonics_sim.errors import PhotonicsError

RUNS = Path("runs")


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


def free_name(stem: str) -> str:
    """The first of `<stem>-1`, `<stem>-2` ... that no run has."""
    return next(name for number in itertools.count(1) if not os.path.lexists(RUNS / (name := f"{stem}-{number}")))


def _taken(path: Path) -> str:
    if (path / "config.toml").is_file():
        return f"{path} is a run already; give another --name or --out, or `photonics-sim resume {path}`"
    return f"{path} exists already; give another --name or --out"


@contextmanager
def lock_run(path: Path) -> Iterator[None]:
    """Hold a run folder for writing.

    Raises:
        PhotonicsError: where another process holds it, or the folder cannot be written.
    """
    lock = FileLock(path / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise PhotonicsError(f"{path} is in use by another process; wait for it, or stop it first") from None
    except OSError as error:
        raise PhotonicsError(f"cannot write in {path}: {error.strerror}; make it writable") from error
    try:
        yield
    finally:
        lock.release()


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
