"""Sampled planes. Pixel i of n lies at (i - (n - 1) / 2) pitch: the axis runs through the middle; rows along y."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import scipy.fft
import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError

Scalar: TypeAlias = float | Tensor
"""A number, or a tensor of one, through which gradients may flow."""
Pair: TypeAlias = Scalar | Sequence[Scalar]
"""One number for both axes, or (y, x)."""


def number(value: Scalar, name: str, unit: str, *, positive: bool = False) -> Tensor:
    """The value in double precision, finite and, if asked, positive.

    Raises:
        PhotonicsError: names the argument, its unit, and what was found.
    """
    found = torch.as_tensor(value, dtype=torch.float64, device="cpu")  # where kernels are made
    if not torch.isfinite(found).all() or (positive and not (found > 0).all()):
        expected = "positive" if positive else "finite"
        shown = f"{float(found):g}" if found.ndim == 0 else str(found.tolist())
        raise PhotonicsError(f"{name} = {shown} {unit}: expected {expected} numbers, in {unit}")
    return found


def pair(value: Pair, name: str, unit: str, *, positive: bool = False) -> tuple[Tensor, Tensor]:
    """(y, x) in double precision.

    Raises:
        PhotonicsError: for another number of values, or values that `number` refuses.
    """
    items = list(value) if isinstance(value, Sequence) or (isinstance(value, Tensor) and value.ndim) else [value] * 2
    if len(items) != 2:
        raise PhotonicsError(f"{name} has {len(items)} values; expected one number or (y, x)")
    y, x = (number(item, f"{name} ({axis})", unit, positive=positive) for item, axis in zip(items, "yx", strict=True))
    return y, x


def positions(count: int, pitch: Scalar, centre: Scalar = 0.0) -> Tensor:
    """Where the pixels of one axis lie, in metres, `(count)` float64."""
    return (torch.arange(count, dtype=torch.float64) - (count - 1) / 2) * pitch + centre


def check_shape(shape: Sequence[int]) -> None:
    """Refuse what is not (ny, nx).

    Raises:
        PhotonicsError: says what was found.
    """
    if not isinstance(shape, Sequence) or len(shape) != 2 or min(shape) < 1:
        raise PhotonicsError(f"shape = {shape}: expected (ny, nx), at least one sample each")


def plane(shape: Sequence[int], pitch: Pair, centre: Pair, finer: int = 1) -> tuple[Tensor, Tensor]:
    """Coordinates of the samples against a centre, `(ny, 1)` and `(1, nx)`, float64 metres.

    Raises:
        PhotonicsError: for a shape that is not (ny, nx), and lengths that are none.
    """
    check_shape(shape)
    steps, middle = pair(pitch, "pitch", "m", positive=True), pair(centre, "centre", "m")
    y, x = (positions(int(n) * finer, step / finer) - off for n, step, off in zip(shape, steps, middle, strict=True))
    return y[:, None], x[None, :]


def frequencies(count: int, pitch: Scalar) -> Tensor:
    """Spatial frequencies of a discrete Fourier transform of one axis, cycles per metre, zero first, `(count)`."""
    bins: Tensor = torch.fft.fftfreq(count, dtype=torch.float64)
    return bins / pitch


def padded_length(count: int, factor: float = 2.0) -> int:
    """At least `factor` times as many samples, a product of 2, 3 and 5: others take twice as long to transform."""
    return int(scipy.fft.next_fast_len(math.ceil(factor * count)))


def complex_field(field: Tensor) -> Tensor:
    """A complex or real field `(..., ny, nx)` as a complex one.

    Raises:
        PhotonicsError: says what was found.
    """
    if field.ndim < 2 or not (field.is_complex() or field.is_floating_point()):
        raise PhotonicsError(
            f"field is {field.dtype} {tuple(field.shape)}; expected a complex or real field (..., ny, nx)"
        )
    return field if field.is_complex() else torch.complex(field, torch.zeros_like(field))
