"""The same propagation by the free-space packages that pip installs; those that are not installed are left out."""

from __future__ import annotations

import importlib.metadata
import warnings
from collections.abc import Callable

import torch
from torch import Tensor

Propagation = Callable[[Tensor], Tensor]


def peers(n: int, pitch: float, wavelength: float, distance: float, dtype: torch.dtype) -> dict[str, Propagation]:
    """Functions of fields `(batch, n, n)`, by name and version, each padded to twice the width."""
    found = {}
    for name, make in {"torchoptics": _torchoptics, "svetlanna": _svetlanna, "odak": _odak}.items():
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            print(f"  ({name} is not installed: pip install -e '.[bench]')")
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found[f"{name} {version}"] = make(n, pitch, wavelength, distance, dtype)
    return found


def _torchoptics(n: int, pitch: float, wavelength: float, distance: float, dtype: torch.dtype) -> Propagation:
    """As shipped it computes in double precision on five times the width; here at the field's own type and twice."""
    from torchoptics import Field

    def propagate(field: Tensor) -> Tensor:
        there = Field(field, wavelength=wavelength, spacing=pitch)
        there.data = field
        arrived: Tensor = there.propagate_to_z(distance, propagation_method="ASM", asm_pad=(n // 2, n // 2)).data
        return arrived

    return propagate


def _svetlanna(n: int, pitch: float, wavelength: float, distance: float, dtype: torch.dtype) -> Propagation:
    import svetlanna
    from svetlanna.elements import FreeSpace

    real = torch.float32 if dtype == torch.complex64 else torch.float64
    half = (n - 1) / 2 * pitch
    axis = torch.linspace(-half, half, n, dtype=real)
    space = FreeSpace(
        svetlanna.SimulationParameters({"W": axis, "H": axis.clone(), "wavelength": wavelength}),
        distance=distance,
        method="zpASM",
    )

    def propagate(field: Tensor) -> Tensor:
        arrived: Tensor = space(svetlanna.Wavefront(field))
        return arrived.as_subclass(Tensor)

    return propagate


def _odak(n: int, pitch: float, wavelength: float, distance: float, dtype: torch.dtype) -> Propagation:
    """One field at a time, as its function takes them."""
    from odak.learn import wave

    k = wave.wavenumber(wavelength)

    def propagate(field: Tensor) -> Tensor:
        return torch.stack([
            wave.propagate_beam(
                one, k, distance, pitch, wavelength, propagation_type="Angular Spectrum",
                zero_padding=[True, False, True],
            )
            for one in field
        ])  # fmt: skip

    return propagate
