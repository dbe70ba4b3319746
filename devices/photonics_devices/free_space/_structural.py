"""Data written several times in the way of the same light: order without optical nonlinearity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from photonics_devices.free_space._panel import PanelDevice
from photonics_devices.free_space._panel_costs import panel_costs
from photonics_devices.free_space._side_view import hops_view
from photonics_devices.free_space._structural_card import StructuralEncoderCard
from photonics_sim.device import Costs, SideView, derive_key, to_si
from photonics_sim.optics import convolve
from photonics_sim.signals import detect, encode


class StructuralEncoder(PanelDevice):
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
        encoder: "diagonal": each input has pixels of its own.
        readout: "intensity_sum": a detector adds up the powers of its pixels.
    """

    encoder: Literal["diagonal", "dense"] = "diagonal"
    readout: Literal["coherent", "intensity_sum"] = "intensity_sum"
    card: StructuralEncoderCard

    def __init__(self, card: StructuralEncoderCard, *, seed: int = 0) -> None:
        super().__init__(card, card.writes, card.pixels, seed)
        self.way = self.propagator(to_si("spacing_mm", card.spacing_mm))

    def arriving(self, x: Tensor, key: int | None) -> Tensor:
        data, light = self._written(x, key), self.lit(x)
        chips = zip(self.masks.transmissions(), self._hops(light), strict=True)
        there = torch.stack([self._through(light, data, masks, hops)[-1] for masks, hops in chips])
        return there[0] if self.masks.chips is None else there

    def read(self, power_w: Tensor, key: int | None) -> Tensor:
        return detect(self.summed(power_w), self.card.detector, key)

    def response(self, x: Tensor) -> Tensor:
        """The field in the middle of each detector, `(*batch, classes)`; a detector adds the powers of such pixels.

        Of light with several modes, the field of the first.
        """
        field = self.arriving(x, None)
        field = field[0] if self.masks.chips is None else field[:, 0]
        n, wide = self.card.pixels, self.card.region_px
        corner = self.regions.flatten(1).argmax(-1)
        return field.flatten(-2)[..., corner + wide // 2 * (n + 1)]

    @property
    def crossings(self) -> int:
        """Writes: each adds one input to what a path of light has met."""
        return self.card.writes

    @property
    def period(self) -> float | None:
        """Of phases; None for other modulators."""
        return 2 * math.pi / self.card.encoder.drive_rad if self.card.encoder.kind == "phase" else None

    def planes(self, x: Tensor, output: int) -> dict[str, Tensor]:
        """Data and mask of each write as one phase, the light that meets them, and the light where it is read."""
        data, light = self._written(x, None), self.lit(x)
        masks = self.masks.transmissions()[0]  # of an ensemble, the first chip
        lights = self._through(light, data, masks, self._hops(light)[0])
        images = {}
        for number, (there, mask, written) in enumerate(zip(lights[:-1], masks, data, strict=True), start=1):
            images[f"light on write {number}"] = self.shown(there)
            images[f"phase of write {number}"] = (mask * written).angle()
        images["light at the detectors"] = self.shown(lights[-1])
        return images

    @torch.no_grad()
    def side_view(self, x: Tensor, output: int) -> SideView | None:
        """The light between the writes, each seen in its own window; None for more than 2048 pixels across."""
        data, light = self._written(x, None), self.lit(x)
        masks, steps = self.masks.transmissions()[0], self.masks.steps()
        lights = self._through(light, data, masks, self._hops(light)[0])
        met = zip(lights[:-1], masks, data, strict=True)
        leaving = torch.stack([there * (mask * written) for there, mask, written in met])
        count = len(masks)
        return hops_view(
            f"Through {count} write{'s' * (count > 1)} of the data", lights, leaving, self.way,
            None if steps is None else steps[0, 1:],
            [*(f"write {number + 1}" for number in range(count)), "detectors"], self.regions[output],
        )  # fmt: skip

    def costs(self) -> Costs:
        card = self.card
        return panel_costs(
            card, card.detector, self.received_w(), way_m=card.writes * to_si("spacing_mm", card.spacing_mm),
            masks=card.writes, writes=card.writes, pixels_read=card.classes,
        )  # fmt: skip

    def _written(self, x: Tensor, key: int | None) -> list[Tensor]:
        """What each write of the data does to light, `(*batch, n, n)`: one where no data lie.

        Each lies on pixels of its own, with noise of its own; without noise all are one.
        """
        encoder, writes = self.card.encoder, self.card.writes
        if key is None or not encoder.phase_noise_rad:
            return [1 + self.spread(encode(x, encoder) - 1)] * writes
        keys = (derive_key(key, "write", write) for write in range(writes))
        return [1 + self.spread(encode(x, encoder, one) - 1) for one in keys]

    def _hops(self, light: Tensor) -> list[tuple[Tensor, ...]]:
        """Transfer functions behind each write, for each chip: the light before the first one is even."""
        return [hops[1:] for hops in self.masks.hops(self.way, light)]

    def _through(self, light: Tensor, data: Sequence[Tensor], masks: Tensor, hops: tuple[Tensor, ...]) -> list[Tensor]:
        """The light on each write, and where it is read."""
        lights = [light]
        for written, mask, transfer in zip(data, masks, hops, strict=True):
            lights.append(convolve(lights[-1] * (mask * written), transfer))
        return lights

    def extra_repr(self) -> str:
        card = self.card
        return f"{card.name}: {card.inputs} -> {card.classes}, {card.writes} writes on {card.pixels} x {card.pixels}"
