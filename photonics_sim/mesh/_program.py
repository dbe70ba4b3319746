"""From the parts of a mesh to the phase-and-rotation cells that the compiled sweeps take. Needs numba."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photonics_sim.mesh._faults import Faults
from photonics_sim.mesh._plain import NEPER_PER_DB
from photonics_sim.mesh._push import INTERFEROMETER, PHASE, SPLITTER, push
from photonics_sim.mesh._topology import Topology

Array = NDArray[Any]

# loss between two stored fields; reversal multiplies rounding by it
_STRIDE_DB = {np.float32: 20.0, np.float64: 120.0}


@dataclass(frozen=True)
class Program:
    """What `push` works through, and the two modes of each phase-and-rotation cell that comes out."""

    kinds: Array
    top: Array
    bottom: Array
    numbers: Array
    cell_top: Array
    cell_bottom: Array

    @classmethod
    @functools.lru_cache(maxsize=64)
    def of(cls, topology: Topology, fused: bool) -> Program:
        """The parts of a mesh in order; `fused` takes an ideal interferometer for one part."""
        rows: list[tuple[int, int, int, int]] = []
        for part in topology.parts:
            if not part.is_splitter:
                rows.append((PHASE, part.top, part.top, part.number))
            elif fused and rows and rows[-1][0] == PHASE and part.number % 2 == 1:
                rows[-1] = (INTERFEROMETER, part.top, part.bottom, rows[-1][3])
            elif not fused:
                rows.append((SPLITTER, part.top, part.bottom, part.number))
        kinds, top, bottom, numbers = np.array(rows, np.int64).reshape(-1, 4).T.copy()
        mixes = kinds != PHASE
        return cls(kinds, top, bottom, numbers, top[mixes].copy(), bottom[mixes].copy())


@dataclass(frozen=True)
class Cells:
    """The mesh as the kernels take it, for C chips and R cells."""

    program: Program
    cos: Array
    sin: Array
    z: Array
    screen: Array
    marks: Array
    lossless: bool

    @property
    def inverse(self) -> Array:
        """1 / z."""
        conjugate = self.z.copy()
        np.negative(conjugate[..., 1], out=conjugate[..., 1])
        return conjugate if self.lossless else conjugate / (self.z**2).sum(-1, keepdims=True)


def _numbers(values: Tensor | None, chips: int, scale: float = 1.0) -> Array:
    """In double precision for `push`; an empty axis for None."""
    if values is None:
        return np.empty((chips, 0))
    return np.ascontiguousarray(values.detach().resolve_neg().numpy(), np.float64) * scale


def cells_of(topology: Topology, phases: Tensor, faults: Faults) -> Cells:
    """The cells of a mesh with phases `(chips, shifters)` and faults with that axis."""
    chips, dtype = len(phases), np.float32 if phases.dtype == torch.float32 else np.float64
    fused = topology.cell == "mzi" and faults.angle is None and faults.lossless
    program = Program.of(topology, fused)
    angles = _numbers(faults.angle, chips)
    if faults.angle is None and not fused:
        angles = np.full((chips, topology.splitters), math.pi / 4)
    if faults.lossless:
        decay = splitter_decay = np.empty((chips, 0))
    else:
        lost = (faults.shifter_loss_db, topology.shifters), (faults.splitter_loss_db, topology.splitters)
        decay, splitter_decay = (
            np.zeros((chips, n)) if t is None else _numbers(t, chips, -NEPER_PER_DB) for t, n in lost
        )
    commanded = _numbers(phases, chips)
    if faults.phase is not None:
        commanded = commanded + _numbers(faults.phase, chips)
    shape = (chips, len(program.cell_top))
    phase, angle, fall = np.empty(shape), np.empty(shape), np.zeros(shape)
    total, total_fall = np.zeros((chips, topology.modes)), np.zeros((chips, topology.modes))
    push(
        program.kinds, program.top, program.bottom, program.numbers, commanded, angles, decay, splitter_decay,
        phase, angle, fall, total, total_fall,
    )  # fmt: skip
    if faults.path_loss_db is not None:
        total_fall += _numbers(faults.path_loss_db, chips, -NEPER_PER_DB)
    total -= 2 * math.pi * np.rint(total / (2 * math.pi))
    angle = angle.astype(dtype)
    marks = np.empty(0, np.int64)
    if decay.shape[1]:
        marks = _marks(topology, decay.min(0).tobytes(), splitter_decay.min(0).tobytes(), _STRIDE_DB[dtype])
    return Cells(
        program,
        np.cos(angle),
        np.sin(angle),
        _polar(phase.astype(dtype), fall, faults.lossless),
        _polar(total, total_fall, faults.lossless).astype(dtype),
        marks,
        faults.lossless,
    )


def _polar(phase: Array, log_amplitude: Array, lossless: bool) -> Array:
    z = np.empty((*phase.shape, 2), phase.dtype)
    np.cos(phase, out=z[..., 0])
    np.sin(phase, out=z[..., 1])
    if not lossless:
        z *= np.exp(log_amplitude)[..., None]
    return z


@functools.lru_cache(maxsize=64)
def _marks(topology: Topology, decay: bytes, splitter_decay: bytes, stride_db: float) -> Array:
    """The cells before which the field is kept: wherever the loss since the last one passes the stride.

    The decays are of the lossiest chip, as bytes: they are the card's, so the same at every pass.
    """
    program = Program.of(topology, False)
    of_shifter, of_splitter = (np.frombuffer(values).tolist() for values in (decay, splitter_decay))
    stride = stride_db * NEPER_PER_DB
    worst = [0.0] * topology.modes  # along the lossiest way to each mode
    marks: list[int] = []
    cell = since = 0
    rows = zip(
        *(column.tolist() for column in (program.kinds, program.top, program.bottom, program.numbers)), strict=True
    )
    for kind, i, j, k in rows:
        if kind == PHASE:
            worst[i] -= of_shifter[k]
            continue
        worst[i] = worst[j] = max(worst[i], worst[j]) - of_splitter[k]
        cell += 1
        if worst[i] > stride and cell - since > topology.modes // 2:
            marks.append(cell)
            worst = [0.0] * topology.modes
            since = cell
    return np.array(marks, np.int64)
