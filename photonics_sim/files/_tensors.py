"""Named arrays in one safetensors file: no code in it, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from photonics_sim.errors import PhotonicsError
from photonics_sim.files._atomic import write_atomically
from photonics_sim.files._door import MAX_BYTES, MAX_ENTRIES, require_file

MAX_HEADER_BYTES = 64 * 2**20

_NOTES = "notes"
Shapes = dict[str, tuple[int, ...]]


def write_tensors(path: Path, arrays: Mapping[str, NDArray[Any]], notes: Mapping[str, Any]) -> None:
    """Write arrays and a few notes (anything JSON can say) to `path`, atomically."""
    data = save({name: np.asarray(array, order="C") for name, array in arrays.items()}, {_NOTES: json.dumps(notes)})
    write_atomically(path, data)


def read_tensors(
    path: Path, what: str = "a safetensors file", check: Callable[[Shapes], None] | None = None
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays and notes of a file that `write_tensors` wrote.

    Args:
        path: The file.
        what: How messages call what it should be.
        check: Given the shapes of all arrays before any is read; raises a PhotonicsError to refuse them. Without
            it at most 4 GiB are read.

    Raises:
        PhotonicsError: where the file is missing, truncated, damaged or of another kind, or has a header beyond reason.
    """
    require_file(path, what, MAX_BYTES if check is None else None)
    try:
        _check_header(path, what)
        with safe_open(path, framework="numpy") as file:
            notes = dict(json.loads((file.metadata() or {}).get(_NOTES, "{}")))
            names = list(file.keys())
            if check is not None:
                check({name: tuple(file.get_slice(name).get_shape()) for name in names})
            return {name: file.get_tensor(name) for name in names}, notes
    except PhotonicsError:
        raise
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        raise PhotonicsError(f"{path} is damaged or no safetensors file ({error}); expected {what}") from error


def _check_header(path: Path, what: str) -> None:
    """Look at the size of the header and count its entries, before a parser does: each costs it a kilobyte."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > path.stat().st_size - 8:
            raise PhotonicsError(
                f"{path} is damaged or no safetensors file (its header would have {length:.3g} bytes); expected {what}"
            )
        if length > MAX_HEADER_BYTES:
            raise PhotonicsError(
                f"{path} has a header of {length:,} bytes; at most {MAX_HEADER_BYTES:,} are read; expected {what}"
            )
        if file.read(length).count(b"{") > MAX_ENTRIES:  # one opens each entry, and no escape can stand for it
            raise PhotonicsError(f"{path} has a header of more than {MAX_ENTRIES:,} entries; expected {what}")
