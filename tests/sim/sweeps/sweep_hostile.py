"""The table of hostile files of rows: how each is spoilt, and what the refusal says."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from photonics_sim.files import write_note

Spoil = Callable[[Path], object]


def edit(path: Path, change: Callable[[h5py.File], object]) -> None:
    with h5py.File(path, "r+") as file:
        change(file)


def put(name: str, values: Any) -> Spoil:
    """Replaces a data set, sum and all."""

    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = values
        file[name].attrs["crc32"] = np.bytes_(f"{zlib.crc32(np.ascontiguousarray(values)):08x}")

    return lambda path: edit(path, change)


def note(name: str, text: str | None) -> Spoil:
    def change(file: h5py.File) -> None:
        del file.attrs[name]
        if text is not None:
            write_note(file, name, text)

    return lambda path: edit(path, change)


def _external(file: h5py.File) -> None:
    del file["trial"]
    file.create_dataset("trial", (30,), "i8", external=[("/etc/passwd", 0, 240)])


def _bomb(file: h5py.File) -> None:
    file.create_dataset("metrics/more", (10**9,), "f4", chunks=(10**6,), fillvalue=1.0)


def _nothing(file: h5py.File) -> None:
    del file["metrics"], file["curves"]


LEVEL = np.linspace(0, 1, 30)
ROWS: dict[str, tuple[Spoil, str]] = {
    "soft link": (lambda p: edit(p, lambda f: f.update({"metrics/more": h5py.SoftLink("/trial")})), "is a link"),
    "external link": (lambda p: edit(p, lambda f: f.update({"more": h5py.ExternalLink("a.h5", "/x")})), "is a link"),
    "external storage": (lambda p: edit(p, _external), "keeps its data in another file"),
    "bomb": (lambda p: edit(p, _bomb), "declares 4e\\+09 bytes and stores"),
    "objects": (put("metrics/level_db", np.array(["a"] * 30, dtype=h5py.string_dtype())), "variable length"),
    "words": (put("metrics/level_db", np.array([b"a"] * 30)), "level_db is no column of a sweep"),
    "half precision": (put("metrics/level_db", LEVEL.astype("f2")), "level_db is no column of a sweep"),
    "a table": (put("metrics/level_db", LEVEL.reshape(15, 2)), "level_db is no column of a sweep"),
    "one number": (put("status", np.uint8(1)), "status is no column of a sweep"),
    "a shorter column": (put("metrics/level_db", LEVEL[:20]), '"/metrics/level_db": 20'),
    "trial beyond the plan": (put("trial", np.arange(31, 61)), "its trials are not those of the plan"),
    "trial before the plan": (put("trial", np.arange(-1, 29)), "its trials are not those of the plan"),
    "trials unsorted": (put("trial", np.arange(30)[::-1]), "its trials are not those of the plan"),
    "a trial twice": (put("trial", np.arange(30) // 2), "its trials are not those of the plan"),
    "no such status": (put("status", np.full(30, 9, dtype="u1")), "its trials are not those of the plan"),
    "made under nothing": (put("made", np.full(30, 9, dtype="u1")), "its trials are not those of the plan"),
    "nothing measured": (lambda p: edit(p, _nothing), "does not hold what its trials have measured"),
    "no trials": (lambda p: edit(p, lambda f: f.pop("trial")), "is damaged"),
    "no texts of failures": (lambda p: edit(p, lambda f: f["failures"].pop("text")), "is damaged"),
    "a number for a text": (put("failures/text", np.arange(6)), "text is no column of a sweep"),
    "another sum": (lambda p: edit(p, lambda f: f["status"].attrs.update(crc32=np.bytes_("0"))), "does not have the"),
    "no format": (note("format", None), "holds no rows of a sweep"),
    "another format": (note("format", "photonics_sim.run"), "holds no rows of a sweep"),
    "no provenance": (note("provenance", None), "its trials are not those of the plan"),
    "provenance of numbers": (note("provenance", "[1]"), "does not say how its rows were made"),
    "provenance that ends early": (note("provenance", "[{"), "is damaged"),
    "not HDF5": (lambda p: p.write_bytes(b"x" * 100), "is damaged or no HDF5 file"),
    "empty": (lambda p: p.write_bytes(b""), "is empty"),
}
FOREIGN: dict[str, tuple[Spoil, str]] = {
    "a newer format": (note("format_version", "2"), "is of format 2, newer than this photonics_sim reads; update"),
    "another plan": (note("plan_sha256", "0" * 64), "belongs to another plan; remove it from this sweep's folder"),
}
