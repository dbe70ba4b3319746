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
    """One published file: its name, its sizes in bytes and the hashes by which it is accepted."""

    name: str
    bytes: int
    raw_bytes: int
    sha256: str
    md5: str

    @property
    def raw_name(self) -> str:
        """The name of the unpacked file."""
        return self.name.removesuffix(".gz")


@dataclass(frozen=True)
class Entry:
    """One data set of the registry; `files` is empty where scikit-learn brings the data."""

    name: str
    title: str
    task: str
    licence: str
    citation: str
    classes: tuple[str, ...]
    pooled_side: int | None = None
    validation: int = 0
    mirrors: tuple[str, ...] = ()
    files: dict[str, SourceFile] = field(default_factory=dict)


def _entry(name: str, table: dict[str, Any]) -> Entry:
    return Entry(
        name=name,
        title=table["title"],
        task=table["task"],
        licence=table["licence"],
        citation=table["citation"].strip(),
        classes=tuple(table["classes"]),
        pooled_side=table.get("pooled_side"),
        validation=table.get("validation", 0),
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
        raise PhotonicsError(f"no data set is called {name!r}; there are {', '.join(known)}{hint}")
    return known[name]
