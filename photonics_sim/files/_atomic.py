"""Files that are either whole or absent."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from photonics_sim.errors import PhotonicsError


def write_atomically(path: Path, content: bytes | str) -> None:
    """Replace `path` by `content` in one step: a reader, or a kill at any moment, sees the old file or the new one.

    Raises:
        PhotonicsError: where the folder cannot be written or the disk is full; the old file is then untouched.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException as error:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)
        if not isinstance(error, OSError):
            raise
        raise PhotonicsError(
            f"cannot write {path}: {error.strerror or error}; free some space or choose another folder"
        ) from error
