"""A programmable mesh of interferometers."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from photonics_sim.device import derive_key
from photonics_sim.errors import PhotonicsError
from photonics_sim.mesh._faults import IDEAL, Faults
from photonics_sim.mesh._propagate import Method, mesh_matrix, propagate
from photonics_sim.mesh._topologies import topology as named_topology
from photonics_sim.mesh._topology import Topology


class Mesh(nn.Module):
    r"""Phase shifters and splitters that multiply N amplitudes of light by a matrix.

    Conventions (pinned by tests): S[out, in]; a splitter is BS(x) = [[cos x, i sin x], [i sin x, cos x]], ideal at
    pi/4; a shifter multiplies by e^{i phase}; the shifters of a Mach-Zehnder cell are on its top waveguide, phi before
    and theta inside:

    .. math::
        T = i e^{i\theta/2} \begin{pmatrix} e^{i\phi}\sin(\theta/2) & \cos(\theta/2) \\
                                           e^{i\phi}\cos(\theta/2) & -\sin(\theta/2) \end{pmatrix}

    theta = 0 crosses the light over, theta = pi lets it pass.

    Args:
        modes: Number of waveguides N.
        topology: A name (see `topology`) or a `Topology` of one's own.
        phases: Of every shifter in rad, `([chips,] shifters)`, numbered as `topology.shifter_places` says; None draws
            them from the seed, uniform in 0 .. 2 pi.
        faults: What the parts are like; see `Faults`.
        seed: Of the phases.

    Attributes:
        phases: Trainable parameter, `([chips,] shifters)`.

    Raises:
        PhotonicsError: for a topology that is not known or does not fit, and for faults of other shapes.
    """

    phases: nn.Parameter

    def __init__(
        self,
        modes: int,
        topology: str | Topology = "clements",
        *,
        phases: Tensor | None = None,
        faults: Faults = IDEAL,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.topology = named_topology(topology, modes)
        if phases is None:
            generator = torch.Generator().manual_seed(derive_key(seed, "mesh phases"))
            drawn = torch.rand(self.topology.shifters, generator=generator, dtype=torch.float64)
            phases = (2 * math.pi * drawn).to(torch.get_default_dtype())
        if phases.shape[-1:] != (self.topology.shifters,):
            raise PhotonicsError(
                f"{self.topology!r} has {self.topology.shifters} shifters; found phases {tuple(phases.shape)}"
            )
        self.phases = nn.Parameter(phases.detach().clone())
        faults.check(self.topology)
        for name in Faults.__dataclass_fields__:
            value = getattr(faults, name)
            self.register_buffer(name, None if value is None else value.to(self.phases), persistent=False)

    @property
    def modes(self) -> int:
        return self.topology.modes

    @property
    def faults(self) -> Faults:
        """What the parts are like."""
        return Faults(**{name: getattr(self, name) for name in Faults.__dataclass_fields__})

    def matrix(self, *, method: Method = "auto") -> Tensor:
        """The matrix from input to output amplitudes, `([chips,] modes, modes)`, computed from the phases."""
        return mesh_matrix(self.topology, self.phases, self.faults, method=method)

    def forward(self, field: Tensor, *, per_chip: bool = False, method: Method = "auto") -> Tensor:
        """Output amplitudes `([chips,] *batch, modes)` of input amplitudes `(*batch, modes)`; see `propagate`."""
        return propagate(self.topology, self.phases, field, self.faults, per_chip=per_chip, method=method)

    def with_faults(self, faults: Faults) -> Mesh:
        """The same phases on other parts."""
        return Mesh(self.modes, self.topology, phases=self.phases, faults=faults)

    def extra_repr(self) -> str:
        chips = f", {len(self.phases)} chips" if self.phases.ndim == 2 else ""
        return f"{self.topology!r}, {self.topology.shifters} shifters{chips}"
