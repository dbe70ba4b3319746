"""The compiled reverse sweep: field and adjoint run back, so that the output alone is kept. Needs numba.

See `_kernel_forward.py` for the cells; a mode has four planes here, field and adjoint.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from photonics_sim.mesh._jit import compiled, inlined


@inlined
def unrotate(v: Any, lanes: Any, lossy: Any, c: Any, s: Any, zr: Any, zi: Any, wr: Any, wi: Any, sums: Any) -> Any:
    """One cell backwards; derivatives by its angle, phase and (if lossy) log amplitude are added to `sums`; w = 1/z."""
    angle = phase = amplitude = v.dtype.type(0)
    for b in range(lanes):
        ar, ai, gr, gi = v[b], v[lanes + b], v[2 * lanes + b], v[3 * lanes + b]
        br, bi, hr, hi = v[4 * lanes + b], v[5 * lanes + b], v[6 * lanes + b], v[7 * lanes + b]
        angle += hr * ar + hi * ai - gr * br - gi * bi
        tr, ti, ur, ui = c * ar + s * br, c * ai + s * bi, c * gr + s * hr, c * gi + s * hi
        phase += ui * tr - ur * ti
        if lossy:
            amplitude += ur * tr + ui * ti
        v[4 * lanes + b], v[5 * lanes + b] = c * br - s * ar, c * bi - s * ai
        v[6 * lanes + b], v[7 * lanes + b] = c * hr - s * gr, c * hi - s * gi
        v[b], v[lanes + b] = wr * tr - wi * ti, wr * ti + wi * tr
        v[2 * lanes + b], v[3 * lanes + b] = zr * ur + zi * ui, zr * ui - zi * ur
    sums[0] += angle
    sums[1] += phase
    if lossy:
        sums[2] += amplitude


@inlined
def reach(top: Any, bottom: Any, low: Any, high: Any, reached: Any) -> Any:
    """Which cells the light of modes `low .. high` meets."""
    for r in range(top.shape[0]):
        i, j = top[r], bottom[r]
        reached[r] = not (j < low or i > high)
        if reached[r]:
            low, high = min(low, i), max(high, j)


@inlined
def return_(state: Any, lanes: Any, out: Any, adjoint: Any, screen: Any, sums: Any, start: Any, n: Any) -> Any:
    """Output and adjoint `(samples, modes, 2)` back through the screen into the planes; its derivatives to `sums`."""
    for b in range(n):
        for m in range(out.shape[1]):
            yr, yi = out[start + b, m, 0], out[start + b, m, 1]
            gr, gi = adjoint[start + b, m, 0], adjoint[start + b, m, 1]
            sums[m, 0] += gi * yr - gr * yi
            sums[m, 1] += gr * yr + gi * yi
            sr, si = screen[m, 0], screen[m, 1]
            power = sr * sr + si * si
            at = m * 4 * lanes + b
            state[at], state[at + lanes] = (sr * yr + si * yi) / power, (sr * yi - si * yr) / power
            state[at + 2 * lanes], state[at + 3 * lanes] = sr * gr + si * gi, sr * gi - si * gr


@inlined
def restore(state: Any, lanes: Any, kept: Any) -> Any:
    """The field as it was on the way forward; the adjoint stays."""
    for m in range(len(state) // (4 * lanes)):
        state[m * 4 * lanes : (m * 4 + 2) * lanes] = kept[m * 2 * lanes : (m + 1) * 2 * lanes]


@inlined
def take_adjoint(state: Any, lanes: Any, by_field: Any, start: Any, n: Any) -> Any:
    """The adjoint planes into `(samples, modes, 2)`."""
    for b in range(n):
        for m in range(by_field.shape[1]):
            by_field[start + b, m, 0] = state[m * 4 * lanes + 2 * lanes + b]
            by_field[start + b, m, 1] = state[m * 4 * lanes + 3 * lanes + b]


@functools.cache
def make_backward(lanes: int, lossy: bool) -> Callable[..., None]:
    """The sweep for blocks of this many samples, with derivatives by losses where there are some."""

    @compiled
    def backward(
        out: Any, adjoint: Any, by_field: Any, top: Any, bottom: Any, cos: Any, sin: Any, z: Any, inverse: Any,
        screen: Any, marks: Any, kept: Any, by_cell: Any, by_screen: Any, identity: bool, first: int, last: int,
    ) -> None:  # fmt: skip
        """Sweep back the blocks `first .. last`; sums are added to `by_cell` (cells, 3) and `by_screen` (modes, 2)."""
        samples, modes = out.shape[1], out.shape[2]
        blocks = (samples + lanes - 1) // lanes
        state = np.zeros(modes * 4 * lanes, out.dtype)
        pair = np.zeros(8 * lanes, out.dtype)
        reached = np.ones(top.shape[0], np.bool_)
        for task in range(first, last):
            chip, start = task // blocks, (task % blocks) * lanes
            n = min(lanes, samples - start)
            if n < lanes:
                state[:] = 0
            if identity:
                reach(top, bottom, start, start + n - 1, reached)
            return_(state, lanes, out[chip], adjoint[chip], screen[chip], by_screen[chip], start, n)
            mark = marks.shape[0] - 1
            for back in range(top.shape[0]):
                r = top.shape[0] - 1 - back
                if reached[r]:
                    i, j = top[r], bottom[r]
                    c, s, zr, zi = cos[chip, r], sin[chip, r], z[chip, r, 0], z[chip, r, 1]
                    wr, wi = inverse[chip, r, 0], inverse[chip, r, 1]
                    if j == i + 1:
                        v = state[4 * lanes * i : 4 * lanes * (i + 2)]
                        unrotate(v, lanes, lossy, c, s, zr, zi, wr, wi, by_cell[chip, r])
                    else:
                        x, y = state[4 * lanes * i : 4 * lanes * (i + 1)], state[4 * lanes * j : 4 * lanes * (j + 1)]
                        pair[: 4 * lanes], pair[4 * lanes :] = x, y
                        unrotate(pair, lanes, lossy, c, s, zr, zi, wr, wi, by_cell[chip, r])
                        x[:], y[:] = pair[: 4 * lanes], pair[4 * lanes :]
                if mark >= 0 and marks[mark] == r:
                    restore(state, lanes, kept[mark, task])
                    mark -= 1
            if not identity:
                take_adjoint(state, lanes, by_field[chip], start, n)

    kernel: Callable[..., None] = backward
    return kernel
