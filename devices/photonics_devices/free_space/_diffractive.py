"""Data on a panel, phase masks in a row, a detector for each class (Lin et al., Science 2018)."""

from __future__ import annotations

import torch
from torch import Tensor

from photonics_devices.free_space._diffractive_card import DiffractiveStackCard
from photonics_devices.free_space._panel import PanelDevice
from photonics_devices.free_space._panel_costs import panel_costs
from photonics_devices.free_space._side_view import hops_view
from photonics_sim.device import Costs, SideView, to_si
from photonics_sim.optics import convolve, relay
from photonics_sim.signals import detect


class DiffractiveStack(PanelDevice):
    r"""Light of a panel that carries the data goes through K phase masks to a plane of detectors.

    .. math:: u = P M_K P \cdots M_1 P u_0, \quad y_c = g \sum_{i \in R_c} |u_i|^2

    P is the exact propagation over one spacing, M_k the transmission of mask k (diag exp(i phi_k) where nothing is
    amiss), R_c the square of detector c; panel, detectors and gain g as `PanelDevice` has them. Reference: Lin et al.,
    Science 361, 1004 (2018), doi:10.1126/science.aat8084.

    As built, each mask stands beside its place, along the axis too. Between two masks light then lands off their common
    middle by the difference: exact for any part of a pixel, and no light is made. The data panel and the detectors
    hold the axis.

    Args:
        card: The numbers.
        seed: Of the initial phases.
    """

    card: DiffractiveStackCard

    def __init__(self, card: DiffractiveStackCard, *, seed: int = 0) -> None:
        super().__init__(card, card.masks, card.pixels, seed)
        self.way = self.propagator(to_si("spacing_mm", card.spacing_mm))

    def arriving(self, x: Tensor, key: int | None) -> Tensor:
        field = self.panel(x, key)
        chips = zip(self.masks.transmissions(), self.masks.hops(self.way, field), strict=True)
        light = torch.stack([relay(field, masks, hops) for masks, hops in chips])
        return light[0] if self.masks.chips is None else light

    def read(self, field: Tensor, key: int | None) -> Tensor:
        return detect(self.summed(self.watts(field)), self.card.detector, key)

    def planes(self, x: Tensor, output: int) -> dict[str, Tensor]:
        """The light on the data panel, on each mask and where it is read, and the phases of the masks."""
        lights, masks = self._through(x), self.masks.transmissions()[0]
        images = {"light on the data panel": self.shown(lights[0])}
        for number, mask in enumerate(masks, start=1):
            images[f"light on mask {number}"] = self.shown(lights[number])
            images[f"phase of mask {number}"] = mask.angle()
        images["light at the detectors"] = self.shown(lights[-1])
        return images

    @torch.no_grad()
    def side_view(self, x: Tensor, output: int) -> SideView | None:
        """The light between the planes, each seen in its own window; None for more than 2048 pixels across."""
        lights, masks, steps = self._through(x), self.masks.transmissions()[0], self.masks.steps()
        leaving = torch.cat([lights[0][None], torch.stack(lights[1:-1]) * masks[:, None]])
        count = len(masks)
        return hops_view(
            f"Through {count} phase mask{'s' * (count > 1)}", lights, leaving, self.way,
            None if steps is None else steps[0],
            ["data", *(f"mask {number + 1}" for number in range(count)), "detectors"], self.regions[output],
        )  # fmt: skip

    def _through(self, x: Tensor) -> list[Tensor]:
        """Light of one sample behind the data panel, on each mask and on the last plane; of the first chip."""
        lights = [self.panel(x, None)]
        masks, hops = self.masks.transmissions()[0], self.masks.hops(self.way, lights[0])[0]
        lights.append(convolve(lights[0], hops[0]))
        for mask, transfer in zip(masks, hops[1:], strict=True):
            lights.append(convolve(lights[-1] * mask, transfer))
        return lights

    def costs(self) -> Costs:
        card = self.card
        way = (card.masks + 1) * to_si("spacing_mm", card.spacing_mm)
        return panel_costs(
            card, card.detector, self.received_w(), way_m=way, masks=card.masks, pixels_read=card.classes
        )

    def extra_repr(self) -> str:
        card = self.card
        return f"{card.name}: {card.inputs} -> {card.classes}, {card.masks} masks of {card.pixels} x {card.pixels}"
