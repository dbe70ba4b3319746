"""The compiled forward sweep of light through phase-and-rotation cells, a block of samples at a time. Needs numba.

Every part of a mesh becomes a rotation after one complex factor on its top waveguide (`_push.py` does that),

    t = z x_top,   y_top = cos(w) t - sin(w) x_bottom,   y_bottom = sin(w) t + cos(w) x_bottom

A block keeps each mode's real and imaginary parts as separate planes of `lanes` samples, so that the two modes of a
cell between neighbours are one contiguous slice: without that, LLVM does not vectorise the loop.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from photonics_sim.mesh._jit import compiled, inlined


@inlined
def rotate(v: Any, lanes: Any, c: Any, s: Any, zr: Any, zi: Any) -> Any:
    """One cell on the planes (top re, top im, bottom re, bottom im)."""
    for b in range(lanes):
        xr, xi, yr, yi = v[b], v[lanes + b], v[2 * lanes + b], v[3 * lanes + b]
        tr, ti = zr * xr - zi * xi, zr * xi + zi * xr
        v[b], v[lanes + b] = c * tr - s * yr, c * ti - s * yi
        v[2 * lanes + b], v[3 * lanes + b] = s * tr + c * yr, s * ti + c * yi


@inlined
def enter(state: Any, lanes: Any, field: Any, start: Any, n: Any) -> Any:
    """Samples `start .. start + n` of a field `(samples, modes, 2)` into the planes."""
    for b in range(n):
        for m in range(field.shape[1]):
            state[m * 2 * lanes + b] = field[start + b, m, 0]
            state[m * 2 * lanes + lanes + b] = field[start + b, m, 1]


@inlined
def leave(state: Any, lanes: Any, out: Any, screen: Any, start: Any, n: Any) -> Any:
    """The planes through the output screen `(modes, 2)` into the field."""
    for b in range(n):
        for m in range(out.shape[1]):
            xr, xi = state[m * 2 * lanes + b], state[m * 2 * lanes + lanes + b]
            out[start + b, m, 0] = screen[m, 0] * xr - screen[m, 1] * xi
            out[start + b, m, 1] = screen[m, 0] * xi + screen[m, 1] * xr


@functools.cache
def make_forward(lanes: int) -> Callable[..., None]:
    """The sweep for blocks of this many samples."""

    @compiled
    def forward(
        field: Any, out: Any, top: Any, bottom: Any, cos: Any, sin: Any, z: Any, screen: Any,
        marks: Any, kept: Any, identity: bool, first: int, last: int,
    ) -> None:  # fmt: skip
        """Sweep the blocks `first .. last` of all chips; `field` is ignored for the identity."""
        samples, modes = out.shape[1], out.shape[2]
        blocks = (samples + lanes - 1) // lanes
        state = np.zeros(modes * 2 * lanes, out.dtype)
        pair = np.zeros(4 * lanes, out.dtype)
        for task in range(first, last):
            chip, start = task // blocks, (task % blocks) * lanes
            n = min(lanes, samples - start)
            low, high = 0, modes - 1
            if identity:
                state[:] = 0
                low, high = start, start + n - 1
                for b in range(n):
                    state[(start + b) * 2 * lanes + b] = 1
            else:
                enter(state, lanes, field[min(chip, field.shape[0] - 1)], start, n)
            mark = 0
            for r in range(top.shape[0]):
                if mark < marks.shape[0] and marks[mark] == r:
                    kept[mark, task] = state
                    mark += 1
                i, j = top[r], bottom[r]
                if j < low or i > high:  # outside the light cone
                    continue
                low, high = min(low, i), max(high, j)
                c, s, zr, zi = cos[chip, r], sin[chip, r], z[chip, r, 0], z[chip, r, 1]
                if j == i + 1:
                    rotate(state[2 * lanes * i : 2 * lanes * (i + 2)], lanes, c, s, zr, zi)
                else:
                    x, y = state[2 * lanes * i : 2 * lanes * (i + 1)], state[2 * lanes * j : 2 * lanes * (j + 1)]
                    pair[: 2 * lanes], pair[2 * lanes :] = x, y
                    rotate(pair, lanes, c, s, zr, zi)
                    x[:], y[:] = pair[: 2 * lanes], pair[2 * lanes :]
            leave(state, lanes, out[chip], screen[chip], start, n)

    kernel: Callable[..., None] = forward
    return kernel
