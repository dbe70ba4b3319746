"""From phases and angles of parts to phase-and-rotation cells, and the derivatives back. Needs numba.

Phases are pushed forward: whatever both inputs of a cell share leaves it on both outputs, so that only the difference
between its two inputs stays with the cell. All in double precision, since a path sums up some hundreds of phases.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from photonics_sim.mesh._jit import compiled

PHASE, SPLITTER, INTERFEROMETER = 0, 1, 2

_QUARTER = math.pi / 2


@compiled
def push(
    kinds: Any, top: Any, bottom: Any, numbers: Any, phases: Any, angles: Any, decay: Any, splitter_decay: Any,
    cell_phase: Any, cell_angle: Any, cell_decay: Any, total_phase: Any, total_decay: Any,
) -> None:  # fmt: skip
    """Fill phase, rotation angle and log amplitude of each cell `(chips, cells)`, and what is left at the outputs.

    An `INTERFEROMETER` is splitter, phase on top, splitter with ideal splitters, as one rotation by theta / 2 - pi / 2.
    Decays are log amplitudes (0 or negative) of shifters and splitters; empty without loss.
    """
    for chip in range(phases.shape[0]):
        p, q = total_phase[chip], total_decay[chip]
        cell = 0
        for n in range(kinds.shape[0]):
            i, j, k = top[n], bottom[n], numbers[n]
            if kinds[n] == PHASE:
                p[i] += phases[chip, k]
                if decay.shape[1]:
                    q[i] += decay[chip, k]
                continue
            if kinds[n] == SPLITTER:
                # BS(x) = diag(1, i) R(x) diag(1, -i)
                shared = p[j] - _QUARTER
                relative = p[i] - shared
                cell_angle[chip, cell] = angles[chip, k]
                p[i], p[j] = shared, p[j]
            else:
                # i e^{i theta/2} diag(1, -1) R(theta/2 - pi/2)
                relative = p[i] - p[j]
                half = phases[chip, k] / 2
                cell_angle[chip, cell] = half - _QUARTER
                p[i], p[j] = p[j] + half + _QUARTER, p[j] + half + 3 * _QUARTER
            cell_phase[chip, cell] = relative - 2 * math.pi * np.rint(relative / (2 * math.pi))
            if decay.shape[1]:
                cell_decay[chip, cell] = q[i] - q[j]
                q[j] += splitter_decay[chip, k]
                q[i] = q[j]
            cell += 1


@compiled
def pull(
    kinds: Any, top: Any, bottom: Any, numbers: Any, by_cell: Any, by_screen: Any,
    by_phase: Any, by_angle: Any, by_decay: Any, by_splitter_decay: Any,
) -> None:  # fmt: skip
    """The adjoint of `push`: derivatives by cells `(chips, cells, 3)` and outputs `(chips, modes, 2)` to those by part.

    The last axes are angle, phase, log amplitude, and phase, log amplitude. `by_screen` is used up.
    """
    for chip in range(by_cell.shape[0]):
        p, q = by_screen[chip, :, 0], by_screen[chip, :, 1]
        cell = by_cell.shape[1] - 1
        for back in range(kinds.shape[0]):
            n = kinds.shape[0] - 1 - back
            i, j, k = top[n], bottom[n], numbers[n]
            if kinds[n] == PHASE:
                by_phase[chip, k] += p[i]
                if by_decay.shape[1]:
                    by_decay[chip, k] += q[i]
                continue
            angle, phase, amplitude = by_cell[chip, cell]
            shared = p[i] + p[j]
            if kinds[n] == SPLITTER:
                by_angle[chip, k] += angle
            else:
                by_phase[chip, k] += (angle + shared) / 2
            p[i], p[j] = phase, shared - phase
            if by_decay.shape[1]:
                both = q[i] + q[j]
                by_splitter_decay[chip, k] += both
                q[i], q[j] = amplitude, both - amplitude
            cell -= 1
