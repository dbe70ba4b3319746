"""One quadrature of light against a local oscillator: its sign, its shot noise, its budget."""

from __future__ import annotations

import math

import pytest
import torch

from photonics_sim.device import ELEMENTARY_CHARGE_C, normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.signals import DetectorCard, LaserCard, homodyne, homodyne_budget
from photonics_sim.testing import assert_close, assert_gradient

QUIET = DetectorCard(responsivity_a_per_w=0.5)
NOISY = DetectorCard(
    responsivity_a_per_w=0.5, bandwidth_mhz=2.0, shot_noise=True, thermal_noise=True, thermal_noise_pa_per_rthz=3.0
)


def test_it_reads_the_real_part() -> None:
    """Two outputs of a half mirror, written out, and their difference; light beside the mode changes nothing."""
    a, oscillator = torch.complex(normal(1, 20), normal(2, 20)), 4.0
    plus, minus = ((math.sqrt(oscillator) + sign * a).abs().square() / 2 for sign in (1, -1))
    assert_close(homodyne(a, a.abs().square(), oscillator, QUIET), plus - minus)
    assert_close(homodyne(a, a.abs().square() + 3.0, oscillator, QUIET), 4 * a.real)


@pytest.mark.parametrize("signal_w", [0.0, 5e-5])
def test_its_noise_is_the_shot_noise_of_all_light_and_that_of_two_amplifiers(signal_w: float) -> None:
    count, oscillator, bandwidth = 40000, 2e-5, 2e6
    a = torch.full((count,), 1e-4j * math.sqrt(signal_w), dtype=torch.complex128)
    read = homodyne(a, torch.full((count,), signal_w, dtype=torch.float64), oscillator, NOISY, 3) * 0.5
    shot = 2 * ELEMENTARY_CHARGE_C * 0.5 * (oscillator + signal_w) * bandwidth
    expected = math.sqrt(shot + 2 * 3e-12**2 * bandwidth)
    assert float(read.std()) == pytest.approx(expected, rel=4 / math.sqrt(2 * count))
    assert abs(float(read.mean())) < 4 * expected / math.sqrt(count)
    budget = homodyne_budget(
        LaserCard(power_mw=1.0, wavelength_nm=500.0, wall_plug_efficiency=0.1), NOISY, signal_w, oscillator, {}, "rest"
    )
    assert budget.noise_current_a == pytest.approx(expected)
    full = homodyne(torch.tensor(math.sqrt(signal_w) + 0j), torch.tensor(signal_w), oscillator, NOISY) * 0.5
    assert budget.signal_current_a == pytest.approx(float(full))


def test_a_photodiode_that_is_full_reads_no_difference() -> None:
    card = DetectorCard(responsivity_a_per_w=1.0, saturation_ua=1.0)
    a = torch.tensor([1e-4 + 0j, 1e-3 + 0j])
    assert homodyne(a, a.abs().square(), 1e-3, card).tolist() == [0.0, 0.0]


def test_gradients() -> None:
    def read(real: torch.Tensor, imaginary: torch.Tensor) -> torch.Tensor:
        a = torch.complex(real, imaginary)
        return homodyne(a, a.abs().square(), 2.0, NOISY, 5)

    assert_gradient(read, normal(1, 4), normal(2, 4))


@pytest.mark.parametrize("oscillator_w", [0.0, -1.0, math.nan, math.inf])
def test_no_oscillator_no_reading(oscillator_w: float) -> None:
    with pytest.raises(PhotonicsError, match=r"oscillator_w = .* W: expected power"):
        homodyne(torch.ones(2) + 0j, torch.ones(2), oscillator_w, QUIET)
