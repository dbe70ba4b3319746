"""A mesh processor as a picture and as a table of settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from photonics_devices.chip._mesh_processor_card import MeshProcessorCard
from photonics_sim.device import ChipDrawing
from photonics_sim.mesh import (
    Mesh,
    MeshCard,
    Topology,
    places_along_columns,
    power_on_waveguides,
    reflection_bound,
    shifter_positions,
)
from photonics_sim.weights import electrical_power


def chip_drawing(name: str, mesh: Mesh, phases: Tensor, field: Tensor, card: MeshProcessorCard) -> ChipDrawing:
    """One mesh with a field `(modes,)` in sqrt(W) on its way through it; of several chips the first.

    Args:
        name: Heading.
        mesh: Commanded phases and faults.
        phases: Phases that the shifters make of the commands, `(shifters,)`.
        field: In front of the mesh.
        card: What drives the shifters, what the splitters reflect.
    """
    plan, faults = mesh.topology, mesh.faults.chip(0)
    seen = phases if faults.phase is None else phases + faults.phase
    shifters, splitters = places_along_columns(plan)
    angle = np.zeros(plan.splitters) if faults.angle is None else _numbers(faults.angle) - math.pi / 4
    columns = [place for place, column in enumerate(plan.columns) for _ in column]
    return ChipDrawing(
        name=name,
        modes=plan.modes,
        columns=plan.depth,
        cells=np.array([(c, *pair) for c, pair in zip(columns, plan.cells, strict=True)], np.int64).reshape(-1, 3),
        shifters=np.column_stack([plan.shifter_places, shifters]),
        phases=_numbers(seen) % (2 * math.pi),
        splitters=np.column_stack([plan.splitter_places, splitters]),
        splitter_errors=angle,
        power=_numbers(power_on_waveguides(plan, phases, field, faults)),
        electrical_power_w=_numbers(electrical_power(first_chip(mesh.phases), card.shifter)),
        reflection_bound=reflection_bound(plan, card.mesh.splitter.return_loss_db),
    )


def first_chip(phases: Tensor) -> Tensor:
    """Of an ensemble the first chip's phases, `(shifters,)`."""
    return phases[0] if phases.ndim == 2 else phases


def settings_columns(plans: Mapping[str, Topology], card: MeshCard) -> dict[str, Any]:
    """Name, column, mode and place of every shifter of meshes by name, one after the other."""
    names, places, metres = [], [], []
    for name, plan in plans.items():
        names += [f"{name}, shifter {n}" for n in range(plan.shifters)]
        places.append(plan.shifter_places)
        metres.append(shifter_positions(plan, card).numpy())
    column, mode = np.concatenate(places).T
    x, y = np.concatenate(metres).T
    return {"name": names, "column": column, "mode": mode, "x_m": x, "y_m": y}


def _numbers(values: Tensor) -> Any:
    return values.detach().cpu().double().numpy()
