"""The IDX format of MNIST: a big-endian header, then bytes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError

UNSIGNED_BYTES = 0x08


def parse_idx(content: bytes, ndim: int, source: str) -> NDArray[np.uint8]:
    """Read the bytes of an IDX file.

    Args:
        content: the unpacked file.
        ndim: axes that the array has to have, 3 for images (n, ny, nx) and 1 for labels (n,).
        source: how messages call the file.

    Returns:
        Read-only array of `ndim` axes.

    Raises:
        PhotonicsError: where the header is not that of unsigned bytes with `ndim` axes, or not its length.
    """
    header = 4 + 4 * ndim
    if len(content) < header:
        raise PhotonicsError(f"{source} has {len(content)} bytes, fewer than an IDX header; fetch it again")
    magic = bytes((0, 0, UNSIGNED_BYTES, ndim))
    if content[:4] != magic:
        raise PhotonicsError(
            f"{source} starts with {content[:4].hex()}, an IDX file of {ndim} axes with {magic.hex()}; fetch it again"
        )
    shape = tuple(int(size) for size in np.frombuffer(content, dtype=">u4", count=ndim, offset=4))
    if math.prod(shape) != len(content) - header:
        raise PhotonicsError(f"{source} declares shape {shape} and holds {len(content) - header} bytes; fetch it again")
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)
