"""Data written several times in the way of the same light: order without optical nonlinearity."""

from __future__ import annotations

from typing import ClassVar, Literal

from torch import Tensor

from photonics_devices.free_space._panel_costs import panel_costs
from photonics_devices.free_space._repeated import RepeatedData
from photonics_devices.free_space._structural_card import StructuralEncoderCard
from photonics_sim.device import Costs, derive_key, to_si
from photonics_sim.signals import detect


class StructuralEncoder(RepeatedData):
    r"""Light meets the same data n times, with a phase mask at each write and free space between.

    .. math::
        u = P\, M_n D(x)\, P\, M_{n-1} D(x) \cdots P\, M_1 D(x)\, u_0, \quad
        D = \mathrm{diag}\, e^{i \kappa x} \;\text{(phase)}\;\text{or}\; \mathrm{diag}(\kappa x + b) \;\text{(linear)}

    Everything is linear in light, and yet the field is a polynomial of order n in :math:`e^{i\kappa x_j}`, or in x: it
    is the data that meet themselves. On a bench the writes lie side by side on one panel, which shows data and mask
    together, with a mirror in front of it: Yildirim, Dinc, Oguz, Psaltis and Moser, Nat. Photonics 18, 1076 (2024),
    doi:10.1038/s41566-024-01494-z. Detected power has twice the order. Panel, detectors and gain g are as `PanelDevice`
    has them; the panel's surface without data passes light as it is.

    As built, each write with its mask stands beside its place on the way of the light.

    Args:
        card: The numbers.
        seed: Of the initial phases.

    Attributes:
        readout: "intensity_sum": a detector adds up the powers of its pixels.
    """

    readout: Literal["coherent", "intensity_sum"] = "intensity_sum"
    visit: ClassVar[tuple[str, str]] = ("write", "writes")
    card: StructuralEncoderCard

    def __init__(self, card: StructuralEncoderCard, *, seed: int = 0) -> None:
        super().__init__(card, card.writes, to_si("spacing_mm", card.spacing_mm), seed)

    def written(self, x: Tensor, key: int | None) -> list[Tensor]:
        """Each write lies on pixels of its own, with noise of its own; without noise all are one."""
        writes = self.card.writes
        if key is None or not self.card.encoder.phase_noise_rad:
            return [self.write(x, None)] * writes
        return [self.write(x, derive_key(key, "write", write)) for write in range(writes)]

    def meeting(self, arriving: Tensor | None, panel: Tensor) -> Tensor:
        return panel if arriving is None else arriving

    def read(self, field: Tensor, key: int | None) -> Tensor:
        return detect(self.summed(self.watts(field)), self.card.detector, key)

    def response(self, x: Tensor) -> Tensor:
        """The field in the middle of each detector, `(*batch, classes)`; a detector adds the powers of such pixels.

        Of light with several modes, the field of the first.
        """
        field = self.first_mode(self.arriving(x, None))
        n, wide = self.card.pixels, self.card.region_px
        corner = self.regions.flatten(1).argmax(-1)
        return field.flatten(-2)[..., corner + wide // 2 * (n + 1)]

    def costs(self) -> Costs:
        card = self.card
        return panel_costs(
            card, card.detector, self.received_w(), way_m=card.writes * to_si("spacing_mm", card.spacing_mm),
            masks=card.writes, writes=card.writes, pixels_read=card.classes,
        )  # fmt: skip

    def extra_repr(self) -> str:
        card = self.card
        return f"{card.name}: {card.inputs} -> {card.classes}, {card.writes} writes on {card.pixels} x {card.pixels}"
