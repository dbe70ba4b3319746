"""Which arrangement the phases of a mesh belong to, as a few bytes that travel with them."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.mesh._topology import Topology

_LENGTH, _DIGEST = 64, 16


def fingerprint(topology: Topology) -> Tensor:
    """Digest of all cells and shifters, then kind of cell, modes and name in words: 64 bytes, uint8.

    Bytes, because tensors are all that files of weights hold, and because `.double()` leaves them alone.
    """
    return torch.tensor(list(_label(topology)), dtype=torch.uint8)


@lru_cache(maxsize=16)
def _label(topology: Topology) -> bytes:
    parts = (topology.modes, topology.cell, topology.edge_phases, topology.input_phases, topology.columns)
    digest = blake2b(repr(parts).encode(), digest_size=_DIGEST // 2).hexdigest()
    words = f"{digest}{topology.name} of {topology.modes} modes ({topology.cell} cells)"
    return words.encode()[:_LENGTH].ljust(_LENGTH, b"\0")


def check_fingerprint(topology: Topology, found: Tensor) -> None:
    """Refuse phases of another arrangement, whatever its name.

    Raises:
        PhotonicsError: names both.
    """
    own = fingerprint(topology)
    if found.shape != own.shape or found.dtype != own.dtype:
        raise PhotonicsError(f"the arrangement of saved phases is damaged; they were to be loaded into {_words(own)}")
    if found[:_DIGEST].tolist() != own[:_DIGEST].tolist():
        raise PhotonicsError(
            f"these phases are of {_words(found)}; they mean nothing in {_words(own)}. Load them into the arrangement "
            "that they were trained in"
        )


def _words(mark: Tensor) -> str:
    return bytes(mark.tolist()[_DIGEST:]).rstrip(b"\0").decode(errors="replace")
