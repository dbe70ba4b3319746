"""A modulator's panel that sits beside its place: what the scattering medium looks like from its pixels."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def shifted(S: Tensor, shift: Tensor, rows: int) -> Tensor:
    r"""The medium P S P^T as a panel meets it on which the medium's light lies shifted, by parts of a pixel or more.

    P = P_y ⊗ P_x is real and orthogonal: S stays unitary and symmetric, so no light is made or lost.

    Args:
        S: Complex scattering matrices, `(*lead, d, d)`; the d pixels are an image of `rows` rows, row by row.
        shift: Pixels down and to the right, real, `(*lead, 2)`; leading axes of the two broadcast.
        rows: Rows of the image, a divisor of d.

    Returns:
        Complex matrices `(*lead, d, d)`.
    """
    down, right = shift.unbind(-1)
    P_y = shift_matrix(down, rows).to(S.dtype)
    P_x = shift_matrix(right, S.shape[-1] // rows).to(S.dtype)
    return _move(_move(S, P_y, P_x).mT, P_y, P_x).mT


def shift_matrix(shift: Tensor, n: int) -> Tensor:
    r"""The shift of n pixels in a row by s pixels, between pixels along the wave of least bandwidth.

    .. math:: P(s) = e^{-s D}, \quad
        P_{jk} = \frac1n \sum_{|m| < n/2} \cos \frac{2 \pi m (j - k - s)}{n} + [n\ \mathrm{even}]\,\frac{(-1)^{j-k}}{n}

    D is the spectral derivative, real and antisymmetric, with periodic edges and without the alternating wave of an
    even n, which has no real shift. So P is real and orthogonal, P(0) = 1, P(s) P(t) = P(s + t), and P(1) moves by
    one pixel exactly where n is odd. Uniform light stays as it is.

    Args:
        shift: s in pixels, real, any shape `(*lead)`.
        n: Pixels in the row.

    Returns:
        Real matrices `(*lead, n, n)`.
    """
    wave = torch.arange(n // 2 + 1, dtype=shift.dtype, device=shift.device)
    turn = 2 * math.pi / n * torch.where(2 * wave == n, 0, wave) * shift.unsqueeze(-1)
    column: Tensor = torch.fft.irfft(torch.complex(turn.cos(), -turn.sin()), n=n)
    pixel = torch.arange(n, device=shift.device)
    return column[..., (pixel[:, None] - pixel) % n]


def _move(S: Tensor, P_y: Tensor, P_x: Tensor) -> Tensor:
    """P S, axis by axis of the image: P itself, d by d, is never formed."""
    d = S.shape[-1]
    across: Tensor = P_x.unsqueeze(-3) @ S.unflatten(-2, (P_y.shape[-1], P_x.shape[-1]))
    down = P_y @ across.flatten(-2)
    return down.reshape(*down.shape[:-2], d, d)
