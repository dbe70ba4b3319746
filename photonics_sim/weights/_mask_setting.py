"""What a panel is driven with, or a plate made to, for its phases: values with their unit, and as codes of an image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.weights._phase_curve import held_drive
from photonics_sim.weights._phase_curve_card import PhaseCurveCard

_CONTINUOUS_BITS = 16  # the finest that a greyscale image tells apart


@dataclass(frozen=True, eq=False)
class MaskSetting:
    """The setting of each pixel of phase masks; made by `drive_setting` or `height_setting`.

    Attributes:
        name: With the unit as suffix, as a table calls it: `drive_v`, `grey_level`, `drive_share` or `height_m`.
        meaning: In words.
        unit: `V`, `grey level`, `1` (a share of full scale) or `m`.
        values: The settings in that unit, `(K, ny, nx)`, in double precision.
        codes: The nearest of 2**bits even settings, `first + code step`, as whole numbers, `(K, ny, nx)`. Where drives
            or heights have so many steps these are the settings themselves.
        first, step: The setting of code 0, and from one code to the next.
        bits: 1 .. 16; 16 of what is continuous.
    """

    name: str
    meaning: str
    unit: str
    values: Tensor
    codes: Tensor
    first: float
    step: float
    bits: int


def drive_setting(phases: Tensor, curve: PhaseCurveCard, bits: int = 0) -> MaskSetting:
    """What a panel is driven with to show its commanded phases; see `held_drive`.

    Args:
        phases: Commanded phases in rad, `(K, ny, nx)`.
        curve: The panel's curve, which tells the unit; without points the drive is the share of full scale.
        bits: Resolution of the drive, 0 for a continuous one.

    Raises:
        PhotonicsError: for bits outside 0 .. 16.
    """
    values = held_drive(phases.detach(), curve, bits).double()
    codes = 1 << (bits or _CONTINUOUS_BITS)
    if not curve.drive:
        return _turning("drive_share", "drive as share of full scale", "1", values, 1.0, bits)
    first, step = curve.drive[0], (curve.drive[-1] - curve.drive[0]) / (codes - 1)
    return MaskSetting(
        name="drive_v" if curve.unit == "V" else "grey_level",
        meaning="drive voltage" if curve.unit == "V" else "grey level that drives the panel",
        unit=curve.unit,
        values=values,
        # in single precision a drive at the end may lie just beyond it
        codes=((values - first) / step).round().clamp(0, codes - 1).long(),
        first=first,
        step=step,
        bits=bits or _CONTINUOUS_BITS,
    )


def height_setting(held: Tensor, metres_per_rad: float, bits: int = 0) -> MaskSetting:
    """The heights of plates that hold these phases.

    Args:
        held: Phases that the plates really hold in rad, 0 .. 2 pi, `(K, ny, nx)`; see `held_phases`.
        metres_per_rad: Height for each radian, wavelength / (2 pi (n - 1)).
        bits: Of the 2**bits even heights below that of 2 pi; 0 for continuous ones.

    Raises:
        PhotonicsError: for bits outside 0 .. 16, or a height of nothing.
    """
    if not (metres_per_rad > 0 and math.isfinite(metres_per_rad)):
        raise PhotonicsError(
            f"metres_per_rad = {metres_per_rad:g}: a plate grows with its phase; give a height above 0"
        )
    if not 0 <= bits <= _CONTINUOUS_BITS:
        raise PhotonicsError(f"bits = {bits} is outside 0 .. {_CONTINUOUS_BITS}; 0 is a continuous height")
    values = held.detach().double() * metres_per_rad
    return _turning("height_m", "height of the plate", "m", values, 2 * math.pi * metres_per_rad, bits)


def _turning(name: str, meaning: str, unit: str, values: Tensor, turn: float, bits: int) -> MaskSetting:
    """Settings from 0 to below the one of a whole turn, `turn`, which is no code: it shows what 0 shows."""
    codes = 1 << (bits or _CONTINUOUS_BITS)
    nearest = torch.remainder((values * (codes / turn)).round(), codes).long()
    return MaskSetting(name, meaning, unit, values, nearest, 0.0, turn / codes, bits or _CONTINUOUS_BITS)
