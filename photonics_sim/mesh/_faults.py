"""What the parts of a mesh are really like."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.mesh._topology import Topology


@dataclass(frozen=True)
class Faults:
    """Departures of a mesh's parts from the ideal; None where a kind of part is ideal.

    Every tensor is real and may have a leading axis of chips. All are differentiable.

    Attributes:
        angle: Angle of each splitter in rad, `([chips,] splitters)`: sin^2 of it is the power that crosses; ideal pi/4.
        phase: What each shifter adds to its phase in rad, `([chips,] shifters)`.
        shifter_loss_db: Power lost in each shifter, `([chips,] shifters)`.
        splitter_loss_db: Power lost in each splitter, on both waveguides, `([chips,] splitters)`.
        path_loss_db: Power lost on each waveguide as a whole, `([chips,] modes)`.
    """

    angle: Tensor | None = None
    phase: Tensor | None = None
    shifter_loss_db: Tensor | None = None
    splitter_loss_db: Tensor | None = None
    path_loss_db: Tensor | None = None

    @property
    def lossless(self) -> bool:
        return self.shifter_loss_db is None and self.splitter_loss_db is None and self.path_loss_db is None

    @property
    def chips(self) -> int | None:
        """Length of the axis of chips; None without one."""
        return next((len(t) for t in self.tensors().values() if t.ndim == 2), None)

    def tensors(self) -> dict[str, Tensor]:
        """Those that are not None, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def map(self, function: Callable[[Tensor], Tensor]) -> Faults:
        """`function` of each tensor."""
        return Faults(**{name: function(value) for name, value in self.tensors().items()})

    def chip(self, number: int) -> Faults:
        """The faults of one chip of several."""
        return self.map(lambda t: t[number] if t.ndim == 2 else t)

    def check(self, topology: Topology) -> None:
        """Refuse what is no real tensor, shapes that do not fit the mesh, gains, and numbers that are not finite.

        Raises:
            PhotonicsError: names the tensor, its shape and the shape it must have.
        """
        widths = {
            "angle": topology.splitters,
            "phase": topology.shifters,
            "shifter_loss_db": topology.shifters,
            "splitter_loss_db": topology.splitters,
            "path_loss_db": topology.modes,
        }
        for name, value in self.tensors().items():
            if not isinstance(value, Tensor) or not value.is_floating_point():
                found_kind = value.dtype if isinstance(value, Tensor) else type(value).__name__
                raise PhotonicsError(
                    f"faults of {topology.name}: {name} must be a real tensor, ([chips,] {widths[name]}) of float32 or "
                    f"float64; found {found_kind}"
                )
            if value.ndim not in {1, 2} or value.shape[-1] != widths[name]:
                raise PhotonicsError(
                    f"faults of {topology.name}: {name} must be ([chips,] {widths[name]}); found {tuple(value.shape)}"
                )
            found = value.detach()
            # a sum is finite where all of its parts are, and ten times as fast to tell
            if not math.isfinite(float(found.sum())) or (name.endswith("_db") and bool((found < 0).any())):
                raise PhotonicsError(f"faults of {topology.name}: {name} must be finite, and a loss not below 0 dB")
        if len({len(t) for t in self.tensors().values() if t.ndim == 2}) > 1:
            raise PhotonicsError(f"faults of {topology.name}: all must be for the same number of chips")


IDEAL = Faults()
