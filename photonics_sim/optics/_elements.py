"""What thin elements do to a field: complex transmissions `(ny, nx)` to multiply it by, complex128."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from photonics_sim.device import format_si
from photonics_sim.errors import PhotonicsError, PhotonicsWarning
from photonics_sim.optics._grid import Pair, Scalar, number, pair, plane

Lens = Literal["paraxial", "aspheric"]


def thin_lens(
    shape: Sequence[int],
    *,
    pitch: Pair,
    wavelength: Scalar,
    focal_length: Scalar,
    kind: Lens = "paraxial",
    diameter: Scalar | None = None,
    centre: Pair = 0.0,
) -> Tensor:
    r"""A lens without thickness, differentiable in its focal length, wavelength and centre.

    .. math:: t = e^{-i k r^2 / 2f} \;\text{(paraxial)}, \quad t = e^{-i k (\sqrt{r^2 + f^2} - f)} \;\text{(aspheric)}

    The paraxial one is Fresnel's (Goodman, 5.1); the aspheric one, a plano-hyperbolic surface, brings a plane wave to a
    point at f exactly.

    Args:
        shape: (ny, nx).
        pitch: In metres, or (y, x).
        wavelength, focal_length: In metres; a negative focal length spreads light.
        kind: "paraxial" or "aspheric".
        diameter: Of its round aperture in metres; None fills the plane.
        centre: Of the lens in metres, or (y, x): what misalignment moves.

    Raises:
        PhotonicsError: for lengths that are none.

    Warns:
        PhotonicsWarning: where samples do not resolve its phase at its edge.
    """
    if kind not in {"paraxial", "aspheric"}:
        raise PhotonicsError(f"kind = {kind!r} of a lens: expected paraxial or aspheric")
    wave, f = number(wavelength, "wavelength", "m", positive=True), number(focal_length, "focal_length", "m")
    if float(f.detach()) == 0:
        raise PhotonicsError("focal_length = 0 m: expected a length, negative for a lens that spreads light")
    y, x = plane(shape, pitch, centre)
    squared = y.square() + x.square()
    _check_edge(squared.detach(), pair(pitch, "pitch", "m"), float(wave.detach()), float(f.detach()), kind, diameter)
    if kind == "paraxial":
        path = squared / (2 * f)
    else:
        path = torch.sign(f) * squared / (torch.sqrt(squared + f.square()) + f.abs())
    phase = -2 * math.pi / wave * path
    lens = torch.complex(phase.cos(), phase.sin())
    return lens if diameter is None else lens * circular_aperture(shape, pitch=pitch, diameter=diameter, centre=centre)


def _check_edge(
    squared: Tensor, pitch: tuple[Tensor, Tensor], wavelength: float, f: float, kind: str, diameter: Scalar | None
) -> None:
    """Warn where the phase of a lens turns by more than pi from sample to sample."""
    radius = math.sqrt(float(squared.max()))
    if diameter is not None:
        radius = min(radius, float(torch.as_tensor(diameter).detach()) / 2)
    slope = radius / (math.hypot(radius, f) if kind == "aspheric" else abs(f))
    coarse = max(float(step.detach()) for step in pitch)
    if slope / wavelength > 1 / (2 * coarse):
        finest = wavelength / (2 * slope)
        warnings.warn(
            f"a lens of f = {format_si(f, 'm')} is not resolved {format_si(radius, 'm')} from its middle by a pitch of "
            f"{format_si(coarse, 'm')}; take at most {format_si(finest, 'm')}, a smaller diameter or a longer lens",
            PhotonicsWarning,
            stacklevel=3,
        )


def circular_aperture(
    shape: Sequence[int], *, pitch: Pair, diameter: Scalar, centre: Pair = 0.0, finer: int = 8
) -> Tensor:
    """Light passes within a circle; a pixel on its edge passes the share that lies inside, real float64.

    Args:
        shape: (ny, nx).
        pitch, diameter, centre: In metres; pitch and centre may be (y, x).
        finer: Points per pixel and axis that the share is counted on.

    Raises:
        PhotonicsError: for lengths that are none.
    """
    size = number(diameter, "diameter", "m", positive=True)
    y, x = plane(shape, pitch, centre, finer)
    inside = (y.square() + x.square() <= size.square() / 4).to(torch.float64)
    return _per_pixel(inside, finer)


def rectangular_aperture(
    shape: Sequence[int], *, pitch: Pair, size: Pair, centre: Pair = 0.0, finer: int = 8
) -> Tensor:
    """Light passes within a rectangle of this size, (y, x) in metres; else as `circular_aperture`."""
    height, width = pair(size, "size", "m", positive=True)
    y, x = plane(shape, pitch, centre, finer)
    inside = ((y.abs() <= height / 2) & (x.abs() <= width / 2)).to(torch.float64)
    return _per_pixel(inside, finer)


def _per_pixel(inside: Tensor, finer: int) -> Tensor:
    """The mean of each pixel's points."""
    ny, nx = inside.shape[0] // finer, inside.shape[1] // finer
    return inside.reshape(ny, finer, nx, finer).mean((1, 3))
