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

    def read(self, power_w: Tensor, key: int | None) -> Tensor:
        return detect(self.summed(power_w), self.card.detector, key)

    def planes(self, x: Tensor, output: int) -> dict[str, Tensor]:
        """The light on the data panel, on each mask and where it is read, and the phases of the masks."""
        field = self.panel(x, None)
        # of an ensemble, the first chip
        masks, hops = self.masks.transmissions()[0], self.masks.hops(self.way, field)[0]
        images = {"light on the data panel": self.shown(field)}
        for number in range(1, len(masks) + 1):
            images[f"light on mask {number}"] = self.shown(relay(field, masks[: number - 1], hops[:number]))
            images[f"phase of mask {number}"] = masks[number - 1].angle()
        images["light at the detectors"] = self.shown(relay(field, masks, hops))
        return images

    @torch.no_grad()
    def side_view(self, x: Tensor, output: int) -> SideView | None:
        """The light between the planes, each seen in its own window; None for more than 2048 pixels across."""
        lights = [self.panel(x, None)]
        masks, hops, steps = self.masks.transmissions()[0], self.masks.hops(self.way, lights[0])[0], self.masks.steps()
        leaving = [lights[0]]
        for number, transfer in enumerate(hops):
            lights.append(convolve(leaving[-1], transfer))
            if number < len(masks):
                leaving.append(lights[-1] * masks[number])
        count = len(masks)
        return hops_view(
            f"Through {count} phase mask{'s' * (count > 1)}", lights, torch.stack(leaving), self.way,
            None if steps is None else steps[0],
            ["data", *(f"mask {number + 1}" for number in range(count)), "detectors"], self.regions[output],
        )  # fmt: skip

    def costs(self) -> Costs:
        card = self.card
        way = (card.masks + 1) * to_si("spacing_mm", card.spacing_mm)
        return panel_costs(
            card, card.detector, self.received_w(), way_m=way, masks=card.masks, pixels_read=card.classes
        )

    def extra_repr(self) -> str:
        card = self.card
        return f"{card.name}: {card.inputs} -> {card.classes}, {card.masks} masks of {card.pixels} x {card.pixels}"
