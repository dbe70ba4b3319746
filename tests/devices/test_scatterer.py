"""The free-space scattering network: conformance, the published equations written out, and its light."""

from __future__ import annotations

import math
from typing import Any, Literal

import pytest
import torch

from photonics_devices import FreeSpaceScatterer
from photonics_sim import PhotonicsError, load_device
from photonics_sim.analysis import coupling_spectrum
from photonics_sim.device import Device, Imaged, Metered, Responds, normal
from photonics_sim.testing import DeviceConformance, assert_close, assert_gradient, tolerance

EXACT: dict[str, Any] = {"tolerance": 1e-15}


def build(**fields: Any) -> FreeSpaceScatterer:
    device = load_device("free-space-scatterer", seed=3, **({"inputs": 6, "classes": 3} | EXACT | fields))
    assert isinstance(device, FreeSpaceScatterer)
    return device


class TestNominal(DeviceConformance):
    def build(self) -> Device:
        return build(copies=2)


class TestRandomMedium(DeviceConformance):
    def build(self) -> Device:
        return build(train_scattering=False, scale_ladder="published")


class TestTwoBounces(DeviceConformance):
    def build(self) -> Device:
        return build(copies=2, bounces=2)


class TestEveryImperfection(DeviceConformance):
    """Bits are left out: a staircase has no derivative to compare with; `test_detector.py` has its gradient."""

    def build(self) -> Device:
        return build(
            **{
                "modulator.loss_db": 0.97,
                "modulator.phase_noise_rad": 0.05,
                "scattering.error_rad": 0.02,
                "detector.shot_noise": True,
                "detector.thermal_noise": True,
            }
        )


def test_it_is_the_published_network() -> None:
    """Every step as the paper writes it: dense solves, a stack of fields, a shifted Fourier transform, its centre."""
    device = build(inputs=4, copies=4).double()
    x = normal(1, 5, 4)
    expected = torch.zeros(5, 3, dtype=torch.float64)
    for sample in range(5):
        for c in range(3):
            fields = []
            for r in range(4):
                T = torch.diag(torch.exp(1j * (device.scale[c, r] * x[sample] + device.bias[c, r])))
                H = (device.generator[c, r] + device.generator[c, r].T) / 2
                S = torch.matrix_exp(1j * H)
                source = torch.view_as_complex(device.illumination[c, r])
                fields.append(torch.linalg.inv(2 * (torch.eye(4) - 0.5 * T @ S @ T)) @ source)
            image = torch.stack(fields).reshape(4, 4)  # n x n with n = sqrt(R d)
            focus = torch.fft.fftshift(torch.fft.fft2(image, norm="ortho"))[2, 2]
            expected[sample, c] = focus.abs().square()
    assert_close(device(x), expected, "law")


def test_bounces_are_terms_of_the_published_field() -> None:
    device = build(inputs=4, copies=2, bounces=3).double()
    x = normal(1, 4)
    expected = torch.zeros(3, dtype=torch.complex128)
    for c in range(3):
        for r in range(2):
            T = torch.diag(torch.exp(1j * (device.scale[c, r] * x + device.bias[c, r])))
            loop = T @ torch.matrix_exp(0.5j * (device.generator[c, r] + device.generator[c, r].T)) @ T / 2
            series = torch.eye(4) + loop + loop @ loop + loop @ loop @ loop
            expected[c] += 0.5 * (series @ torch.view_as_complex(device.illumination[c, r])).sum() / math.sqrt(8)
    assert_close(device.response(x), expected, "law")


def test_many_bounces_are_the_stationary_field() -> None:
    x = normal(1, 5, 6)
    assert_close(build(bounces=60).double()(x), build().double()(x), "law")


@pytest.mark.parametrize("bounces", [1, 2])
def test_bounces_bound_what_is_coupled(bounces: int) -> None:
    """The field couples `crossings` inputs and an intensity twice as many, found without counting paths."""
    device = build(bounces=bounces)
    crossings = device.crossings
    assert crossings == bounces + 1
    assert build().crossings is None
    rounding = tolerance("rounding", torch.float64) ** 2  # of a share, which is a power
    bounds: dict[Literal["coherent", "intensity_sum"], int] = {"coherent": crossings, "intensity_sum": 2 * crossings}
    for readout, most in bounds.items():
        device.readout = readout
        found = coupling_spectrum(device, min(most + 1, 6), pairs=20)
        for inputs, strength in found.items():
            assert (strength.share > rounding) == (inputs <= most), (readout, inputs, strength.share)


def test_the_initial_settings_are_the_published_ones() -> None:
    device = build(inputs=1000, classes=2, copies=3, scale_ladder="published").requires_grad_(False)
    deviations = device.scale.std(-1)
    assert torch.equal(device.scale[0], device.scale[1]), "the scale is one draw for all classes"
    assert_close(deviations[0] / torch.tensor([0.1, 1.0, 10.0]), torch.ones(3), "gradient")
    assert abs(float(device.bias.std()) - 1) < 0.04
    power = device.illumination.square().sum(-1).mean()
    assert abs(float(power) - 1) < 0.04
    assert abs(float(device.generator.std()) - 1) < 0.01


@pytest.mark.parametrize(("copies", "top"), [(1, 0.1), (2, 1.0), (3, 10.0), (9, 10.0)])
def test_the_default_ladder_is_bounded(copies: int, top: float) -> None:
    device = build(inputs=1000, classes=1, copies=copies).requires_grad_(False)
    deviations = device.scale[0].std(-1)
    assert abs(float(deviations[0]) / 0.1 - 1) < 0.1
    assert abs(float(deviations[-1]) / top - 1) < 0.1


def test_capabilities() -> None:
    device = build()
    assert isinstance(device, Responds)
    assert isinstance(device, Metered)
    assert isinstance(device, Imaged)
    assert (device.encoder, device.readout) == ("diagonal", "coherent")


def test_the_response_is_the_field_before_detection() -> None:
    device = build(copies=2).double()
    x = normal(1, 5, 6)
    assert device.response(x).is_complex()
    assert_close(device.response(x).abs().square(), device(x), "law")


def test_lossless_light_is_conserved_up_to_what_leaves_the_loop() -> None:
    """Without coupling nothing circulates: the fields are the source itself."""
    device = build(coupling=0.0).double()
    entering, leaving = device.power(normal(1, 5, 6))
    assert_close(leaving, entering, "law")


def test_planes_show_the_field_that_the_detector_reads() -> None:
    device = build(inputs=9, copies=4).double()
    x = normal(1, 9)
    planes = device.planes(x, 1)
    assert planes["phase at the modulator"].shape == (6, 6)
    focus = planes["field at the detector"]
    share = focus[3, 3].abs().square()[None]
    assert_close(share * device.illumination.square().sum(), device(x)[1:2], "law")
    modulator = planes["field at the modulator"]
    assert_close(focus.abs().square().sum()[None], modulator.abs().square().sum()[None], "law", "powers of the planes")
    assert planes["phase at the modulator"].min() >= 0
    assert planes["phase at the modulator"].max() < 2 * math.pi


def test_chips_are_the_chips_of_their_seed_whatever_the_precision() -> None:
    device = build(**{"scattering.error_rad": 0.05})
    x = normal(1, 4, 6)
    double = device.double().as_built(5)(x)
    single = device.float().as_built(5)(x.float())
    assert_close(single, double.float(), "law")
    assert not torch.allclose(device.double().as_built(6)(x), double)


def test_fabrication_errors_grow_the_deviation_in_proportion() -> None:
    x = normal(1, 50, 6)
    ideal = build().double()(x).detach()
    deviations = []
    for error in (1e-4, 1e-3):
        chip = build(**{"modulator.phase_error_rad": error}).double().as_built(1)
        deviations.append(float((chip(x).detach() - ideal).square().mean().sqrt()))
    assert abs(math.log10(deviations[1] / deviations[0]) - 1) < 0.02


def test_the_gradient_passes_every_setting_of_the_loss() -> None:
    device = build(copies=2, **{"modulator.loss_db": 1.0}).double()
    x = normal(1, 2, 6)
    assert_gradient(device, x)


def test_energy_and_latency_follow_from_the_card_by_hand() -> None:
    costs = build().costs()
    assert costs.latency_s["modulator settling"] == 10e-3
    trips = math.log(1e-15) / math.log(0.5)
    assert math.isclose(costs.latency_s["light"], trips * 0.02 / 299_792_458)
    assert math.isclose(costs.energy_j["laser"], 10e-3 / 0.2 * costs.total_latency_s)
    assert math.isclose(costs.energy_j["modulator converters"], 6 * 3 * 3.6e-12)
    assert math.isclose(costs.energy_j["detector converters"], 3 * 1.48e-12)
    assert math.isclose(build(bounces=7).costs().latency_s["light"], 7 * 0.02 / 299_792_458)


def test_the_link_budget_by_hand() -> None:
    device = build().requires_grad_(False)
    (link,) = device.costs().links
    power_unit = 10e-3 / float(device.illumination.square().sum())
    received = power_unit * float(device(torch.zeros(6)).mean())
    assert math.isclose(link.received_power_w, received, rel_tol=1e-5)
    assert math.isclose(link.loss_db, 10 * math.log10(10e-3 / received), rel_tol=1e-5)
    charge, bandwidth = 1.602176634e-19, 1e6
    noise = math.sqrt((2 * charge * (received + 60e-9) + (15e-12) ** 2) * bandwidth)
    assert math.isclose(link.noise_current_a, noise, rel_tol=1e-5)
    assert math.isclose(link.signal_to_noise_db, 20 * math.log10(received / noise), rel_tol=1e-5)


def test_absurd_sizes_say_how_much_memory_they_would_take() -> None:
    with pytest.raises(PhotonicsError, match=r"would take .* GiB .* lower inputs \(= 200000\)"):
        load_device("free-space-scatterer", inputs=200_000)


def test_bounces_are_counted() -> None:
    with pytest.raises(PhotonicsError, match="bounces"):
        build(bounces=-1)
