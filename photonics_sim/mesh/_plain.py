"""Light through a mesh by plain torch operations: for every kind of machine and every function transform."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from photonics_sim.mesh._faults import Faults
from photonics_sim.mesh._topology import Topology

NEPER_PER_DB = 0.1151292546497022842  # ln(10) / 20


def plain_pass(topology: Topology, phases: Tensor, field: Tensor, faults: Faults) -> Tensor:
    """The field behind the mesh, `([chips,] batch, modes)`, shifter by shifter and splitter by splitter.

    Args:
        topology: Where the parts are.
        phases: Phase of every shifter in rad, `([chips,] shifters)`.
        field: Complex amplitudes at the inputs, `([chips,] batch, modes)`.
        faults: What the parts are like.
    """
    return plain_fields(topology, phases, field, faults, [])


def plain_fields(topology: Topology, phases: Tensor, field: Tensor, faults: Faults, seen: list[Tensor]) -> Tensor:
    """As `plain_pass`; the field before each layer's splitters is appended to `seen`."""
    transmission = shifter_transmission(phases, faults)
    cosine, sine, through = couplings(topology, phases, faults)
    x = field
    for layer in topology.layers:
        shifter, splitter, partner = (
            torch.from_numpy(index).to(x.device) for index in (layer.shifter, layer.splitter, layer.partner)
        )
        x = x * transmission[..., None, shifter]
        seen.append(x)
        crossed = torch.complex(torch.zeros_like(sine), sine)[..., None, splitter] * x[..., partner]
        x = cosine[..., None, splitter] * x + crossed
        if through is not None:
            x = x * through[..., None, splitter]
    if faults.path_loss_db is not None:
        x = x * torch.exp(-NEPER_PER_DB * faults.path_loss_db)[..., None, :]
    return x


def power_on_waveguides(topology: Topology, phases: Tensor, field: Tensor, faults: Faults) -> Tensor:
    """Power in front of each column and behind the last, `(columns + 1, modes)`, of a field `(modes,)` on one chip."""
    seen: list[Tensor] = []
    last = plain_fields(topology, phases, field[None], faults, seen)
    power = last.abs().square().repeat(topology.depth + 1, 1)
    for layer, inside in reversed(list(zip(topology.layers, seen, strict=True))):
        for mode in np.flatnonzero(layer.splitter < topology.splitters):
            # in front of its splitter's column, and of those before where it meets none
            power[: topology.splitter_places[layer.splitter[mode], 0] + 1, mode] = inside[0, mode].abs().square()
    power[0] = field.abs().square()
    return power


def shifter_transmission(phases: Tensor, faults: Faults) -> Tensor:
    """Of every shifter, and 1 for none, `([chips,] shifters + 1)`."""
    if faults.phase is not None:
        phases = phases + faults.phase
    phases = _padded(phases)
    if faults.shifter_loss_db is None:
        return torch.complex(phases.cos(), phases.sin())
    amplitude = torch.exp(-NEPER_PER_DB * _padded(faults.shifter_loss_db))
    return torch.complex(amplitude * phases.cos(), amplitude * phases.sin())


def couplings(topology: Topology, phases: Tensor, faults: Faults) -> tuple[Tensor, Tensor, Tensor | None]:
    """Cosine and sine of every splitter's angle and, with loss, its transmission; without a splitter 1, 0 and 1."""
    angle = faults.angle
    if angle is None:
        angle = phases.new_full((topology.splitters,), torch.pi / 4)
    angle = _padded(angle)
    through = None if faults.splitter_loss_db is None else torch.exp(-NEPER_PER_DB * _padded(faults.splitter_loss_db))
    return angle.cos(), angle.sin(), through


def _padded(values: Tensor) -> Tensor:
    return torch.nn.functional.pad(values, (0, 1))
