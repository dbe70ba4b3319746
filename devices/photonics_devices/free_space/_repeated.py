"""Light that meets the same data several times: what devices share whose field is a polynomial of the data."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor

from photonics_devices.free_space._panel import PanelDevice
from photonics_devices.free_space._panel_card import PanelCard
from photonics_devices.free_space._side_view import hops_view
from photonics_sim.device import SideView
from photonics_sim.optics import convolve
from photonics_sim.signals import encode


class RepeatedData(PanelDevice):
    r"""Light meets the data n times, each time with a phase mask, and goes on through free space.

    .. math:: u_k = P M_k D_k(x) v_k, \quad k = 1 \dots n

    D_k is what the panel with the data does to light, M_k a mask, P free space. What meets the data, v_k, comes of the
    light of the panel and of what arrives from the time before (`meeting`); detectors see u_n. Everything is linear in
    light, and yet the field is a polynomial of the data: it is they that meet themselves.

    As built, data and mask stand together beside their place on the way of the light, each time anew.

    Args:
        card: The numbers.
        crossings: n.
        spacing: In metres, from each mask to where light meets data next, and to the end.
        seed: Of the initial phases.
        gain: The initial one, as of `PanelDevice`.

    Attributes:
        encoder: "diagonal": each input has pixels of its own.
        visit: What a meeting is called, one of them and many.
    """

    encoder: Literal["diagonal", "dense"] = "diagonal"
    visit: ClassVar[tuple[str, str]]

    def __init__(self, card: PanelCard, crossings: int, spacing: float, seed: int, gain: float | None = None) -> None:
        super().__init__(card, crossings, card.pixels, seed, gain)
        self.way = self.propagator(spacing)

    @abstractmethod
    def written(self, x: Tensor, key: int | None) -> list[Tensor]:
        """What the data do to light at each meeting (`write`)."""

    @abstractmethod
    def meeting(self, arriving: Tensor | None, panel: Tensor) -> Tensor:
        """The light that meets data: of what arrives from the time before, None at first, and the panel's light."""

    def arriving(self, x: Tensor, key: int | None) -> Tensor:
        data, light = self.written(x, key), self.lit(x)
        chips = zip(self.masks.transmissions(), self._hops(light), strict=True)
        there = torch.stack([self._through(light, data, masks, hops)[-1] for masks, hops in chips])
        return there[0] if self.masks.chips is None else there

    @property
    def crossings(self) -> int:
        """How often light meets the data: each time adds one input to what a path of light has met."""
        return len(self.masks.phases)

    @property
    def period(self) -> float | None:
        """Of phases; None for other modulators."""
        return 2 * math.pi / self.card.encoder.drive_rad if self.card.encoder.kind == "phase" else None

    def planes(self, x: Tensor, output: int) -> dict[str, Tensor]:
        """Data and mask of each meeting as one phase, the light that meets them, and the light where it is read."""
        data, light = self.written(x, None), self.lit(x)
        masks = self.masks.transmissions()[0]  # of an ensemble, the first chip
        lights = self._through(light, data, masks, self._hops(light)[0])
        images = {}
        for number, (there, mask, written) in enumerate(zip(lights[:-1], masks, data, strict=True), start=1):
            images[f"light on {self.visit[0]} {number}"] = self.shown(there)
            images[f"phase of {self.visit[0]} {number}"] = (mask * written).angle()
        images["light at the detectors"] = self.shown(lights[-1])
        return images

    @torch.no_grad()
    def side_view(self, x: Tensor, output: int) -> SideView | None:
        """The light between the meetings, each seen in its own window; None for more than 2048 pixels across."""
        data, light = self.written(x, None), self.lit(x)
        masks, steps = self.masks.transmissions()[0], self.masks.steps()
        lights = self._through(light, data, masks, self._hops(light)[0])
        met = zip(lights[:-1], masks, data, strict=True)
        leaving = torch.stack([there * (mask * written) for there, mask, written in met])
        one, many = self.visit
        count = len(masks)
        return hops_view(
            f"Through {count} {many if count > 1 else one} of the data", lights, leaving, self.way,
            None if steps is None else steps[0, 1:],
            [*(f"{one} {number + 1}" for number in range(count)), "detectors"], self.regions[output],
        )  # fmt: skip

    def first_mode(self, field: Tensor) -> Tensor:
        """Of a field as `arriving` tells it, `([chips,] *batch, n, n)`: all there is, of a laser."""
        return field.select(0 if self.masks.chips is None else 1, 0)

    def write(self, x: Tensor, key: int | None) -> Tensor:
        """What data on the panel do to light, `(*batch, n, n)`: one where no data lie."""
        return 1 + self.spread(encode(x, self.card.encoder, key) - 1)

    def _hops(self, light: Tensor) -> list[tuple[Tensor, ...]]:
        """Transfer functions behind each mask, for each chip: the light before the first one is even."""
        return [hops[1:] for hops in self.masks.hops(self.way, light)]

    def _through(self, panel: Tensor, data: Sequence[Tensor], masks: Tensor, hops: tuple[Tensor, ...]) -> list[Tensor]:
        """The light that meets the data each time, and where it is read."""
        lights, arriving = [], None
        for written, mask, transfer in zip(data, masks, hops, strict=True):
            lights.append(self.meeting(arriving, panel))
            arriving = convolve(lights[-1] * (mask * written), transfer)
        return lights if arriving is None else [*lights, arriving]
