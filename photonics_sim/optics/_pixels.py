"""What makes a panel of pixels less than its command: fringing fields, gaps, a surface that is not flat, its place."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from photonics_sim.device import format_si
from photonics_sim.errors import PhotonicsError
from photonics_sim.optics._grid import Pair, Scalar, complex_field, number, pair, positions

REACH = 4.0  # widths of the fringing field after which nothing is left of it


def fringed(phase: Tensor, width: Scalar) -> Tensor:
    r"""The phase that pixels really show where the field of each reaches into its neighbours.

    .. math::
        \phi'_{i} = \sum_j w_{i-j}\, \phi_j, \quad
        w_m = \tfrac12\Big[\mathrm{erf}\tfrac{m + 1/2}{\sqrt2\sigma} - \mathrm{erf}\tfrac{m - 1/2}{\sqrt2\sigma}\Big]

    on both axes: the staircase of the command blurred by a Gaussian, read at the middle of each pixel. Where the phase
    is wrapped, neighbours on both sides of the step show what lies between. Persson, Engstrom and Goksor, Opt. Express
    20, 22334 (2012), find such kernels to describe liquid-crystal panels. Beyond the edge the outermost pixel goes on.

    Args:
        phase: In rad, `(..., ny, nx)`.
        width: sigma in pixels, rms; 0 leaves the phase as it is.

    Raises:
        PhotonicsError: for a negative width.
    """
    if not phase.is_floating_point() or phase.ndim < 2:
        raise PhotonicsError(
            f"phase is {phase.dtype} {tuple(phase.shape)}; expected real numbers (..., ny, nx), in rad"
        )
    sigma = number(width, "width of the fringing field", "pixels")
    if float(sigma.detach()) < 0:
        raise PhotonicsError(f"width of the fringing field = {float(sigma.detach()):g} pixels: expected 0 or more")
    if float(sigma.detach()) == 0:
        return phase
    ny, nx = phase.shape[-2:]
    reach = math.ceil(REACH * float(sigma.detach()) + 0.5)
    edges = torch.arange(-reach, reach + 2, dtype=torch.float64) - 0.5
    weights = torch.erf(edges / (math.sqrt(2) * sigma)).diff() / 2
    weights = (weights / weights.sum()).to(phase)
    wide = phase.reshape(-1, 1, ny, nx)
    for axis, kernel in ((2, weights[None, None, :, None]), (3, weights[None, None, None, :])):
        sides = (0, 0, reach, reach) if axis == 2 else (reach, reach, 0, 0)
        wide = nn.functional.conv2d(nn.functional.pad(wide, sides, mode="replicate"), kernel)
    return wide.reshape(phase.shape)


def filled(transmission: Tensor, fill_factor: Scalar, gap: Scalar = 0.0) -> Tensor:
    """The mean of a pixel and of the gap around it: t = F t_pixel + (1 - F) t_gap.

    The rest of the light goes into the orders that the lattice of pixels diffracts, at multiples of wavelength / pitch,
    outside what samples at the pitch hold. A dark gap so costs the main order 1 - F^2 of its power, not 1 - F; a clear
    one adds light that no command reaches.

    Args:
        transmission: Of the pixels, complex, `(..., ny, nx)`.
        fill_factor: F, the share of the area that follows the command, above 0 up to 1.
        gap: Amplitude transmission of the gaps, 0 to 1.

    Raises:
        PhotonicsError: for a share that is none.
    """
    share, through = number(fill_factor, "fill_factor", "of the area"), number(gap, "gap", "of the amplitude")
    if not 0 < float(share.detach()) <= 1:
        raise PhotonicsError(f"fill_factor = {float(share.detach()):g}: expected more than 0 and at most 1")
    if not 0 <= float(through.detach()) <= 1:
        raise PhotonicsError(f"gap = {float(through.detach()):g}: a gap transmits an amplitude of 0 to 1")
    if not share.requires_grad and float(share) == 1:
        return transmission
    transmission = complex_field(transmission)
    real = torch.view_as_real(transmission).dtype
    light = share.to(transmission.device, real) * transmission
    return light + ((1 - share) * through).to(transmission.device, real)


def uneven(shape: Sequence[int], coefficients: Tensor) -> Tensor:
    r"""A smooth map over a panel: its lack of flatness, or how its response differs from place to place.

    .. math:: s(x, y) = \sum_j c_j\, p_{m_j}(y)\, p_{n_j}(x), \quad p_n = \sqrt{2n + 1}\, P_n

    Legendre's polynomials on the samples of the panel, each with rms 1, in this order of (m, n): (0, 2), (1, 1), (2, 0)
    - bow and saddle - then (0, 3), (1, 2), (2, 1), (3, 0). Piston and tilt are none: the first is no fault, the second
    is one of place.

    Args:
        shape: (ny, nx).
        coefficients: `(..., J)`, J at most 7, in the unit of the map.

    Returns:
        `(..., ny, nx)`, float64.

    Raises:
        PhotonicsError: for no or more than 7 coefficients, and fewer than 4 samples per axis.
    """
    coefficients = torch.as_tensor(coefficients)
    count = coefficients.shape[-1] if coefficients.ndim else 0
    if not 1 <= count <= len(SURFACES):
        raise PhotonicsError(f"{count} coefficients of a surface; expected (..., 1 to {len(SURFACES)})")
    if min(shape) < 4:
        raise PhotonicsError(f"shape = {tuple(shape)}: a surface with bow and more needs 4 samples per axis")
    y, x = (_legendre(int(n)) for n in shape)
    modes = torch.stack([y[m][:, None] * x[n][None, :] for m, n in SURFACES[:count]]).to(coefficients.device)
    return torch.einsum("...j,jyx->...yx", coefficients.double(), modes)


SURFACES = ((0, 2), (1, 1), (2, 0), (0, 3), (1, 2), (2, 1), (3, 0))


def _legendre(count: int) -> list[Tensor]:
    """Legendre's polynomials up to the third on the middles of the pixels, there orthogonal and with rms 1."""
    powers = torch.linalg.vander(positions(count, 2 / count), N=4)
    found, triangle = torch.linalg.qr(powers)
    return list((math.sqrt(count) * found * triangle.diagonal().sign()).unbind(-1))


def pointing(shape: Sequence[int], *, pitch: Pair, wavelength: Scalar, angle: Tensor | Sequence[float]) -> Tensor:
    """The phase in rad that turns light by an angle: what a tilted mirror or panel does to it.

    Args:
        shape: (ny, nx).
        pitch, wavelength: In metres.
        angle: By which light is turned, in rad, `(..., 2)`: (y, x). A mirror turns it by twice its own tilt.

    Returns:
        `(..., ny, nx)`, float64.

    Raises:
        PhotonicsError: for an angle whose phase the samples do not resolve.
    """
    steps = pair(pitch, "pitch", "m", positive=True)
    wave = number(wavelength, "wavelength", "m", positive=True)
    angle = torch.as_tensor(angle, dtype=torch.float64)
    if not angle.ndim or angle.shape[-1] != 2 or not torch.isfinite(angle).all():
        raise PhotonicsError(f"angle {angle.tolist()} rad: expected finite numbers (..., 2), (y, x)")
    sines = angle.sin()
    coarse = max(float(step.detach()) for step in steps)
    most = float(sines.detach().abs().max()) if sines.numel() else 0.0
    if most * coarse > float(wave.detach()) / 2:
        limit = math.asin(min(1.0, float(wave.detach()) / (2 * coarse)))
        raise PhotonicsError(
            f"light turned by {format_si(math.asin(most), 'rad')} is not resolved by a pitch of "
            f"{format_si(coarse, 'm')}; at most {format_si(limit, 'rad')} are"
        )
    y, x = (positions(int(n), step).to(angle.device) for n, step in zip(shape, steps, strict=True))
    k = 2 * math.pi / wave.to(angle.device)
    return k * (sines[..., 0, None, None] * y[:, None] + sines[..., 1, None, None] * x[None, :])
