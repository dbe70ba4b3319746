"""What can be wrong with a file: for each kind, how it is spoilt and what the refusal has to say of it."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from photonics_sim.files import read_tensors, write_tensors

Spoil = Callable[[Path], object]
Rows = dict[str, tuple[Spoil, str]]
Array = np.ndarray[Any, Any]


class Boom:
    """Makes the folder `ran` in the working directory when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("ran",)


PICKLE = pickle.dumps(Boom())
JUNK = random.Random(1).randbytes(4000)
TB = 10**12


def become(content: bytes | str) -> Spoil:
    return lambda path: path.write_bytes(content if isinstance(content, bytes) else content.encode())


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def grow(size: int) -> Spoil:
    """To a size that takes no room on the disk: the rest is a hole."""
    return lambda path: os.truncate(path, size)


def replaced(old: str, new: str) -> Spoil:
    def spoil(path: Path) -> None:
        text = path.read_text()
        assert re.search(old, text), old
        path.write_text(re.sub(old, lambda _: new, text, count=1))

    return spoil


ANY: Rows = {
    "missing": (Path.unlink, "no such file|not found|no run|has no finished epoch"),
    "a folder of that name": (a_folder, "no such file|not found|no run"),
    "empty": (become(b""), "is empty|is truncated|not the published file|has no line|damaged"),
    "cut in half": (half, ""),
    "random bytes": (become(JUNK), "damaged|not text in UTF-8|not the published|at most [0-9]+; replace|has no line"),
    "a pickle": (become(PICKLE), "damaged|not text in UTF-8|not the published|at most [0-9]+; replace|has no line"),
}


# HDF5: through one door for every kind of it


def h5(fill: Callable[[h5py.File], object]) -> Spoil:
    def spoil(path: Path) -> None:
        with h5py.File(path, "a") as file:
            fill(file)

    return spoil


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "d", (4,))
    file.create_virtual_dataset("zz", layout)


def zipped(file: h5py.File) -> None:
    file.create_dataset("zz", data=np.zeros(10**6), chunks=(10**6,), compression="gzip", compression_opts=9)


def many_names(file: h5py.File) -> None:
    """One array of 8 MiB under 600 names."""
    file["zz"] = np.zeros(2**20)
    for number in range(600):
        file[f"zz{number}"] = file["zz"]


def crowd(file: h5py.File) -> None:
    for number in range(10_001):
        file[f"zz{number}"] = file["/"]


def broken_chunk(path: Path) -> None:
    """The data set that is read first, in one chunk whose checksum is wrong: only reading it tells."""
    with h5py.File(path, "a") as file:
        name = next(n for n in ("train_loss", "inputs", "s", "commanded_phase_rad", "drive") if n in file)
        values, notes = file[name][()], {k: v for k, v in file[name].attrs.items() if k != "DIMENSION_LIST"}
        del file[name]
        item = file.create_dataset(name, data=values, chunks=values.shape, fletcher32=True)
        for key, value in notes.items():
            item.attrs[key] = value
        place = item.id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def flipped_root(path: Path) -> None:
    """Every bit of the header of the root group, which lies behind the 96 bytes of the superblock."""
    content = bytearray(path.read_bytes())
    content[96:160] = bytes(255 - byte for byte in content[96:160])
    path.write_bytes(content)


ELSEWHERE = "keeps its data in another file; copy it"
H5: Rows = {
    "external link": (h5(lambda f: f.__setitem__("zz", h5py.ExternalLink("/etc/passwd", "x"))), "is a link; copy"),
    "soft link": (h5(lambda f: f.__setitem__("zz", h5py.SoftLink("/nowhere"))), "is a link; copy"),
    "external storage": (h5(lambda f: f.create_dataset("zz", (4,), "u1", external=[("/etc/passwd", 0, 4)])), ELSEWHERE),
    "virtual data set": (h5(virtual), ELSEWHERE),
    "text of any length": (h5(lambda f: f.create_dataset("zz", data=["x", "yy"])), "variable length or objects; write"),
    "objects": (h5(lambda f: f.create_dataset("zz", (2,), h5py.ref_dtype)), "variable length or objects; write"),
    "named type": (h5(lambda f: f.__setitem__("zz", np.dtype("f8"))), "neither a group nor a data set; remove"),
    "nine deep": (h5(lambda f: f.create_group("/".join("z" * 9))), "nested deeper than 8"),
    "a loop of hard links": (h5(lambda f: f.create_group("zz").__setitem__("up", f["/"])), "linked more than once"),
    "8 TB of nothing": (h5(lambda f: f.create_dataset("zz", (TB,), "f8", chunks=(1000,))), r"declares 8e\+12 bytes"),
    "gzip bomb": (h5(zipped), r"declares 8e\+06 bytes and stores 7"),
    "one array under many names": (h5(many_names), "declare 4.0 GiB; the limit is 4 GiB"),
    "flipped root": (flipped_root, "is damaged"),
    "a chunk that is damaged": (broken_chunk, "is damaged"),
    "a text file": (become("hello\n" * 100), "is damaged or no HDF5 file; expected"),
}
H5_CROWD: Rows = {"too many entries": (h5(crowd), "holds more than 10,000 groups and data sets")}


# safetensors: weights, checkpoints, pipelines


def header(table: dict[str, Any] | bytes, data: bytes = b"") -> Spoil:
    raw = table if isinstance(table, bytes) else json.dumps(table).encode()
    return become(struct.pack("<Q", len(raw)) + raw + data)


def entry(start: int, stop: int, dtype: str = "U8", shape: list[int] | None = None) -> dict[str, Any]:
    return {"dtype": dtype, "shape": [stop - start] if shape is None else shape, "data_offsets": [start, stop]}


def a_long_header(path: Path) -> None:
    path.write_bytes(struct.pack("<Q", 65 * 2**20) + b"{}")
    os.truncate(path, 70 * 2**20)


def sparse(path: Path) -> None:
    """One array of 1 TB, all of it on a disk that has not so much: the file is a hole."""
    header({"a": entry(0, TB)})(path)
    os.truncate(path, path.stat().st_size + TB)


def tensors(change: Callable[[str, Array], dict[str, Array]]) -> Spoil:
    """One array of a file of ours as others."""

    def spoil(path: Path) -> None:
        found, notes = read_tensors(path)
        name = {"model": "bias", "checkpoint": "model/bias", "pipeline": "mean"}[path.stem]
        array = found.pop(name)
        write_tensors(path, found | change(name, array), notes)

    return spoil


def noted(**changes: object) -> Spoil:
    """Other notes; None leaves one out."""

    def spoil(path: Path) -> None:
        found, notes = read_tensors(path)
        write_tensors(path, found, {k: v for k, v in (notes | changes).items() if v is not None})

    return spoil


def added(name: str, array: Array) -> Spoil:
    def spoil(path: Path) -> None:
        found, notes = read_tensors(path)
        write_tensors(path, found | {name: array}, notes)

    return spoil


NO_TENSORS = "is damaged or no safetensors file .*; expected"
SAFETENSORS: Rows = {
    "header of 4 EB": (become(struct.pack("<Q", 2**62) + b"{}"), NO_TENSORS),
    "header of 65 MiB": (a_long_header, "a header of 68,157,440 bytes; at most 67,108,864 are read; expected"),
    "too many entries": (header({f"a{n}": entry(0, 0) for n in range(10_001)}), "more than 10,000 entries; expected"),
    "header that is no table": (header(b"[]"), NO_TENSORS),
    "header nested deep": (header(b'{"a":' + b"[" * 10**5), NO_TENSORS),
    "notes nested deep": (header({"__metadata__": {"notes": "[" * 10**5}}), NO_TENSORS),
    "notes that are no table": (header({"__metadata__": {"notes": "3"}}), NO_TENSORS),
    "8 TB of nothing": (header({"a": entry(0, 8 * TB, "F64", [TB])}), NO_TENSORS),
    "1 TB that is a hole": (sparse, "has 1,000,.* at most 4,294,967,296; give a smaller file|in the file and"),
    "a product that overflows": (header({"a": entry(0, 0, "F64", [2**40, 2**40])}), NO_TENSORS),
    "an offset below 0": (header({"a": entry(-8, 0)}, bytes(8)), NO_TENSORS),
    "an offset beyond the end": (header({"a": entry(0, 16)}, bytes(8)), NO_TENSORS),
    "overlapping arrays": (header({"a": entry(0, 8), "b": entry(4, 12)}, bytes(12)), NO_TENSORS),
    "a hole between arrays": (header({"a": entry(0, 4), "b": entry(8, 12)}, bytes(12)), NO_TENSORS),
    "bytes behind the last array": (header({"a": entry(0, 4)}, bytes(12)), NO_TENSORS),
    "numbers that numpy has not": (header({"a": entry(0, 2, "BF16", [1])}, bytes(2)), NO_TENSORS + "|does not fit"),
    "no arrays": (header({}), "missing"),
    "an array of another name": (tensors(lambda name, array: {name + "z": array}), "missing"),
    "an array of another shape": (tensors(lambda name, array: {name: np.zeros((7, 7))}), r"\(7, 7\)"),
    "nan": (tensors(lambda name, array: {name: array * np.nan}), "finite"),
    "complex numbers": (tensors(lambda name, array: {name: array.astype(np.complex64)}), "complex64"),
}


# TOML: cards and configurations


def toml(number: str, count: str) -> Rows:
    """With a key that takes a finite number and one that takes a whole one."""
    line, whole = rf"(?m)^{number} = .*$", rf"(?m)^{count} = .*$"
    return {
        "nan": (replaced(line, f"{number} = nan"), f"{number} = nan is not a finite number"),
        "inf": (replaced(line, f"{number} = inf"), f"{number} = inf is not a finite number"),
        "-inf": (replaced(line, f"{number} = -inf"), f"{number} = -inf is not a finite number"),
        "1e999": (replaced(line, f"{number} = 1e999"), f"{number} = inf is not a finite number"),
        "23 digits": (replaced(whole, f"{count} = {'9' * 23}"), rf"{count} = 9{{23}} is outside 1 \.\. 1"),
        "5000 digits": (replaced(whole, f"{count} = {'9' * 5000}"), "numbers or tables are beyond reason"),
        "an unknown key": (replaced(line, f"zzz{number} = 1"), f"no field .*zzz{number}; did you mean {number}"),
        "text for a number": (replaced(line, f'{number} = "1"'), f"{number} = '1': input should be a valid number"),
        "a number for a table": (replaced(r"(?s)^.*$", f"{count} = 1"), "missing|names its model|no field"),
        "nested deep": (replaced(whole, f"{count} = {'[' * 10**5}"), "numbers or tables are beyond reason"),
        "a key of 20000 parts": (replaced(line, ".".join("z" * 20_000) + " = 1"), "a key of more than 64 parts"),
        "a key of many quoted parts": (replaced(line, r'"\"". ' * 20_000 + "z = 1"), "a key of more than 64 parts"),
        "a table of 20000 parts": (replaced(line, f"[{'.'.join('z' * 20_000)}]"), "a key of more than 64 parts"),
        "not UTF-8": (become(b'summary = "\xff"\n'), r"is not text in UTF-8 \(byte 11\); expected"),
        "UTF-16": (lambda path: path.write_bytes(path.read_text().encode("utf-16")), "is not text in UTF-8"),
        "1 TB": (grow(TB), "has 1,000,000,000,000 bytes, .* at most 16,777,216; give a smaller file"),
    }


# npz


def npz(change: Callable[[dict[str, bytes]], dict[str, bytes]]) -> Spoil:
    """The entries of an archive as others."""

    def spoil(path: Path) -> None:
        with zipfile.ZipFile(path) as file:
            entries = change({name: file.read(name) for name in file.namelist()})
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in entries.items():
                file.writestr(name, content)

    return spoil


def npy(descr: str, shape: str, data: bytes = b"") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def objects() -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([Boom()], dtype=object), allow_pickle=True)
    return file.getvalue()


def targets(content: bytes) -> Spoil:
    return npz(lambda entries: entries | {"targets.npy": content})


def directory(field: int, value: int) -> Spoil:
    """A number of each entry of the directory at the end: 20 its packed, 24 its unpacked size, 42 where it lies."""

    def spoil(path: Path) -> None:
        content = bytearray(path.read_bytes())
        for mark in re.finditer(b"PK\x01\x02", bytes(content)):
            content[mark.start() + field : mark.start() + field + 4] = struct.pack("<I", value)
        path.write_bytes(content)

    return spoil


def shared(path: Path) -> None:
    """Many entries that all unpack the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for number in range(20):
            file.writestr(f"a{number:02}.npy", random.Random(0).randbytes(10**4) if not number else b"")
        for info in file.filelist[1:]:
            first = file.filelist[0]
            info.header_offset, info.CRC = first.header_offset, first.CRC
            info.compress_size, info.file_size = first.compress_size, first.file_size
        file._didModify = True  # type: ignore[attr-defined]


NO_ARRAYS = "Python objects or damaged arrays; save plain|declares more than the file holds|is damaged or no .npz file"
NPZ: Rows = {
    "pickled objects": (targets(objects()), "holds Python objects; save plain numbers"),
    "a pickle for an array": (targets(PICKLE), NO_ARRAYS),
    "8 TB of nothing": (targets(npy("'<f8'", f"({TB},)")), NO_ARRAYS),
    "1e12 texts of no length": (npz(lambda e: e | {"classes.npy": npy("'<U0'", f"({TB},)")}), NO_ARRAYS),
    "a shape below 0": (targets(npy("'<f8'", "(-1,)")), NO_ARRAYS),
    "a header that is code": (targets(npy("__import__('os').mkdir('ran')", "(1,)")), NO_ARRAYS),
    "a header nested deep": (targets(npy("(" * 9000, "(1,)")), NO_ARRAYS),
    "a deflate bomb": (targets(bytes(16 * 10**6)), r"targets\.npy declares 1\.6e\+07 bytes and stores 1.*; refused"),
    "12 GiB by its directory": (directory(24, 2**32 - 2), "would expand to .* GiB; the limit is 4 GiB"),
    "entries that share their bytes": (shared, "is damaged: its arrays share their bytes; save it again"),
    "too many entries": (npz(lambda _: {f"a{n}.npy": b"" for n in range(10_001)}), "more than 10,000 arrays"),
    "a name with ..": (npz(lambda e: e | {"../../evil.npy": e["inputs.npy"]}), r"'\.\./\.\./evil' is none of .*remove"),
    "an absolute name": (npz(lambda e: e | {"/tmp/evil.npy": e["inputs.npy"]}), "'/tmp/evil' is none of .*remove"),
    "encrypted": (directory(8, 1), "damaged"),
    "nan": (targets(npy("'<f8'", "(150,)", np.full(150, np.nan).tobytes())), r"targets\[0\] is nan; remove"),
    "not a zip": (become("hello\n" * 100), "is damaged or no .npz file; expected"),
}
