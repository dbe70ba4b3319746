"""The numbers of a panel's measured phase curve. Free of torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import groupby, pairwise
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from photonics_sim.device import Section

MAX_POINTS = 65_536
DriveUnit = Literal["V", "grey level"]

_LARGEST = 1e6  # of a drive or a phase: slopes between any two points stay finite
_FLAT = 1e-12  # of the span: what is nearer is the same point


class PhaseCurveCard(Section):
    """Phase over drive of a phase-only panel, as measured.

    Without points the phase is proportional to the drive, 2 pi at full scale.
    """

    imperfections: ClassVar[Mapping[str, Any]] = {"drive": [], "phase_rad": []}

    unit: DriveUnit = Field(default="V", description="what the drive counts: V, or grey level")
    drive: list[float] = Field(
        default=[], max_length=MAX_POINTS, description="drives at which the phase was measured, rising; [] for even"
    )
    phase_rad: list[float] = Field(
        default=[], max_length=MAX_POINTS, description="phase at each drive, only rising or only falling"
    )

    @model_validator(mode="after")
    def _one_drive_for_each_phase(self) -> Self:
        drive, phase = self.drive, self.phase_rad
        if len(drive) != len(phase):
            raise ValueError(f"{len(drive)} drives for {len(phase)} phases; give one phase_rad for each drive")
        if len(drive) == 1:
            raise ValueError(
                "one point is no curve; give two at least, or none for a phase proportional to the drive, 2 pi at full "
                "scale"
            )
        for key, values in (("drive", drive), ("phase_rad", phase)):
            far = next((i for i, value in enumerate(values) if abs(value) > _LARGEST), None)
            if far is not None:
                raise ValueError(f"{key}[{far}] = {values[far]:g} is beyond {_LARGEST:g}; check its unit")
        for i, sign in enumerate(_directions(drive)):
            if sign <= 0:
                raise ValueError(
                    f"drive[{i + 1}] = {drive[i + 1]:g} follows {drive[i]:g}; sort the points by drive and keep each "
                    "drive once"
                )
        _require_monotone(drive, phase, self.unit)
        return self

    @property
    def lowest_rad(self) -> float:
        """The smallest phase that the panel shows."""
        return min(self.phase_rad, default=0.0)

    @property
    def reach_rad(self) -> float:
        """The largest phase less the smallest."""
        return max(self.phase_rad) - min(self.phase_rad) if self.phase_rad else 2 * math.pi

    @property
    def falling(self) -> bool:
        """Whether more drive shows less phase."""
        return bool(self.phase_rad) and self.phase_rad[-1] < self.phase_rad[0]

    def card_values(self) -> dict[str, Any]:
        """The curve by field, without its source."""
        return {"unit": self.unit, "drive": list(self.drive), "phase_rad": list(self.phase_rad)}


def _directions(values: list[float]) -> list[int]:
    """1, 0 or -1 between neighbours: up, the same, or down."""
    same = _FLAT * (max(values, default=0.0) - min(values, default=0.0))
    return [(b - a > same) - (a - b > same) for a, b in pairwise(values)]


def _require_monotone(drive: list[float], phase: list[float], unit: DriveUnit) -> None:
    directions = _directions(phase)
    if not directions or (directions[0] and len(set(directions)) == 1):
        return
    i = next(i for i, sign in enumerate(directions) if sign != directions[0] or not sign)
    does = "turns back" if directions[i] else "stands still"
    here, before = (f"{phase[j]:.6g} rad at {_place(drive[j], unit)}" for j in (i + 1, i))
    raise ValueError(
        f"phase_rad {does} at entry {i + 1}: {here} after {before}, and a phase must belong to one drive alone; "
        f"{_remedy(drive, phase, directions, unit)}"
    )


def _remedy(drive: list[float], phase: list[float], directions: list[int], unit: DriveUnit) -> str:
    """Which stretch to keep: the one of the largest reach."""
    stretches: list[tuple[float, int, int]] = []
    start = 0
    for sign, run in groupby(directions):
        stop = start + len(list(run))
        if sign:
            stretches.append((abs(phase[stop] - phase[start]), start, stop))
        start = stop
    if not stretches:
        return "the drive changes nothing: measure it again"
    reach, first, last = max(stretches)
    ends = f"{_place(drive[first], unit)} to {_place(drive[last], unit)}"
    return f"keep the monotone stretch from {ends}, which reaches {reach:.4g} rad, or measure it again"


def _place(drive: float, unit: DriveUnit) -> str:
    return f"{drive:.6g} V" if unit == "V" else f"grey level {drive:.6g}"
