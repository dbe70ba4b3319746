"""What is known of each data set by name; free of torch, so that a command line can complete names fast."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.files import read_toml

REGISTRY = Path(__file__).with_name("registry.toml")


@dataclass(frozen=True)
class SourceFile:
    """One published file: its name, its size in bytes and the hash by which it is accepted.

    A gzip file is unpacked where size and MD5 of its content are given too; its content is then accepted as well.
    """

    name: str
    bytes: int
    sha256: str
    raw_bytes: int = 0
    md5: str = ""

    @property
    def gzipped(self) -> bool:
        """Whether it is the content of the file that counts."""
        return bool(self.md5)

    @property
    def raw_name(self) -> str:
        """The name of the unpacked file."""
        return self.name.removesuffix(".gz") if self.gzipped else self.name


@dataclass(frozen=True)
class Entry:
    """One data set of the registry; `format` says how its files are read."""

    name: str
    title: str
    task: str
    format: str
    licence: str
    citation: str
    classes: tuple[str, ...] = ()
    pooled_side: int | None = None
    validation: int = 0
    folders: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()
    files: dict[str, SourceFile] = field(default_factory=dict)


def _entry(name: str, table: dict[str, Any]) -> Entry:
    return Entry(
        name=name,
        title=table["title"],
        task=table["task"],
        format=table["format"],
        licence=table["licence"],
        citation=table["citation"].strip(),
        classes=tuple(table.get("classes", ())),
        pooled_side=table.get("pooled_side"),
        validation=table.get("validation", 0),
        folders=tuple(table.get("folders", ())),
        mirrors=tuple(table.get("mirrors", ())),
        files={role: SourceFile(**file) for role, file in table.get("files", {}).items()},
    )


@cache
def _entries() -> dict[str, Entry]:
    table, _ = read_toml(REGISTRY, "the registry of data sets")
    return {name: _entry(name, content) for name, content in table.items()}


def names() -> list[str]:
    """The data sets that `load` knows by name."""
    return list(_entries())


def lookup(name: str) -> Entry:
    """What the registry says of `name`.

    Raises:
        PhotonicsError: where no data set has this name.
    """
    known = _entries()
    if name not in known:
        hint = did_you_mean(name, known)
        if Path(name).suffix.lower() in {".npz", ".h5", ".hdf5"}:
            hint = "; for a file of your own call load_file"
        if Path(name).suffix.lower() == ".txt":
            hint = "; for a text of your own call load_text"
        raise PhotonicsError(f"no data set is called {name!r}; there are {', '.join(known)}{hint}")
    return known[name]
