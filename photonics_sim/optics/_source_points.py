"""Points that stand for a source without coherence, and how many it takes."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import scipy.special
import torch
from torch import Tensor

Profile = Literal["disc", "gaussian"]

_ERROR = 1e-3  # of the degree of coherence over a plane


def source_points(
    profile: Profile, across: int, radius: Tensor, widths: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Directions and shares of the power, across^2 of them.

    Disc: Gauss-Legendre rings over the squared radius, points evenly around each. It is exact but for
    :math:`2 J_{2n}(v)` around and :math:`J_n^2(v / 2)` across (Neumann's addition theorem), both of the same size.
    Gaussian: even rows and columns, as far apart as makes what lies beyond them as small as what folds back into the
    plane; Gauss-Hermite points take five times as many per axis where the plane is ten times as wide as its coherence.

    Args:
        profile: "disc" or "gaussian".
        across: Points per axis, even.
        radius: Sine of the angular radius.
        widths: Of the plane, (y, x), times that sine over the wavelength, `(...)`.

    Returns:
        Direction's y and x components and shares that sum to 1, `(..., across^2)` each.
    """
    if profile == "disc":
        nodes, weights = np.polynomial.legendre.leggauss(across // 2)
        rings = torch.as_tensor(np.sqrt((nodes + 1) / 2))[:, None]
        around = (math.pi / across) * torch.arange(2 * across, dtype=torch.float64)
        shares = torch.as_tensor(weights / 2)[:, None].expand(-1, 2 * across) / (2 * across)
        ys, xs = (radius * (rings * turn).flatten() for turn in (around.sin(), around.cos()))
        return ys, xs, shares.flatten()
    (ys, wy), (xs, wx) = (_even_points(across, width) for width in widths)
    grid = (*ys.shape[:-1], across, across)
    rows, columns = ys[..., :, None].expand(grid).flatten(-2), xs[..., None, :].expand(grid).flatten(-2)
    return radius * rows, radius * columns, (wy[..., :, None] * wx[..., None, :]).flatten(-2)


def _even_points(across: int, width: Tensor) -> tuple[Tensor, Tensor]:
    """Points over the 1/e^2 radius, and shares, of a Gaussian along one axis, `(..., across)` each."""
    # exp(-t^2) with t = step j: what lies beyond is exp(-(n step / 2)^2), what folds exp(-(2 pi / step - K)^2 / 4)
    K = math.sqrt(2) * math.pi * width
    step = (torch.sqrt(K.square() + 8 * math.pi * across) - K) / (2 * across)
    t = step[..., None] * (torch.arange(across, dtype=torch.float64) - (across - 1) / 2)
    return t / math.sqrt(2), torch.softmax(-t.square(), -1)


def needed_across(profile: Profile, widths: tuple[Tensor, Tensor]) -> int:
    """Points per axis, even, that keep the degree of coherence within 1e-3 over a plane; `widths` as above."""
    if profile == "gaussian":
        K = math.sqrt(2) * math.pi * max(float(width.detach().max()) for width in widths)
        edge = math.sqrt(math.log(2 / _ERROR))
        return 2 * math.ceil(edge * (2 * edge + K) / (2 * math.pi))
    v = 2 * math.pi * float(torch.hypot(*widths).detach().max())
    across = 2 * math.ceil(max(v / 4, 1))
    while disc_error(across, v) > _ERROR:
        across += 2
    return across


def disc_error(across: int, v: float) -> float:
    """Bound on the error of a disc's degree of coherence at v, and below where v < 2 across."""
    return float(2 * abs(scipy.special.jv(2 * across, v)) + 4 * scipy.special.jv(across, v / 2) ** 2)
