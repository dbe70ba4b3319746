"""From a unitary matrix to the phases of a mesh."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from itertools import count

import numpy as np
import torch
from torch import Tensor

from photonics_sim.device import derive_key
from photonics_sim.errors import PhotonicsError
from photonics_sim.mesh._arrangement import known_as
from photonics_sim.mesh._cell_fit import Complex, Real, fit_cell, fit_interferometer
from photonics_sim.mesh._faults import IDEAL, Faults
from photonics_sim.mesh._measures import check_unitary, haar_unitary
from photonics_sim.mesh._mesh import Mesh
from photonics_sim.mesh._nulling import Element, null_all, rectangle_order, triangle_order
from photonics_sim.mesh._numeric import fit_phases
from photonics_sim.mesh._topologies import as_soon_as_possible
from photonics_sim.mesh._topologies import topology as named_topology
from photonics_sim.mesh._topology import Topology


def decompose(U: Tensor, topology: str | Topology = "clements", *, faults: Faults = IDEAL) -> Mesh:
    """The mesh whose matrix is U, in U's precision; with faults, as near to it as its splitters reach.

    `clements`, `reck`, `three-splitter` and `bell` are exact to rounding; `fldzhyan` is solved numerically. With faults
    each cell corrects its own splitters as far as they reach (Bandyopadhyay et al., Optica 8, 1247 (2021)); losses
    are not corrected.

    Args:
        U: Unitary matrices, `(modes, modes)` or `(chips, modes, modes)`.
        topology: A name, see `topology`, or an arrangement equal to one of these.
        faults: Of the mesh that shall make U; where both have an axis of chips it must be the same.

    Raises:
        PhotonicsError: where U is not unitary (and how far from it), the topology cannot make every U, or a splitter is
            so far from 50:50 that less than a quarter of its cell's range is left.
    """
    if U.ndim not in {2, 3} or U.shape[-1] != U.shape[-2] or not U.is_complex():
        raise PhotonicsError(f"decompose takes complex matrices ([chips,] N, N); found {tuple(U.shape)}, {U.dtype}")
    mesh = named_topology(topology, U.shape[-1])
    check_unitary(U)
    faults.check(mesh)
    name = known_as(mesh, _WAYS)
    if name is None:
        raise PhotonicsError(
            f"{mesh.name} cannot make every unitary matrix, or not by a known construction; take one of "
            f"{', '.join(_WAYS)}, or fit its phases by gradient descent"
        )
    chips = faults.chips
    matrices = len(U) if U.ndim == 3 else chips
    if chips is not None and matrices != chips:
        raise PhotonicsError(f"matrices for {matrices} chips, faults for {chips}; make them equal")
    wide = U.detach().cpu().to(torch.complex128).resolve_conj().resolve_neg()
    targets = wide.numpy().reshape(-1, *U.shape[-2:])
    angles = np.full((1, mesh.splitters), np.pi / 4)
    if faults.angle is not None:
        angles = faults.angle.detach().cpu().double().numpy().reshape(-1, mesh.splitters)
    _check_reach(mesh, angles)
    phases = _WAYS[name](mesh, targets, angles)
    if faults.phase is not None:
        phases = phases - faults.phase.detach().cpu().double().numpy()
    found = torch.from_numpy(np.remainder(phases, 2 * np.pi)).reshape(-1, mesh.shifters)
    found = found[0] if matrices is None else found.expand(matrices, -1)
    return Mesh(mesh.modes, mesh, phases=found.to(U.real.dtype).to(U.device), faults=faults)


def haar_phases(mesh: Topology, seed: int) -> Tensor:
    """Phases `(shifters,)`, float64, at which a mesh is a random unitary matrix: a start that spreads light evenly.

    Haar-distributed where the topology has a closed form; phases uniform in 0 .. 2 pi otherwise, which for many modes
    leave light near where it came in (Pai et al., Phys. Rev. Applied 11, 064044 (2019)).
    """
    return _haar_phases(mesh, seed).clone()


@functools.lru_cache(maxsize=16)  # a sweep builds the same device at every point
def _haar_phases(mesh: Topology, seed: int) -> Tensor:
    if _WAYS.get(known_as(mesh, _WAYS) or "", fit_phases) is fit_phases:
        generator = torch.Generator().manual_seed(derive_key(seed, "phases"))
        return 2 * torch.pi * torch.rand(mesh.shifters, generator=generator, dtype=torch.float64)
    return decompose(haar_unitary(mesh.modes, seed=seed), mesh).phases.detach()


def _check_reach(mesh: Topology, angles: Real) -> None:
    """Refuse interferometers that can hardly be set: theta / 2 runs from |a + b| to pi / 2 - |a - b|."""
    if mesh.cell == "one-splitter" or not mesh.cells:
        return
    worst = np.abs(angles[:, mesh.cell_splitters[:, -2:]] - np.pi / 4).max((0, 2))
    cell = int(worst.argmax())
    if worst[cell] > 3 * np.pi / 16:
        raise PhotonicsError(
            f"{mesh.name}: a splitter of cell {cell} on modes {mesh.cells[cell]} is off by {worst[cell]:.2g} rad, "
            "beyond reach: less than a quarter of the cell's range is left. At most "
            f"{3 * np.pi / 16:.2g} rad can be corrected"
        )


Order = Callable[[int], Iterator[Element]]


def _by_cell(mesh: Topology, targets: Complex, order: Order) -> tuple[Complex, Complex]:
    """The block of each cell `(batch, cells, 2, 2)`; phases left for the outputs `(batch, modes)`."""
    ahead, carried, behind = null_all(targets.copy(), order(mesh.modes))
    blocks = list(ahead)
    for top, block in behind:
        pair = slice(top, top + 2)
        # any unitary 2x2 matrix serves as a cell: the phases between the two halves go in whole
        blocks.append((top, block * carried[:, None, pair]))
        carried[:, pair] = 1
    _, numbers = as_soon_as_possible([(top, top + 1) for top, _ in blocks], mesh.modes)
    found = np.empty((len(targets), len(mesh.cells), 2, 2), np.complex128)
    for (_, block), number in zip(blocks, numbers, strict=True):
        found[:, number] = block
    return found, carried


def _column_by_column(mesh: Topology, targets: Complex, angles: Real, order: Order) -> Real:
    blocks, carried = _by_cell(mesh, targets, order)
    batch = max(len(targets), len(angles))
    phases, out = np.zeros((batch, mesh.shifters)), np.ones((batch, mesh.modes), np.complex128)
    first = 0
    for column in mesh.columns:
        cells = np.arange(first, first + len(column))
        first += len(column)
        pairs = np.array(column, dtype=np.int64).reshape(-1, 2)
        wanted = blocks[:, cells] * out[:, pairs][..., None, :]
        found, out[:, pairs] = fit_cell(mesh.cell, wanted, angles[:, mesh.cell_splitters[cells]])
        phases[:, mesh.cell_shifters[cells]] = found
    phases[:, mesh.output_shifters] = np.angle(out * carried)
    return phases


def _rectangle(mesh: Topology, targets: Complex, angles: Real) -> Real:
    return _column_by_column(mesh, targets, angles, rectangle_order)


def _triangle(mesh: Topology, targets: Complex, angles: Real) -> Real:
    return _column_by_column(mesh, targets, angles, triangle_order)


def _symmetric(mesh: Topology, targets: Complex, angles: Real) -> Real:
    """The rectangle; the phase in front of each cell is made by what lies before its lower input.

    A symmetric cell adds a common phase to both its outputs, an edge or input shifter one to its own.
    """
    blocks, carried = _by_cell(mesh, targets, rectangle_order)
    batch = max(len(targets), len(angles))
    phases, out = np.zeros((batch, mesh.shifters)), np.ones((batch, mesh.modes), np.complex128)
    in_cells = set(mesh.cell_shifters.flat)
    alone = {(int(c), int(m)): n for n, (c, m) in enumerate(mesh.shifter_places) if n not in in_cells}
    # what lies before each mode: the modes it leads to, the shifters that turn them all
    before = [([mode], [alone[-1, mode]]) for mode in range(mesh.modes)]
    cells = count()
    for place, column in enumerate(mesh.columns):
        for top, bottom in column:
            number = next(cells)
            pair, cell_angles = [top, bottom], angles[:, mesh.cell_splitters[number]]
            phi = fit_interferometer(blocks[:, number] * out[:, None, pair], *cell_angles.T)[0]
            modes, shifters = before[bottom]
            phases[:, shifters] -= phi[:, None]
            out[:, modes] *= np.exp(1j * phi)[:, None]
            _, theta, out[:, pair] = fit_interferometer(blocks[:, number] * out[:, None, pair], *cell_angles.T)
            phases[:, mesh.cell_shifters[number][0]] = theta
            before[top] = before[bottom] = (pair, list(mesh.cell_shifters[number]))
        for mode in set(range(mesh.modes)) - {m for pair in column for m in pair}:
            before[mode] = ([mode], [alone[place, mode]])
    phases[:, mesh.output_shifters] = np.angle(out * carried)
    return phases


_WAYS: dict[str, Callable[[Topology, Complex, Real], Real]] = {
    "clements": _rectangle,
    "reck": _triangle,
    "three-splitter": _rectangle,
    "bell": _symmetric,
    "fldzhyan": fit_phases,
}
