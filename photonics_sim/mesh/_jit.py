"""How the kernels of a mesh are compiled. Needs numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

# sums may be reordered and multiplications fused; infinities and NaN keep their meaning
_LOOSE = {"contract", "reassoc", "nsz", "arcp"}


def compiled(function: Callable[..., Any]) -> Any:
    """Compiled at the first call for each number type, kept on disk if possible, run without the interpreter's lock."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": _LOOSE}
    try:
        return numba.njit(function, cache=True, **options)
    except RuntimeError:  # no folder to keep it in can be written
        return numba.njit(function, **options)


def inlined(function: Callable[..., Any]) -> Any:
    """Put into the caller before it is compiled, so that a block's length is a constant there."""
    return numba.njit(function, inline="always", error_model="numpy", fastmath=_LOOSE)
