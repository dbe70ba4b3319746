"""Where the light of a field goes on its way, and what a method does to it."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from photonics_sim.device import format_si
from photonics_sim.errors import PhotonicsError
from photonics_sim.optics._grid import frequencies
from photonics_sim.optics._operators import PRODUCTS, Planes, check_method
from photonics_sim.optics._plan import LEAST_CAPTURED, PropagationPlan
from photonics_sim.optics._transfer import Space, angular_spectrum, paraxial, travelled, within_band

_ROUNDING = 2e-7
_LEAST = torch.finfo(torch.float64).tiny


@torch.no_grad()
def judge(space: Space, planes: Planes, field: Tensor | None, method: str, accuracy: float) -> PropagationPlan:
    """The plan of a method, or of the one that suits; see `plan_propagation`.

    Raises:
        PhotonicsError: for an accuracy or a method that is none.
    """
    if not 0 < accuracy < 1:
        raise PhotonicsError(f"accuracy = {accuracy:g}: expected a share of the power between 0 and 1")
    light = _Light(_longest(space), planes, field)
    if method == "auto":
        method = light.choose(accuracy)
    check_method(method, planes)
    numbers = light.numbers(method)
    return PropagationPlan(
        method=method, accuracy=accuracy, warnings=tuple(light.warnings(method, accuracy)), **numbers
    )


def _longest(space: Space) -> Space:
    """The same at its longest wavelength and farthest distance, without gradients."""
    far = space.distance.detach().flatten()
    pitch, tilt, offset = ((y.detach(), x.detach()) for y, x in (space.pitch, space.tilt, space.offset))
    return Space(pitch, space.wavelength.detach().max(), far[far.abs().argmax()], tilt, offset)


class _Light:
    """The spectrum of a field, or of white light, and how far its parts travel across the grid.

    Args:
        space: Of one wavelength and distance.
        planes: The grids.
        field: The light; None for every direction alike.
    """

    def __init__(self, space: Space, planes: Planes, field: Tensor | None) -> None:
        self.space, self.planes, self.padded = space, planes, planes.padded
        py, px = self.padded
        self.bins = frequencies(py, space.pitch[0])[:, None], frequencies(px, space.pitch[1])[None, :]
        power = torch.ones(py, px, dtype=torch.float64)
        if field is not None:
            spectra = torch.fft.fft2(field.detach().cpu().reshape(-1, *field.shape[-2:]), s=(py, px))
            power = spectra.abs().square().double().sum(0)
        self.power = power / power.sum().clamp(min=_LEAST)
        self.moved = travelled(space, *self.bins)
        self.travels = torch.isfinite(self.moved[0]) & torch.isfinite(self.moved[1])
        self.band = within_band(space, self.padded) & self.travels
        self.size = [n * float(p) for n, p in zip(*planes.entering, strict=True)]
        self.read = [n * float(p) for n, p in zip(*planes.leaving, strict=True)]
        self.z, self.wavelength = float(space.distance), float(space.wavelength)

    def share(self, where: Tensor) -> float:
        """Of the power, with these weights."""
        return float((self.power * where).sum())

    @cached_property
    def wrapped(self) -> float:
        """Moved so far that the padding does not catch it."""
        beyond = torch.zeros_like(self.travels)
        for moved, n, pitch, size in zip(self.moved, self.padded, self.space.pitch, self.size, strict=True):
            beyond = beyond | (moved.abs() > n * float(pitch) - size)
        return self.share(beyond & self.travels)

    @cached_property
    def captured(self) -> float:
        """Light of every place in the field moves with its direction: what of it meets the plane that is read."""
        met = self.travels.double()
        for moved, size, read in zip(self.moved, self.size, self.read, strict=True):
            overlap = (moved + size / 2).clamp(max=read / 2) - (moved - size / 2).clamp(min=-read / 2)
            met = met * torch.where(self.travels, overlap.clamp(min=0) / size, 0.0)
        return self.share(met)

    @property
    def critical(self) -> float:
        """P dx^2 sqrt(1 - (lambda / 2 dx)^2) / lambda of the axis that is reached first."""
        found = []
        for n, p in zip(self.padded, self.space.pitch, strict=True):
            sine = self.wavelength / (2 * float(p))
            found.append(n * float(p) ** 2 * math.sqrt(max(0.0, 1 - sine**2)) / self.wavelength)
        return min(found)

    @property
    def impulse_is_resolved(self) -> bool:
        """Whether no ray from any sample to any other is steeper than the samples can carry."""
        for size, offset, carrier, pitch in zip(
            self.size, self.space.offset, self.space.carrier, self.space.pitch, strict=True
        ):
            far = size + abs(float(offset))
            if far / math.hypot(far, self.z) / self.wavelength + abs(float(carrier)) > 1 / (2 * float(pitch)):
                return False
        return True

    @property
    def chirp_is_resolved(self) -> bool:
        """The same for Fresnel's integral and the plane that is read."""
        for size, read, offset, pitch in zip(self.size, self.read, self.space.offset, self.space.pitch, strict=True):
            if (size + read) / 2 + abs(float(offset)) > abs(self.z) * self.wavelength / (2 * float(pitch)):
                return False
        return True

    @cached_property
    def paraxial_error(self) -> float:
        """Rms phase of Fresnel's transfer function against the exact one, over light that the bins resolve."""
        weight = self.power * self.band
        error = (angular_spectrum(self.space, *self.bins).conj() * paraxial(self.space, *self.bins)).angle().square()
        return math.sqrt(float((weight * error).sum() / weight.sum().clamp(min=_LEAST)))

    def choose(self, accuracy: float) -> str:
        """The exact transfer function where the padding catches all light, the exact impulse response beyond it."""
        if self.wrapped <= accuracy:
            return "angular-spectrum"
        if self.planes.zooms and self.chirp_is_resolved and self.paraxial_error**2 <= accuracy:
            return "fresnel-products"
        return "rayleigh-sommerfeld" if not self.planes.zooms and self.impulse_is_resolved else "band-limited"

    def phase_error(self, method: str) -> float:
        """Of the kernel against the exact one, rms in rad, with the rounding of single precision."""
        return max(_ROUNDING, self.paraxial_error) if method in {"fresnel", "fresnel-products"} else _ROUNDING

    def numbers(self, method: str) -> dict[str, Any]:
        """The numbers of a plan."""
        (ny, nx), (py, px), (my, mx) = self.planes.entering[0], self.padded, self.planes.leaving[0]
        kernel = my * ny + mx * nx if method in PRODUCTS else py * px
        return {
            "padded": (ny, nx) if method in PRODUCTS else (py, px),
            "critical_distance_m": self.critical,
            "wrapped_power": self.wrapped if method in {"angular-spectrum", "fresnel"} else 0.0,
            "clipped_power": self.share(~self.band & self.travels) if method == "band-limited" else 0.0,
            "evanescent_power": self.share(~self.travels),
            "captured_power": self.captured,
            "phase_error_rad": self.phase_error(method),
            "fresnel_number": min(self.size) ** 2 / 4 / max(self.wavelength * abs(self.z), _LEAST),
            "memory_bytes": 8 * (kernel + 2 * ny * px + my * mx),
        }

    def warnings(self, method: str, accuracy: float) -> list[str]:
        """What does not meet the accuracy, with the number and the remedy."""
        z, wrapped, fades, met = format_si(self.z, "m"), self.wrapped, self.share(~self.travels), self.captured
        error = self.phase_error(method)
        exact = "'band-limited'" if self.planes.zooms else "'rayleigh-sommerfeld'"
        cases = {
            f"{wrapped:.2g} of the power wraps round the padded window at {z} (asked: {accuracy:g}); use method = "
            f"{exact}, or a wider field": method in {"angular-spectrum", "fresnel"} and wrapped > accuracy,
            f"the paraxial kernel is {error:.2g} rad off at {z}; use method = 'auto'": error**2 > accuracy,
            f"{fades:.2g} of the power is in structures finer than a wavelength, which fade; a pitch of "
            f"{format_si(self.wavelength / math.sqrt(2), 'm')} or more carries none": fades > accuracy,
            f"samples do not resolve the impulse response at {z}; use method = 'angular-spectrum'":
                method == "rayleigh-sommerfeld" and not self.impulse_is_resolved,
            f"samples do not resolve Fresnel's chirp at {z}; use method = 'band-limited', or a finer pitch":
                method == "fresnel-products" and not self.chirp_is_resolved,
            f"only {met:.2g} of the power lands in the window of {format_si(max(self.read), 'm')} at {z}; widen it "
            "with output_pitch and output_shape": method not in PRODUCTS[1:] and met < LEAST_CAPTURED,
        }  # fmt: skip
        return [told for told, holds in cases.items() if holds]
