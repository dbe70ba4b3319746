"""The photodetector: each stage against its formula, in the order of the card."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from photonics_sim.device import Section, derive_key, explain_invalid, normal
from photonics_sim.signals import DetectorCard, detect, quantise
from photonics_sim.testing import assert_close, assert_gradient

CHARGE = 1.602176634e-19
DRAWS = 20_000


class Holder(Section):
    detector: DetectorCard


def card(**fields: Any) -> DetectorCard:
    return DetectorCard(**fields)


def powers(dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.linspace(0, 2e-6, 41, dtype=torch.float64).to(dtype)


def within(samples: Tensor, variance: float) -> bool:
    """Mean and variance of normal samples of mean 0 lie within four standard errors."""
    n = samples.numel()
    mean, found = float(samples.mean()), float(samples.square().mean())
    return abs(mean) < 4 * (variance / n) ** 0.5 and abs(found / variance - 1) < 4 * (2 / n) ** 0.5


def test_with_everything_off_it_reads_the_power(dtype: torch.dtype) -> None:
    x = powers(dtype)
    for key in (None, 3):
        reading = detect(x, card(responsivity_a_per_w=0.7), key)
        assert reading.dtype == dtype
        assert_close(reading, x, "equal")


def test_without_a_key_noise_is_its_expectation() -> None:
    noisy = card(shot_noise=True, thermal_noise=True, thermal_noise_pa_per_rthz=20.0, dark_current_na=5.0)
    assert_close(detect(powers(), noisy), powers(), "equal")


def test_shot_noise_has_the_variance_2q_i_plus_dark_b(dtype: torch.dtype) -> None:
    power, responsivity = 1e-6, 0.8
    detector = card(shot_noise=True, dark_current_na=300.0, bandwidth_mhz=50.0, responsivity_a_per_w=responsivity)
    current = responsivity * power
    variance = 2 * CHARGE * (current + 300e-9) * 50e6
    reading = detect(torch.full((DRAWS,), power, dtype=dtype), detector, key=1)
    noise_a = (reading.double() - power) * responsivity
    assert within(noise_a, variance)
    assert detector.noise_variance_a2(current) == pytest.approx(variance, rel=1e-12)


def test_thermal_noise_has_the_variance_of_its_density(dtype: torch.dtype) -> None:
    detector = card(thermal_noise=True, thermal_noise_pa_per_rthz=15.0, bandwidth_mhz=100.0, responsivity_a_per_w=0.5)
    variance = (15e-12) ** 2 * 100e6
    reading = detect(torch.full((DRAWS,), 1e-6, dtype=dtype), detector, key=1)
    assert within((reading.double() - 1e-6) * 0.5, variance)


def test_the_two_noises_are_independent() -> None:
    detector = card(shot_noise=True, thermal_noise=True, thermal_noise_pa_per_rthz=0.5, bandwidth_mhz=100.0)
    power = 8e-7
    noise = detect(torch.full((DRAWS,), power, dtype=torch.float64), detector, key=1) - power
    variance = detector.noise_variance_a2(power)
    assert variance == pytest.approx(2 * CHARGE * power * 1e8 + 0.25e-24 * 1e8, rel=1e-12)
    assert within(noise, variance)


def test_noise_is_counted_in_the_budget_whether_it_is_on_or_not() -> None:
    numbers = {"dark_current_na": 60.0, "thermal_noise_pa_per_rthz": 15.0}
    assert card(**numbers).noise_variance_a2(1e-6) == card(**numbers, shot_noise=True).noise_variance_a2(1e-6)


def test_a_key_is_a_reading() -> None:
    detector = card(shot_noise=True, thermal_noise=True, thermal_noise_pa_per_rthz=15.0)
    x = powers()
    assert torch.equal(detect(x, detector, 5), detect(x, detector, 5))
    assert not torch.equal(detect(x, detector, 5), detect(x, detector, 6))


def test_a_reading_is_the_same_in_both_precisions() -> None:
    detector = card(shot_noise=True, dark_current_na=60.0, bandwidth_mhz=1e3)
    assert_close(detect(powers(torch.float32), detector, 5), detect(powers(), detector, 5).float(), "rounding")


def test_saturation_is_a_ceiling_of_the_current(dtype: torch.dtype) -> None:
    detector = card(saturation_ua=1.0, responsivity_a_per_w=0.8)
    expected = torch.clamp(powers(dtype), max=1e-6 / 0.8)
    assert_close(detect(powers(dtype), detector), expected, "equal")


@pytest.mark.parametrize("bits", [1, 2, 5, 10])
def test_a_converter_has_its_levels_and_both_ends_are_among_them(bits: int, dtype: torch.dtype) -> None:
    scale = 2.0
    signal = torch.linspace(-0.5, 2.5, 30_001, dtype=dtype)
    found = quantise(signal, bits, scale)
    step = scale / (2**bits - 1)
    numbers = torch.unique(torch.round(found / step))
    assert torch.equal(numbers, torch.arange(2**bits, dtype=dtype))
    assert_close(found, torch.round(found / step) * step, "equal")
    assert float(found.min()) == 0
    assert float(found.max()) == pytest.approx(scale, rel=1e-6)
    inside = (signal >= 0) & (signal <= scale)
    assert float((found - signal)[inside].abs().max()) <= step / 2 * (1 + 1e-5)
    assert float((found - signal)[inside].abs().max()) > step / 2 * 0.9


def test_three_levels_of_two_bits_by_hand() -> None:
    signal = torch.tensor([0.0, 0.49, 0.51, 1.49, 1.51, 2.6, 3.0, 9.0])
    assert_close(quantise(signal, 2, 3.0), torch.tensor([0.0, 0.0, 1.0, 1.0, 2.0, 3.0, 3.0, 3.0]), "equal")


def test_the_converter_of_a_card_divides_its_saturation_current() -> None:
    reading = detect(powers(), card(saturation_ua=1.5, adc_bits=2, responsivity_a_per_w=0.5))
    assert_close(torch.unique(torch.round(reading * 1e9)), torch.tensor([0.0, 1000.0, 2000.0], dtype=torch.float64))


def test_the_gradient_passes_the_converter_straight_and_stops_at_saturation() -> None:
    x = torch.tensor([0.2e-6, 0.55e-6, 0.9e-6, 1.5e-6], dtype=torch.float64, requires_grad=True)
    detect(x, card(saturation_ua=1.0, adc_bits=3)).sum().backward()
    assert x.grad is not None
    assert_close(x.grad, torch.tensor([1.0, 1.0, 1.0, 0.0], dtype=torch.float64), "equal")


def test_the_straight_gradient_is_that_of_the_mean_over_a_dither() -> None:
    """A signal plus uniform noise of one step reads, on average, the signal itself."""
    dither = (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000 - 0.5
    step = 1 / 7
    for value in (0.3, 0.41, 0.5):
        mean = float(quantise(value + step * dither, 3, 1.0).mean())
        assert mean == pytest.approx(value, abs=1e-3 * step)


def by_hand(x: Tensor, order: tuple[str, ...], key: int) -> Tensor:
    """The stages as formulas, thermal noise of 1e-8 A, 2 bits over 1e-6 A."""
    for stage in order:
        if stage == "gain":
            x = 0.5 * x
        elif stage == "noise":
            x = x + 1e-8 * normal(derive_key(key, "thermal"), *x.shape)
        elif stage == "clip":
            x = torch.minimum(x, torch.tensor(1e-6, dtype=x.dtype))
        else:
            x = torch.round(x.clamp(0, 1e-6) * 3e6) / 3e6
    return x / 0.5


@pytest.mark.parametrize("order", list(permutations(["gain", "noise", "clip", "quantise"])), ids="-".join)
def test_stages_come_in_the_order_of_the_card(order: tuple[str, ...]) -> None:
    detector = card(
        chain=list(order), responsivity_a_per_w=0.5, saturation_ua=1.0, adc_bits=2,
        thermal_noise=True, thermal_noise_pa_per_rthz=10.0,
    )  # fmt: skip
    x = 1.3 * powers()
    assert_close(detect(x, detector, 4), by_hand(x, order, 4), "rounding")


def test_the_order_matters() -> None:
    fields = {"saturation_ua": 1.0, "adc_bits": 2, "thermal_noise": True, "thermal_noise_pa_per_rthz": 10.0}
    late = detect(powers(), card(chain=["gain", "clip", "quantise", "noise"], **fields), 4)
    early = detect(powers(), card(chain=["gain", "noise", "clip", "quantise"], **fields), 4)
    assert len(torch.unique(late)) == 41
    assert len(torch.unique(torch.round(early * 1e9))) == 4


def test_a_stage_left_out_does_nothing() -> None:
    detector = card(chain=["gain"], shot_noise=True, saturation_ua=1.0, adc_bits=2, responsivity_a_per_w=0.5)
    assert_close(detect(powers(), detector, 1), powers(), "equal")


def test_gradients_with_noise_on_and_a_fixed_key() -> None:
    """In units of uA, so that finite differences see the currents."""
    detector = card(
        shot_noise=True, thermal_noise=True, thermal_noise_pa_per_rthz=15.0, bandwidth_mhz=1e5,
        dark_current_na=60.0, responsivity_a_per_w=0.8, saturation_ua=1.7,
    )  # fmt: skip
    x = torch.tensor([0.3, 0.9, 1.4, 3.0], dtype=torch.float64)
    assert_gradient(lambda value: 1e6 * detect(1e-6 * value, detector, 8), x)


def test_the_gradient_of_shot_noise_is_finite_in_the_dark(dtype: torch.dtype) -> None:
    x = torch.zeros(50, dtype=dtype, requires_grad=True)
    reading = detect(x, card(shot_noise=True), 3)
    reading.sum().backward()
    assert x.grad is not None
    assert torch.isfinite(reading).all()
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"chain": ["gain", "noise", "noise"]}, "at most once"),
        ({"chain": ["noise", "clip"]}, "gain among them"),
        ({"chain": []}, "gain among them"),
        ({"chain": ["gain", "amplify"]}, "chain.1 = 'amplify' is not one of"),
        ({"adc_bits": 8}, "adc_bits needs saturation_ua"),
        ({"adc_bits": 25, "saturation_ua": 1.0}, "adc_bits = 25 is outside 0 .. 24 bit"),
        ({"responsivity_a_per_w": 0.0}, "responsivity_a_per_w = 0 is outside"),
        ({"responsivity_a_per_w": 3.0}, "responsivity_a_per_w = 3 is outside 0 .. 2 A/W"),
        ({"bandwidth_mhz": 0.0}, "bandwidth_mhz = 0 is outside"),
        ({"dark_current_na": -1.0}, "dark_current_na = -1 is outside"),
        ({"saturation_ua": float("nan")}, "is not a finite number"),
        ({"shot_noise": 1}, "shot_noise = 1"),
    ],
)
def test_a_detector_that_cannot_be_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Holder.model_validate({"detector": fields})
    told = explain_invalid(caught.value, Holder, where="card", text="")
    assert told.startswith("card: detector")
    assert message in told


def test_far_beyond_full_scale_is_the_top_level_and_has_no_gradient() -> None:
    signal = torch.tensor([1e10, -5.0, 0.5], requires_grad=True)
    found = quantise(signal, 8, 1.0)
    assert found[:2].tolist() == [1.0, 0.0]
    found.sum().backward()
    assert signal.grad is not None
    assert signal.grad.tolist() == [0.0, 0.0, 1.0]
