"""A chip with unknown faults, programmed by the powers that it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from scipy.optimize import brentq
from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.mesh._arrangement import known_as
from photonics_sim.mesh._cell_fit import Complex, Real
from photonics_sim.mesh._measures import check_unitary
from photonics_sim.mesh._nulls import Step, Wires, null_steps
from photonics_sim.mesh._topologies import topology as named_topology
from photonics_sim.mesh._topology import Topology
from photonics_sim.mesh._virtual_chip import PowerMeter

THIRDS = 2 * np.pi / 3 * np.arange(3)
"""Settings of a phase: a power is a constant and one sinusoid of it, so three fix the curve."""
GRID = 64
"""Places at which a curve is first looked at."""


@dataclass(frozen=True)
class ConfigurationStep:
    """What one step left.

    Attributes:
        sweep: Counts from 0.
        cell: Number of the cell in the topology; -1 for a phase of a wire at the end of a sweep.
        power: Share of the source's power that the fitted curve leaves: 0 where the cell could be made exactly right.
            For a phase at the end, what is missing from the largest power that fits the receiver, as a share of it.
        measurements: Powers measured so far.
        phases: As they are after the step, in rad, `(shifters,)`.
        source, receiver: Of the power that was made least, or largest at the end; `(modes,)`, see `PowerMeter`.
    """

    sweep: int
    cell: int
    power: float
    measurements: int
    phases: Tensor
    source: Tensor = field(repr=False)
    receiver: Tensor = field(repr=False)


@dataclass(frozen=True)
class Configuration:
    """Phases found by `self_configure`, and how.

    Attributes:
        phases: In rad, 0 .. 2 pi, `(shifters,)`, float64.
        steps: What each step left, in order.
    """

    phases: Tensor
    steps: list[ConfigurationStep] = field(repr=False)

    @property
    def measurements(self) -> int:
        """Powers measured."""
        return self.steps[-1].measurements


def self_configure(
    chip: PowerMeter,
    target: Tensor,
    topology: str | Topology = "clements",
    *,
    sweeps: int = 1,
    report: Callable[[ConfigurationStep], None] | None = None,
) -> Configuration:
    """Program a unitary matrix on a chip with unknown faults, from measured powers alone.

    Cell after cell, light is sent in that a right cell keeps from the receiver; source and receiver follow from the
    target, the two phases from the smallest of the power (Hamerly, Bandyopadhyay and Englund, arXiv:2106.03249). First
    each cell is brought to its cross state by the power that passes, so phase offsets may be of any size. Where the
    splitters do not reach the null the least power is taken, as in local correction with known faults
    (`decompose(U, faults=...)`). It takes 12 powers for each cell and 3 for each of the N - 1 phases at the end; a
    phase common to all outputs stays unknown.

    With offsets of any size the first light through all N - 1 cells of a path is as faint as 4^-N: the noise of a
    meter (at 64 modes even the rounding of a simulated one) must be below that, or the offsets be known to some
    tenths of a rad: subtract them in front of `chip`.

    In the triangle (`reck`) a receiver is one photodiode, except for the phases at the end, which no photodiode at an
    output sees. The rectangle needs receivers of two or more outputs (see `PowerMeter`).

    On an ideal chip the error is that of rounding: the phases follow from whole curves, not from powers near the null.

    Args:
        chip: Measures the powers.
        target: Unitary, `(modes, modes)`.
        topology: `clements` or `reck`; the arrangement of the chip.
        sweeps: How often all cells are set. In a later sweep the cells ahead are set already: they lead light around
            a cell that its splitters keep from its null, so the error shrinks a little (by a tenth, as seen). Less
            light takes the path, so noise counts for more.
        report: Called after every step.

    Raises:
        PhotonicsError: for a matrix that is not unitary, another topology, fewer than one sweep, or a chip that
            returns no finite powers or none at all.
    """
    if target.ndim != 2 or target.shape[0] != target.shape[1] or not target.is_complex():
        raise PhotonicsError(f"self_configure takes one complex matrix (N, N); found {tuple(target.shape)}")
    mesh = named_topology(topology, target.shape[-1])
    if known_as(mesh, ("clements", "reck")) is None:
        raise PhotonicsError(f"{mesh.name} cannot be configured cell by cell from powers; take clements or reck")
    if sweeps < 1:
        raise PhotonicsError(f"self_configure: sweeps must be 1 or more; found {sweeps}")
    check_unitary(target)
    steps, wires = null_steps(mesh, target.detach().cpu().to(torch.complex128).resolve_conj().resolve_neg().numpy())
    bench = _Bench(chip, np.zeros(mesh.shifters))
    found: list[ConfigurationStep] = []

    def note(sweep: int, cell: int, power: float) -> None:
        phases = torch.from_numpy(np.remainder(bench.phases, 2 * np.pi))
        found.append(ConfigurationStep(sweep, cell, power, bench.measurements, phases, *bench.light))
        if report is not None:
            report(found[-1])

    crossed: set[int] = set()
    for sweep in range(sweeps):
        for step in steps:
            if sweep == 0:
                _cross(bench, mesh, step, crossed)
            note(sweep, step.cell, _null(bench, step, anywhere=sweep == 0))
        for wire in range(1, mesh.modes):
            note(sweep, -1, _align(bench, wires, wire))
    return Configuration(found[-1].phases, found)


class _Bench:
    """The chip at its present phases."""

    def __init__(self, chip: PowerMeter, phases: Real) -> None:
        self.chip, self.phases, self.measurements = chip, phases, 0
        self.light: tuple[Tensor, Tensor]

    def powers(self, light: Complex, turns: Real) -> Real:
        """Powers with phases turned by each row, `(settings,)`, between a source and a receiver `(2, modes)`."""
        source, receiver = light / np.linalg.norm(light, axis=1, keepdims=True)
        # the projection is receiver^H, light[1] multiplies as it stands
        self.light = torch.from_numpy(source), torch.from_numpy(receiver.conj())
        measured = self.chip(torch.from_numpy(self.phases + turns), *self.light)
        found = np.asarray(measured, dtype=float)
        self.measurements += len(turns)
        if found.shape != (len(turns),) or not np.isfinite(found).all():
            raise PhotonicsError(
                f"the chip must return one finite power for each of {len(turns)} settings; found {found.shape}, {found}"
            )
        return found


def _cross(bench: _Bench, mesh: Topology, step: Step, crossed: set[int]) -> None:
    """Bring the cells on the path of the bright light to the cross state: each alone scales the power."""
    for cell in step.path:
        if cell in crossed:
            continue
        turn = np.zeros(mesh.shifters)
        turn[mesh.cell_shifters[cell][1]] = 1
        first = np.fft.fft(bench.powers(step.bright, THIRDS[:, None] * turn))[1]
        bench.phases = bench.phases - np.angle(first) * turn
        crossed.add(cell)


def _null(bench: _Bench, step: Step, *, anywhere: bool) -> float:
    """Turn two knobs to the least power, at its deepest or at the next from here; what remains."""
    grid = np.stack(np.meshgrid(THIRDS, THIRDS, indexing="ij"), -1).reshape(-1, 2)
    powers = bench.powers(step.dark, grid @ step.turns).reshape(3, 3)
    knobs, least = _least(np.fft.fftshift(np.fft.fft2(powers)) / 9, anywhere)
    bench.phases = bench.phases + knobs @ step.turns
    return least


def _least(curve: Complex, anywhere: bool) -> tuple[Real, float]:
    """Where sum curve[1 + j, 1 + k] e^{i (j s + k t)} is least, and its value there.

    For a given t the best s has a closed form; the slope that is left along t changes its sign at the least. (The value
    itself, a small difference of large numbers, would show the place to half the digits only.) Two cells serve alike,
    theta and phi, -theta and phi + pi: along t they are far apart, along s they may almost touch.
    """

    def parts(t: Any) -> tuple[Any, Any, Any]:
        harmonics = np.arange(-1, 2)
        waves = np.exp(1j * np.multiply.outer(t, harmonics))
        across, slope = waves @ curve.T, (1j * harmonics * waves) @ curve.T
        size = np.abs(across[..., 2])
        along = (across[..., 2].conj() * slope[..., 2]).real / np.where(size == 0, 1, size)
        return across[..., 1].real - 2 * size, slope[..., 1].real - 2 * along, across[..., 2]

    step = 2 * np.pi / GRID
    values, slopes, _ = parts(step * np.arange(GRID))
    near = int(np.argmin(values)) if anywhere else 0
    while values[near] > min(values[near - 1], values[(near + 1) % GRID]):
        near = (near + (1 if values[(near + 1) % GRID] < values[near - 1] else -1)) % GRID
    t = step * near
    if slopes[near - 1] < 0 < slopes[(near + 1) % GRID]:
        t = brentq(lambda t: float(parts(t)[1]), t - step, t + step, xtol=1e-16)
    value, _, toward = parts(t)
    return np.array([np.pi - np.angle(toward), t]), float(value)


def _align(bench: _Bench, wires: Wires, wire: int) -> float:
    """Turn the phase of a wire until its light adds to that of the first; what is missing from both in phase."""
    light = np.stack([wires.sources[0] + wires.sources[wire], wires.receivers[0] + wires.receivers[wire]])
    constant, first, _ = np.fft.fft(bench.powers(light, THIRDS[:, None] * wires.turns[wire])) / 3
    bench.phases = bench.phases - np.angle(first) * wires.turns[wire]
    return float(1 - constant.real - 2 * np.abs(first))
