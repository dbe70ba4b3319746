"""What a distance does to light: transfer functions and impulse responses, in double precision.

Light is exp(-i omega t); its phase grows along +z. The phase of the carrier, the plane wave at `tilt` that everything
is told against, is taken out before anything is rounded: at 1 m it is 1e7 rad, of which single precision keeps one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from photonics_sim.optics._grid import frequencies


@dataclass(frozen=True)
class Space:
    """A distance between two parallel planes; everything in metres and radians, float64.

    Attributes:
        pitch: Of the samples, (y, x).
        wavelength: In the medium; of any shape, which leads that of the transfer function.
        distance: Along z; negative ones undo what positive ones did.
        tilt: Of the carrier against z, (y, x): its direction has the sines of these as y and x components.
        offset: Of the middle of the plane that light goes to, (y, x).
    """

    pitch: tuple[Tensor, Tensor]
    wavelength: Tensor
    distance: Tensor
    tilt: tuple[Tensor, Tensor]
    offset: tuple[Tensor, Tensor]

    @property
    def needs_grad(self) -> bool:
        """Whether a gradient is to flow through its geometry."""
        parts = (*self.pitch, self.wavelength, self.distance, *self.tilt, *self.offset)
        return torch.is_grad_enabled() and any(part.requires_grad for part in parts)

    @property
    def carrier(self) -> tuple[Tensor, Tensor]:
        """Spatial frequency of the carrier, (y, x), cycles per metre, of the wavelength's shape."""
        return self.tilt[0].sin() / self.wavelength, self.tilt[1].sin() / self.wavelength


def _bins(space: Space, shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Frequencies against the carrier, `(Py, 1)` and `(1, Px)`."""
    return frequencies(shape[0], space.pitch[0])[:, None], frequencies(shape[1], space.pitch[1])[None, :]


def _columns(value: Tensor) -> Tensor:
    """Room for the two axes of a plane."""
    return value[..., None, None]


def shear(offset: tuple[Tensor, Tensor], fy: Tensor, fx: Tensor) -> Tensor:
    """Phase by which components of these frequencies are ahead of where they are on a displaced plane."""
    return 2 * math.pi * (fy * offset[0] + fx * offset[1])


def angular_spectrum(space: Space, fy: Tensor, fx: Tensor) -> Tensor:
    r"""The exact transfer function at these frequencies (against the carrier), complex128.

    .. math:: H = e^{i z (k_z(f + f_0) - k_z(f_0))}, \quad k_z(f) = 2\pi\sqrt{1/\lambda^2 - f^2}

    Evanescent waves fade in either direction. Goodman, Introduction to Fourier Optics, 3.10.
    """
    wavelength, z = _columns(space.wavelength), _columns(space.distance)
    cy, cx = (_columns(part) for part in space.carrier)
    along = torch.sqrt(1 / wavelength.square() - cy.square() - cx.square())
    # k_z^2 against the carrier's, as a difference that is never formed of two large numbers
    change = -(fy * (fy + 2 * cy) + fx * (fx + 2 * cx))
    squared = along.square() + change
    travels = squared > 0
    root = torch.where(travels, squared, torch.ones_like(squared)).sqrt()
    phase = torch.where(travels, 2 * math.pi * z * change / (root + along), -2 * math.pi * z * along)
    fading = torch.where(travels, torch.ones_like(squared), -squared).sqrt()
    decay = torch.where(travels, torch.zeros_like(squared), -2 * math.pi * z.abs() * fading)
    return torch.exp(torch.complex(decay, phase + shear(space.offset, fy, fx)))


def paraxial(space: Space, fy: Tensor, fx: Tensor) -> Tensor:
    r"""Fresnel's transfer function at these frequencies, complex128: :math:`H = e^{-i\pi\lambda z (f^2 + 2 f f_0)}`."""
    wavelength, z = _columns(space.wavelength), _columns(space.distance)
    cy, cx = (_columns(part) for part in space.carrier)
    phase = -math.pi * wavelength * z * (fy * (fy + 2 * cy) + fx * (fx + 2 * cx))
    phase = phase + shear(space.offset, fy, fx)
    return torch.exp(torch.complex(torch.zeros_like(phase), phase))


def travelled(space: Space, fy: Tensor, fx: Tensor) -> tuple[Tensor, Tensor]:
    """How far components of these frequencies move against the window that they go to, (y, x), metres.

    Evanescent ones do not travel: infinity.
    """
    wavelength, z = _columns(space.wavelength), _columns(space.distance)
    sy, sx = ((f + _columns(c)) * wavelength for f, c in zip((fy, fx), space.carrier, strict=True))
    squared = 1 - sy.square() - sx.square()
    cosine = torch.where(squared > 0, squared, torch.zeros_like(squared)).sqrt()
    return z * sy / cosine - space.offset[0], z * sx / cosine - space.offset[1]


def within_band(space: Space, shape: tuple[int, int]) -> Tensor:
    r"""Where the transfer function, sampled on this many points, is resolved, `(..., Py, Px)` bool.

    Its phase changes by less than pi from bin to bin where light moves by less than half the padded window. On the axis
    this is :math:`|f| < 1 / (\lambda \sqrt{(2 z\,\Delta f)^2 + 1})`: Matsushima and Shimobaba, Opt. Express 17, 19662
    (2009); with an offset, Matsushima, Opt. Express 18, 18453 (2010).
    """
    moved = travelled(space, *_bins(space, shape))
    half = [n * p / 2 for n, p in zip(shape, space.pitch, strict=True)]
    return (moved[0].abs() <= half[0]) & (moved[1].abs() <= half[1])


def sampled_transfer(space: Space, shape: tuple[int, int], method: str) -> Tensor:
    """The transfer function on the bins of a padded transform, `(..., Py, Px)` complex128.

    Args:
        space: The distance.
        shape: Padded number of samples, (y, x).
        method: "angular-spectrum", "band-limited" or "fresnel".
    """
    bins = _bins(space, shape)
    H = paraxial(space, *bins) if method == "fresnel" else angular_spectrum(space, *bins)
    return H * within_band(space, shape) if method == "band-limited" else H


def impulse_transfer(space: Space, shape: tuple[int, int], padded: tuple[int, int]) -> Tensor:
    r"""Transform of Rayleigh and Sommerfeld's first impulse response on the grid, `(..., Py, Px)` complex128.

    .. math:: h = \frac{1}{2\pi}\,\frac{z}{r}\Big(\frac1r - i k\Big)\frac{e^{i k r}}{r}

    Light that comes back (z < 0) is the conjugate of light that goes. Goodman, 3.5.
    """
    moves = []
    for n, p, pitch, offset in zip(shape, padded, space.pitch, space.offset, strict=True):
        step = torch.arange(p, dtype=torch.float64)
        moves.append(torch.where(step < n, step, step - p) * pitch + offset)
    y, x = moves[0][:, None], moves[1][None, :]
    z, k = _columns(space.distance), 2 * math.pi / _columns(space.wavelength)
    cy, cx = (2 * math.pi * _columns(part) for part in space.carrier)
    along = torch.sqrt(k.square() - cy.square() - cx.square())
    r = torch.sqrt(x.square() + y.square() + z.square())
    sign = torch.sign(z)
    phase = k * (x.square() + y.square()) / (r + z.abs()) + (k - along) * z.abs() - sign * (cy * y + cx * x)
    spread = torch.complex(*torch.broadcast_tensors(1 / r, -k)) * (
        z.abs() / r / r / (2 * math.pi) * space.pitch[0] * space.pitch[1]
    )
    h = spread * torch.exp(torch.complex(torch.zeros_like(phase), phase))
    transfer: Tensor = torch.fft.fft2(torch.where(sign < 0, h.conj(), h))
    return transfer
