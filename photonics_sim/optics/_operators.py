"""What propagates fields, built once for a geometry: a convolution, two matrix products, or a zoom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.optics._chirp import zoomed
from photonics_sim.optics._convolve import convolve, in_columns
from photonics_sim.optics._grid import padded_length
from photonics_sim.optics._products import Window, apply_products, fourier_matrices, fresnel_matrices
from photonics_sim.optics._transfer import Space, impulse_transfer, sampled_transfer

Method = Literal[
    "angular-spectrum", "band-limited", "rayleigh-sommerfeld", "fresnel", "fresnel-products", "fraunhofer", "lens"
]
METHODS: tuple[str, ...] = get_args(Method)
PRODUCTS = ("fresnel-products", "fraunhofer", "lens")


def _value(length: Tensor) -> float:
    return float(length.detach())


@dataclass(frozen=True)
class Planes:
    """Where light comes from and where it goes to.

    Attributes:
        entering: Samples and pitch of the field's plane.
        leaving: Of the plane that is read.
    """

    entering: Window
    leaving: Window

    @property
    def zooms(self) -> bool:
        """Whether the two have different grids."""
        same = all(_value(one) == _value(two) for one, two in zip(self.entering[1], self.leaving[1], strict=True))
        return not (same and self.entering[0] == self.leaving[0])

    @property
    def padded(self) -> tuple[int, int]:
        """Samples of a padded plane: room for the field, and for all that the plane that is read can see of it."""
        (ny, nx), pitch = self.entering
        (my, mx), other = self.leaving
        seen = [m * _value(o) / _value(p) for m, o, p in zip((my, mx), other, pitch, strict=True)]
        return padded_length(ny + max(ny, round(seen[0])), 1.0), padded_length(nx + max(nx, round(seen[1])), 1.0)


@dataclass(frozen=True)
class Operator:
    """Tensors in one number type, and what they do to a field `(..., ny, nx)` of it.

    Attributes:
        tensors: A transfer function `(..., py, px)`, or the matrices of rows and columns.
        apply: The field and these to the field that arrives.
    """

    tensors: tuple[Tensor, ...]
    apply: Callable[[Tensor, tuple[Tensor, ...]], Tensor]


def check_method(method: str, planes: Planes) -> None:
    """Refuse what is no method, or none for another grid.

    Raises:
        PhotonicsError: names the methods that are.
    """
    if method not in METHODS:
        raise PhotonicsError(
            f"method = {method!r} is unknown; expected auto or one of {', '.join(METHODS)}"
            f"{did_you_mean(method, METHODS)}"
        )
    if planes.zooms and method == "rayleigh-sommerfeld":
        raise PhotonicsError(
            "method = 'rayleigh-sommerfeld' leaves light on its own grid; for another one take 'angular-spectrum', "
            "'band-limited', 'fresnel-products' or 'fraunhofer'"
        )


def make_operator(space: Space, planes: Planes, method: str, dtype: torch.dtype, device: torch.device) -> Operator:
    """Built in double precision, cast once.

    Args:
        space: The distance.
        planes: The grids.
        method: Of `METHODS`.
        dtype: Complex type of the fields.
        device: Of the fields.
    """
    if method == "fresnel-products":
        return _products(fresnel_matrices(space, planes.entering, planes.leaving), dtype, device)
    if method in PRODUCTS:
        curved = method == "fraunhofer"
        return _products(fourier_matrices(space, planes.entering, planes.leaving, curved=curved), dtype, device)
    if method == "rayleigh-sommerfeld":
        transfer = impulse_transfer(space, planes.entering[0], planes.padded)
    else:
        transfer = sampled_transfer(space, planes.padded, method)
    transfer = transfer.to(device=device, dtype=dtype)
    if planes.zooms:
        return Operator((transfer,), partial(_zoom, pitch=space.pitch, leaving=planes.leaving))
    return Operator((in_columns(transfer),), _convolve)


def _products(matrices: tuple[Tensor, Tensor], dtype: torch.dtype, device: torch.device) -> Operator:
    cast = tuple(matrix.to(device=device, dtype=dtype) for matrix in matrices)
    return Operator(cast, _multiply)


# functions of the module, not of the moment: a propagator can be copied and sent to other processes


def _convolve(field: Tensor, tensors: tuple[Tensor, ...]) -> Tensor:
    return convolve(field, tensors[0])


def _multiply(field: Tensor, tensors: tuple[Tensor, ...]) -> Tensor:
    return apply_products(field, (tensors[0], tensors[1]))


def _zoom(field: Tensor, tensors: tuple[Tensor, ...], *, pitch: tuple[Tensor, Tensor], leaving: Window) -> Tensor:
    return zoomed(field, tensors[0], pitch, leaving)
