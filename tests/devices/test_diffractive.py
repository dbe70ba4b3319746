"""The row of phase masks: conformance, its equation written out, misaligned masks, detectors, costs, refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from photonics_devices import DiffractiveStack
from photonics_devices._diffractive import regions
from photonics_sim import PhotonicsError, load_card, load_device, train
from photonics_sim.device import Device, normal
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
                "mask.shift_px": 0.7,
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
    phases = device.phases if device.phase_error is None else device.phases + device.phase_error
    for phase, shift in zip([*phases, torch.zeros(n, n)], [*shifts, torch.zeros(2)], strict=True):
        light = propagate(
            light, pitch=pitch, wavelength=card.laser.wavelength_nm * 1e-9, distance=card.spacing_mm * 1e-3,
            method="angular-spectrum", offset=tuple(((shift - at) * pitch).tolist()),
        )  # fmt: skip
        light, at = light * torch.exp(1j * phase), shift
    power = light.abs().square()
    read = torch.stack([(power * square).sum((-1, -2)) for square in regions(card)], dim=-1)
    return read * device.log_gain.exp()


def test_it_is_what_the_equation_says() -> None:
    device = build(**IDEAL).double().requires_grad_(False)
    assert device.way.method == "angular-spectrum"
    x = inputs(4)
    assert_close(device(x), written_out(device, x), "rounding")


def test_masks_beside_the_axis() -> None:
    device = build(**IDEAL | {"mask.shift_px": 0.6, "mask.phase_error_rad": 0.1}).double().requires_grad_(False)
    x, chips = inputs(4), device.as_built(5, chips=3)
    assert chips.mask_shift is not None
    assert chips.phase_error is not None
    for chip in range(3):
        one = device.as_built(5, chips=3)
        one.phase_error, one.mask_shift = chips.phase_error[chip], chips.mask_shift[chip]
        assert_close(chips(x)[chip], written_out(one, x, chips.mask_shift[chip]), "rounding")
        assert_close(one(x), chips(x)[chip], "rounding")
    moved = float(chips.mask_shift.std())
    assert 0.3 < moved < 1.2


def test_gradients_through_shifts_and_errors() -> None:
    device = build(**IDEAL | {"mask.shift_px": 0.6, "mask.phase_error_rad": 0.1}).double().requires_grad_(False)
    chip, x = device.as_built(1), inputs(2)

    def read(shift: Tensor, error: Tensor) -> Tensor:
        chip.mask_shift, chip.phase_error = shift, error
        out: Tensor = chip(x)
        return out

    assert chip.mask_shift is not None
    assert chip.phase_error is not None
    assert_gradient(read, chip.mask_shift, chip.phase_error, fast_mode=True)


@pytest.mark.parametrize(
    ("classes", "rows"), [(10, (3, 4, 3)), (2, (2,)), (26, (5, 5, 6, 5, 5)), (1, (1,)), (7, (2, 3, 2))]
)
def test_detectors_lie_in_rows_and_do_not_touch(classes: int, rows: tuple[int, ...]) -> None:
    card = load_card("diffractive-visible", {"classes": classes})
    assert card.rows == rows  # type: ignore[attr-defined]
    squares = regions(card)  # type: ignore[arg-type]
    assert (squares.sum(0) <= 1).all()
    np.testing.assert_array_equal(squares.sum((1, 2)), 49)
    middle = (torch.nonzero(squares.sum(0)).double().mean(0) - 35.5).abs().max()
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
    assert link.losses_db["masks"] == pytest.approx(5 * 0.97)


def test_images_are_taken_whole() -> None:
    from photonics_sim.datasets import load

    fitted = fit_card(load_card("diffractive-visible"), load("digits"))
    assert (fitted.inputs, fitted.image, fitted.pixels_per_input) == (64, (8, 8), 7)  # type: ignore[attr-defined]
    assert load_card("diffractive-visible", {"inputs": 30}).image == (5, 6)  # type: ignore[attr-defined]


def test_cards_that_do_not_fit_are_refused() -> None:
    with pytest.raises(PhotonicsError, match=r"inputs = 784 are an image of 28 x 28; masks of 20 pixels are narrower"):
        load_card("diffractive-visible", {"pixels": 20})
    with pytest.raises(PhotonicsError, match=r"region_px = 30: 10 detectors on 72 pixels leave 18 for each"):
        load_card("diffractive-visible", {"region_px": 30})


@pytest.mark.parametrize("seed", [0, 1])
def test_it_learns_digits(seed: int, workplace: Any) -> None:
    fields = {"inputs": 64, "pixels": 40, "masks": 3, "region_px": 5, "spacing_mm": 5.0}
    device = load_device("diffractive-visible", seed=seed, **fields)
    run = train(device, "digits", epochs=6, seed=seed, progress=False)
    assert run.summary["test_accuracy"] > 0.85
