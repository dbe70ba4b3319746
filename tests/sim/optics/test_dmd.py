"""Complex fields from mirrors that are on or off: Lee's holograms."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from photonics_sim import PhotonicsError
from photonics_sim.device import normal
from photonics_sim.optics import lee_hologram
from photonics_sim.testing import assert_close

SIZE = 1.024e-3  # of the device in metres
PERIOD = 64e-6


def target(n: int, seed: int = 0) -> Tensor:
    """A random smooth field of this many samples on the same square metre by metre: few Fourier components, |u| <= 1."""
    parts = torch.view_as_complex(normal(seed, 5, 5, 2).double())
    place = (torch.arange(n, dtype=torch.float64) - (n - 1) / 2) / n
    waves = torch.exp(2j * math.pi * torch.arange(-2, 3)[:, None] * place)
    field = waves.T @ parts @ waves
    return field / field.abs().max()


def first_order(pattern: Tensor, angle: float) -> Tensor:
    """What a 4f system passes: frequencies within half of 1 / period around the first order, moved to the axis."""
    n = pattern.shape[-1]
    place = (torch.arange(n, dtype=torch.float64) - (n - 1) / 2) * (SIZE / n)
    y, x = place[:, None], place[None, :]
    turn = -2 * math.pi * (y * math.sin(angle) + x * math.cos(angle)) / PERIOD
    bins = torch.fft.fftfreq(n, SIZE / n, dtype=torch.float64)
    pupil = bins[:, None].square() + bins.square() < (0.5 / PERIOD) ** 2
    found: Tensor = torch.fft.ifft2(torch.fft.fft2(pattern * torch.exp(1j * turn)) * pupil)
    return found


def compare(n: int, seed: int = 0, angle: float = 0.0) -> tuple[float, complex]:
    """Relative error of the first order against the target / pi, and the factor of the one that fits best."""
    field = target(n, seed)
    pattern = lee_hologram(field, pitch=SIZE / n, period=PERIOD, angle=angle)
    found, ideal = first_order(pattern, angle), field / math.pi
    factor = complex(torch.vdot(ideal.flatten(), found.flatten()) / ideal.abs().square().sum())
    return float(torch.linalg.vector_norm(found - ideal) / torch.linalg.vector_norm(ideal)), factor


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("angle", [0.0, math.atan2(3, 4), math.pi / 2])
def test_the_first_order_is_the_field_over_pi(seed: int, angle: float) -> None:
    print(seed, angle, compare(256, seed, angle), compare(512, seed, angle), compare(1024, seed, angle))


def test_finer():
    for n in (64,128,256,512,1024,2048):
        print(n, [compare(n, s, .3) for s in range(3)])
