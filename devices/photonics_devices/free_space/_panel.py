"""Data on a panel of coherent light at one end, squares of detectors at the other: what devices between share."""

from __future__ import annotations

import math
from abc import abstractmethod
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from photonics_devices.free_space._panel_card import PanelCard
from photonics_devices.free_space._panel_export import write_panel_settings
from photonics_devices.free_space._phase_masks import PhaseMasks
from photonics_sim.device import Device, check_chips, derive_key, normal, to_si
from photonics_sim.errors import PhotonicsError
from photonics_sim.optics import Propagator, extended_source, plan_propagation
from photonics_sim.signals import encode


class PanelDevice(Device):
    r"""Light of a panel that carries the data goes through phase masks to a plane of detectors.

    .. math:: y_c = g \sum_{i \in R_c} \sum_m |u_{mi}|^2

    Light is shared evenly by the panel's pixels that carry data; each number fills a square of them. R_c is the square
    of detector c. Trained are the phases and one electronic gain g. Outputs are detected power over laser power, times
    g. A source with extent lights the panel with M modes, plane waves whose powers add up; a laser with one. A model
    says how light gets from the panel to the last plane (`arriving`), and how it is read there (`read`): most by its
    power, as above.

    Args:
        card: The numbers.
        masks: How many phase masks.
        pixels: Of each, per axis.
        seed: Of the initial phases.
        gain: The initial g; None for one that suits detected powers.
    """

    regions: Tensor
    modes: Tensor | None

    def __init__(self, card: PanelCard, masks: int, pixels: int, seed: int, gain: float | None = None) -> None:
        super().__init__()
        self.card: PanelCard = card
        self.in_features, self.out_features = card.inputs, card.classes
        dtype = torch.get_default_dtype()
        # from the middle of a turn: where neighbours step back from 2 pi, fringing fields and gaps do their harm
        phases = (math.pi + 0.1 * normal(derive_key(seed, "phases"), masks, pixels, pixels)).to(dtype)
        self.pitch, self.wavelength = to_si("pitch_um", card.pitch_um), to_si("wavelength_nm", card.laser.wavelength_nm)
        self.masks = PhaseMasks(card.mask, phases, pitch=self.pitch, wavelength=self.wavelength)
        self.log_gain = nn.Parameter(torch.tensor(math.log(gain or 30.0 * card.classes), dtype=dtype))
        self.register_buffer("regions", squares(card).to(dtype), persistent=False)
        self.register_buffer("modes", _modes(card, self.pitch, self.wavelength), persistent=False)

    @abstractmethod
    def arriving(self, x: Tensor, key: int | None) -> Tensor:
        """Field on the last plane, `([chips,] modes, *batch, n, n)`, in roots of the laser's power per pixel."""

    def measure(self, x: Tensor, key: int | None) -> Tensor:
        if x.dtype != self.log_gain.dtype or x.dtype not in (torch.float32, torch.float64):
            raise PhotonicsError(
                f"inputs are {x.dtype}, {self.card.name} computes in {self.log_gain.dtype}; convert one of them, to "
                "float32 or float64, e.g. x.float() or device.double()"
            )
        watts = to_si("power_mw", self.card.laser.power_mw)
        return self.read(self.arriving(x, key), key) * (self.log_gain.exp() / watts)

    @abstractmethod
    def read(self, field: Tensor, key: int | None) -> Tensor:
        """What the electronics make of the field on the last plane, to `([chips,] *batch, classes)`, in watts."""

    def power(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Power of the laser and of all that reaches the last plane, in watts, each `(*batch)`."""
        watts = to_si("power_mw", self.card.laser.power_mw)
        leaving = self.intensity(self.arriving(x, None)).sum((-1, -2)) * watts
        return torch.full_like(leaving, watts), leaving

    def detectors(self) -> Tensor:
        """The square of each class in the last plane."""
        return self.regions

    def mask_shape(self) -> tuple[int, int, int]:
        masks, rows, columns = self.masks.phases.shape
        return masks, rows, columns

    def write_settings(self, path: Path) -> int:
        """Write commands, held phases and drives or heights of every mask; as `.png`, an image for each mask."""
        return write_panel_settings(self.masks, path)

    def ideal(self) -> Self:
        return self._rebuilt(self.card.ideal())

    def as_built(self, seed: int, chips: int | None = None) -> Self:
        check_chips(chips)
        twin = self._rebuilt(self.card)
        twin.masks.build(seed, chips)
        return twin

    def propagator(self, distance: float) -> Propagator:
        """From plane to plane; what leaves their window is lost by design, which `power` tells and no warning."""
        n = self.card.pixels
        plan = plan_propagation((n, n), pitch=self.pitch, wavelength=self.wavelength, distance=distance)
        return Propagator((n, n), pitch=self.pitch, wavelength=self.wavelength, distance=distance, method=plan.method)

    def received_w(self) -> float:
        """Mean power on a detector, of data that are all one."""
        with torch.no_grad():
            field = self.arriving(torch.ones(1, self.in_features).to(self.log_gain), None)
        return float(self.summed(self.intensity(field)).mean()) * to_si("power_mw", self.card.laser.power_mw)

    def summed(self, pixels: Tensor) -> Tensor:
        """The sum over the square of each detector, `(..., n, n)` to `(..., classes)`."""
        return pixels.flatten(-2) @ self.regions.flatten(1).mT

    def lit(self, x: Tensor) -> Tensor:
        """Light on the data panel `(modes, *ones, n, n)` for inputs `(*batch, inputs)`: even where data are, else none.

        In roots of the laser's power per pixel.
        """
        even = torch.full((1, self.in_features), 1 / math.sqrt(self.card.inputs), dtype=x.dtype, device=x.device)
        light = self.spread(even / self.card.pixels_per_input)
        light = (
            torch.complex(light, torch.zeros_like(light))
            if self.modes is None
            else light * torch.view_as_complex(self.modes)
        )
        return light.reshape(len(light), *[1] * (x.ndim - 1), *light.shape[1:])

    def panel(self, x: Tensor, key: int | None) -> Tensor:
        """Light behind the data panel `(modes, *batch, n, n)`, in roots of the laser's power per pixel."""
        return self.lit(x) * self.spread(encode(x, self.card.encoder, key))

    def spread(self, values: Tensor) -> Tensor:
        """One number for each input, `(*batch, inputs)`, on the squares of its pixels, `(*batch, n, n)`."""
        card, wide = self.card, self.card.pixels_per_input
        image = values.unflatten(-1, card.image).repeat_interleave(wide, -1).repeat_interleave(wide, -2)
        top, left = ((card.pixels - side) // 2 for side in image.shape[-2:])
        rest = card.pixels - image.shape[-1] - left, card.pixels - image.shape[-2] - top
        return nn.functional.pad(image, (left, rest[0], top, rest[1]))

    def intensity(self, field: Tensor) -> Tensor:
        """Share of the laser's power on each pixel of a field, as `arriving` tells it, `([chips,] *batch, n, n)`."""
        power = torch.view_as_real(field).square().sum(-1)
        return power.sum(0 if self.masks.chips is None else 1)

    def watts(self, field: Tensor) -> Tensor:
        """Power on each pixel of a field, `([chips,] *batch, n, n)`."""
        return self.intensity(field) * to_si("power_mw", self.card.laser.power_mw)

    def shown(self, fields: Tensor) -> Tensor:
        """One image of modes `(modes, n, n)`: the field of one, or the root of the power of many."""
        if len(fields) == 1:
            return fields[0]
        root = torch.view_as_real(fields).square().sum((0, -1)).sqrt()
        return torch.complex(root, torch.zeros_like(root))


def _modes(card: PanelCard, pitch: float, wavelength: float) -> Tensor | None:
    """Plane waves of an extended source, `(modes, n, n, 2)`, of power 1 in all at each pixel; None for a laser.

    Real and imaginary part come last: a change of number type must not drop one of them.
    """
    source, n = card.source_extent, card.pixels
    if not source.angular_radius_mrad:
        return None
    waves = extended_source(
        (n, n),
        pitch=pitch,
        wavelength=wavelength,
        angular_radius=to_si("angular_radius_mrad", source.angular_radius_mrad),
        profile=source.profile,
        modes=source.modes,
        power=(n * pitch) ** 2,
    )
    return torch.view_as_real(waves).to(torch.get_default_dtype())


def squares(card: PanelCard) -> Tensor:
    """Squares of the detectors in the last plane, `(classes, n, n)` of zeros and ones, row by row."""
    n, wide = card.pixels, card.region_px
    found = torch.zeros(card.classes, n, n, dtype=torch.float64)
    place = 0
    for row, count in enumerate(card.rows):
        top = round(n * (row + 0.5) / len(card.rows) - wide / 2)
        for column in range(count):
            left = round(n * (column + 0.5) / count - wide / 2)
            found[place, top : top + wide, left : left + wide] = 1
            place += 1
    return found
