"""Fields, masks, wavelengths and transfer functions that do not belong together: one clear error each."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from photonics_sim import PhotonicsError
from photonics_sim.optics import Propagator, convolve, gaussian_beam, propagate, relay, thin_lens

PLACE = {"pitch": 8e-6, "distance": 1e-3}
FIELD = torch.ones(2, 16, 16, dtype=torch.complex64)
MASKS = torch.ones(2, 16, 16, dtype=torch.complex64)
WAVES = torch.tensor([5e-7, 6e-7, 7e-7])


def hops(count: int) -> tuple[Tensor, ...]:
    way = Propagator((16, 16), wavelength=5e-7, method="angular-spectrum", **PLACE)
    return way.operator(torch.complex64, FIELD.device).tensors * count


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: propagate(FIELD, wavelength=WAVES, **PLACE),
            r"wavelengths \(3,\) and a field \(2, 16, 16\): its leading axes \(2,\) do not broadcast with them; "
            r"give the field an axis of 1 for the wavelengths",
        ),
        (lambda: relay(FIELD, MASKS[:, :15], hops(3)), r"masks torch.complex64 \(2, 15, 16\) for a field"),
        (lambda: relay(FIELD, MASKS[:, :1], hops(3)), r"expected transmissions \(masks, ny, nx\) of its samples"),
        (lambda: relay(FIELD, MASKS.real, hops(3)), r"masks torch.float32 .* and its type"),
        (lambda: relay(FIELD, MASKS, hops(2)), r"2 transfer functions for 2 masks; expected 3"),
        (lambda: convolve(FIELD.real, hops(1)[0]), r"field torch.float32 .*: expected a complex field"),
        (lambda: convolve(FIELD, hops(1)[0][:8]), r"transfer function \(8, 32\): expected .* as many samples or more"),
        (lambda: convolve(FIELD.to(torch.complex128), hops(1)[0]), r"cast one to the other's type"),
        (
            lambda: convolve(FIELD, hops(1)[0].expand(3, 32, 32)),
            r"leading axes \(2,\) of the field and \(3,\) of the transfer function \(its wavelengths\)",
        ),
        (
            lambda: thin_lens((16,), pitch=8e-6, wavelength=5e-7, focal_length=0.1),
            r"shape = \(16,\): expected \(ny, nx\)",
        ),
        (
            lambda: gaussian_beam((16, 0), pitch=8e-6, wavelength=5e-7, waist=1e-5),
            r"shape = \(16, 0\): expected \(ny, nx\), at least one sample each",
        ),
    ],
)
def test_they_are_refused(call: Callable[[], Tensor], message: str) -> None:
    with pytest.raises(PhotonicsError, match=message):
        call()


def test_an_axis_for_wavelengths_is_all_it_takes() -> None:
    found = propagate(FIELD[:, None], wavelength=WAVES, **PLACE)
    assert found.shape == (2, 3, 16, 16)
