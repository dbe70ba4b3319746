"""Data on a panel, phase masks in a row, a detector for each class (Lin et al., Science 2018)."""

from __future__ import annotations

import math
from typing import Self

import torch
from torch import Tensor, nn

from photonics_devices._diffractive_card import DiffractiveStackCard
from photonics_devices._diffractive_costs import diffractive_costs
from photonics_sim.device import Costs, Device, check_chips, derive_key, normal, to_si
from photonics_sim.optics import Propagator, relay, shifted_transfer
from photonics_sim.signals import detect, encode, phase_transmission


class DiffractiveStack(Device):
    r"""Light of a panel that carries the data goes through K phase masks to a plane of detectors.

    .. math:: u = P M_K P \cdots M_1 P u_0, \quad y_c = g \sum_{i \in R_c} |u_i|^2

    P is the exact propagation over one spacing, M_k = diag exp(i phi_k), R_c the square of detector c. Light is shared
    evenly by the panel's pixels that carry data; each number fills a square of them. Trained are the phases and one
    electronic gain g. Outputs are detected power over laser power, times g. Reference: Lin et al., Science 361, 1004
    (2018), doi:10.1126/science.aat8084.

    As built, each mask lies beside the axis by a shift of its own. Between two masks light then lands off their common
    middle by the difference: exact for any part of a pixel, and no light is made. The data panel and the detectors
    hold the axis.

    Args:
        card: The numbers.
        seed: Of the initial phases.
    """

    phase_error: Tensor | None
    mask_shift: Tensor | None
    regions: Tensor

    def __init__(self, card: DiffractiveStackCard, *, seed: int = 0) -> None:
        super().__init__()
        self.card: DiffractiveStackCard = card
        self.in_features, self.out_features = card.inputs, card.classes
        n, dtype = card.pixels, torch.get_default_dtype()
        self.phases = nn.Parameter(0.1 * normal(derive_key(seed, "phases"), card.masks, n, n).to(dtype))
        self.log_gain = nn.Parameter(torch.tensor(math.log(30.0 * card.classes), dtype=dtype))
        self.way = Propagator(
            (n, n),
            pitch=to_si("pitch_um", card.pitch_um),
            wavelength=to_si("wavelength_nm", card.laser.wavelength_nm),
            distance=to_si("spacing_mm", card.spacing_mm),
        )
        self.register_buffer("regions", regions(card).to(dtype), persistent=False)
        self.register_buffer("phase_error", None, persistent=False)
        self.register_buffer("mask_shift", None, persistent=False)

    def measure(self, x: Tensor, key: int | None) -> Tensor:
        watts = to_si("power_mw", self.card.laser.power_mw)
        return detect(self._shares(x, key) * watts, self.card.detector, key) * (self.log_gain.exp() / watts)

    def power(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Power of the laser and of all that reaches the last plane, in watts, each `(*batch)`."""
        watts = to_si("power_mw", self.card.laser.power_mw)
        leaving = self._intensity(x, None).sum((-1, -2)) * watts
        return torch.full_like(leaving, watts), leaving

    def planes(self, x: Tensor, output: int) -> dict[str, Tensor]:
        """The light on the data panel, on each mask and where it is read, and the phases of the masks."""
        field = self._panel(x[None], None)
        masks, hops = self._masks()[0], self._hops(field)[0]  # of an ensemble, the first chip
        images = {"light on the data panel": field[0]}
        for number in range(1, len(masks) + 1):
            images[f"light on mask {number}"] = relay(field, masks[: number - 1], hops[:number])[0]
            images[f"phase of mask {number}"] = masks[number - 1].angle()
        images["light at the detectors"] = relay(field, masks, hops)[0]
        return images

    def detectors(self) -> Tensor:
        """The square of each class in the last plane."""
        return self.regions

    def costs(self) -> Costs:
        with torch.no_grad():
            flat = torch.zeros(1, self.in_features).to(self.phases)
            read = self._shares(flat, None)
        return diffractive_costs(self.card, float(read.mean()) * to_si("power_mw", self.card.laser.power_mw))

    def ideal(self) -> Self:
        return self._rebuilt(self.card.ideal())

    def as_built(self, seed: int, chips: int | None = None) -> Self:
        check_chips(chips)
        lead, mask = () if chips is None else (chips,), self.card.mask
        twin = self._rebuilt(self.card)
        error = normal(derive_key(seed, "phase error"), *lead, *self.phases.shape, like=self.phases)
        twin.phase_error = mask.phase_error_rad * error
        if mask.shift_px:
            shift = normal(derive_key(seed, "mask shift"), *lead, len(self.phases), 2, like=self.phases)
            twin.mask_shift = mask.shift_px * shift
        return twin

    def _panel(self, x: Tensor, key: int | None) -> Tensor:
        """Light behind the data panel `(*batch, n, n)`, in roots of the laser's power per pixel."""
        card, wide = self.card, self.card.pixels_per_input
        light = encode(x, card.encoder, key) / (math.sqrt(card.inputs) * wide)
        image = light.unflatten(-1, card.image).repeat_interleave(wide, -1).repeat_interleave(wide, -2)
        top, left = ((card.pixels - side) // 2 for side in image.shape[-2:])
        rest = card.pixels - image.shape[-1] - left, card.pixels - image.shape[-2] - top
        return nn.functional.pad(image, (left, rest[0], top, rest[1]))

    @property
    def _is_ensemble(self) -> bool:
        return self.phase_error is not None and self.phase_error.ndim == 4

    def _masks(self) -> Tensor:
        """Transmissions `(chips or 1, masks, n, n)`."""
        mask = self.card.mask
        sent = phase_transmission(self.phases, bits=mask.phase_bits, loss_db=mask.loss_db)
        if self.phase_error is not None:
            sent = sent * torch.complex(self.phase_error.cos(), self.phase_error.sin())
        return sent if self._is_ensemble else sent[None]

    def _hops(self, field: Tensor) -> list[tuple[Tensor, ...]]:
        """Transfer functions from plane to plane, for each chip or one."""
        (transfer,) = self.way.operator(field.dtype, field.device).tensors
        if self.mask_shift is None:
            chips = len(self.phase_error) if self.phase_error is not None and self._is_ensemble else 1
            return [(transfer,) * (len(self.phases) + 1)] * chips
        middle = nn.functional.pad(self.mask_shift, (0, 0, 1, 1))  # the panel and the detectors hold the axis
        moved = middle.diff(dim=-2) * to_si("pitch_um", self.card.pitch_um)
        chips_moved = moved if self._is_ensemble else moved[None]
        return [tuple(shifted_transfer(self.way, transfer, one) for one in chip) for chip in chips_moved]

    def _shares(self, x: Tensor, key: int | None) -> Tensor:
        """Share of the laser's power on each detector, `([chips,] *batch, classes)`."""
        return self._intensity(x, key).flatten(-2) @ self.regions.flatten(1).mT

    def _intensity(self, x: Tensor, key: int | None) -> Tensor:
        """Share of the laser's power on each pixel of the last plane, `([chips,] *batch, n, n)`."""
        field = self._panel(x, key)
        chips = zip(self._masks(), self._hops(field), strict=True)
        light = torch.stack([relay(field, masks, hops) for masks, hops in chips])
        power = torch.view_as_real(light).square().sum(-1)
        return power if self._is_ensemble else power[0]

    def extra_repr(self) -> str:
        card = self.card
        return f"{card.name}: {card.inputs} -> {card.classes}, {card.masks} masks of {card.pixels} x {card.pixels}"


def regions(card: DiffractiveStackCard) -> Tensor:
    """Squares of the detectors in the last plane, `(classes, n, n)` of zeros and ones, row by row."""
    n, wide = card.pixels, card.region_px
    squares = torch.zeros(card.classes, n, n, dtype=torch.float64)
    place = 0
    for row, count in enumerate(card.rows):
        top = round(n * (row + 0.5) / len(card.rows) - wide / 2)
        for column in range(count):
            left = round(n * (column + 0.5) / count - wide / 2)
            squares[place, top : top + wide, left : left + wide] = 1
            place += 1
    return squares
