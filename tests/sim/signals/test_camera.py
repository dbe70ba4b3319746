"""The camera: photon transfer, full well and converter, each against its formula."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from photonics_sim import PhotonicsError
from photonics_sim.device import PLANCK_CONSTANT_J_S, SPEED_OF_LIGHT_M_PER_S, Section, explain_invalid
from photonics_sim.signals import CameraCard, expose
from photonics_sim.testing import assert_close, assert_gradient

GREEN_M = 532e-9
DRAWS = 40_000


class Holder(Section):
    camera: CameraCard


def camera(**fields: Any) -> CameraCard:
    return CameraCard(**fields)


def watts(electrons: Tensor, efficiency: float = 1.0, exposure_s: float = 1e-3) -> Tensor:
    """The power that gives so many photoelectrons in one exposure."""
    return electrons * PLANCK_CONSTANT_J_S * SPEED_OF_LIGHT_M_PER_S / (GREEN_M * exposure_s * efficiency)


def electrons_of(power: Tensor, efficiency: float = 1.0, exposure_s: float = 1e-3) -> Tensor:
    return power / watts(torch.ones((), dtype=power.dtype), efficiency, exposure_s)


def flat(electrons: float, dtype: torch.dtype = torch.float64) -> Tensor:
    return watts(torch.full((DRAWS,), electrons, dtype=torch.float64)).to(dtype)


def ramp(last: float = 1000.0, dtype: torch.dtype = torch.float64) -> Tensor:
    return watts(torch.linspace(0, last, 41, dtype=torch.float64)).to(dtype)


def test_the_energy_of_a_green_photon() -> None:
    """532 nm is 2.3305 eV, by hand."""
    assert float(watts(torch.tensor(1.0, dtype=torch.float64))) == pytest.approx(2.33053 * 1.602177e-16, rel=1e-5)


def test_a_noiseless_camera_returns_the_power(dtype: torch.dtype) -> None:
    for key in (None, 3):
        picture = expose(ramp(dtype=dtype), camera(quantum_efficiency=0.6, exposure_ms=20.0), GREEN_M, key)
        assert picture.dtype == dtype
        assert_close(picture, ramp(dtype=dtype), "equal")


def test_without_a_key_noise_is_its_expectation() -> None:
    noisy = camera(shot_noise=True, read_noise_e=5.0, dark_current_e_per_s=1e4, full_well_e=1e5)
    assert_close(expose(ramp(), noisy, GREEN_M), ramp())


def test_photon_transfer(dtype: torch.dtype) -> None:
    """Variance over mean is a line: its slope is one electron, its intercept the dark and read noise."""
    noisy = camera(shot_noise=True, read_noise_e=12.0, dark_current_e_per_s=5e4)
    means = torch.tensor([100.0, 300.0, 1000.0, 3000.0], dtype=torch.float64)
    found = []
    for number, mean in enumerate(means.tolist()):
        picture = electrons_of(expose(flat(mean, dtype), noisy, GREEN_M, key=number).double())
        expected = noisy.noise_variance_e2(mean)
        assert expected == pytest.approx(mean + 50 + 144, rel=1e-12)
        assert abs(float(picture.mean()) - mean) < 4 * (expected / DRAWS) ** 0.5
        found.append(float((picture - mean).square().mean()))
        assert abs(found[-1] / expected - 1) < 4 * (2 / DRAWS) ** 0.5
    # weighed by their errors, which are shares of the variances
    weight = 1 / torch.tensor(found, dtype=torch.float64)
    design = torch.stack([means, torch.ones(4, dtype=torch.float64)], 1) * weight[:, None]
    covariance = 2 / DRAWS * torch.linalg.inv(design.T @ design)
    slope, intercept = torch.linalg.lstsq(design, torch.ones(4, 1, dtype=torch.float64)).solution.flatten().tolist()
    assert abs(slope - 1) < 4 * float(covariance[0, 0]) ** 0.5 < 0.1
    assert abs(intercept - 194) < 4 * float(covariance[1, 1]) ** 0.5 < 20


def test_half_the_quantum_efficiency_is_twice_the_relative_variance() -> None:
    for efficiency in (1.0, 0.5):
        noisy = camera(shot_noise=True, quantum_efficiency=efficiency)
        relative = expose(flat(1000.0), noisy, GREEN_M, key=1) / flat(1000.0) - 1
        expected = 1 / (1000 * efficiency)
        assert abs(float(relative.square().mean()) / expected - 1) < 4 * (2 / DRAWS) ** 0.5


def test_a_longer_exposure_averages_shot_noise() -> None:
    """In the same power, so many times the electrons: the variance of the power falls by that number."""
    short, long = (
        (expose(flat(1000.0), camera(shot_noise=True, exposure_ms=t), GREEN_M, key=2) - flat(1000.0)).square().mean()
        for t in (1.0, 25.0)
    )
    assert_close(short / long, torch.tensor(25.0, dtype=torch.float64), "rounding")


def test_dark_current_and_read_noise_without_light() -> None:
    dark = camera(shot_noise=True, dark_current_e_per_s=2e5, exposure_ms=2.0, read_noise_e=3.0)
    picture = electrons_of(expose(flat(0.0), dark, GREEN_M, key=1), exposure_s=2e-3)
    assert dark.noise_variance_e2(0.0) == pytest.approx(409.0)
    assert abs(float(picture.mean())) < 4 * (409 / DRAWS) ** 0.5
    assert abs(float(picture.square().mean()) / 409 - 1) < 4 * (2 / DRAWS) ** 0.5


def test_shot_and_read_noise_are_independent() -> None:
    shot = expose(flat(400.0), camera(shot_noise=True), GREEN_M, key=5) - flat(400.0)
    read = expose(flat(400.0), camera(read_noise_e=20.0), GREEN_M, key=5) - flat(400.0)
    both = expose(flat(400.0), camera(shot_noise=True, read_noise_e=20.0), GREEN_M, key=5) - flat(400.0)
    assert_close(both, shot + read)
    assert abs(float(torch.corrcoef(torch.stack([shot, read]))[0, 1])) < 4 / DRAWS**0.5


def test_a_key_is_a_picture() -> None:
    noisy = camera(shot_noise=True, read_noise_e=2.0)
    assert torch.equal(expose(ramp(), noisy, GREEN_M, 5), expose(ramp(), noisy, GREEN_M, 5))
    assert not torch.equal(expose(ramp(), noisy, GREEN_M, 5), expose(ramp(), noisy, GREEN_M, 6))


def test_a_picture_is_the_same_in_both_precisions() -> None:
    noisy = camera(shot_noise=True, read_noise_e=2.0, dark_current_e_per_s=100.0)
    single = expose(ramp(dtype=torch.float32), noisy, GREEN_M, 5)
    assert_close(single, expose(ramp(), noisy, GREEN_M, 5).float(), "rounding")


def test_a_full_well_is_a_ceiling(dtype: torch.dtype) -> None:
    picture = expose(ramp(dtype=dtype), camera(full_well_e=600.0), GREEN_M)
    assert_close(electrons_of(picture), torch.linspace(0, 1000, 41, dtype=dtype).clamp(max=600), "rounding")


def test_dark_electrons_take_room_in_the_well() -> None:
    warm = camera(full_well_e=600.0, dark_current_e_per_s=1e5, exposure_ms=1.0)
    expected = torch.linspace(0, 1000, 41, dtype=torch.float64).clamp(max=500)
    assert_close(electrons_of(expose(ramp(), warm, GREEN_M)), expected)


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_the_converter_divides_the_full_well(bits: int, dtype: torch.dtype) -> None:
    light = torch.linspace(0, 1000, 20_001, dtype=torch.float64)
    step = 1000 / (2**bits - 1)
    picture = electrons_of(expose(watts(light).to(dtype), camera(full_well_e=1000.0, adc_bits=bits), GREEN_M).double())
    codes = torch.round(picture / step)
    assert_close(picture.to(dtype), (codes * step).to(dtype))
    assert torch.equal(torch.unique(codes), torch.arange(2**bits, dtype=torch.float64))
    error = picture - light
    assert float(error.abs().max()) == pytest.approx(step / 2, rel=1e-2)
    assert float(error.square().mean().sqrt()) == pytest.approx(step / 12**0.5, rel=1e-2)


def test_noise_comes_before_the_converter() -> None:
    """What leaves it is a level, and read noise of a step is a dither: the mean over pixels lies between levels."""
    noisy = camera(full_well_e=1000.0, adc_bits=6, read_noise_e=1000 / 63)
    picture = electrons_of(expose(flat(400.0), noisy, GREEN_M, key=1)) * 63 / 1000
    assert_close(picture, torch.round(picture), "law")
    assert abs(float(picture.mean()) - 25.2) < 4 * (1 + 1 / 12) ** 0.5 / DRAWS**0.5


def test_gradients_with_noise_on_and_a_fixed_key() -> None:
    """In electrons, so that finite differences see them; one pixel is beyond its well, one nearly dark."""
    noisy = camera(
        shot_noise=True, read_noise_e=3.0, dark_current_e_per_s=1e4, full_well_e=900.0, quantum_efficiency=0.7
    )
    x = torch.tensor([1.5, 60.0, 700.0, 2000.0], dtype=torch.float64)
    assert_gradient(lambda light: electrons_of(expose(watts(light), noisy, GREEN_M, 8)), x)


def test_below_a_quarter_electron_the_gradient_is_that_of_the_straight_line() -> None:
    x = torch.tensor([0.01, 0.1, 0.2, 0.3], dtype=torch.float64)
    assert_gradient(lambda light: electrons_of(expose(watts(light), camera(shot_noise=True), GREEN_M, 8)), x)


def test_in_the_dark_there_is_no_shot_noise_and_its_gradient_is_finite(dtype: torch.dtype) -> None:
    x = torch.zeros(50, dtype=dtype, requires_grad=True)
    picture = expose(x, camera(shot_noise=True), GREEN_M, 3)
    picture.sum().backward()
    assert not picture.any()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()
    assert float(x.grad.std()) > 0.5


def test_the_gradient_passes_the_converter_straight_and_stops_at_the_full_well() -> None:
    x = watts(torch.tensor([20.0, 330.0, 590.0, 700.0], dtype=torch.float64)).requires_grad_()
    expose(x, camera(full_well_e=600.0, adc_bits=3), GREEN_M).sum().backward()
    assert x.grad is not None
    assert_close(x.grad, torch.tensor([1.0, 1.0, 1.0, 0.0], dtype=torch.float64), "equal")


@pytest.mark.parametrize("wavelength", [0.0, -1e-9, 532.0, float("nan"), float("inf")])
def test_a_wavelength_in_another_unit_is_refused(wavelength: float) -> None:
    with pytest.raises(PhotonicsError, match=r"wavelength_m = .* no wavelength that a camera sees; .* 532e-9 for 532"):
        expose(ramp(), camera(), wavelength)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"adc_bits": 8}, "adc_bits needs full_well_e, the full scale"),
        ({"adc_bits": 25, "full_well_e": 1.0}, "adc_bits = 25 is outside 0 .. 24 bit"),
        ({"quantum_efficiency": 0.0}, "quantum_efficiency = 0 is outside 0 .. 1"),
        ({"quantum_efficiency": 60.0}, "quantum_efficiency = 60 is outside 0 .. 1"),
        ({"exposure_ms": 0.0}, "exposure_ms = 0 is outside"),
        ({"read_noise_e": -1.0}, "read_noise_e = -1 is outside 0 .. 1e+06 e"),
        ({"dark_current_e_per_s": float("nan")}, "is not a finite number"),
        ({"shot_noise": 1}, "shot_noise = 1"),
        (
            {"full_well_e": 100.0, "dark_current_e_per_s": 1e3, "exposure_ms": 200.0},
            "the dark current fills the well: 200 e in exposure_ms = 200, of full_well_e = 100; expose for a shorter",
        ),
    ],
)
def test_a_camera_that_cannot_be_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Holder.model_validate({"camera": fields})
    told = explain_invalid(caught.value, Holder, where="card", text="")
    assert told.startswith("card: camera")
    assert message in told


def test_off_is_the_default() -> None:
    assert {key: getattr(camera(), key) for key in CameraCard.imperfections} == dict(CameraCard.imperfections)
    assert {key: getattr(camera(), key) for key in CameraCard.exact} == dict(CameraCard.exact)
