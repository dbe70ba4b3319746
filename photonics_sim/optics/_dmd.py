"""Complex light from mirrors that are on or off."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.optics._gratings import periods
from photonics_sim.optics._grid import Pair, Scalar, complex_field

_MIRRORS = 4  # a period of fewer has no more than two phases along it


def lee_hologram(field: Tensor, *, pitch: Pair, period: Scalar, angle: Scalar = 0.0) -> Tensor:
    r"""The pattern of a digital micromirror device whose first order is a complex field.

    A grating of mirrors whose stripes are shifted by the phase of the field, and as wide as its amplitude asks for:

    .. math:: \cos(2\pi \nu \cdot x + \arg u) > \cos \pi D, \quad \sin \pi D = |u|

    The order at :math:`+\nu`, that is at `angle` from x with 1 / period cycles per metre, holds u / pi; filter it in a
    Fourier plane. Lee, Progress in Optics 16 (1978); Conkey et al., Optics Express 20, 1733 (2012).
    Phases come in as many steps as a period has mirrors; a period that is no whole number of them, or a grating that is
    turned, dithers these steps.

    Args:
        field: Complex or real, |field| <= 1, `(..., ny, nx)`.
        pitch: Of the mirrors in metres, or (y, x).
        period: Of the grating in metres.
        angle: Of the grating against x, in rad.

    Returns:
        1 for mirrors that are on and 0 for others, of the field's precision, `(..., ny, nx)`. The gradient passes the
        switching straight through: it is that of :math:`\tfrac{2}{\pi} \mathrm{Re}(u\, e^{2\pi i \nu \cdot x})`, the
        two first orders alone, so what is trained behind the filter sees the gradient of a display of u / pi.

    Raises:
        PhotonicsError: for magnitudes above 1, and periods below four mirrors.
    """
    field = complex_field(field)
    magnitude = field.detach().abs()
    if not bool((magnitude <= 1 + 1e-6).all()):
        raise PhotonicsError(
            f"the largest |field| is {float(magnitude.max()):g}; a mirror gives at most 1: divide the field by that"
        )
    shape = (field.shape[-2], field.shape[-1])
    turn = 2 * math.pi * periods(shape, pitch, period, angle, least=_MIRRORS, needs="a hologram needs four mirrors")
    carrier = torch.complex(turn.cos(), turn.sin()).to(field.device, field.dtype)
    swing = (field * carrier).real
    # |u| cos(pi D), so that no phase of nothing is ever asked for
    on = swing.detach() > magnitude * (1 - magnitude.square()).clamp_min(0).sqrt()
    orders = 2 / math.pi * swing
    return on.to(orders.dtype) + (orders - orders.detach())
