"""Light between the planes of a device, seen from the side: the physics of `Followed`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photonics_sim.device import SideView
from photonics_sim.optics import Propagator, focus, plan_propagation, positions, propagate

SLICES = 32  # from one plane to the next
LARGE = 256  # pixels across from which planes have fewer slices between them, for the time that each takes
WIDEST = 2048  # most pixels across that a picture has


def hops_view(
    name: str, lights: Sequence[Tensor], leaving: Tensor, way: Propagator, steps: Tensor | None,
    labels: Sequence[str], square: Tensor,
) -> SideView | None:  # fmt: skip
    """Light that goes from plane to plane over one distance, within a window as wide as the planes.

    Between two planes it is propagated as exactly as from one to the other. What leaves the window is lost, as in the
    device. Where a plane stands beside the one before it, the window moves from the one to the other: each plane is
    seen in its own window, at its nominal z.

    Args:
        name: Heading.
        lights: What arrives on each plane, `(modes, n, n)`, the first and the last one included.
        leaving: What goes on from each plane but the last, `(hops, modes, n, n)`.
        way: From each plane to the next.
        steps: By how much the next plane stands aside, (y, x, z), `(hops, 3)`; None where none does.
        labels: Of the planes.
        square: Of the detector in the last plane, `(n, n)` of zeros and ones.

    Returns:
        The view; None where planes have more than `WIDEST` pixels across.
    """
    spacing, n = float(way.space.distance), lights[0].shape[-1]
    if n > WIDEST:
        return None
    count = min(SLICES, max(2, round(SLICES * (LARGE / n) ** 2)))
    parts = np.arange(1, count) / count
    between = torch.stack([_part_of(way, leaving, steps, part) for part in parts], 1)
    arriving = torch.stack([_columns(light) for light in lights])
    slices = torch.cat([between, arriving[1:, None]], 1).flatten(0, 1)
    x = positions(n, way.space.pitch[1]).numpy()
    return SideView(
        name=name,
        z=np.arange(len(slices) + 1) * spacing / count,
        x=x,
        power=_numbers(torch.cat([arriving[:1], slices])),
        marks=tuple((hop * spacing, label) for hop, label in enumerate(labels)),
        detector=_reach(square, x),
    )


def _part_of(way: Propagator, leaving: Tensor, steps: Tensor | None, part: float) -> Tensor:
    """Power on each column, this part of the way to the next plane, `(hops, n)`."""
    space, moves = way.space, torch.zeros(1, 3) if steps is None else steps
    method = _method(way, part)
    there = [
        propagate(
            fields, pitch=space.pitch, wavelength=space.wavelength, distance=part * (float(space.distance) + float(z)),
            offset=(part * float(y), part * float(x)), method=method,
        )
        for fields, (y, x, z) in zip(leaving.tensor_split(len(moves)), moves, strict=True)
    ]  # fmt: skip
    return _columns(torch.cat(there))


def _method(way: Propagator, part: float) -> str:
    """What is exact over this part: the angular spectrum where it is over the whole, else what suits the distance."""
    if way.method == "angular-spectrum":
        return way.method
    space = way.space
    return plan_propagation(
        way.shape, pitch=space.pitch, wavelength=space.wavelength, distance=part * float(space.distance)
    ).method


def lenses_view(
    name: str, panel: Tensor, sent: Tensor, read: tuple[Tensor, Tensor], *, pitch: float, wavelength: float,
    focal_length: float, square: Tensor,
) -> SideView | None:  # fmt: skip
    r"""Light of a panel through two lenses with a mask between, a focal length from each to the next.

    Between the lens and its focus light is what comes of the focus, backwards: :math:`u(z) = P_{z - 2f} F u_0`. Both P
    and F are paraxial, and then what goes on along y changes no sum over y: everything is done along x alone. Panel and
    mask send no light beyond the first order of their pixels. On the mask and on the camera what these catch is shown,
    in between all light. A mask beside its place is shown in its place.

    Args:
        name: Heading.
        panel: Light behind the panel, as the mask sees it, `(modes, n, n)`.
        sent: Light behind the mask, `(modes, m, m)`.
        read: Light that mask and camera catch, `(modes, m, m)` and `(modes, n, n)`.
        pitch, wavelength, focal_length: In metres.
        square: Of the detector on the camera, `(n, n)` of zeros and ones.

    Returns:
        The view; None where light spreads over more than `WIDEST` pixels.
    """
    n, order = panel.shape[-1], wavelength * focal_length / pitch**2
    wide = max(n, sent.shape[-1]) + math.ceil(order)
    wide += (wide - n) % 2  # so that the panel's columns are columns of the window
    if wide > WIDEST:
        return None
    parts = np.arange(1, 2 * SLICES) / SLICES
    rows = [_within(panel, wide)]
    for field, caught in zip((panel, sent), read, strict=True):
        focused = _order(field, wide, order, pitch=pitch, wavelength=wavelength, focal_length=focal_length)
        for part in parts:
            start, z = (field, part) if part < 1 else (focused, part - 2)
            rows.append(_columns(_spread(start, wide, z * focal_length, pitch, wavelength)))
        rows.append(_within(caught, wide))
    places = enumerate(("data", "lens", "mask", "lens", "camera"))
    return SideView(
        name=name,
        z=np.arange(len(rows)) * focal_length / SLICES,
        x=positions(wide, pitch).numpy(),
        power=_numbers(torch.stack(rows)),
        marks=tuple((place * focal_length, label) for place, label in places),
        detector=_reach(square, positions(n, pitch).numpy()),
    )


def _order(field: Tensor, wide: int, order: float, *, pitch: float, wavelength: float, focal_length: float) -> Tensor:
    """The transform along x, on columns of the window within the first order; y stays as it is."""
    rows = field.unsqueeze(-2)
    # a row of one pixel: what it gains along y, where the wave of one pixel is even, is taken off
    gain = pitch / math.sqrt(wavelength * focal_length)
    there = focus(
        rows, pitch=pitch, wavelength=wavelength, focal_length=focal_length, output_pitch=pitch, output_shape=(1, wide)
    )
    inside = positions(wide, pitch).abs() <= order * pitch / 2
    return there.squeeze(-2) / gain * inside.to(field.device)


def _spread(field: Tensor, wide: int, distance: float, pitch: float, wavelength: float) -> Tensor:
    """Fresnel's diffraction along x, `(..., n)` to `(..., wide)`, about the same axis."""
    bins = torch.fft.fftfreq(2 * wide, pitch, dtype=torch.float64)
    aside = (positions(wide, pitch)[0] - positions(field.shape[-1], pitch)[0]) * bins
    phase = math.pi * (2 * aside - wavelength * distance * bins.square())
    transfer = torch.exp(1j * phase).to(field.device)
    there: Tensor = torch.fft.ifft(torch.fft.fft(field, n=2 * wide) * transfer)
    return there[..., :wide]


def _within(field: Tensor, wide: int) -> Tensor:
    """Power on each column of a window that is wider; an odd difference puts it half a pixel aside."""
    columns = _columns(field)
    left = (wide - len(columns)) // 2
    return torch.nn.functional.pad(columns, (left, wide - len(columns) - left))


def _columns(fields: Tensor) -> Tensor:
    """Power on each column of all modes together, `(..., modes, ny, nx)` to `(..., nx)`, float64."""
    return torch.view_as_real(fields.to(torch.complex128)).square().sum((-1, -3, -4))


def _reach(square: Tensor, x: NDArray[np.float64]) -> tuple[float, float]:
    """From where to where a detector lies, along x."""
    columns = torch.nonzero(square.any(0)).flatten()
    half = (x[1] - x[0]) / 2
    return float(x[int(columns[0])] - half), float(x[int(columns[-1])] + half)


def _numbers(power: Tensor) -> NDArray[np.float64]:
    return np.asarray(power.cpu().numpy(), dtype=np.float64)
