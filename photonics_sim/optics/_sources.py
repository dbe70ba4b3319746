"""Light that enters a bench: beams, plane waves, sources that are not points and spectra that are not lines."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Literal

import torch
from scipy.special import roots_hermite, roots_legendre
from torch import Tensor

from photonics_sim.device import format_si
from photonics_sim.errors import PhotonicsError, PhotonicsWarning
from photonics_sim.optics._grid import Pair, Scalar, check_shape, number, pair, plane
from photonics_sim.optics._source_points import Profile, needed_across, source_points

Line = Literal["gaussian", "rectangular"]

_LARGEST = 2**33  # bytes of modes
_SHARE = 1e-3  # of the power that may come at angles that are not resolved


def gaussian_beam(
    shape: Sequence[int],
    *,
    pitch: Pair,
    wavelength: Scalar,
    waist: Scalar,
    distance: Scalar = 0.0,
    power: Scalar = 1.0,
    centre: Pair = 0.0,
) -> Tensor:
    r"""A Gaussian beam, paraxial, a distance behind its waist, without the phase k z.

    .. math:: u = \sqrt{\tfrac{2P}{\pi}}\,\frac{1}{w}\, e^{-r^2/w^2 + i k r^2 / 2R - i \arctan(z / z_R)}

    Siegman, Lasers (1986), 17.1.

    Args:
        shape: (ny, nx).
        pitch, wavelength, waist, distance, centre: In metres; the waist is the 1/e^2 radius of the intensity.
        power: In watts: |u|^2 is in W/m^2.

    Raises:
        PhotonicsError: for lengths that are none.
    """
    wave, w0 = number(wavelength, "wavelength", "m", positive=True), number(waist, "waist", "m", positive=True)
    z, watts = number(distance, "distance", "m"), number(power, "power", "W", positive=True)
    y, x = plane(shape, pitch, centre)
    rayleigh = math.pi * w0.square() / wave
    # i / q, q = z - i z_R, holds radius, curvature and the phase of Gouy at once
    inverse = 1 / torch.complex(rayleigh, z)
    squared = y.square() + x.square()
    return torch.sqrt(2 * watts / math.pi) / w0 * rayleigh * inverse * torch.exp(-math.pi / wave * squared * inverse)


def plane_wave(
    shape: Sequence[int], *, pitch: Pair, wavelength: Scalar, angle: Pair = 0.0, power: Scalar = 1.0
) -> Tensor:
    r"""A plane wave that falls in at an angle; the phase at the middle is 0.

    .. math:: u = \sqrt{P / A}\, e^{i k (x \sin\theta_x + y \sin\theta_y)}

    Args:
        shape: (ny, nx).
        pitch: In metres, or (y, x).
        wavelength: In metres; of any shape, which leads that of the field.
        angle: Against z in rad, or (y, x): its direction has the sines of these as y and x components.
        power: Of the light on the whole plane, A = ny dy nx dx, in watts.

    Returns:
        The field, |u|^2 in W/m^2, complex128 `(..., ny, nx)`.

    Raises:
        PhotonicsError: for an angle that no light has or that the pitch does not resolve.
    """
    wave, steps = number(wavelength, "wavelength", "m", positive=True), pair(pitch, "pitch", "m", positive=True)
    turns = pair(angle, "angle", "rad")
    sines = turns[0].sin(), turns[1].sin()
    if not _resolved(sines, steps, wave).all():
        found = ", ".join(f"{float(turn.detach()):g}" for turn in turns)
        steepest = max(abs(float(sine.detach())) for sine in sines)
        raise PhotonicsError(f"angle = ({found}) rad: {_limits(steps, wave, steepest)}, or a smaller angle")
    return _waves(shape, steps, wave, sines, number(power, "power", "W", positive=True))


def extended_source(
    shape: Sequence[int],
    *,
    pitch: Pair,
    wavelength: Scalar,
    angular_radius: Scalar,
    profile: Profile = "disc",
    modes: int | None = None,
    power: Scalar = 1.0,
) -> Tensor:
    r"""Light of a far source without coherence, such as a light-emitting diode: plane waves whose intensities add.

    Each point of the source sends one plane wave, a mode; :math:`I = \sum_m |u_m|^2 = P / A` at every sample. Of two
    points a distance r apart the degree of coherence is the Fourier transform of the source (van Cittert, Zernike; Born
    and Wolf, Principles of Optics, 10.4.2),

    .. math:: \mu = 2 J_1(v) / v, \; v = 2\pi \sin\alpha\, r / \lambda \;\text{(disc)}, \quad
        \mu = e^{-(\pi \sin\alpha\, r / \lambda)^2 / 2} \;\text{(gaussian)}

    Args:
        shape: (ny, nx).
        pitch: In metres, or (y, x).
        wavelength: In metres; of any shape, which leads that of the field.
        angular_radius: Alpha in rad, as seen from the plane: of the disc's edge, or where the Gaussian's radiance is
            1/e^2 of its middle.
        profile: "disc" or "gaussian", over the sines of the angles.
        modes: Points of the source, the square of an even number n: n / 2 rings of 2 n points for a disc, n rows of n
            for a Gaussian. None takes as many as keep the degree of coherence within 1e-3 over the whole plane.
        power: Of the light on the whole plane, A = ny dy nx dx, in watts.

    Returns:
        The modes, complex128 `(..., modes, ny, nx)`: leading axes for `propagate`, and a new axis behind that of the
        wavelengths. Intensities add over them.

    Raises:
        PhotonicsError: for a source whose light the pitch does not resolve, and a number of modes that is none.

    Warns:
        PhotonicsWarning: where the modes are too few for the coherence over the plane, with the number that would do.
    """
    check_shape(shape)
    wave, steps = number(wavelength, "wavelength", "m", positive=True), pair(pitch, "pitch", "m", positive=True)
    radius = number(angular_radius, "angular_radius", "rad", positive=True)
    if float(radius.detach()) >= math.pi / 2:
        raise PhotonicsError(f"angular_radius = {float(radius.detach()):g} rad: expected less than pi / 2")
    if profile not in {"disc", "gaussian"}:
        raise PhotonicsError(f"profile = {profile!r} of a source: expected disc or gaussian")
    widths = (shape[0] - 1) * steps[0] * radius.sin() / wave, (shape[1] - 1) * steps[1] * radius.sin() / wave
    needed = needed_across(profile, widths)
    across = needed if modes is None else _across(modes)
    _check_memory(across**2 * shape[0] * shape[1] * wave.numel(), across**2)
    *sines, weights = source_points(profile, across, radius.sin(), widths)
    dark = 1 - float((weights * _resolved((sines[0], sines[1]), steps, wave[..., None])).detach().sum(-1).min())
    if dark > _SHARE:
        # a Gaussian has 6e-5 of its light beyond two radii
        limits = _limits(steps, wave, float(radius.detach().sin()) * (2 if profile == "gaussian" else 1))
        raise PhotonicsError(f"angular_radius = {float(radius.detach()):g} rad: {limits}, or a smaller source")
    if across < needed:
        warnings.warn(
            f"modes = {across**2} are too few for the coherence over the plane, {_size(shape, steps)}; take modes = "
            f"{needed**2}, or a smaller plane or source",
            PhotonicsWarning,
            stacklevel=2,
        )
    each = number(power, "power", "W", positive=True) * weights
    return _waves(shape, steps, wave[..., None], (sines[0], sines[1]), each)


def spectral_lines(centre: Scalar, width: Scalar, count: int, *, profile: Line = "gaussian") -> tuple[Tensor, Tensor]:
    r"""Light that is not of one colour as lines whose intensities add, :math:`I = \sum_l w_l |u_l|^2`.

    The spectrum is a Gaussian or a rectangle over 1 / wavelength, its mean 1 / centre and its full width at half
    maximum :math:`\delta = \mathrm{width} / \mathrm{centre}^2`; lines by Gauss-Hermite and Gauss-Legendre quadrature.
    Two paths that differ by D are coherent to the degree :math:`e^{-(\pi \delta D)^2 / 4 \ln 2}`, or
    :math:`\mathrm{sinc}(\delta D)`; lines interfere anew over long paths, so take about ten for each coherence length
    :math:`1 / \delta` that paths differ by.

    Args:
        centre: Wavelength in metres.
        width: Full width at half maximum in metres.
        count: Lines.
        profile: "gaussian" or "rectangular".

    Returns:
        Wavelengths in metres and weights that sum to 1, float64 `(count)` each; the longest wavelength first.

    Raises:
        PhotonicsError: for numbers that are none, and a spectrum with lines at negative frequencies.
    """
    middle, wide = number(centre, "centre", "m", positive=True), number(width, "width", "m", positive=True)
    if profile not in {"gaussian", "rectangular"}:
        raise PhotonicsError(f"profile = {profile!r} of a spectrum: expected gaussian or rectangular")
    if int(count) != count or count < 1:
        raise PhotonicsError(f"count = {count} lines of a spectrum: expected a whole number of at least 1")
    if profile == "gaussian":
        found, shares = roots_hermite(int(count))
        nodes = torch.as_tensor(found) / (2 * math.sqrt(math.log(2)))
    else:
        found, shares = roots_legendre(int(count))
        nodes = torch.as_tensor(found) / 2
    inverse = 1 / middle + nodes * wide / middle.square()
    if float(inverse.detach().min()) <= 0:
        raise PhotonicsError(
            f"width = {format_si(float(wide.detach()), 'm')} at {format_si(float(middle.detach()), 'm')}: {count} "
            "lines reach below zero frequency; take a narrower spectrum or fewer lines"
        )
    weights = torch.as_tensor(shares / shares.sum())
    return 1 / inverse, weights


def _waves(
    shape: Sequence[int], steps: tuple[Tensor, Tensor], wave: Tensor, sines: tuple[Tensor, Tensor], power: Tensor
) -> Tensor:
    """Plane waves of these directions and powers, `(..., ny, nx)`."""
    y, x = plane(shape, steps, 0.0)
    k = (2 * math.pi / wave)[..., None, None]
    along_y, along_x = k * sines[0][..., None, None] * y, k * sines[1][..., None, None] * x
    amplitude = torch.sqrt(power / (shape[0] * steps[0] * shape[1] * steps[1]))[..., None, None]
    rows = amplitude * torch.complex(along_y.cos(), along_y.sin())
    return rows * torch.complex(along_x.cos(), along_x.sin())


def _resolved(sines: tuple[Tensor, Tensor], steps: tuple[Tensor, Tensor], wave: Tensor) -> Tensor:
    """Which directions travel and turn the phase by at most pi from sample to sample."""
    (sy, sx), (dy, dx) = sines, steps
    slow = (sy.abs() <= wave / (2 * dy)) & (sx.abs() <= wave / (2 * dx))
    return slow & (sy.square() + sx.square() < 1)


def _limits(steps: tuple[Tensor, Tensor], wave: Tensor, sine: float) -> str:
    """What a pitch resolves, and the pitch that would do for a sine."""
    shortest, coarse = float(wave.detach().min()), max(float(step.detach()) for step in steps)
    reach = math.asin(min(1.0, shortest / (2 * coarse)))
    return (
        f"a pitch of {format_si(coarse, 'm')} resolves up to {reach:.3g} rad per axis at {format_si(shortest, 'm')}, "
        f"and the squared sines must add up to less than 1; take at most {format_si(shortest / (2 * sine), 'm')}"
    )


def _check_memory(numbers: int, modes: int) -> None:
    """Refuse modes beyond reason before they are made."""
    if 16 * numbers > _LARGEST:
        raise PhotonicsError(
            f"{modes} modes of this plane take {16 * numbers / 2**30:.3g} GiB, more than {_LARGEST / 2**30:.0f}; take "
            "fewer modes, or a smaller plane or source"
        )


def _size(shape: Sequence[int], steps: tuple[Tensor, Tensor]) -> str:
    """Height and width of a plane, for people."""
    return " x ".join(format_si(n * float(step.detach()), "m") for n, step in zip(shape, steps, strict=True))


def _across(modes: int) -> int:
    """The even number whose square this is.

    Raises:
        PhotonicsError: names the next number that would do.
    """
    across = 2 * math.ceil(math.sqrt(max(modes, 1)) / 2)
    if across**2 != modes:
        raise PhotonicsError(f"modes = {modes}: expected the square of an even number; take {across**2}")
    return across
