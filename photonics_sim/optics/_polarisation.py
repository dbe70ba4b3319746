"""Polarisation and pairs of ports: fields `(..., 2, ny, nx)`, of x and y or of two arms, and matrices for them.

A Jones matrix is `(2, 2)`, or `(..., 2, 2, ny, nx)` where it differs from sample to sample, complex128. Light is
exp(-i omega t), and angles turn from x to y.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.optics._grid import Scalar, complex_field, number


def retarder(retardance: Scalar, angle: Scalar = 0.0) -> Tensor:
    r"""A wave plate: light along its slow axis comes later; a retardance of pi makes it a half-wave plate.

    .. math:: \cos\tfrac{\Gamma}{2} - i \sin\tfrac{\Gamma}{2}
        \begin{pmatrix} \cos 2\theta & \sin 2\theta \\ \sin 2\theta & -\cos 2\theta \end{pmatrix}

    Its mean phase is left out (Yariv and Yeh, Optical Waves in Crystals, 5.1). A liquid-crystal panel is a retardance
    per pixel, a Pancharatnam-Berry element an angle per pixel: circular light through a half-wave plate changes hands
    and gains the phase of twice the angle, of opposite signs for the two hands.

    Args:
        retardance: Gamma in rad, one number or `(..., ny, nx)`.
        angle: Of the fast axis against x, in rad, one number or `(..., ny, nx)`.

    Returns:
        The Jones matrix, unitary, complex128 `(2, 2)` or `(..., 2, 2, ny, nx)`.

    Raises:
        PhotonicsError: for numbers that are not finite, and rows of numbers.
    """
    half, twice = _numbers(retardance, "retardance", "rad") / 2, 2 * _numbers(angle, "angle", "rad")
    straight, across = -half.sin() * twice.cos(), -half.sin() * twice.sin()
    through = half.cos()
    return _matrix(
        torch.complex(*torch.broadcast_tensors(through, straight)), _imaginary(across),
        _imaginary(across), torch.complex(*torch.broadcast_tensors(through, -straight)),
    )  # fmt: skip


def polariser(angle: Scalar = 0.0, extinction_db: Scalar = math.inf) -> Tensor:
    """Light along its axis passes; of light across it 10^(-extinction / 10) of the power.

    Args:
        angle: Of its axis against x, in rad, one number or `(..., ny, nx)`.
        extinction_db: In dB, 0 or more, one number or `(..., ny, nx)`; infinite without a leak.

    Returns:
        The Jones matrix, complex128 `(2, 2)` or `(..., 2, 2, ny, nx)`.

    Raises:
        PhotonicsError: for an extinction below 0 dB, numbers that are not finite, and rows of numbers.
    """
    found = torch.as_tensor(extinction_db, dtype=torch.float64, device="cpu")
    if not (found >= 0).all():
        raise PhotonicsError(f"extinction_db = {found.detach().min():g} dB: expected 0 dB or more")
    leak, turn = 10 ** (-_not_a_row(found, "extinction_db") / 20), _numbers(angle, "angle", "rad")
    c, s = turn.cos(), turn.sin()
    both = (1 - leak) * c * s
    return _matrix(*(_real(part) for part in (c * c + leak * s * s, both, both, s * s + leak * c * c)))


def rotator(angle: Scalar) -> Tensor:
    """Turns polarisation from x towards y by an angle in rad, one number or `(..., ny, nx)`; see `retarder`."""
    turn = _numbers(angle, "angle", "rad")
    c, s = _real(turn.cos()), _real(turn.sin())
    return _matrix(c, -s, s, c)


def beam_splitter(reflectance: Scalar = 0.5, phase: Scalar = math.pi / 2) -> Tensor:
    r"""Two ports to two ports without loss; for `apply_jones` on fields of two arms `(..., 2, ny, nx)`.

    .. math:: \begin{pmatrix} \sqrt{1 - R} & \sqrt{R}\, e^{i\phi} \\ -\sqrt{R}\, e^{-i\phi} & \sqrt{1 - R} \end{pmatrix}

    A port goes on to the port of its own number, and is reflected to the other.

    Args:
        reflectance: R, between 0 and 1, one number or `(..., ny, nx)`.
        phase: Of the light that is reflected to the first port, in rad; pi/2 for a symmetric splitter, 0 for the two
            sides of a coated surface.

    Raises:
        PhotonicsError: for a reflectance that is no share, numbers that are not finite, and rows of numbers.
    """
    share, turn = _numbers(reflectance, "reflectance", ""), _numbers(phase, "phase", "rad")
    if not ((share >= 0) & (share <= 1)).all():
        raise PhotonicsError(
            f"reflectance from {float(share.min()):g} to {float(share.max()):g}: expected a share of the power, 0 to 1"
        )
    through, reflected = _real(torch.sqrt(1 - share)), torch.polar(*torch.broadcast_tensors(share.sqrt(), turn))
    return _matrix(through, reflected, -reflected.conj(), through)


def apply_jones(field: Tensor, matrix: Tensor) -> Tensor:
    """A field behind an element.

    Args:
        field: Complex or real, `(..., 2, ny, nx)`.
        matrix: `(2, 2)`, or `(..., 2, 2, ny, nx)`, of which leading axes, ny and nx broadcast.

    Returns:
        The field `(..., 2, ny, nx)`, in the precision of the field.

    Raises:
        PhotonicsError: for a field without polarisations, or a matrix that does not fit it.
    """
    field = complex_field(field)
    if field.ndim < 3 or field.shape[-3] != 2:
        raise PhotonicsError(f"field {tuple(field.shape)}: expected (..., 2, ny, nx), two polarisations or ports")
    per_sample = matrix[..., None, None] if matrix.ndim == 2 else matrix
    if not _fits(per_sample.shape, field.shape):
        ny, nx = field.shape[-2:]
        raise PhotonicsError(
            f"a Jones matrix {tuple(matrix.shape)} for a field {tuple(field.shape)}: expected (2, 2), or "
            f"(..., 2, 2, {ny}, {nx}) with one matrix per sample"
        )
    return (per_sample.to(field.device, field.dtype) * field.unsqueeze(-4)).sum(-3)


def _fits(matrix: torch.Size, field: torch.Size) -> bool:
    """Whether every sample of the field meets one matrix."""
    if len(matrix) < 4 or tuple(matrix[-4:-2]) != (2, 2):
        return False
    try:
        both = torch.broadcast_shapes((*matrix[:-4], *matrix[-2:]), (*field[:-3], *field[-2:]))
    except RuntimeError:
        return False
    return tuple(both[-2:]) == tuple(field[-2:])


def _numbers(value: Scalar, name: str, unit: str) -> Tensor:
    """One number, or one per sample."""
    return _not_a_row(number(value, name, unit), name)


def _not_a_row(found: Tensor, name: str) -> Tensor:
    if found.ndim == 1:
        raise PhotonicsError(f"{name} ({len(found)}): expected one number, or one per sample (..., ny, nx)")
    return found


def _real(value: Tensor) -> Tensor:
    return torch.complex(value, torch.zeros_like(value))


def _imaginary(value: Tensor) -> Tensor:
    return torch.complex(torch.zeros_like(value), value)


def _matrix(*entries: Tensor) -> Tensor:
    """Entries, row by row, as `(2, 2)` or `(..., 2, 2, ny, nx)`."""
    a, b, c, d = torch.broadcast_tensors(*entries)
    row, column = (-4, -3) if a.ndim else (0, 0)
    return torch.stack([torch.stack([a, b], column), torch.stack([c, d], column)], row)
