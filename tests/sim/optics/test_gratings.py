"""Phase gratings: how much light goes into each order, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special
import torch
from torch import Tensor

from photonics_sim import PhotonicsError
from photonics_sim.optics import binary_grating, blazed_grating, sinusoidal_grating
from photonics_sim.testing import assert_close, assert_gradient

ORDERS = np.arange(-7, 8)
PER_PERIOD = 40


def efficiencies(grating: Tensor, per_period: int = PER_PERIOD) -> Tensor:
    """Of the orders, from one row of whole periods of square pixels, which dim order m by sinc^2(m / samples)."""
    coefficients = torch.fft.fft(grating[0, :per_period]) / per_period
    pixel = torch.sinc(torch.as_tensor(ORDERS / per_period))
    return (coefficients[torch.as_tensor(ORDERS % per_period)] * pixel).abs().square()


@pytest.mark.parametrize("columns", [3 * PER_PERIOD, 3 * PER_PERIOD + 1])
@pytest.mark.parametrize(("depth", "duty"), [(math.pi, 0.5), (math.pi, 0.3), (1.2, 0.75), (4.0, 0.1)])
def test_a_binary_grating_diffracts_as_its_duty_says(depth: float, duty: float, columns: int) -> None:
    """Exact, as pixels are steps too, wherever edges fall on or between samples."""
    grating = binary_grating((1, columns), pitch=8e-6, period=PER_PERIOD * 8e-6, depth=depth, duty=duty)
    expected = 4 * math.sin(depth / 2) ** 2 * duty**2 * np.sinc(ORDERS * duty) ** 2
    expected[ORDERS == 0] = 1 - 4 * duty * (1 - duty) * math.sin(depth / 2) ** 2
    assert_close(efficiencies(grating), torch.as_tensor(expected))


def test_half_a_wave_sends_two_fifths_into_each_first_order() -> None:
    found = efficiencies(binary_grating((1, PER_PERIOD), pitch=8e-6, period=PER_PERIOD * 8e-6))
    assert float(found[ORDERS == 1]) == pytest.approx(4 / math.pi**2, rel=1e-12)
    assert float(found[ORDERS == 0]) < 1e-25


@pytest.mark.parametrize("depth", [2 * math.pi, 1.3, 3.0])
def test_a_sinusoidal_grating_diffracts_as_bessel_says(depth: float) -> None:
    grating = sinusoidal_grating((1, PER_PERIOD), pitch=8e-6, period=PER_PERIOD * 8e-6, depth=depth)
    pixel = np.sinc(ORDERS / PER_PERIOD) ** 2
    assert_close(efficiencies(grating), torch.as_tensor(scipy.special.jv(ORDERS, depth / 2) ** 2 * pixel))


@pytest.mark.parametrize("columns", [800, 801])
def test_a_blazed_grating_diffracts_as_its_depth_says(columns: int) -> None:
    """The steps of 400 samples keep all but a share of about (pi / 400)^2 / 3 in order."""
    for depth in (2 * math.pi, 1.5 * math.pi):
        grating = blazed_grating((1, columns), pitch=8e-6, period=400 * 8e-6, depth=depth)
        expected = torch.as_tensor(np.sinc(ORDERS - depth / (2 * math.pi)) ** 2)
        assert float((efficiencies(grating, 400) - expected).abs().max()) < (math.pi / 400) ** 2


@pytest.mark.parametrize("make", [binary_grating, blazed_grating, sinusoidal_grating])
def test_a_grating_is_a_phase_that_turns_with_its_angle(make: type[binary_grating]) -> None:  # type: ignore[valid-type]
    along = make((24, 24), pitch=8e-6, period=64e-6, depth=2.0)
    assert_close(along.abs(), torch.ones(24, 24, dtype=torch.float64))
    assert_close(along, along[:1].expand(24, 24), "equal")
    assert_close(make((24, 24), pitch=8e-6, period=64e-6, depth=2.0, angle=math.pi / 2), along.T)


def test_gradients_through_what_is_smooth() -> None:
    def sine(period: Tensor, depth: Tensor, angle: Tensor, dy: Tensor, dx: Tensor) -> Tensor:
        return torch.view_as_real(
            sinusoidal_grating((4, 5), pitch=(1e-5 * dy, 1e-5 * dx), period=1e-5 * period, depth=depth, angle=angle)
        )

    def ridges(depth: Tensor) -> Tensor:
        return torch.view_as_real(binary_grating((4, 5), pitch=1e-5, period=4e-5, depth=depth, angle=0.3))

    numbers = [torch.tensor(v, dtype=torch.float64) for v in (3.7, 1.2, 0.31, 0.9, 1.1)]
    assert_gradient(sine, *numbers)
    assert_gradient(ridges, numbers[1])


def test_gratings_that_are_none_are_refused() -> None:
    with pytest.raises(PhotonicsError, match="period = 16 um: a sine needs three samples of 8 um; take 24 um or more"):
        sinusoidal_grating((8, 8), pitch=8e-6, period=16e-6)
    for make in (binary_grating, blazed_grating):
        with pytest.raises(PhotonicsError, match="period = 10 um: a grating needs two samples of 8 um; take 16 um"):
            make((8, 8), pitch=8e-6, period=10e-6)
        make((8, 8), pitch=8e-6, period=16e-6)
    for duty in (0.0, 1.0, -0.5, math.nan):
        with pytest.raises(PhotonicsError, match=f"duty = {duty:g} of a grating: expected a share between 0 and 1"):
            binary_grating((8, 8), pitch=8e-6, period=80e-6, duty=duty)
