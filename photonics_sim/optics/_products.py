"""Paraxial diffraction between any two grids as two matrix products: one for the rows, one for the columns."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photonics_sim.optics._grid import positions
from photonics_sim.optics._transfer import Space

Matrices = tuple[Tensor, Tensor]
Window = tuple[tuple[int, int], tuple[Tensor, Tensor]]
"""Samples and pitch of a plane, each (y, x)."""


def apply_products(field: Tensor, matrices: Matrices) -> Tensor:
    """Fields `(..., ny, nx)` to `(..., my, mx)`; leading axes of the matrices broadcast."""
    rows, columns = matrices
    return rows @ field @ columns.mT


def fresnel_matrices(space: Space, entering: Window, leaving: Window) -> Matrices:
    r"""Fresnel's integral as a sum over the samples, complex128 `(..., my, ny)` and `(..., mx, nx)`.

    .. math:: A_{ji} = \frac{\Delta}{\sqrt{i\lambda z}} e^{i\pi (x_j - x_i - \lambda z f_0)^2 / \lambda z}

    Goodman, Introduction to Fourier Optics, 4.2; f_0 is the spatial frequency of the carrier.
    """

    def matrix(x_in: Tensor, x_out: Tensor, pitch: Tensor, carrier: Tensor) -> Tensor:
        wavelength, z = space.wavelength[..., None, None], space.distance[..., None, None]
        moved = x_out[:, None] - x_in[None, :] - wavelength * z * carrier[..., None, None]
        return _wave(math.pi * moved.square() / (wavelength * z), pitch, wavelength, z)

    return _both(space, entering, leaving, matrix)


def fourier_matrices(space: Space, entering: Window, leaving: Window, *, curved: bool) -> Matrices:
    r"""Fraunhofer's integral, or the field in a lens's back focal plane of that in its front focal plane.

    .. math:: A_{ji} = \frac{\Delta}{\sqrt{i\lambda z}} e^{-2\pi i x_j x_i / \lambda z}

    Args:
        space: Its distance is the focal length; its tilt moves the focus.
        entering, leaving: The planes.
        curved: Whether phases are those of a distance, with :math:`e^{i\pi x_j^2/\lambda z}`, or behind a lens.
    """

    def matrix(x_in: Tensor, x_out: Tensor, pitch: Tensor, carrier: Tensor) -> Tensor:
        wavelength, z = space.wavelength[..., None, None], space.distance[..., None, None]
        centre = x_out[:, None] - wavelength * z * carrier[..., None, None]
        phase = -2 * math.pi * centre * x_in[None, :] / (wavelength * z)
        if curved:
            phase = phase + math.pi * centre.square() / (wavelength * z)
        return _wave(phase, pitch, wavelength, z)

    return _both(space, entering, leaving, matrix)


def _both(space: Space, entering: Window, leaving: Window, matrix: object) -> Matrices:
    found = []
    for axis in (0, 1):
        x_in = positions(entering[0][axis], entering[1][axis])
        x_out = positions(leaving[0][axis], leaving[1][axis], space.offset[axis])
        found.append(matrix(x_in, x_out, entering[1][axis], space.carrier[axis]))  # type: ignore[operator]
    return found[0], found[1]


def _wave(phase: Tensor, pitch: Tensor, wavelength: Tensor, z: Tensor) -> Tensor:
    """Samples of exp(i phase) with the weight of a pixel, spread over a distance that may be negative."""
    turned = phase - math.pi / 4 * torch.sign(z)
    size = pitch / torch.sqrt(wavelength * z.abs())
    return torch.complex(turned.cos() * size, turned.sin() * size)
