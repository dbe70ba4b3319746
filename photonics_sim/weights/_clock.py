"""Simulated time, and what it is spent on."""

from __future__ import annotations

import copy
import math
from dataclasses import asdict, dataclass, field
from typing import Any

from photonics_sim.errors import PhotonicsError, WornOutError


@dataclass
class Clock:
    """Simulated time of a device; whoever trains or evaluates it moves it, a pass through the device reads it.

    Attributes:
        now_s: Seconds since it was started.
    """

    now_s: float = 0.0

    def advance(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            PhotonicsError: for a time that is negative or not finite.
        """
        if not 0 <= seconds < math.inf:
            raise PhotonicsError(f"time goes forward by finite steps; found {seconds:g} s. Give 0 or more")
        self.now_s += seconds


@dataclass
class Ledger:
    """What a device has spent: seconds, joules, writes and switch events.

    Attributes:
        seconds: By purpose.
        joules: By purpose.
        passes: Samples that went through.
        writes: How often each cell has been written.
        switch_events: How often light was sent to another bank.
        endurance: Writes that a cell survives; infinite where it does not wear.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    joules: dict[str, float] = field(default_factory=dict)
    passes: int = 0
    writes: int = 0
    switch_events: int = 0
    endurance: float = math.inf

    def add(self, purpose: str, seconds: float = 0.0, joules: float = 0.0) -> None:
        """Book seconds and joules under a purpose.

        Raises:
            PhotonicsError: for an amount that is negative or not finite; nothing is booked then.
        """
        if not (0 <= seconds < math.inf and 0 <= joules < math.inf):
            raise PhotonicsError(
                f"what is spent stays spent: found {seconds:g} s and {joules:g} J for {purpose!r}. Book finite "
                "amounts, 0 or more"
            )
        self.seconds[purpose] = self.seconds.get(purpose, 0.0) + seconds
        self.joules[purpose] = self.joules.get(purpose, 0.0) + joules

    def count_write(self) -> None:
        """Book one write of every cell.

        Raises:
            WornOutError: where the cells have been written as often as they survive; nothing is booked then.
        """
        if self.writes + 1 > self.endurance:
            raise WornOutError(
                f"the cells are worn out: each has been written {self.writes:,} times, of {self.endurance:,g} that it "
                "survives. Write less often, or use elements that survive more (write.endurance_cycles)"
            )
        self.writes += 1

    @property
    def total_seconds(self) -> float:
        """Over all purposes."""
        return sum(self.seconds.values())

    @property
    def total_joules(self) -> float:
        """Over all purposes."""
        return sum(self.joules.values())

    @property
    def endurance_used(self) -> float:
        """Share of the writes that a cell survives; 0 where it does not wear."""
        return self.writes / self.endurance

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for JSON, which knows no infinity: an endurance without limit is None."""
        table = asdict(self)
        table["endurance"] = None if math.isinf(self.endurance) else self.endurance
        return table

    @classmethod
    def from_dict(cls, table: dict[str, Any]) -> Ledger:
        """The ledger that `to_dict` wrote down."""
        ledger = cls(**copy.deepcopy(table))
        if table["endurance"] is None:
            ledger.endurance = math.inf
        return ledger
