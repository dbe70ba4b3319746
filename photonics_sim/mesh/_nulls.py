"""Which powers must vanish for a mesh to be a given matrix: one for each cell, computed from the matrix alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from photonics_sim.mesh._arrangement import known_as
from photonics_sim.mesh._cell_fit import Complex, Real
from photonics_sim.mesh._nulling import Element, null_from_left, null_from_right, rectangle_order, triangle_order
from photonics_sim.mesh._topologies import as_soon_as_possible
from photonics_sim.mesh._topology import Topology


@dataclass(frozen=True)
class Step:
    """One cell: the light that tells its state, and what to turn.

    Source and receiver are row vectors x and w: the amplitude w V x (a plain sum of products).

    Attributes:
        cell: Number of the cell in the topology.
        path: Cells that the bright light crosses, this one included, in the order of the light.
        bright: Source and receiver `(2, modes)` whose light takes that path alone, as long as all on it cross over.
        dark: Source and receiver `(2, modes)` between which no light passes once the cell is right.
        turns: What two knobs do to the phases `(2, shifters)`: theta; the phase in front of or behind the cell.
    """

    cell: int
    path: list[int]
    bright: Complex
    dark: Complex
    turns: Real


@dataclass(frozen=True)
class Wires:
    """What is left when all cells are right: one phase on each wire in the middle of the mesh.

    Attributes:
        sources, receivers: Light that comes from or goes to one wire alone, `(wires, modes)`.
        turns: What a phase on each wire does to the phases of the shifters, `(wires, shifters)`.
    """

    sources: Complex
    receivers: Complex
    turns: Real


def null_steps(mesh: Topology, target: Complex) -> tuple[list[Step], Wires]:
    """The steps for a rectangle or a triangle of interferometers, in the order in which they must be taken.

    Cells at the inputs (nulled from the right in the decomposition) are known by the light that they guide to one wire,
    cells at the outputs (from the left) by the light that they take from one wire.
    """
    ordered = triangle_order if known_as(mesh, ("reck",)) else rectangle_order
    order = list(ordered(mesh.modes))
    numbers = _numbers(mesh, order)
    A = target[None].copy()
    sources, receivers = np.eye(mesh.modes, dtype=complex), np.eye(mesh.modes, dtype=complex)
    left = set(numbers)
    behind: list[int] = []  # configured cells at the outputs in the order of the light
    steps = []
    for (at_inputs, row, column), number in zip(order, numbers, strict=True):
        bright = np.stack([sources[:, column], receivers[row]])
        path = _path(mesh, left, column)
        if at_inputs:
            top, block = null_from_right(A, row, column)
            sources[:, top : top + 2] @= block[0].conj().T
            second = np.zeros(mesh.shifters)
            second[mesh.cell_shifters[number][0]] = 1
        else:
            top, block = null_from_left(A, row, column)
            receivers[top : top + 2] = block[0].conj().T @ receivers[top : top + 2]
            second = _pushed(mesh, behind, top + 1)
            behind.insert(0, number)
        theta = np.zeros(mesh.shifters)
        theta[mesh.cell_shifters[number][1]] = 1
        dark = np.stack([sources[:, column], receivers[row]])
        steps.append(Step(number, path, bright, dark, np.stack([theta, second])))
        left.remove(number)
    turns = np.stack([_pushed(mesh, behind, mode) for mode in range(mesh.modes)])
    return steps, Wires(sources.T.copy(), np.diagonal(A[0])[:, None].conj() * receivers, turns)


def _numbers(mesh: Topology, order: list[Element]) -> list[int]:
    """The cell that each element nulls."""
    tops = [column if at_inputs else row - 1 for at_inputs, row, column in order]
    light = [n for n, (at_inputs, *_) in enumerate(order) if at_inputs]
    light += [n for n, (at_inputs, *_) in enumerate(order) if not at_inputs][::-1]
    _, placed = as_soon_as_possible([(tops[n], tops[n] + 1) for n in light], mesh.modes)
    return [number for _, number in sorted(zip(light, placed, strict=True))]


def _path(mesh: Topology, cells: set[int], mode: int) -> list[int]:
    """The cells of a set that light from a mode crosses."""
    path = []
    for number in sorted(cells):
        pair = mesh.cells[number]
        if mode in pair:
            path.append(number)
            mode = sum(pair) - mode
    return path


def _pushed(mesh: Topology, cells: Sequence[int], mode: int) -> Real:
    """What the shifters of these cells and of the outputs must do to act as a phase on a mode in front of them.

    A phase on both inputs of a cell is one on both its outputs, whatever its splitters; what differs is made by phi.
    """
    turns, waiting = np.zeros(mesh.shifters), np.zeros(mesh.modes)
    waiting[mode] = 1
    for number in cells:
        top, bottom = mesh.cells[number]
        turns[mesh.cell_shifters[number][0]] += waiting[top] - waiting[bottom]
        waiting[top] = waiting[bottom]
    turns[mesh.output_shifters] = waiting
    return turns
