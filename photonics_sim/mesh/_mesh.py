"""A programmable mesh of interferometers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from photonics_sim.device import derive_key
from photonics_sim.errors import PhotonicsError
from photonics_sim.mesh._faults import IDEAL, Faults
from photonics_sim.mesh._fingerprint import check_fingerprint, fingerprint
from photonics_sim.mesh._propagate import Method, check_phases, mesh_matrix, propagate
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

    `state_dict` holds the phases and a mark of the arrangement that they belong to (another one refuses them). Faults
    are not in it: they are what a chip is, not what it is set to.

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
        PhotonicsError: for a topology that is not known or does not fit, for phases that are no finite float32 or
            float64 tensor of that shape, and for faults of other shapes or of another number of chips.
    """

    phases: nn.Parameter
    arrangement: Tensor

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
        check_phases(self.topology, phases)
        if not bool(torch.isfinite(phases.detach()).all()):
            raise PhotonicsError(f"{self.topology.name}: phases must be finite")
        self.phases = nn.Parameter(phases.detach().clone())
        faults.check(self.topology)
        if phases.ndim == 2 and faults.chips not in {None, len(phases)}:
            raise PhotonicsError(
                f"{self.topology.name}: the phases are of {len(phases)} chips and the faults of {faults.chips}; give "
                "both for the same chips, or one of them without an axis of chips"
            )
        self.register_buffer("arrangement", fingerprint(self.topology))
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
        """The same phases on other parts, trained where they were."""
        twin = Mesh(self.modes, self.topology, phases=self.phases, faults=faults)
        twin.phases.requires_grad_(self.phases.requires_grad)
        return twin

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *options: Any) -> None:
        if f"{prefix}arrangement" in state_dict:
            check_fingerprint(self.topology, state_dict[f"{prefix}arrangement"])
        super()._load_from_state_dict(state_dict, prefix, *options)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        if strict and "phases" in state_dict and "arrangement" not in state_dict:
            raise PhotonicsError(
                "these phases do not say which arrangement they are of (`arrangement` is missing), and "
                f"{self.topology!r} asks for it; save them with Mesh.state_dict(), or load them with strict=False"
            )
        return super().load_state_dict(state_dict, strict, assign)

    def extra_repr(self) -> str:
        chips = f", {len(self.phases)} chips" if self.phases.ndim == 2 else ""
        return f"{self.topology!r}, {self.topology.shifters} shifters{chips}"
