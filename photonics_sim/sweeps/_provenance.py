"""Under which conditions rows were made, and whether two of them may stand in one table."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import photonics_sim

# another host, another day or an edit elsewhere in the sources is no other experiment
COMPARED = ("python", "photonics_sim", "torch", "numpy", "scipy", "h5py", "commit", "threads", "dtype", "machine")


def conditions(*, threads: int, command: str) -> dict[str, Any]:
    """Versions, threads, number type, commit, machine: all that numbers may depend on beside the plan."""
    packages = ("photonics_sim", "torch", "numpy", "scipy", "h5py")
    commit, dirty = _commit()
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
        "commit": commit,
        "dirty": dirty,
        "threads": threads,
        "dtype": _dtype(),
        "machine": platform.machine(),
        "host": socket.gethostname(),
        "created": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": command,
    }


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs of what numbers may depend on: (before, now) by name."""
    pairs = {name: (before.get(name), now.get(name)) for name in COMPARED}
    return {name: (old, new) for name, (old, new) in pairs.items() if old != new}


def _dtype() -> str:
    """torch's number type, without loading torch for it."""
    torch = sys.modules.get("torch")
    return str(torch.get_default_dtype()).removeprefix("torch.") if torch else "float32"


def _commit() -> tuple[str, bool]:
    """The commit that the package's sources are at, and whether they have been edited; empty for an installed one."""
    folder = Path(photonics_sim.__file__).parent
    if not (folder.parent / ".git").exists():
        return "", False
    try:
        return _git(folder, "rev-parse", "--short=12", "HEAD"), bool(_git(folder, "status", "--porcelain", "-uno"))
    except (OSError, subprocess.SubprocessError):
        return "", False


def _git(folder: Path, *words: str) -> str:
    environment = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}
    done = subprocess.run(
        ["git", *words], cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout.strip()
