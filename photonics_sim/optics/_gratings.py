"""Phase gratings: complex transmissions `(ny, nx)`, complex128."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from photonics_sim.device import format_si
from photonics_sim.errors import PhotonicsError
from photonics_sim.optics._grid import Pair, Scalar, number, pair, plane

_NUDGE = 1e-9  # of a period, above rounding: an edge on a sample falls to the same side in every period


def blazed_grating(
    shape: Sequence[int], *, pitch: Pair, period: Scalar, depth: Scalar = 2 * math.pi, angle: Scalar = 0.0
) -> Tensor:
    r"""A saw tooth of phase: order m gets :math:`\mathrm{sinc}^2(m - \phi / 2\pi)` of the light.

    Args:
        shape: (ny, nx).
        pitch: In metres, or (y, x).
        period: In metres.
        depth: Of the phase, in rad.
        angle: Of the direction that light is sent to against x, in rad.

    Raises:
        PhotonicsError: for a period below two samples, which has no teeth.
    """
    phase = number(depth, "depth", "rad") * _within(periods(shape, pitch, period, angle))
    return torch.complex(phase.cos(), phase.sin())


def binary_grating(
    shape: Sequence[int],
    *,
    pitch: Pair,
    period: Scalar,
    depth: Scalar = math.pi,
    duty: float = 0.5,
    angle: Scalar = 0.0,
) -> Tensor:
    r"""Ridges of phase, differentiable in their depth.

    Of a duty D and a phase :math:`\phi`, order 0 gets :math:`1 - 4 D (1 - D) \sin^2(\phi / 2)` of the light and order m
    :math:`4 \sin^2(\phi / 2)\, D^2 \mathrm{sinc}^2(m D)`: at best 4 / pi^2 = 40.5 % in each first order.

    Args:
        shape, pitch, period, angle: As for `blazed_grating`.
        depth: Of the phase on the ridges, in rad.
        duty: Share of the period that ridges take, between 0 and 1.

    Raises:
        PhotonicsError: for a period below two samples, or a duty that leaves no ridges or no grooves.
    """
    if not 0 < duty < 1:
        raise PhotonicsError(f"duty = {duty:g} of a grating: expected a share between 0 and 1")
    ridges = _within(periods(shape, pitch, period, angle).detach()) < duty - _NUDGE
    phase = number(depth, "depth", "rad") * ridges
    return torch.complex(phase.cos(), phase.sin())


def sinusoidal_grating(
    shape: Sequence[int], *, pitch: Pair, period: Scalar, depth: Scalar = math.pi, angle: Scalar = 0.0
) -> Tensor:
    r"""A sine of phase of this depth from trough to crest: order m gets :math:`J_m^2(\phi / 2)` of the light.

    Args:
        shape, pitch, period, depth, angle: As for `blazed_grating`.

    Raises:
        PhotonicsError: for a period below three samples: of two, they may all lie where the sine is zero.
    """
    phase = (
        number(depth, "depth", "rad")
        / 2
        * torch.sin(2 * math.pi * periods(shape, pitch, period, angle, least=3, needs="a sine needs three samples"))
    )
    return torch.complex(phase.cos(), phase.sin())


def _within(found: Tensor) -> Tensor:
    """Where in its period a sample lies, from 0 to 1."""
    return torch.remainder(found + _NUDGE, 1) - _NUDGE


def periods(
    shape: Sequence[int],
    pitch: Pair,
    period: Scalar,
    angle: Scalar,
    *,
    least: int = 2,
    needs: str = "a grating needs two samples",
) -> Tensor:
    """Where samples lie along a grating, in its periods, `(ny, nx)` float64.

    Raises:
        PhotonicsError: for a period of fewer samples than `least`.
    """
    long, turn = number(period, "period", "m", positive=True), number(angle, "angle", "rad")
    coarse = max(float(step.detach()) for step in pair(pitch, "pitch", "m", positive=True))
    if float(long.detach()) < (1 - _NUDGE) * least * coarse:
        raise PhotonicsError(
            f"period = {format_si(float(long.detach()), 'm')}: {needs} of {format_si(coarse, 'm')}; take "
            f"{format_si(least * coarse, 'm')} or more"
        )
    y, x = plane(shape, pitch, 0.0)
    return (y * turn.sin() + x * turn.cos()) / long
