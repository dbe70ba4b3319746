"""Text beside data in HDF5 files: of fixed length, since reading a damaged one of any length can end the process."""

from __future__ import annotations

import h5py
import numpy as np

from photonics_sim.errors import PhotonicsError

_LONGEST = 60_000  # HDF5 keeps up to 64 KiB beside an object


def write_note(item: h5py.HLObject, name: str, text: str) -> None:
    """Keep a text as an attribute of fixed length, in UTF-8; of at most 60000 bytes."""
    data = text.encode() or b"\0"  # a type has one byte at least, and reading drops what is 0 at the end
    if len(data) > _LONGEST:
        raise PhotonicsError(
            f"{item.file.filename}: {name} of {item.name} has {len(data):,} bytes; at most {_LONGEST:,} can be kept"
        )
    item.attrs.create(name, data, dtype=h5py.string_dtype("utf-8", len(data)))


def read_note(item: h5py.HLObject, name: str, default: str) -> str:
    """The text that `write_note` kept, or `default` where there is none of that name.

    Raises:
        PhotonicsError: where there is something else; it is not read then.
    """
    if name not in item.attrs:
        return default
    stored = item.attrs.get_id(name)  # looked at before it is read, like data sets
    if stored.shape != () or stored.dtype.kind != "S":
        raise PhotonicsError(
            f"{item.file.filename}: attribute {name} of {item.name} is no text of fixed length; remove it"
        )
    return np.bytes_(item.attrs[name]).decode()
