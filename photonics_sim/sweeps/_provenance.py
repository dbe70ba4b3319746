"""Under which conditions rows were made, and whether two of them may stand in one table."""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import photonics_sim
from photonics_sim.errors import PhotonicsError
from photonics_sim.runs import make_note

# another host, another day or an edit elsewhere in the sources is no other experiment
COMPARED = ("python", "photonics_sim", "torch", "numpy", "scipy", "h5py", "commit", "threads", "dtype", "machine")

_LONGEST_COMMAND, _LONGEST_LIST = 2000, 50_000


def conditions(*, threads: int, command: str) -> dict[str, Any]:
    """Versions, threads, number type, commit, machine: all that numbers may depend on beside the plan."""
    commit, dirty = _commit()
    made = make_note([command], threads)
    return {
        **made.versions,
        "commit": commit,
        "dirty": dirty,
        "threads": threads,
        "dtype": _dtype(),
        "machine": platform.machine(),
        "host": socket.gethostname(),
        "created": made.date,
        "command": command[:_LONGEST_COMMAND],
    }


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs of what numbers may depend on: (before, now) by name."""
    pairs = {name: (before.get(name), now.get(name)) for name in COMPARED}
    return {name: (old, new) for name, (old, new) in pairs.items() if old != new}


def place_of(now: Mapping[str, Any], listed: list[dict[str, Any]]) -> int:
    """The place of these conditions, or of others that do not differ, in a list; they are added where there are none.

    Raises:
        PhotonicsError: where the list grows too long to be kept with the rows.
    """
    for place, before in enumerate(listed):
        if not differences(before, now):
            return place
    if len(json.dumps([*listed, now])) > _LONGEST_LIST:
        raise PhotonicsError(f"rows of more than {len(listed)} different conditions cannot stand in one sweep")
    listed.append(dict(now))
    return len(listed) - 1


def _dtype() -> str:
    """torch's number type, without loading torch for it."""
    torch = sys.modules.get("torch")
    return str(torch.get_default_dtype()).removeprefix("torch.") if torch else "float32"


@cache  # what was loaded, whatever is edited later
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
