"""Who may import whom: the table of the house, held against the code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# a room may import the rooms in its row, itself, and the errors
ALLOWED = {
    "files": set(),
    "device": {"files"},
    "signals": {"device"},
    "optics": {"device"},
    "mesh": {"device", "files"},
    "measured": {"device", "files", "mesh"},
    "networks": {"device"},
    "reuse": {"device", "mesh", "weights"},
    "weights": {"device", "files"},
    "datasets": {"files"},
    "runs": {"device", "files"},
    "testing": {"device"},
    "analysis": {"device", "files", "networks"},
    "training": {"datasets", "device", "files", "runs"},
    "sweeps": {"analysis", "datasets", "device", "files", "runs", "training"},
    "tolerance": {"device", "sweeps"},
    "plots": {"analysis", "device", "files", "runs", "sweeps", "tolerance", "training"},
    "cli": {
        "analysis",
        "datasets",
        "device",
        "files",
        "measured",
        "plots",
        "runs",
        "sweeps",
        "testing",
        "tolerance",
        "training",
        "weights",
    },
    "photonics_devices": {"device", "mesh", "optics", "reuse", "signals", "weights"},
}
FREE = {"errors"}


def rooms_imported(path: Path) -> set[str]:
    """Names of the rooms that a file imports, wherever in the file it does so."""
    modules: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names]
            modules += names if module == "photonics_sim" else [module]
    parts = [module.split(".") for module in modules]
    rooms = {p[1] for p in parts if p[0] == "photonics_sim" and len(p) > 1}
    return rooms | {p[0] for p in parts if p[0] == "photonics_devices"}


def files_of(room: str) -> list[Path]:
    folder = ROOT / "devices" / room if room == "photonics_devices" else ROOT / "photonics_sim" / room
    return sorted(folder.rglob("*.py"))


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_what_its_row_allows(room: str) -> None:
    assert files_of(room), f"{room} has no files: remove its row"
    for path in files_of(room):
        forbidden = rooms_imported(path) - ALLOWED[room] - FREE - {room}
        assert not forbidden, f"{path.relative_to(ROOT)} imports {sorted(forbidden)}"


def test_every_room_has_a_row() -> None:
    rooms = {path.parent.name for path in (ROOT / "photonics_sim").glob("*/__init__.py")}
    assert rooms | {"photonics_devices"} == set(ALLOWED)


def test_the_engine_never_imports_the_catalogue() -> None:
    for path in (ROOT / "photonics_sim").rglob("*.py"):
        assert "photonics_devices" not in rooms_imported(path), path


def test_the_table_has_no_circle() -> None:
    done: set[str] = set()
    while len(done) < len(ALLOWED):
        ready = {room for room, below in ALLOWED.items() if room not in done and below <= done}
        assert ready, f"rooms that import each other in a circle: {sorted(set(ALLOWED) - done)}"
        done |= ready


def test_files_stay_short_enough_to_read() -> None:
    for folder in ("photonics_sim", "devices", "tests", "examples", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            assert len(path.read_text().splitlines()) <= 400, path
