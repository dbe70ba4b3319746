"""Two lenses with a phase mask between: data convolved with what the mask's transform is, read by a camera."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photonics_devices.free_space._fourier_card import FourierProcessorCard
from photonics_devices.free_space._panel import PanelDevice
from photonics_devices.free_space._panel_costs import panel_costs
from photonics_devices.free_space._side_view import lenses_view
from photonics_sim.device import Costs, SideView, to_si
from photonics_sim.optics import Propagator, positions
from photonics_sim.signals import expose


class FourierProcessor(PanelDevice):
    r"""A lens forms the Fourier transform of the data on a phase mask, a second one transforms it back: a 4f system.

    .. math::
        u = F M F u_0 = (h * u_0)(-x), \quad h = F^{-1} M, \quad
        (F u)(x') = \frac{1}{i \lambda f} \int u(x)\, e^{-2\pi i\, x \cdot x' / \lambda f}\, dx

    A convolution of the whole image at the speed of light, with a point spread function as large as the picture: one
    mask can hold a filter for each class and send its answer to that class's place, as in the correlator of VanderLugt
    (IEEE Trans. Inf. Theory 10, 139 (1964)). Both transforms are paraxial and exact in the samples, also at the edge of
    the mask, which is an aperture; masks and panel have one pitch. The camera takes one picture; its pixels are
    summed over the square of each class. Reference: Goodman, Introduction to Fourier Optics, 8.

    As built, the mask stands beside its place: seen from it, the light of the panel has another direction, and farther
    along the axis another curvature. What this does to the phase behind the second lens no camera sees.

    Args:
        card: The numbers.
        seed: Of the initial phases.
    """

    card: FourierProcessorCard

    def __init__(self, card: FourierProcessorCard, *, seed: int = 0) -> None:
        super().__init__(card, 1, card.mask_pixels, seed)
        self.focal_length = to_si("focal_length_mm", card.focal_length_mm)
        sizes = (card.pixels, card.pixels), (card.mask_pixels, card.mask_pixels)
        self.to_mask, self.to_camera = (
            Propagator(
                here, pitch=self.pitch, wavelength=self.wavelength, distance=self.focal_length, method="lens",
                output_shape=there,
            )
            for here, there in (sizes, sizes[::-1])
        )  # fmt: skip

    def arriving(self, x: Tensor, key: int | None) -> Tensor:
        light: Tensor = self.to_camera(self._on_mask(self.panel(x, key)) * self._sent(x.ndim))
        return light[0] if self.masks.chips is None else light

    def read(self, field: Tensor, key: int | None) -> Tensor:
        return self.summed(expose(self.watts(field), self.card.camera, self.wavelength, key))

    def planes(self, x: Tensor, output: int) -> dict[str, Tensor]:
        """The light on the data panel, on the mask and on the camera, and the phase of the mask."""
        panel, sent = self.panel(x, None), self.masks.transmissions()[0, 0]  # of an ensemble, the first chip
        there = self._on_mask(panel)[0]
        return {
            "light on the data panel": self.shown(panel),
            "light on the mask": self.shown(there),
            "phase of the mask": sent.angle(),
            "light at the detectors": self.shown(self.to_camera(there * sent)),
        }

    @torch.no_grad()
    def side_view(self, x: Tensor, output: int) -> SideView | None:
        """The light from the data panel through both lenses; None for more than 2048 pixels across."""
        seen, transmission = self._seen(self.panel(x, None))[0], self.masks.transmissions()[0, 0]
        there = self.to_mask(seen)
        sent = there * transmission
        return lenses_view(
            "Through two lenses and a phase mask", seen, sent, (there, self.to_camera(sent)), pitch=self.pitch,
            wavelength=self.wavelength, focal_length=self.focal_length, square=self.regions[output],
        )  # fmt: skip

    def costs(self) -> Costs:
        per_pixel = self.received_w() / self.card.region_px**2
        read = self.card.classes * self.card.region_px**2
        way = 4 * self.focal_length
        return panel_costs(self.card, self.card.camera, per_pixel, way_m=way, masks=1, pixels_read=read)

    def _sent(self, axes: int) -> Tensor:
        """Transmission of the mask, `(chips or 1, *ones, m, m)`, for so many axes of modes and batch."""
        sent = self.masks.transmissions()[:, 0]
        return sent.reshape(len(sent), *[1] * axes, *sent.shape[1:])

    def _on_mask(self, panel: Tensor) -> Tensor:
        """Light on the mask, `(chips or 1, modes, *batch, m, m)`."""
        there: Tensor = self.to_mask(self._seen(panel))
        return there

    def _seen(self, panel: Tensor) -> Tensor:
        """Light of the panel as the mask sees it from where it stands, `(chips or 1, modes, *batch, n, n)`."""
        moves = self.masks.moves()
        if moves is None:
            return panel[None]
        y, x, z = moves[:, 0, :, None, None].double().unbind(1)
        at = positions(self.card.pixels, self.pitch).to(moves.device)
        beside = (y * at[:, None] + x * at) / self.focal_length
        along = z * (at[:, None].square() + at.square()) / (2 * self.focal_length**2)
        phase = (-2 * math.pi / self.wavelength * (beside + along)).to(moves)
        seen = torch.complex(phase.cos(), phase.sin())
        return panel * seen.reshape(len(seen), *[1] * (panel.ndim - 2), *seen.shape[1:])

    def extra_repr(self) -> str:
        card = self.card
        return f"{card.name}: {card.inputs} -> {card.classes}, a mask of {card.mask_pixels} x {card.mask_pixels}"
