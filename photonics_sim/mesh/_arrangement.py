"""Which of the named arrangements a topology is."""

from __future__ import annotations

from collections.abc import Iterable

from photonics_sim.mesh._topologies import TOPOLOGIES, topology
from photonics_sim.mesh._topology import Topology


def known_as(mesh: Topology, names: Iterable[str] = TOPOLOGIES) -> str | None:
    """The name among these under which `topology` has the same cells in the same places; None if there is none.

    A construction holds for cells, not for what somebody calls them.
    """
    return next((name for name in names if mesh.modes > 1 and _alike(mesh, name)), None)


def _alike(mesh: Topology, name: str) -> bool:
    if name == "butterfly" and mesh.modes & (mesh.modes - 1):
        return False
    other = topology(name, mesh.modes)
    if mesh is other:
        return True
    flags, theirs = ((t.cell, t.edge_phases, t.input_phases) for t in (mesh, other))
    return flags == theirs and mesh.columns == other.columns
