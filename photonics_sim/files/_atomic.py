"""Files that are either whole or absent."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from photonics_sim.errors import PhotonicsError


def write_atomically(path: Path, content: bytes | str) -> None:
    """Replace `path` by `content` in one step: a reader, or a kill at any moment, sees the old file or the new one.

    Raises:
        PhotonicsError: where the folder cannot be written or the disk is full; the old file is then untouched.
    """
    with open_atomically(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def check_writable(path: Path) -> None:
    """Refuse early what `write_atomically` would refuse in the end, before there is work to lose.

    Raises:
        PhotonicsError: for a folder that cannot be written, or one in the place of the file.
    """
    if path.is_dir():
        raise PhotonicsError(f"cannot write {path}: it is a folder; give the name of a file")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise _refused(path, error) from error


@contextmanager
def open_atomically(path: Path) -> Iterator[BinaryIO]:
    """A file to write and read that takes the place of `path` at the end of the block, if nothing is raised in it.

    Raises:
        PhotonicsError: as `write_atomically`.
    """
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "w+b") as file:  # buffered: a raw file may write a part and not say so
            yield cast(BinaryIO, file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException as error:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)
        if not isinstance(error, OSError) or isinstance(error, PhotonicsError):
            raise
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> PhotonicsError:
    return PhotonicsError(f"cannot write {path}: {error.strerror or error}; free some space or choose another folder")
