"""The one door for files that others may have written: nothing in them runs, lies about size or points elsewhere."""

from __future__ import annotations

import math
import tomllib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError

MAX_BYTES = 4 * 2**30
MAX_EXPANSION = 1000
MAX_DEPTH = 8


def require_file(path: Path, what: str) -> None:
    """Refuse a path that is not a readable, non-empty file, in words that name `what` it should have been."""
    try:
        if not path.is_file():
            raise PhotonicsError(f"{path}: no such file; expected {what}")
        if path.stat().st_size == 0:
            raise PhotonicsError(f"{path} is empty; expected {what}")
    except OSError as error:
        raise PhotonicsError(f"cannot read {path}: {error.strerror or error}") from error


def read_toml(path: Path, what: str = "a TOML file") -> tuple[dict[str, Any], str]:
    """The table in `path` and its text.

    Raises:
        PhotonicsError: where the file is missing, not UTF-8 or not TOML (with line and column).
    """
    require_file(path, what)
    try:
        text = path.read_text(encoding="utf-8")
        return tomllib.loads(text), text
    except UnicodeDecodeError as error:
        raise PhotonicsError(f"{path} is not text in UTF-8 (byte {error.start}); expected {what}") from error
    except tomllib.TOMLDecodeError as error:
        raise PhotonicsError(f"{path} is not valid TOML: {error}") from error
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, tables nested thousands deep
        raise PhotonicsError(f"{path} is not {what}: its numbers or tables are beyond reason") from error
    except OSError as error:
        raise PhotonicsError(f"cannot read {path}: {error.strerror or error}") from error


@contextmanager
def open_h5(path: Path, what: str = "an HDF5 file") -> Iterator[h5py.File]:
    """Open `path` for reading after looking at every link and every declared size in it.

    Raises:
        PhotonicsError: where the file is missing or damaged, holds links or data that lie elsewhere, objects, nesting
            deeper than 8, or declares more than 4 GiB or more than 1000 times what it stores.
    """
    require_file(path, what)
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise PhotonicsError(f"{path} is damaged or no HDF5 file; expected {what}") from error
    with file:
        try:
            _inspect(file, path, depth=0, seen=set())
        except (OSError, RuntimeError, KeyError, TypeError) as error:
            raise PhotonicsError(f"{path} is damaged: {error}") from error
        yield file


def _inspect(group: h5py.Group, path: Path, depth: int, seen: set[int]) -> None:
    if depth > MAX_DEPTH:
        raise PhotonicsError(f"{path}: groups nested deeper than {MAX_DEPTH}; not a file of ours")
    address = h5py.h5o.get_info(group.id).addr
    if address in seen:  # following it again could take for ever
        raise PhotonicsError(f"{path}: group {group.name} is linked more than once; not a file of ours")
    seen.add(address)
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise PhotonicsError(f"{path}: {name!r} is a link; copy the data into the file itself")
        item = group[name]
        if isinstance(item, h5py.Group):
            _inspect(item, path, depth + 1, seen)
        elif isinstance(item, h5py.Dataset):
            _inspect_dataset(item, path)
        else:
            raise PhotonicsError(f"{path}: {name!r} is neither a group nor a data set; remove it")


def _inspect_dataset(item: h5py.Dataset, path: Path) -> None:
    name = item.name
    if item.external or item.is_virtual:
        raise PhotonicsError(f"{path}: {name} keeps its data in another file; copy it into this one")
    if item.dtype.hasobject:  # a damaged heap of such entries can hang the HDF5 library for ever
        raise PhotonicsError(
            f"{path}: {name} holds entries of variable length or objects; write numbers, or text of fixed length "
            '(numpy.array(names, dtype="S"))'
        )
    stored = max(item.id.get_storage_size(), 1)
    chunk = math.prod(item.chunks) * item.dtype.itemsize if item.chunks else 0
    declared = max(item.nbytes, chunk)  # a chunk is unpacked whole, however little of it counts
    if declared > MAX_BYTES or declared > max(MAX_EXPANSION * stored, 2**20):
        raise PhotonicsError(f"{path}: {name} declares {declared:.3g} bytes and stores {stored:.3g}; refused")


def read_npz(path: Path, what: str = "an .npz file") -> dict[str, NDArray[Any]]:
    """Every array of `path`, without ever unpickling.

    Raises:
        PhotonicsError: where the file is missing, damaged, holds objects, or declares more than 4 GiB.
    """
    require_file(path, what)
    try:
        with zipfile.ZipFile(path) as archive:
            declared = sum(entry.file_size for entry in archive.infolist())
            if declared > MAX_BYTES:
                raise PhotonicsError(f"{path} would expand to {declared / 2**30:.1f} GiB; the limit is 4 GiB")
            return {
                entry.filename.removesuffix(".npy"): _read_npy(archive, entry, path) for entry in archive.infolist()
            }
    except PhotonicsError:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, LookupError, NotImplementedError, TokenError) as error:
        raise PhotonicsError(f"{path} is damaged or no .npz file; expected {what}") from error
    except (ValueError, TypeError, RuntimeError, MemoryError, OverflowError, SyntaxError) as error:
        raise PhotonicsError(f"{path} holds Python objects or damaged arrays; save plain numbers") from error


def _read_npy(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    """One array, after its header has been held against what the archive says it unpacks to."""
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(file)
    if dtype.hasobject:
        raise PhotonicsError(f"{path}: {entry.filename} holds Python objects; save plain numbers or text")
    if math.prod(shape) * dtype.itemsize > entry.file_size:
        raise PhotonicsError(f"{path}: {entry.filename} declares more than the file holds; it is damaged")
    with archive.open(entry) as file:
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))
