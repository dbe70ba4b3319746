"""What a device does when, and what other ways of doing the same would take. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass

from photonics_sim.device._units import format_si


@dataclass(frozen=True)
class Span:
    """One thing that one part of a device does for a while.

    Attributes:
        lane: The part: a bank, the switch, the electronics.
        activity: "product", "switch", "write", "settle" or "state".
        start_s, stop_s: Seconds since the pass began.
    """

    lane: str
    activity: str
    start_s: float
    stop_s: float


@dataclass(frozen=True)
class Timeline:
    """One pass through a device, part by part.

    Attributes:
        name: What it shows, as a heading.
        lanes: The parts, from top to bottom.
        spans: What they do.
        steps: What its products are one of each: "layers" or "time bins".
    """

    name: str
    lanes: tuple[str, ...]
    spans: tuple[Span, ...]
    steps: str = "layers"

    @property
    def duration_s(self) -> float:
        return max(span.stop_s for span in self.spans)


@dataclass(frozen=True)
class Alternative:
    """One way to build what a device computes, and what a pass then takes.

    Attributes:
        name: In a few words, such as "reuse" or "time multiplexing".
        latency_s: Of one pass.
        energy_j: Of one pass.
        cells: Slow elements on the chip: its area, in cells.
        writes_per_pass: How often the cell that is written most is written in one pass.
        endurance_h: Hours of passes without a pause until that cell is worn out; None where nothing wears.
    """

    name: str
    latency_s: float
    energy_j: float
    cells: int
    writes_per_pass: int
    endurance_h: float | None

    def shown(self, first: Alternative) -> dict[str, str]:
        """A row of a table, by its headings; what `first` has too, with the ratio to it."""

        def against(text: str, mine: float, its: float) -> str:
            if self is first or not (mine and its):
                return text
            ratio = _rounded(mine / its) if mine > 0.01 * its else f"1/{_rounded(its / mine)}"
            return f"{text} ({ratio} x)"

        wear = "no wear" if self.endurance_h is None else f"{self.endurance_h:,.3g} h"
        return {
            "way": self.name,
            "time of a pass": against(format_si(self.latency_s, "s"), self.latency_s, first.latency_s),
            "energy of a pass": against(format_si(self.energy_j, "J"), self.energy_j, first.energy_j),
            "cells": against(f"{self.cells:,}", self.cells, first.cells),
            "writes per pass": f"{self.writes_per_pass:,}",
            "endurance": wear,
        }


def _rounded(ratio: float) -> str:
    return f"{float(f'{ratio:.3g}'):,g}"
