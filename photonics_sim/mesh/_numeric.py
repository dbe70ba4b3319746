"""Phases of a mesh without a closed form: a least-squares fit of its matrix (Levenberg and Marquardt)."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from photonics_sim.errors import PhotonicsError
from photonics_sim.mesh._cell_fit import Complex, Real
from photonics_sim.mesh._topology import Topology

STARTS, STEPS = 8, 300


def fit_phases(mesh: Topology, targets: Complex, angles: Real) -> Real:
    """Phases `(batch, shifters)` whose matrices are the targets `(batch, modes, modes)`, to rounding.

    Raises:
        PhotonicsError: where no start converges; the least error found is named.
    """
    batch = max(len(targets), len(angles))
    pairs = zip(
        np.broadcast_to(targets, (batch, *targets.shape[1:])),
        np.broadcast_to(angles, (batch, mesh.splitters)),
        strict=True,
    )
    found: list[Real] = []
    for target, angle in pairs:
        # one matrix on many chips: the phases of one chip are nearly those of the next
        starts = [found[-1]] if found and len(targets) == 1 else []
        found.append(_fit(mesh, target, angle, starts))
    return np.stack(found)


def _fit(mesh: Topology, target: Complex, angles: Real, starts: list[Real]) -> Real:
    best = np.inf
    for start in range(STARTS):
        drawn = np.random.default_rng(start).uniform(0, 2 * np.pi, mesh.shifters)
        phases, error = _descend(mesh, target, angles, starts[start] if start < len(starts) else drawn)
        if error < 1e-12 * mesh.modes:
            return phases
        best = min(best, error)
    raise PhotonicsError(
        f"{mesh.name} with {mesh.modes} modes: no phases found that make the matrix; the least error in {STARTS} "
        f"starts is {best / np.sqrt(mesh.modes):.1g} (rms of a column). Splitters that cross less than half of the "
        "power, or errors of several percent, may put it out of reach"
    )


def _descend(mesh: Topology, target: Complex, angles: Real, phases: Real) -> tuple[Real, float]:
    damping = 1e-2
    matrix, left, right = _fields(mesh, angles, phases)
    error = float(np.linalg.norm(matrix - target))
    for _ in range(STEPS):
        if error < 1e-14 * mesh.modes:
            break
        # column k of the Jacobian is i left_k right_k^T
        curvature = ((left.conj().T @ left) * (right.conj() @ right.T)).real
        slope = (-1j * (left.conj() * ((matrix - target) @ right.conj().T)).sum(0)).real
        for _ in range(12):
            step = scipy.linalg.solve(curvature + damping * np.eye(len(slope)), -slope, assume_a="pos")
            trial = _fields(mesh, angles, phases + step)
            found = float(np.linalg.norm(trial[0] - target))
            if found < error:
                damping = max(damping / 5, 1e-13)
                break
            damping *= 4
        else:
            break
        phases = phases + step
        stuck = found > (1 - 1e-9) * error
        (matrix, left, right), error = trial, found
        if stuck:
            break
    return phases, error


def _fields(mesh: Topology, angles: Real, phases: Real) -> tuple[Complex, Complex, Complex]:
    """The matrix; from behind each shifter to the outputs `(modes, shifters)`; from the inputs to there."""
    n = mesh.modes
    turn = np.append(np.exp(1j * phases), 1.0)
    cosine, sine = np.append(np.cos(angles), 1.0)[:, None], 1j * np.append(np.sin(angles), 0.0)[:, None]
    right = np.empty((mesh.shifters + 1, n), np.complex128)
    left = np.empty((mesh.shifters + 1, n), np.complex128)
    field = np.eye(n, dtype=np.complex128)
    for layer in mesh.layers:
        field = turn[layer.shifter][:, None] * field
        right[layer.shifter] = field
        field = cosine[layer.splitter] * field + sine[layer.splitter] * field[layer.partner]
    back = np.eye(n, dtype=np.complex128)  # back[m] is the row of amplitudes from mode m to the outputs
    for layer in reversed(mesh.layers):
        back = cosine[layer.splitter] * back + sine[layer.splitter] * back[layer.partner]
        left[layer.shifter] = back
        back = turn[layer.shifter][:, None] * back
    return field, left[:-1].T, right[:-1]
