"""Named arrays in one safetensors file: no code in it, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from photonics_sim.errors import PhotonicsError
from photonics_sim.files._atomic import write_atomically
from photonics_sim.files._door import require_file

_NOTES = "notes"


def write_tensors(path: Path, arrays: Mapping[str, NDArray[Any]], notes: Mapping[str, Any]) -> None:
    """Write arrays and a few notes (anything JSON can say) to `path`, atomically."""
    data = save({name: np.asarray(array, order="C") for name, array in arrays.items()}, {_NOTES: json.dumps(notes)})
    write_atomically(path, data)


def read_tensors(path: Path, what: str = "a safetensors file") -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays and notes of a file that `write_tensors` wrote.

    Raises:
        PhotonicsError: where the file is missing, truncated, damaged or of another kind.
    """
    require_file(path, what)
    try:
        with safe_open(path, framework="numpy") as file:
            notes = dict(json.loads((file.metadata() or {}).get(_NOTES, "{}")))
            return {name: file.get_tensor(name) for name in file.keys()}, notes  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        raise PhotonicsError(f"{path} is damaged or no safetensors file ({error}); expected {what}") from error
