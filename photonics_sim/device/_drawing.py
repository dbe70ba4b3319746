"""What pictures of a device need to know, whatever the device is. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ChipDrawing:
    """One mesh of cells between waveguides, with one sample's light on its way through it.

    Attributes:
        name: What the mesh is for, as a heading.
        modes, columns: Number of waveguides, and of columns of cells.
        cells: `(cells, 3)`: column, top mode, bottom mode.
        shifters: `(shifters, 3)`: column (-1 the inputs, `columns` the outputs), mode, and place along the column, 0
            to 1.
        phases: Actual phase of each shifter in rad, `(shifters,)`.
        splitters: `(splitters, 3)`: column, top mode, and place along the column from 0 to 1.
        splitter_errors: Error of each splitter's angle in rad, `(splitters,)`.
        power: Optical power on each waveguide in front of each column and at the end, in W, `(columns + 1, modes)`.
        electrical_power_w: Of each shifter's drive, `(shifters,)`.
        reflection_bound: By how much back-reflections could move the matrix at most; 0 where none are known.
    """

    name: str
    modes: int
    columns: int
    cells: NDArray[np.int64]
    shifters: NDArray[np.float64]
    phases: NDArray[np.float64]
    splitters: NDArray[np.float64]
    splitter_errors: NDArray[np.float64]
    power: NDArray[np.float64]
    electrical_power_w: NDArray[np.float64]
    reflection_bound: float = 0.0

    def numbers(self) -> dict[str, Any]:
        """What a caption says: cells, shifters, heater power, light in and out."""
        return {
            "cells": len(self.cells),
            "shifters": len(self.phases),
            "electrical_power_w": float(self.electrical_power_w.sum()),
            "power_in_w": float(self.power[0].sum()),
            "power_out_w": float(self.power[-1].sum()),
        }


@dataclass(frozen=True)
class SideView:
    """Light on its way through free space, seen from the side: z along the way, x across it, y summed.

    Attributes:
        name: What the light goes through, as a heading.
        z: Where along its way light is looked at, in metres, increasing, `(nz,)`.
        x: Across it, in metres, even steps, `(nx,)`.
        power: Share of the source's power on each step of x, summed over y, `(nz, nx)`.
        marks: Planes that light meets: z in metres, and what it is called.
        detector: From where to where in x the output is read, in metres.
    """

    name: str
    z: NDArray[np.float64]
    x: NDArray[np.float64]
    power: NDArray[np.float64]
    marks: tuple[tuple[float, str], ...]
    detector: tuple[float, float]
