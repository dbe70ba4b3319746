"""Under which conditions rows were made, and whether two of them may stand in one table."""

from __future__ import annotations

import hashlib
import importlib.util
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
from photonics_sim.sweeps._job import Job
from photonics_sim.sweeps._trial import find_function
from photonics_sim.sweeps._work import add_paths

# another host, another day or a commit that leaves the package as it is are no other experiment
COMPARED = ("python", "photonics_sim", "torch", "numpy", "scipy", "h5py", "sources", "threads", "dtype", "machine")

_PACKAGES = ("photonics_sim", "photonics_devices")
_LONGEST_COMMAND, _LONGEST_LIST = 2000, 50_000


def conditions(job: Job, command: str) -> dict[str, Any]:
    """Versions, sources, threads, number type, machine: all that numbers may depend on beside the plan.

    Args:
        job: With its paths absolute, where it has some.
        command: As it was typed; empty from Python.
    """
    commit, dirty = _commit()
    made = make_note([command], job.threads)
    return {
        **made.versions,
        "commit": commit,
        "dirty": dirty,
        "sources": _sources(job),
        "threads": job.threads,
        "dtype": job.dtype,
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


def _sources(job: Job) -> str:
    """A digest of the package's sources, and of the module of a trial of the user's own."""
    packages = _digest_of_packages()
    if ":" not in job.trial:
        return packages
    add_paths(job)
    module = sys.modules[find_function(job.trial).__module__]
    own = Path(module.__file__).read_bytes() if module.__file__ else b""
    return f"{packages}-{hashlib.sha256(own).hexdigest()[:12]}"


@cache  # what was loaded, whatever is edited later
def _digest_of_packages() -> str:
    digest = hashlib.sha256()
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        for folder in map(Path, spec.submodule_search_locations or () if spec else ()):
            for path in sorted(folder.rglob("*.py")):
                data = path.read_bytes()
                digest.update(f"{package} {path.relative_to(folder).as_posix()} {len(data)} ".encode() + data)
    return digest.hexdigest()[:12]


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
