"""Results of a longer example, kept in a file after each of its parts, so that it goes on where it was stopped."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from photonics_sim import PhotonicsError
from photonics_sim.files import write_atomically

Entry = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """One part of an example.

    Attributes:
        key: Of its entry in the file: all that the numbers depend on.
        name: What it is called while it runs.
        cost: How long it takes beside the others, in any unit.
        measure: Makes the entry.
        told: The entry in a few words.
    """

    key: str
    name: str
    cost: float
    measure: Callable[[], Entry]
    told: Callable[[Entry], str]


@dataclass
class KeptCells:
    """Entries by key; the file is rewritten after each new one. `mark` is in the keys of this script and no other."""

    path: Path
    mark: str
    known: dict[str, Entry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.path.exists():
            return
        try:
            self.known = json.loads(self.path.read_text())
        except ValueError:
            self.known = {}
        if not isinstance(self.known, dict) or not all(self.mark in key for key in self.known) or not self.known:
            raise PhotonicsError(f"{self.path} holds no cells of this script; name another --cache")

    def fill(self, jobs: Sequence[Job]) -> None:
        """Do the jobs, and say on stderr what came out and how long the others will take."""
        started = time.monotonic()
        for place, job in enumerate(jobs):
            begun = time.monotonic()
            entry = job.measure()
            entry["seconds"] = round(time.monotonic() - begun, 1)
            self.known[job.key] = entry
            write_atomically(self.path, json.dumps(self.known, indent=1) + "\n")
            costs = [some.cost for some in jobs]
            left = (time.monotonic() - started) / sum(costs[: place + 1]) * sum(costs[place + 1 :])
            print(
                f"{place + 1:3d}/{len(jobs)}  {job.name:42s} {job.told(entry)}, {entry['seconds']:5.1f} s;  "
                f"{left / 60:4.1f} min left",
                file=sys.stderr,
                flush=True,
            )
