"""The optical Fourier processor: conformance, its sums written out, a mask beside its place, the camera, refusals."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from photonics_devices import FourierProcessor
from photonics_sim import PhotonicsError, load_card, load_device, train
from photonics_sim.device import Device, normal
from photonics_sim.optics import focus, propagate
from photonics_sim.testing import DeviceConformance, assert_close

PITCH, WAVE = 8e-6, 532e-9
FULL = 18 * PITCH**2 / WAVE  # of a lens whose lattice of orders is as wide as 18 pixels, m
SMALL: dict[str, Any] = {
    "inputs": 6, "classes": 3, "pixels": 14, "mask_pixels": 18, "region_px": 3, "focal_length_mm": FULL * 1e3,
}  # fmt: skip
IDEAL: dict[str, Any] = {
    "encoder.dac_bits": 0,
    "mask.phase_bits": 0,
    "mask.phase_error_rad": 0.0,
    "mask.shift_px": 0.0,
    "mask.defocus_um": 0.0,
    "mask.loss_db": 0.0,
    "mask.fill_factor": 1.0,
    "camera.shot_noise": False,
    "camera.read_noise_e": 0.0,
    "camera.full_well_e": 0.0,
    "camera.adc_bits": 0,
}


def build(**fields: Any) -> FourierProcessor:
    device = load_device("fourier-visible", seed=3, **(SMALL | fields))
    assert isinstance(device, FourierProcessor)
    return device


def ideal(**fields: Any) -> FourierProcessor:
    return build(**IDEAL | fields).double().requires_grad_(False)


def inputs(*batch: int) -> Tensor:
    return normal(7, *batch, 6)


class TestFourierNominal(DeviceConformance):
    def build(self) -> Device:
        return build(**IDEAL)


class TestFourierImperfect(DeviceConformance):
    """Bits are left out: a staircase has no derivative to compare with."""

    def build(self) -> Device:
        return build(
            **{
                "encoder.dac_bits": 0,
                "mask.phase_bits": 0,
                "mask.fringing_px": 0.4,
                "mask.flatness_rad": 0.3,
                "mask.shift_px": 0.7,
                "camera.full_well_e": 0.0,
                "camera.adc_bits": 0,
            }
        )


def transform(field: Tensor, here: Tensor, there: Tensor) -> Tensor:
    """The lens as a sum: samples at `here` to samples at `there`, both `(2, n)`, (y, x)."""
    waves = [torch.exp(-2j * math.pi / (WAVE * FULL) * b[:, None] * a) for a, b in zip(here, there, strict=True)]
    return PITCH**2 / (1j * WAVE * FULL) * waves[0] @ field @ waves[1].mT


def grid(count: int, aside: tuple[float, float] = (0.0, 0.0)) -> Tensor:
    at = (torch.arange(count, dtype=torch.float64) - (count - 1) / 2) * PITCH
    return torch.stack([at + shift * PITCH for shift in aside])


def test_without_a_mask_the_picture_comes_back_upside_down() -> None:
    device, x = ideal(), inputs(4)
    device.masks.phases.zero_()
    panel = device.panel(x, None)
    power = device.power(x)
    assert_close(device.arriving(x, None), -panel.flip(-1, -2), "rounding")
    assert_close(power[1] / power[0], panel.abs().square().sum((0, -1, -2)), "rounding")


@pytest.mark.parametrize("aside", [(0.0, 0.0), (1.0, -2.0), (0.37, 0.81)])
def test_it_is_what_the_sums_say_also_of_a_mask_beside_the_axis(aside: tuple[float, float]) -> None:
    device, x = ideal(**{"mask.shift_px": 1.0}), inputs(4)
    device.masks.shift = torch.tensor([aside], dtype=torch.float64)
    panel, mask = device.panel(x, None), torch.exp(1j * device.masks.phases[0])
    light = transform(panel, grid(14), grid(18, aside))
    there = transform(light * mask, grid(18, aside), grid(14))
    assert_close(device.arriving(x, None).abs(), there.abs(), "rounding")
    read = torch.stack([(there.abs().square() * square).sum((0, -1, -2)) for square in device.regions], -1)
    assert_close(device(x), read * device.log_gain.exp(), "rounding")


def test_it_convolves() -> None:
    """A mask that is a grating moves the picture; two of them move it by the sum."""
    device, x = ideal(), inputs(1)
    at = grid(18)[0]
    moved = []
    for pixels in (0, 1, 3):
        ramp = 2 * math.pi / (WAVE * FULL) * pixels * PITCH * at
        device.masks.phases.copy_(ramp.expand(1, 18, 18))
        moved.append(device.arriving(x, None)[0, 0].abs())
    for pixels, image in zip((1, 3), moved[1:], strict=True):
        assert_close(image[:, pixels:], moved[0][:, :-pixels], "rounding")


def test_a_mask_along_the_axis_meets_light_that_has_gone_on() -> None:
    """Against Fresnel's diffraction from the focal plane, over a window that loses a thousandth."""
    device, x, z = ideal(**{"mask.defocus_um": 1.0}), inputs(1), 200e-6
    device.masks.defocus = torch.tensor([[z]], dtype=torch.float64)
    wide = focus(device.panel(x, None), pitch=PITCH, wavelength=WAVE, focal_length=FULL, output_pitch=PITCH / 4,
                 output_shape=(720, 720))  # fmt: skip
    further = propagate(wide, pitch=PITCH / 4, wavelength=WAVE, distance=z, method="fresnel", output_pitch=PITCH,
                        output_shape=(18, 18))  # fmt: skip
    seen = device._on_mask(device.panel(x, None))[0]
    assert float((seen - further).abs().max() / seen.abs().max()) < 2e-3
    assert float((seen - device.to_mask(device.panel(x, None))).abs().max() / seen.abs().max()) > 2e-2


def test_chips_of_an_ensemble() -> None:
    faults = {"mask.shift_px": 0.5, "mask.defocus_um": 100.0, "mask.phase_error_rad": 0.2}
    device, x = ideal(**faults), inputs(3)
    chips, one = device.as_built(4, chips=3), device.as_built(4)
    for chip in range(3):
        for name, error in chips.masks.errors.items():
            setattr(one.masks, name, error[chip])
        assert_close(one(x), chips(x)[chip], "rounding")


def test_the_camera_reads_it() -> None:
    card = {"camera.shot_noise": True, "camera.read_noise_e": 2.5, "laser.power_mw": 1e-6}
    device, x = ideal(**card), inputs(1)
    expected, readings = device(x), torch.stack([device(x, key=key) for key in range(400)])
    photon = 6.62607015e-34 * 299792458 / WAVE
    watts = device.summed(device.watts(device.arriving(x, None)))
    electrons = 0.6 * 0.02e-3 * watts / photon
    noise = expected / electrons * (electrons + 9 * (10 * 0.02e-3 + 2.5**2)).sqrt()
    assert torch.allclose(readings.std(0), noise, rtol=0.15)
    assert float(((readings.mean(0) - expected) / noise).abs().max()) < 4 / math.sqrt(400)
    full = ideal(**{"camera.full_well_e": 1e-3})  # of which the dark current takes a fifth
    assert_close(
        full(x) / full.log_gain.exp(), torch.full_like(expected, 9 * 0.8e-3 / 0.6 / 0.02e-3 * photon / 5e-7), "law"
    )


def test_costs_by_hand() -> None:
    costs = load_device("fourier-visible").costs()
    assert costs.latency_s["light"] == pytest.approx(80e-3 / 299792458)
    assert costs.latency_s["camera"] == pytest.approx(20e-6)
    assert costs.energy_j["detector converters"] == pytest.approx(10 * 81 * 1.48e-12)
    assert costs.links[0].losses_db["masks"] == pytest.approx(0.34 - 20 * math.log10(0.93))


def test_cards_that_do_not_fit() -> None:
    with pytest.raises(PhotonicsError, match=r"128 pixels of 8 um are wider .* take 15\.\d+ mm or more"):
        load_card("fourier-visible", {"focal_length_mm": 15.0})


@pytest.mark.parametrize("seed", [0, 1])
def test_it_learns_digits_with_one_mask(seed: int, workplace: Any) -> None:
    fields = {"inputs": 64, "pixels": 48, "mask_pixels": 64, "region_px": 5, "focal_length_mm": 10.0}
    device = load_device("fourier-visible", seed=seed, **fields)
    run = train(device, "digits", epochs=15, seed=seed, progress=False)
    assert run.summary["test_accuracy"] > 0.75
