"""The numbers of a programmable processor of interferometer meshes. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from photonics_sim.device import Card
from photonics_sim.mesh import ActivationCard, MeshCard
from photonics_sim.signals import DetectorCard, EncoderCard, LaserCard
from photonics_sim.weights import PhaseShifterCard


class MeshProcessorCard(Card):
    """Card of `MeshProcessor`."""

    imperfections: ClassVar[Mapping[str, Any]] = {"facet_loss_db": 0.0}

    inputs: int = Field(ge=1, le=10**5, description="modulators, one per input (train fits it to the data)")
    outputs: int = Field(ge=1, le=10**5, description="photodiodes on the first modes (train fits it to the data)")
    arrangement: Literal["unitary", "svd"] = Field(
        default="unitary", description="one mesh per layer, or two with attenuators between them"
    )
    layers: int = Field(default=1, ge=1, le=64, description="meshes (or pairs) with an activation between them")
    facet_loss_db: float = Field(default=0.0, ge=0, le=60, description="power lost between laser, chip and photodiode")
    laser: LaserCard
    encoder: EncoderCard
    mesh: MeshCard
    shifter: PhaseShifterCard
    activation: ActivationCard = Field(default_factory=ActivationCard)
    detector: DetectorCard

    @property
    def modes(self) -> int:
        """Waveguides: enough for inputs and outputs, at least 2, a power of 2 for a butterfly."""
        needed = max(self.inputs, self.outputs, 2)
        return 1 << (needed - 1).bit_length() if self.mesh.topology == "butterfly" else needed

    @property
    def meshes(self) -> int:
        """Meshes in all layers together."""
        return self.layers * (2 if self.arrangement == "svd" else 1)

    def memory_bytes(self) -> dict[str, int]:
        n = self.modes
        # phases with gradient and two moments, angles and losses, cells and their sums; the fields of a batch of 128
        parts = self.meshes * 2 * n * n
        return {"inputs": parts * (4 * 8 + 8 * 16), "layers": self.meshes * 8 * 4 * 128 * n}
