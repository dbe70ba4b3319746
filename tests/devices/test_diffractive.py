"""The row of phase masks: conformance, its equation written out, misaligned masks, detectors, costs, refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from photonics_devices import DiffractiveStack
from photonics_devices.free_space._panel import squares
from photonics_sim import PhotonicsError, load_card, load_device, train
from photonics_sim.device import Device, normal, to_si
from photonics_sim.optics import propagate
from photonics_sim.testing import DeviceConformance, assert_close, assert_gradient
from photonics_sim.training import fit_card

SMALL: dict[str, Any] = {"inputs": 6, "classes": 3, "pixels": 14, "masks": 2, "region_px": 3, "spacing_mm": 1.5}
IDEAL: dict[str, Any] = {
    "encoder.dac_bits": 0,
    "mask.phase_bits": 0,
    "mask.phase_error_rad": 0.0,
    "mask.shift_px": 0.0,
    "mask.loss_db": 0.0,
    "mask.fill_factor": 1.0,
    "detector.shot_noise": False,
    "detector.thermal_noise": False,
}


def build(**fields: Any) -> DiffractiveStack:
    device = load_device("diffractive-visible", seed=3, **(SMALL | fields))
    assert isinstance(device, DiffractiveStack)
    return device


class TestNominal(DeviceConformance):
    def build(self) -> Device:
        return build(**IDEAL)


class TestEveryImperfection(DeviceConformance):
    """Bits are left out: a staircase has no derivative to compare with."""

    def build(self) -> Device:
        return build(
            **{
                "encoder.dac_bits": 0,
                "encoder.phase_noise_rad": 0.01,
                "encoder.loss_db": 1.0,
                "mask.phase_bits": 0,
                "mask.phase_error_rad": 0.2,
                "mask.flatness_rad": 0.3,
                "mask.response_error": 0.05,
                "mask.fringing_px": 0.4,
                "mask.fill_factor": 0.9,
                "mask.gap_transmission": 0.3,
                "mask.shift_px": 0.7,
                "mask.pointing_mrad": 1.0,
                "mask.defocus_um": 50.0,
                "mask.loss_db": 0.5,
            }
        )


def inputs(*batch: int) -> Tensor:
    return normal(7, *batch, 6)


def written_out(device: DiffractiveStack, x: Tensor, shifts: Tensor | None = None) -> Tensor:
    """The equation, plane by plane through `propagate`; masks beside the axis by a change of coordinates."""
    card, n, pitch = device.card, device.card.pixels, device.card.pitch_um * 1e-6
    wide = card.pixels_per_input
    panel = torch.zeros(len(x), n, n, dtype=torch.complex128)
    rows, columns = card.image
    top, left = (n - rows * wide) // 2, (n - columns * wide) // 2
    amplitude = (card.encoder.drive_rad * x + card.encoder.bias_rad).sin() / (math.sqrt(card.inputs) * wide)
    for place in range(card.inputs):
        y, z = top + place // columns * wide, left + place % columns * wide
        panel[:, y : y + wide, z : z + wide] = amplitude[:, place, None, None]
    light, at = panel, torch.zeros(2, dtype=torch.float64)
    shifts = torch.zeros(card.masks, 2, dtype=torch.float64) if shifts is None else shifts
    phases = device.masks.phases + device.masks.errors.get("pixel_error", torch.zeros(()))
    for phase, shift in zip([*phases, torch.zeros(n, n)], [*shifts, torch.zeros(2)], strict=True):
        light = propagate(
            light, pitch=pitch, wavelength=card.laser.wavelength_nm * 1e-9, distance=card.spacing_mm * 1e-3,
            method="angular-spectrum", offset=tuple(((shift - at) * pitch).tolist()),
        )  # fmt: skip
        light, at = light * torch.exp(1j * phase), shift
    power = light.abs().square()
    read = torch.stack([(power * square).sum((-1, -2)) for square in squares(card)], dim=-1)
    return read * device.log_gain.exp()


def test_it_is_what_the_equation_says() -> None:
    device = build(**IDEAL).double().requires_grad_(False)
    assert device.way.method == "angular-spectrum"
    x = inputs(4)
    assert_close(device(x), written_out(device, x), "rounding")


def test_masks_beside_the_axis() -> None:
    device = build(**IDEAL | {"mask.shift_px": 0.6, "mask.phase_error_rad": 0.1}).double().requires_grad_(False)
    x, chips = inputs(4), device.as_built(5, chips=3)
    drawn = chips.masks.errors
    for chip in range(3):
        one = device.as_built(5)
        one.masks.pixel_error, one.masks.shift = drawn["pixel_error"][chip], drawn["shift"][chip]
        assert_close(chips(x)[chip], written_out(one, x, drawn["shift"][chip]), "rounding")
        assert_close(one(x), chips(x)[chip], "rounding")
    moved = float(drawn["shift"].std())
    assert 0.3 < moved < 1.2


FAULTS: dict[str, Any] = {
    "mask.phase_error_rad": 0.1,
    "mask.flatness_rad": 0.3,
    "mask.response_error": 0.05,
    "mask.shift_px": 0.6,
    "mask.pointing_mrad": 2.0,
    "mask.defocus_um": 100.0,
}


def test_gradients_through_everything_that_is_drawn() -> None:
    device = build(**IDEAL | FAULTS | {"mask.fringing_px": 0.4, "mask.fill_factor": 0.9}).double()
    chip, x = device.requires_grad_(False).as_built(1), inputs(2)
    drawn = chip.masks.errors
    assert len(drawn) == len(FAULTS)

    def read(*errors: Tensor) -> Tensor:
        for name, error in zip(drawn, errors, strict=True):
            setattr(chip.masks, name, error)
        out: Tensor = chip(x)
        return out

    assert_gradient(read, *drawn.values(), fast_mode=True)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_drawn_has_the_size_of_the_card(fault: str) -> None:
    device = build(**IDEAL | {fault: FAULTS[fault]}).double()
    ((name, error),) = device.as_built(2, chips=400).masks.errors.items()
    rms = to_si(fault, FAULTS[fault]) / (math.sqrt(7) if name in {"flatness", "response"} else 1)
    assert float(error.square().mean().sqrt()) == pytest.approx(rms, rel=0.05)
    assert error.shape[:2] == (400, 2)


def test_each_chip_of_an_ensemble_is_a_device_of_its_own() -> None:
    device, x = build(**IDEAL | FAULTS).double().requires_grad_(False), inputs(3)
    chips = device.as_built(4, chips=3)
    one = device.as_built(4)
    for chip in range(3):
        for name, error in chips.masks.errors.items():
            setattr(one.masks, name, error[chip])
        assert_close(one(x), chips(x)[chip], "rounding")


def test_a_mask_along_the_axis_changes_two_ways() -> None:
    device, x = build(**IDEAL | {"mask.defocus_um": 100.0}).double().requires_grad_(False), inputs(2)
    chip = device.as_built(6)
    first, second = (float(z) for z in chip.masks.errors["defocus"].flatten())
    ways = [1.5e-3 + first, 1.5e-3 + second - first, 1.5e-3 - second]
    light = device.panel(x, None)
    for phase, way in zip([*device.masks.phases, torch.zeros(14, 14)], ways, strict=True):
        light = propagate(light, pitch=8e-6, wavelength=532e-9, distance=way, method="angular-spectrum")
        light = light * torch.exp(1j * phase)
    assert_close(chip.arriving(x, None).abs(), light.abs(), "rounding")


def test_a_plate_absorbs_where_it_is_high() -> None:
    card = {"mask.refractive_index": 1.5, "mask.absorption_per_m": 4e5}
    device = build(**IDEAL | card).double()
    sent = device.masks.transmissions()[0]
    phase = torch.remainder(device.masks.phases, 2 * math.pi)
    height = phase / (2 * math.pi) * 532e-9 / 0.5
    assert_close(sent.abs(), torch.exp(-4e5 * height / 2), "rounding")
    assert_close(sent.angle().cos(), phase.cos(), "rounding")


@pytest.mark.parametrize(
    ("classes", "rows"), [(10, (3, 4, 3)), (2, (2,)), (26, (5, 5, 6, 5, 5)), (1, (1,)), (7, (2, 3, 2))]
)
def test_detectors_lie_in_rows_and_do_not_touch(classes: int, rows: tuple[int, ...]) -> None:
    card = load_card("diffractive-visible", {"classes": classes})
    assert card.rows == rows  # type: ignore[attr-defined]
    found = squares(card)  # type: ignore[arg-type]
    assert (found.sum(0) <= 1).all()
    np.testing.assert_array_equal(found.sum((1, 2)), 49)
    middle = (torch.nonzero(found.sum(0)).double().mean(0) - 35.5).abs().max()
    assert float(middle) < 3


def test_planes_hold_the_light_on_its_way() -> None:
    device = build(**IDEAL).double()
    planes = device.as_built(1, chips=2).planes(inputs(1)[0], 0)
    assert list(planes) == [
        "light on the data panel", "light on mask 1", "phase of mask 1", "light on mask 2", "phase of mask 2",
        "light at the detectors",
    ]  # fmt: skip
    last = device.planes(inputs(1)[0], 0)["light at the detectors"].abs().square().sum()
    assert_close(last[None], device.power(inputs(1))[1] / 0.01, "rounding")


def test_costs_add_up_by_hand() -> None:
    costs = load_device("diffractive-visible").costs()
    assert costs.latency_s["light"] == pytest.approx(6 * 10e-3 / 299792458)
    assert costs.latency_s["data panel"] == pytest.approx(10e-3)
    assert costs.energy_j["data panel"] == pytest.approx(784 * 3.6e-12)
    (link,) = costs.links
    assert link.losses_db["masks"] == pytest.approx(5 * (0.34 - 20 * math.log10(0.93)))


def test_images_are_taken_whole() -> None:
    from photonics_sim.datasets import load

    fitted = fit_card(load_card("diffractive-visible"), load("digits"))
    assert (fitted.inputs, fitted.image, fitted.pixels_per_input) == (64, (8, 8), 7)  # type: ignore[attr-defined]
    assert load_card("diffractive-visible", {"inputs": 30}).image == (5, 6)  # type: ignore[attr-defined]


def test_cards_that_do_not_fit_are_refused() -> None:
    with pytest.raises(PhotonicsError, match=r"inputs = 784 are an image of 28 x 28; planes of 20 pixels are narrower"):
        load_card("diffractive-visible", {"pixels": 20})
    with pytest.raises(PhotonicsError, match=r"region_px = 30: 10 detectors on 72 pixels leave 18 for each"):
        load_card("diffractive-visible", {"region_px": 30})


@pytest.mark.parametrize("seed", [0, 1])
def test_it_learns_digits(seed: int, workplace: Any) -> None:
    fields = {"inputs": 64, "pixels": 40, "masks": 3, "region_px": 5, "spacing_mm": 5.0}
    device = load_device("diffractive-visible", seed=seed, **fields)
    run = train(device, "digits", epochs=6, seed=seed, progress=False)
    assert run.summary["test_accuracy"] > 0.85
