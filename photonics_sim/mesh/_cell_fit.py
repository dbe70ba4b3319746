"""The phases of one cell that make it a given two-by-two unitary, as far as its splitters allow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


def splitter(angle: Real) -> Complex:
    """BS(x) = [[cos x, i sin x], [i sin x, cos x]], `(..., 2, 2)`."""
    c, s = np.cos(angle) + 0j, 1j * np.sin(angle)
    return np.stack([np.stack([c, s], -1), np.stack([s, c], -1)], -2)


def fit_interferometer(wanted: Complex, first: Real, second: Real) -> tuple[Real, Real, Complex]:
    """Phases phi, theta and output phases d: diag(d) BS(second) P(theta) BS(first) P(phi) is nearest to `wanted`.

    Exact where the splitters reach the wanted transmission: with errors a and b of their angles, for |a + b| <= theta/2
    <= pi/2 - |a - b| of an ideal cell; at the nearest end elsewhere. This is the local correction of Bandyopadhyay et
    al., Optica 8, 1247 (2021). Robust where an element vanishes: phases that then mean nothing are 0 or harmless.

    Args:
        wanted: Unitary, `(..., 2, 2)`.
        first, second: Angles of the splitters in rad, `(...)`.

    Returns:
        phi and theta in rad, `(...)`, and d `(..., 2)`.
    """
    bar, cross = np.abs(wanted[..., 0, 0]), np.abs(wanted[..., 0, 1])
    # |T00|^2 = sin^2(a + b) + (cos^2(a - b) - sin^2(a + b)) sin^2(theta / 2), counted from the end that is nearer
    least_bar, least_cross = np.cos(first + second) ** 2, np.sin(first - second) ** 2
    theta = 2 * np.arctan2(np.sqrt(np.maximum(bar**2 - least_bar, 0)), np.sqrt(np.maximum(cross**2 - least_cross, 0)))
    shift = np.zeros((*theta.shape, 2, 2), np.complex128)
    shift[..., 0, 0], shift[..., 1, 1] = np.exp(1j * theta), 1
    core = splitter(second) @ shift @ splitter(first)
    twist = wanted[..., 0] * wanted[..., 1].conj() * (core[..., 0] * core[..., 1].conj()).conj()
    phi = np.angle(twist.sum(-1))
    turned = core.copy()
    turned[..., 0] *= np.exp(1j * phi)[..., None]
    overlap = (wanted * turned.conj()).sum(-1)
    return phi, theta, np.exp(1j * np.angle(overlap))


def fit_cell(kind: str, wanted: Complex, angles: Real) -> tuple[Real, Complex]:
    """Phases `(..., shifters of the cell)` and output phases `(..., 2)` for an `mzi` or `three-splitter` cell.

    Args:
        kind: Key of `CELLS`.
        wanted: Unitary, `(..., 2, 2)`.
        angles: Of its splitters in the order of the light, `(..., splitters of the cell)`.
    """
    if kind == "three-splitter":
        ahead = splitter(angles[..., 0])
        wanted, angles = wanted @ _adjoint(ahead), angles[..., 1:]
    phi, theta, out = fit_interferometer(wanted, angles[..., 0], angles[..., 1])
    return np.stack([phi, theta], -1), out


def _adjoint(matrix: Any) -> Any:
    return np.swapaxes(matrix, -1, -2).conj()
