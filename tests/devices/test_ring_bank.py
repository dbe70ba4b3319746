"""The bank of microring weights: conformance, its equations written out, its light and its costs."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch

from photonics_devices import RingBank
from photonics_sim import PhotonicsError, load_card, load_device
from photonics_sim.device import Device, Metered, normal
from photonics_sim.testing import DeviceConformance, assert_close, assert_gradient

IDEAL: dict[str, Any] = {
    "link_loss_db": 0.0,
    "modulator.extinction_db": 0.0,
    "modulator.loss_db": 0.0,
    "ring.loss_db_per_cm": 0.0,
    "ring.resonance_error_pm": 0.0,
    "ring.heater.crosstalk": 0.0,
}
# two rings that nearly overlap, so that channels do talk
CROWDED: dict[str, Any] = {"channel_spacing_nm": 0.05}


def build(**fields: Any) -> RingBank:
    device = load_device("ring-bank-silicon", seed=3, **({"inputs": 6, "rows": 3} | fields))
    assert isinstance(device, RingBank)
    return device


class TestNominal(DeviceConformance):
    def build(self) -> Device:
        return build(**IDEAL)


class TestEveryImperfection(DeviceConformance):
    """Bits are left out: a staircase has no derivative to compare with."""

    def build(self) -> Device:
        return build(
            **CROWDED,
            **{
                "ring.coupling": "critical",
                "ring.loss_db_per_cm": 4.0,
                "ring.resonance_error_pm": 5.0,
                "ring.heater.crosstalk": 0.1,
                "detector.shot_noise": True,
                "detector.thermal_noise": True,
                "detector.saturation_ua": 1000.0,
            },
        )


def test_it_is_what_the_equations_say() -> None:
    """Every ring on every channel in plain numbers, from the published power transfer."""
    device = build(**IDEAL, **CROWDED).double().requires_grad_(False)
    x = normal(1, 5, 6)
    r1, r2, a = device.card.ring.amplitudes(1.55e-6)
    rho, length = r1 * r2 * a, 4.2 * 2 * math.pi * 5e-6
    light = [1550e-9 + (k - 2.5) * 0.05e-9 for k in range(6)]
    expected = torch.zeros(5, 3, dtype=torch.float64)
    for m in range(3):
        for k in range(6):
            left, dropped = 1.0, 0.0
            for j in range(6):
                heater_mw = 1.0 / (1 + math.exp(-float(device.setting[m, j])))
                resonance = light[j] + (0.25 * heater_mw - 0.1) * 1e-9
                phase = 2 * math.pi * length * (1 / light[k] - 1 / resonance)
                drop = (1 - r1**2) * (1 - r2**2) * a / (1 - 2 * rho * math.cos(phase) + rho**2)
                left, dropped = left * (1 - drop), dropped + left * drop
            swing = (1 + (0.8 * x[:, k]).sin()) / 2
            expected[:, m] += float(device.gain[m]) * (dropped - left) * swing
    # the phase is a difference of two of 500 rad: it has lost digits here, not in the device
    assert (device(x) - expected).abs().max() < 1e-8


def test_lossless_light_is_all_detected() -> None:
    device = build(**IDEAL, **CROWDED).double()
    x = normal(1, 4, 6)
    entering, leaving = device.power(x)
    modulated = 1e-3 * ((1 + (0.8 * x).sin()) / 2).sum(-1)
    assert_close(leaving, modulated, "law")
    assert_close(entering, torch.full_like(entering, 6e-3), "law")
    assert isinstance(device, Metered)


def test_programmed_weights_are_the_weights() -> None:
    """Sharp rings far apart do not meet; what is left over is their crosstalk, which falls with the spacing squared."""
    wanted = (0.4 * normal(5, 3, 6)).clamp(-0.8, 0.8)
    misses = []
    for spacing in (0.5, 1.0, 2.0):
        device = build(**IDEAL | {"channel_spacing_nm": spacing}).double().requires_grad_(False)
        device.program(wanted)
        misses.append(float((device.weights() - wanted).abs().max()))
    assert misses[0] < 0.02
    for near, far in itertools.pairwise(misses):
        assert abs(math.log2(near / far) - 2) < 0.5


def test_a_weight_out_of_reach_is_refused_and_changes_nothing() -> None:
    device = build().double()
    before = device.setting.detach().clone()
    with pytest.raises(PhotonicsError, match=r"weight of a ring .* reaches -\S+ to 0\.\d+; asked for"):
        device.program(torch.full((3, 6), 0.999, dtype=torch.float64))
    assert torch.equal(device.setting, before)


def test_the_initial_weights_are_spread_around_nothing() -> None:
    device = build(inputs=64, rows=10).requires_grad_(False)
    weights = device.weights()
    assert abs(float(weights.mean())) < 0.05
    assert abs(float(weights.std()) - 0.3) < 0.05
    assert not torch.equal(weights, RingBank(device.card, seed=4).weights())


def test_losses_weaken_the_signal_as_the_card_says() -> None:
    x = normal(1, 4, 6)
    plain = build(**IDEAL).double()(x)
    lossy = build(**IDEAL | {"link_loss_db": 2.0, "modulator.loss_db": 1.0}).double()(x)
    assert_close(lossy, 10**-0.3 * plain, "law")


def test_extinction_leaves_light_in_the_dark() -> None:
    device = build(**IDEAL | {"modulator.extinction_db": 10.0}).double()
    dark = torch.full((6,), -math.pi / 2 / 0.8, dtype=torch.float64)
    assert_close(device.power(dark)[1][None], torch.tensor([0.1 * 6e-3], dtype=torch.float64), "law")
    assert_close(device.power(-dark)[1][None], torch.tensor([6e-3], dtype=torch.float64), "law")


def test_bits_make_levels() -> None:
    device = build(**{"ring.heater.power_bits": 2}).double()
    fine, coarse = (bank.weights().detach() for bank in (build().double(), device))
    assert not torch.allclose(fine, coarse)
    x = torch.linspace(-3, 3, 500, dtype=torch.float64)[:, None].expand(-1, 6)
    assert len(build(**{"modulator.dac_bits": 3}).double()(x)[:, 0].unique()) <= 8
    (slope,) = torch.autograd.grad(device(x).sum(), device.setting)
    assert (slope != 0).all(), "straight through"


def test_the_two_photodiodes_are_noisy_each_for_itself() -> None:
    """Variance of a reading: that of both diodes, in units of one laser's power in one row."""
    noisy = {"detector.thermal_noise": True, "detector.shot_noise": True}
    device = build(**IDEAL | noisy).double().requires_grad_(False)
    x = torch.zeros(20000, 6, dtype=torch.float64)
    deviation = (device(x, key=1) - device(x)).std(0)
    through, drop = (bus.sum(-1) / 2 * 1e-3 / 3 for bus in device._buses())
    detector = device.card.detector
    variance = torch.tensor(
        [
            detector.noise_variance_a2(float(t)) + detector.noise_variance_a2(float(d))
            for t, d in zip(through, drop, strict=True)
        ]
    )
    assert (deviation / (device.gain * variance.sqrt() * 3 / 1e-3) - 1).abs().max() < 0.03
    assert torch.equal(device(x, key=1), device(x, key=1))


def test_chips_differ_and_errors_grow_the_deviation_in_proportion() -> None:
    x = normal(1, 50, 6)
    plain = build(**IDEAL).double()(x).detach()
    deviations = []
    for error in (1e-3, 1e-2):
        bank = build(**IDEAL | {"ring.resonance_error_pm": error}).double()
        deviations.append(float((bank.as_built(1)(x).detach() - plain).square().mean().sqrt()))
        assert not torch.allclose(bank.as_built(1)(x), bank.as_built(2)(x), rtol=1e-9)
    assert abs(math.log10(deviations[1] / deviations[0]) - 1) < 0.02


def test_the_gradient_passes_every_setting_also_on_resonance() -> None:
    device = build(**CROWDED, **{"ring.loss_db_per_cm": 2.0}).double()
    with torch.no_grad():
        device.setting[0, 0] = math.log(0.4 / 0.6)  # 0.4 mW brings the ring onto its channel
    x = normal(1, 2, 6)

    def run(setting: torch.Tensor, gain: torch.Tensor, offset: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = torch.func.functional_call(
            device, {"setting": setting, "gain": gain, "offset": offset}, (x,)
        )
        return out

    assert_gradient(run, device.setting, device.gain, device.offset, x, rtol=1e-4)


def test_energy_and_latency_follow_from_the_card_by_hand() -> None:
    device = build().requires_grad_(False)
    costs = device.costs()
    lifetime = 5e4 * 1.55e-6 / (2 * math.pi * 299_792_458)
    assert math.isclose(costs.latency_s["light"], 10e-3 * 4.2 / 299_792_458 + lifetime)
    assert math.isclose(costs.latency_s["modulators"], 80e-12)
    assert math.isclose(costs.energy_j["lasers"], 6e-3 / 0.2 * costs.total_latency_s)
    heaters = 1e-3 * float(device.setting.sigmoid().sum())
    assert math.isclose(costs.energy_j["heaters"], heaters * costs.total_latency_s, rel_tol=1e-6)
    assert math.isclose(costs.energy_j["modulators"], 6 * 200e-15)
    assert math.isclose(costs.energy_j["modulator converters"], 6 * 3.6e-12)
    assert math.isclose(costs.energy_j["detector converters"], 2 * 3 * 1.48e-12)


def test_the_link_budget_by_hand() -> None:
    device = build(**IDEAL)
    (link,) = device.costs().links
    assert math.isclose(link.laser_power_w, 6e-3)
    # without loss, half of all light, on three rows of two diodes
    assert math.isclose(link.received_power_w, 0.5 * 6e-3 / 6, rel_tol=1e-5)
    assert math.isclose(link.loss_db, 10 * math.log10(12), rel_tol=1e-5)
    assert math.isclose(link.losses_db["half swing and rings"], 10 * math.log10(2), rel_tol=1e-4)


def test_weights_and_chips_that_cannot_be_are_refused() -> None:
    device = build()
    for weights, words in (
        (torch.zeros(6, 3), r"\(rows, inputs\) = \(3, 6\); found \(6, 3\)"),
        (torch.zeros(6), r"found \(6,\)"),
        (torch.full((3, 6), math.nan), "not finite"),
    ):
        with pytest.raises(PhotonicsError, match=words):
            device.program(weights)
    for chips in (0, -1):
        with pytest.raises(PhotonicsError, match=f"chips = {chips}: an ensemble has at least one chip"):
            device.as_built(1, chips)


def test_more_channels_than_fit_between_resonances_are_refused() -> None:
    assert load_card("ring-bank-silicon", {"inputs": 72})
    with pytest.raises(PhotonicsError, match=r"free spectral range of 18\.21 nm .* at most 72 inputs; or put"):
        load_card("ring-bank-silicon", {"inputs": 73})


def test_couplers_that_cannot_be_are_refused_when_the_card_is_read() -> None:
    with pytest.raises(PhotonicsError, match=r"quality_factor = 1e\+07 is not reached"):
        load_card("ring-bank-silicon", {"ring.quality_factor": 1e7})
