"""The one door for files that others may have written: nothing in them runs, lies about size or points elsewhere."""

from __future__ import annotations

import math
import re
import tomllib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
MAX_ENTRIES = 10_000
MAX_TOML_BYTES = 16 * 2**20

_DAMAGE = (OSError, RuntimeError, LookupError, TypeError, ValueError)
# a dotted key of so many parts takes the parser of Python minutes: its time grows with their square
_LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){64}""")


def require_file(path: Path, what: str, largest: int | None = None) -> None:
    """Refuse a path that is not a readable file of 1 .. `largest` bytes, in words that name `what` it should be."""
    try:
        if not path.is_file():
            raise PhotonicsError(f"{path}: no such file; expected {what}")
        size = path.stat().st_size
        if size == 0:
            raise PhotonicsError(f"{path} is empty; expected {what}")
        if largest is not None and size > largest:
            raise PhotonicsError(f"{path} has {size:,} bytes, {what} at most {largest:,}; give a smaller file")
    except OSError as error:
        raise PhotonicsError(f"cannot read {path}: {error.strerror or error}") from error


def read_toml(path: Path, what: str = "a TOML file") -> tuple[dict[str, Any], str]:
    """The table in `path` and its text.

    Raises:
        PhotonicsError: where the file is missing, larger than 16 MiB, not UTF-8 or not TOML (with line and column).
    """
    require_file(path, what, MAX_TOML_BYTES)
    try:
        text = path.read_text(encoding="utf-8")
        if long := _LONG_KEY.search(text):
            line = text.count("\n", 0, long.start()) + 1
            raise PhotonicsError(f"{path}:{line}: a key of more than 64 parts with dots between; expected {what}")
        return tomllib.loads(text), text
    except UnicodeDecodeError as error:
        raise PhotonicsError(f"{path} is not text in UTF-8 (byte {error.start}); expected {what}") from error
    except tomllib.TOMLDecodeError as error:
        raise PhotonicsError(f"{path} is not valid TOML: {error}") from error
    except PhotonicsError:
        raise
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, tables nested thousands deep
        raise PhotonicsError(f"{path} is not {what}: its numbers or tables are beyond reason") from error
    except OSError as error:
        raise PhotonicsError(f"cannot read {path}: {error.strerror or error}") from error


@contextmanager
def open_h5(path: Path, what: str = "an HDF5 file") -> Iterator[h5py.File]:
    """Open `path` for reading after looking at every link and every declared size in it.

    Attributes are not looked at: read those alone that `read_note` reads.

    Raises:
        PhotonicsError: where the file is missing or damaged (also where that shows only when it is read), holds links
            or data that lie elsewhere, objects, nesting deeper than 8, or declares more than 4 GiB in all or more than
            1000 times what it stores.
    """
    require_file(path, what)
    try:
        file = h5py.File(path, "r", locking=False)  # ours are replaced, never changed; some network disks have no locks
    except OSError as error:
        raise PhotonicsError(f"{path} is damaged or no HDF5 file; expected {what}") from error
    with file:
        try:
            _inspect(file, _Tally(path, path.stat().st_size), depth=0)
            yield file
        except PhotonicsError:
            raise
        except _DAMAGE as error:
            raise PhotonicsError(f"{path} is damaged ({error}); expected {what}") from error


@dataclass
class _Tally:
    """What has been met in a file so far."""

    path: Path
    size: int
    groups: set[int] = field(default_factory=set)
    entries: int = 0
    declared: int = 0


def _inspect(group: h5py.Group, tally: _Tally, depth: int) -> None:
    path = tally.path
    if depth > MAX_DEPTH:
        raise PhotonicsError(f"{path}: groups nested deeper than {MAX_DEPTH}; not a file of ours")
    address = h5py.h5o.get_info(group.id).addr
    if address in tally.groups:  # following it again could take for ever
        raise PhotonicsError(f"{path}: group {group.name} is linked more than once; not a file of ours")
    tally.groups.add(address)
    tally.entries += len(group)
    if tally.entries > MAX_ENTRIES:
        raise PhotonicsError(f"{path} holds more than {MAX_ENTRIES:,} groups and data sets; not a file of ours")
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise PhotonicsError(f"{path}: {name!r} is a link; copy the data into the file itself")
        item = group[name]
        if isinstance(item, h5py.Group):
            _inspect(item, tally, depth + 1)
        elif isinstance(item, h5py.Dataset):
            _inspect_dataset(item, tally)
        else:
            raise PhotonicsError(f"{path}: {name!r} is neither a group nor a data set; remove it")


def _inspect_dataset(item: h5py.Dataset, tally: _Tally) -> None:
    path, name = tally.path, item.name
    if item.external or item.is_virtual:
        raise PhotonicsError(f"{path}: {name} keeps its data in another file; copy it into this one")
    if item.dtype.hasobject:  # a damaged heap of such entries can hang the HDF5 library for ever
        raise PhotonicsError(
            f"{path}: {name} holds entries of variable length or objects; write numbers, or text of fixed length "
            '(numpy.array(names, dtype="S"))'
        )
    stored = max(item.id.get_storage_size(), 1)
    if stored > tally.size:
        raise PhotonicsError(f"{path} is damaged: {name} takes {stored:.3g} bytes of the {tally.size:,} of the file")
    chunk = math.prod(item.chunks) * item.dtype.itemsize if item.chunks else 0
    declared = max(item.nbytes, chunk)  # a chunk is unpacked whole, however little of it counts
    tally.declared += declared
    if declared > max(MAX_EXPANSION * stored, 2**20):
        raise PhotonicsError(f"{path}: {name} declares {declared:.3g} bytes and stores {stored:.3g}; refused")
    if tally.declared > MAX_BYTES:
        raise PhotonicsError(
            f"{path}: its data sets up to {name} declare {tally.declared / 2**30:,.1f} GiB; the limit is 4 GiB"
        )


def read_npz(path: Path, what: str = "an .npz file") -> dict[str, NDArray[Any]]:
    """Every array of `path`, without ever unpickling; nothing is written, whatever its entries are called.

    Raises:
        PhotonicsError: where the file is missing, damaged, holds objects or too many arrays, or declares more than
            4 GiB in all or more than 1000 times what it stores.
    """
    require_file(path, what)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check_entries(entries, path)
            return {entry.filename.removesuffix(".npy"): _read_npy(archive, entry, path) for entry in entries}
    except PhotonicsError:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, LookupError, NotImplementedError, TokenError) as error:
        raise PhotonicsError(f"{path} is damaged or no .npz file; expected {what}") from error
    except (ValueError, TypeError, RuntimeError, MemoryError, OverflowError, SyntaxError) as error:
        raise PhotonicsError(f"{path} holds Python objects or damaged arrays; save plain numbers") from error


def _check_entries(entries: list[zipfile.ZipInfo], path: Path) -> None:
    if len(entries) > MAX_ENTRIES:
        raise PhotonicsError(f"{path} holds more than {MAX_ENTRIES:,} arrays; not a file of ours")
    declared = sum(entry.file_size for entry in entries)
    if declared > MAX_BYTES:
        raise PhotonicsError(f"{path} would expand to {declared / 2**30:.1f} GiB; the limit is 4 GiB")
    for entry in entries:
        if entry.file_size > max(MAX_EXPANSION * entry.compress_size, 2**20):
            raise PhotonicsError(
                f"{path}: {entry.filename} declares {entry.file_size:.3g} bytes and stores {entry.compress_size:.3g}; "
                "refused"
            )
    if sum(entry.compress_size for entry in entries) > path.stat().st_size:
        raise PhotonicsError(f"{path} is damaged: its arrays share their bytes; save it again")


def _read_npy(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    """One array, after its header has been held against what the archive says it unpacks to."""
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(file)
    if dtype.hasobject:
        raise PhotonicsError(f"{path}: {entry.filename} holds Python objects; save plain numbers or text")
    if math.prod(shape) * max(dtype.itemsize, 1) > entry.file_size:  # entries without a byte: any number would fit
        raise PhotonicsError(f"{path}: {entry.filename} declares more than the file holds; it is damaged")
    with archive.open(entry) as file:
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))
