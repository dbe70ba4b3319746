"""Phase masks in a row: what is commanded, what each shows, and where each stands."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from photonics_devices.free_space._phase_mask_card import PhaseMaskCard
from photonics_sim.device import derive_key, normal, to_si
from photonics_sim.optics import SURFACES, Propagator, filled, fringed, misplaced_transfer, pointing, uneven
from photonics_sim.weights import held_phases


class PhaseMasks(nn.Module):
    r"""K masks of n x n pixels; from commanded phases to what the light meets.

    In this order: the drive and its steps (`held_phases`), the response that differs over a panel, the fringing fields,
    the lack of flatness and the random error of a pixel, absorption, the gaps between pixels, losses, the angle by
    which a mask turns the light. Where a mask stands is told apart (`moves`): it changes the ways between them.

    Args:
        card: The numbers.
        phases: Initial commands in rad, `(K, n, n)`.
        pitch, wavelength: In metres.

    Attributes:
        phases: Trainable commands, `(K, n, n)`, in rad.
        chips: How many masks of each kind, as an ensemble; None for one.
        errors: What was drawn for these masks as built, by name, `([chips,] K, ...)`; empty for nominal ones.
    """

    def __init__(self, card: PhaseMaskCard, phases: Tensor, *, pitch: float, wavelength: float) -> None:
        super().__init__()
        self.card, self.pitch, self.wavelength = card, pitch, wavelength
        self.phases = nn.Parameter(phases)
        self.chips: int | None = None
        for name in _DRAWN:
            self.register_buffer(name, None, persistent=False)

    def build(self, seed: int, chips: int | None) -> None:
        """Draw what differs from one fabricated device to the next; nothing is drawn for errors that are off."""
        self.chips = chips
        lead = () if chips is None else (chips,)
        for name, (key, shape) in _DRAWN.items():
            rms = to_si(key, getattr(self.card, key))
            if rms:
                size = self.phases.shape[1:] if shape is None else shape
                drawn = normal(derive_key(seed, name), *lead, len(self.phases), *size, like=self.phases)
                # what is told over several shapes of a surface has this rms in all
                setattr(self, name, rms * drawn / (math.sqrt(shape[0]) if shape == (len(SURFACES),) else 1))

    @property
    def errors(self) -> dict[str, Tensor]:
        return {name: getattr(self, name) for name in _DRAWN if getattr(self, name) is not None}

    def held(self) -> Tensor:
        """The phases that drive or plate really hold, within a turn, in rad, `(K, n, n)`: neighbours see its step."""
        return held_phases(self.phases, self.card.curve, self.card.phase_bits)

    def transmissions(self) -> Tensor:
        """What light is multiplied by, complex, `(chips or 1, K, n, n)`."""
        card, errors, shape = self.card, self.errors, self.phases.shape[1:]
        phase = self.held()
        amplitude = torch.exp(-card.absorption_per_m / 2 * self._height(phase))
        if "response" in errors:
            phase = phase + uneven(shape, errors["response"]).to(phase) * (phase - card.curve.lowest_rad)
        phase = fringed(phase, card.fringing_px)
        if "flatness" in errors:
            phase = phase + uneven(shape, errors["flatness"]).to(phase)
        if "pixel_error" in errors:
            phase = phase + errors["pixel_error"]
        sent = torch.complex(amplitude * phase.cos(), amplitude * phase.sin())
        sent = 10 ** (-card.loss_db / 20) * filled(sent, card.fill_factor, card.gap_transmission)
        if "turn" in errors:
            ramp = pointing(shape, pitch=self.pitch, wavelength=self.wavelength, angle=errors["turn"]).to(phase)
            sent = sent * torch.complex(ramp.cos(), ramp.sin())
        return sent if sent.ndim == 4 else sent.expand(self.chips or 1, *sent.shape)

    def moves(self) -> Tensor | None:
        """Where each mask stands against its place, in metres, `(chips or 1, K, 3)`: (y, x, z); None where all do."""
        aside, along = self.errors.get("shift"), self.errors.get("defocus")
        if aside is None and along is None:
            return None
        found = next(part for part in (aside, along) if part is not None)
        aside = found.new_zeros(*found.shape[:-1], 2) if aside is None else aside * self.pitch
        along = found.new_zeros(*found.shape[:-1], 1) if along is None else along
        moved = torch.cat([aside, along], -1)
        return moved if moved.ndim == 3 else moved[None]

    def steps(self) -> Tensor | None:
        """How far each plane stands beside the one before it, (y, x, z) in metres, `(chips or 1, K + 1, 3)`.

        Planes before and behind the masks hold the axis. None where all masks do.
        """
        moves = self.moves()
        return None if moves is None else nn.functional.pad(moves, (0, 0, 1, 1)).diff(dim=-2)

    def hops(self, way: Propagator, field: Tensor) -> list[tuple[Tensor, ...]]:
        """Transfer functions from plane to plane, for each chip; see `steps`."""
        (transfer,) = way.operator(field.dtype, field.device).tensors
        steps = self.steps()
        if steps is None:
            return [(transfer,) * (len(self.phases) + 1)] * (self.chips or 1)
        return [tuple(misplaced_transfer(way, transfer, step) for step in chip) for chip in steps]

    def _height(self, phase: Tensor) -> Tensor:
        """Height of a plate in metres; 0 of a panel."""
        if not self.card.refractive_index:
            return torch.zeros((), dtype=phase.dtype, device=phase.device)
        return phase * self.card.height_m(1.0, self.wavelength)


# what is drawn for each fabricated device: the field of the card that has its rms, and the shape for one mask; None is
# a number for each pixel
_DRAWN: dict[str, tuple[str, tuple[int, ...] | None]] = {
    "pixel_error": ("phase_error_rad", None),
    "flatness": ("flatness_rad", (len(SURFACES),)),
    "response": ("response_error", (len(SURFACES),)),
    "shift": ("shift_px", (2,)),
    "turn": ("pointing_mrad", (2,)),
    "defocus": ("defocus_um", (1,)),
}
