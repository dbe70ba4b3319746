"""Fourier sums at any evenly spaced points: the chirp z-transform."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photonics_sim.optics._grid import padded_length, positions
from photonics_sim.optics._products import Window


def chirp_z(values: Tensor, count: int, start: Tensor, step: Tensor) -> Tensor:
    r"""Sums over the last axis, :math:`X_k = \sum_m x_m e^{2\pi i m (s + k t)}` for k = 0 ... count - 1.

    Bluestein's convolution (Rabiner, Schafer and Rader, 1969): as fast as a Fourier transform, on any grid. The chirps
    are made in double precision; gradients flow through values, start and step.

    Args:
        values: Complex, `(..., n)`.
        count: Points that are asked for.
        start, step: s and t, float64, of no axes.
    """
    n = values.shape[-1]
    length = padded_length(n + count - 1, 1.0)
    m = torch.arange(n, dtype=torch.float64, device=values.device)
    k = torch.arange(count, dtype=torch.float64, device=values.device)
    lags = torch.arange(-(n - 1), count, dtype=torch.float64, device=values.device)
    entering = _turn(2 * m * start + step * m.square()).to(values.dtype)
    kernel = torch.fft.fft(_turn(-step * lags.square()), n=length).to(values.dtype)
    summed: Tensor = torch.fft.ifft(torch.fft.fft(values * entering, n=length) * kernel)[..., n - 1 : n - 1 + count]
    return summed * _turn(step * k.square()).to(values.dtype)


def _turn(halves: Tensor) -> Tensor:
    """exp(i pi halves), from the part below 2, so that large phases lose nothing."""
    angle = math.pi * torch.remainder(halves, 2)
    return torch.complex(angle.cos(), angle.sin())


def zoomed(field: Tensor, transfer: Tensor, pitch: tuple[Tensor, Tensor], leaving: Window) -> Tensor:
    """A padded convolution, read on another grid.

    Args:
        field: Complex, `(..., ny, nx)`.
        transfer: Zero frequency first, `(..., py, px)`.
        pitch: Of the field, (y, x).
        leaving: Samples and pitch of the plane that is read, about the same middle.
    """
    spectrum: Tensor = torch.fft.fft2(field, s=tuple(transfer.shape[-2:])) * transfer
    for axis in (0, 1):
        n, p = field.shape[axis - 2], transfer.shape[axis - 2]
        spectrum = torch.fft.fftshift(spectrum, dim=axis - 2).movedim(axis - 2, -1)
        at = positions(leaving[0][axis], leaving[1][axis]) + (n - 1) / 2 * pitch[axis]  # from the first sample on
        bin_ = 1 / (p * pitch[axis])
        found = chirp_z(spectrum, leaving[0][axis], bin_ * at[0], bin_ * leaving[1][axis])
        back = _turn(-2 * (p // 2) * bin_ * at).to(spectrum) / p
        spectrum = (found * back).movedim(-1, axis - 2)
    return spectrum
