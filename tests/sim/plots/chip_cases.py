"""Chips to be drawn, with light that is computed cell by cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from photonics_sim.device import ChipDrawing

Columns = Sequence[Sequence[tuple[int, int]]]
PARTS = {"mzi": "psps", "one-splitter": "ps", "symmetric": "sPs"}


def rectangle(modes: int) -> Columns:
    return [[(top, top + 1) for top in range(column % 2, modes - 1, 2)] for column in range(modes)]


def triangle(modes: int) -> Columns:
    columns: list[list[tuple[int, int]]] = [[] for _ in range(2 * modes - 3)]
    for width in range(modes - 1, 0, -1):
        for top in range(width):
            columns[2 * (modes - 1 - width) + top].append((top, top + 1))
    return columns


def butterfly(modes: int) -> Columns:
    levels = modes.bit_length() - 1
    return [[(m, m ^ 1 << k) for m in range(modes) if not m & 1 << k] for k in range(levels)]


def drawing(
    columns: Columns,
    *,
    parts: str = "psps",
    name: str = "mesh",
    error_rad: float = 0.01,
    bar: float = 0.0,
    power_w: float = 1e-3,
    seed: int = 0,
) -> ChipDrawing:
    """A chip of these columns.

    Args:
        columns: Pairs of modes.
        parts: Of a cell in the order of the light: p a shifter on top, P one on both, s a splitter.
        name: Heading.
        error_rad: Standard deviation of the splitters' angles.
        bar: 0 for random phases; up to 1 for cells that let more and more of the light pass.
        power_w: Of the light that goes in, on the upper half of the modes.
        seed: Of the phases.
    """
    rng = np.random.default_rng(seed)
    modes = 1 + max(bottom for column in columns for _, bottom in column)
    shifters: list[tuple[float, float, float]] = []
    splitters: list[tuple[float, float, float]] = []
    cells = [(column, *pair) for column, pairs in enumerate(columns) for pair in pairs]
    for column, top, bottom in cells:
        for step, part in enumerate(parts):
            place = (step + 0.5) / len(parts)
            if part == "s":
                splitters.append((column, top, place))
            else:
                shifters += [(column, mode, place) for mode in ((top,) if part == "p" else (top, bottom))]
    shifters += [(len(columns), mode, 0.5) for mode in range(modes)]
    phases = rng.uniform(0, 2 * np.pi, len(shifters))
    errors = rng.normal(0, error_rad, len(splitters))
    return ChipDrawing(
        name=name,
        modes=modes,
        columns=len(columns),
        cells=np.array(cells, dtype=np.int64),
        shifters=np.array(shifters),
        phases=phases + bar * (np.pi - phases),
        splitters=np.array(splitters),
        splitter_errors=errors,
        power=_light(modes, columns, power_w, rng, bar),
        electrical_power_w=rng.uniform(0, 0.025, len(shifters)),
    )


def _light(modes: int, columns: Columns, power_w: float, rng: np.random.Generator, bar: float) -> NDArray[np.float64]:
    a = np.where(np.arange(modes) < (modes + 1) // 2, rng.uniform(0.2, 1, modes), 0).astype(complex)
    a *= np.sqrt(power_w / (abs(a) ** 2).sum())
    power = [abs(a) ** 2]
    for column in columns:
        for top, bottom in column:
            theta = rng.uniform(0, 2 * np.pi)
            half, phi = (theta + bar * (np.pi - theta)) / 2, np.exp(1j * rng.uniform(0, 2 * np.pi))
            s, c = np.sin(half), np.cos(half)
            a[[top, bottom]] = np.array([[phi * s, c], [phi * c, -s]]) @ a[[top, bottom]]
        a = a * 0.98
        power.append(abs(a) ** 2)
    return np.array(power)
