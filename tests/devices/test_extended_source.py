"""Devices lit by a source that is not a point: modes add up, power stays, a small source is a laser."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import torch
from torch import Tensor

from photonics_devices.free_space._panel import PanelDevice
from photonics_sim import PhotonicsError, load_card, load_device
from photonics_sim.device import Device, normal
from photonics_sim.testing import DeviceConformance, assert_close

CARDS = ("diffractive-visible", "fourier-visible", "structural-visible")
SMALL: dict[str, Any] = {"inputs": 6, "classes": 3, "pixels": 14, "region_px": 3, "encoder.dac_bits": 0}
EXTENT: dict[str, Any] = {"source_extent.angular_radius_mrad": 2.0, "source_extent.modes": 36}


def build(name: str, **fields: Any) -> PanelDevice:
    card = SMALL | {"mask.phase_bits": 0, "mask.fill_factor": 1.0, "mask.loss_db": 0.0}
    if name == "fourier-visible":
        card |= {"mask_pixels": 16, "camera.adc_bits": 0, "camera.full_well_e": 0.0}
    device = load_device(name, seed=3, **(card | fields))
    assert isinstance(device, PanelDevice)
    return device.double().requires_grad_(False)


def inputs() -> Tensor:
    return normal(7, 4, 6)


class TestExtendedSource(DeviceConformance):
    def build(self) -> Device:
        return load_device("diffractive-visible", **SMALL | EXTENT | {"mask.phase_bits": 0, "masks": 2})


@pytest.mark.parametrize("name", CARDS)
def test_a_source_is_the_sum_of_its_points(name: str) -> None:
    device = build(name, **EXTENT)
    assert device.modes is not None
    points, together = device.modes.clone(), device(inputs())
    found = torch.zeros_like(together)
    for mode in range(len(points)):
        device.modes = points[mode : mode + 1]
        found += device(inputs())
    assert_close(found, together, "rounding")


@pytest.mark.parametrize("name", CARDS)
def test_a_source_gives_the_power_of_the_laser(name: str) -> None:
    lit, laser = build(name, **EXTENT), build(name)
    power = [device.lit(inputs()).abs().square().sum(0) for device in (lit, laser)]
    assert_close(
        power[0].float(), power[1].float(), "equal"
    )  # modes are kept in the precision of the device when built
    assert float(power[1].sum()) == pytest.approx(1)
    entering, leaving = lit.power(inputs())
    assert (leaving <= entering).all()


@pytest.mark.parametrize("name", CARDS)
def test_a_small_source_is_a_laser_and_a_large_one_is_not(name: str) -> None:
    laser = build(name)
    small = build(name, **{"source_extent.angular_radius_mrad": 1e-5})
    assert float((small(inputs()) / laser(inputs()) - 1).abs().max()) < 1e-6
    assert float((build(name, **EXTENT)(inputs()) / laser(inputs()) - 1).abs().max()) > 1e-2
    assert_close(build(name, **EXTENT).ideal()(inputs()), build(name).ideal()(inputs()), "rounding")


def test_a_number_type_keeps_the_imaginary_part() -> None:
    device = build("diffractive-visible", **EXTENT)
    single = load_device("diffractive-visible", seed=3, **SMALL | EXTENT | {"mask.phase_bits": 0})
    assert isinstance(single, PanelDevice)
    assert single.modes is not None
    assert device.modes is not None
    assert_close(single.modes, device.modes.float(), "equal")


def test_planes_show_the_power_of_all_modes() -> None:
    device = build("diffractive-visible", **EXTENT)
    last = device.planes(inputs()[0], 0)["light at the detectors"].abs().square().sum()
    assert_close(last, device.power(inputs()[:1])[1][0] / 0.01, "rounding")


def test_modes_are_an_even_number_squared() -> None:
    with pytest.raises(PhotonicsError, match="modes = 20: expected the square of an even number; take 36"):
        load_card("diffractive-visible", {"source_extent.modes": 20})


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("diffractive-visible", {"source_extent.angular_radius_mrad": 40.0}, r"up to 33\.3 mrad; take at most 33\.3"),
        ("diffractive-visible", {"mask.pointing_mrad": 20.0}, r"mask\.pointing_mrad = 20: .* take at most 6\.65"),
        (
            "diffractive-visible",
            {"mask.defocus_um": 2000.0},
            r"masks 10 mm apart .*; take at most 1e\+03",
        ),
        ("structural-visible", {"mask.defocus_um": 3000.0}, r"masks 20 mm apart would change places"),
        ("fourier-visible", {"laser.wavelength_nm": 2e6, "focal_length_mm": 20.0}, r"light that no camera sees"),
    ],
)
def test_numbers_beyond_the_optics_are_refused_when_the_card_is_read(
    name: str, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(PhotonicsError, match=message):
        load_card(name, fields)


@pytest.mark.parametrize("name", CARDS)
def test_another_number_type_is_refused_in_words(name: str) -> None:
    with pytest.raises(PhotonicsError, match=r"inputs are torch.float32, .* computes in torch.float64; convert one"):
        build(name)(inputs().float())


@pytest.mark.parametrize("name", CARDS)
def test_what_is_kept_does_not_depend_on_where_the_first_call_is(name: str) -> None:
    """Inside a function transform or under inference mode."""
    first, second, third = build(name), build(name), build(name)
    torch.func.jacrev(first)(inputs()[0])
    with torch.inference_mode():
        second(inputs())
    expected = third(inputs())
    for device in (pickle.loads(pickle.dumps(first)), second.requires_grad_(True)):
        found = device(inputs())
        assert_close(found.detach(), expected, "equal")
    found.sum().backward()
    assert second.masks.phases.grad is not None
