"""Data written several times: conformance, the order of the polynomial, its equation written out, costs."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from photonics_devices import StructuralEncoder
from photonics_sim import load_device, train
from photonics_sim.device import Device, normal
from photonics_sim.optics import propagate
from photonics_sim.testing import DeviceConformance, assert_close

SMALL: dict[str, Any] = {
    "inputs": 6, "classes": 3, "pixels": 14, "writes": 3, "region_px": 3, "spacing_mm": 1.5, "encoder.dac_bits": 0,
    "mask.phase_bits": 0,
}  # fmt: skip
NOMINAL: dict[str, Any] = {
    "mask.phase_error_rad": 0.0, "mask.shift_px": 0.0, "mask.loss_db": 0.0, "mask.fill_factor": 1.0,
    "detector.shot_noise": False, "detector.thermal_noise": False,
}  # fmt: skip
LINEAR: dict[str, Any] = {"encoder.kind": "linear", "encoder.drive_rad": 0.2, "encoder.bias_rad": 0.4}


def build(**fields: Any) -> StructuralEncoder:
    device = load_device("structural-visible", seed=3, **(SMALL | fields))
    assert isinstance(device, StructuralEncoder)
    return device


def nominal(**fields: Any) -> StructuralEncoder:
    return build(**NOMINAL | fields).double().requires_grad_(False)


def inputs(*batch: int) -> Tensor:
    return normal(7, *batch, 6)


class TestStructuralPhase(DeviceConformance):
    def build(self) -> Device:
        return build(writes=2)


class TestStructuralLinear(DeviceConformance):
    def build(self) -> Device:
        return build(**LINEAR, writes=2)


@pytest.mark.parametrize("writes", [1, 2, 3, 5])
def test_the_order_in_every_phase_is_the_number_of_writes(writes: int) -> None:
    """Harmonics of the field over a period of one input, the others at rest."""
    device, points = nominal(writes=writes), 16
    assert device.period is not None
    assert device.crossings == writes
    for varied in range(6):
        x = inputs(1).repeat(points, 1)
        x[:, varied] = torch.arange(points, dtype=torch.float64) / points * device.period
        harmonics = torch.fft.fft(device.arriving(x, None), dim=1, norm="forward").abs()[0].amax((-1, -2))
        assert float(harmonics[writes]) > 1e-3 * float(harmonics.max())
        assert float(harmonics[writes + 1 :].max()) < 1e-13 * float(harmonics.max())


@pytest.mark.parametrize("writes", [1, 2, 4])
def test_the_degree_in_data_that_set_the_field_is_the_number_of_writes(writes: int) -> None:
    """Along any line of the data one difference more than the degree is zero; detected power has twice the degree."""
    device = nominal(**LINEAR, writes=writes)
    line = 0.1 * torch.arange(2 * writes + 2, dtype=torch.float64)[:, None] * inputs(1) + 0.1 * normal(9, 6)
    assert float((0.2 * line + 0.4).abs().max()) < 1

    def difference(values: Tensor, order: int) -> float:
        scale = float(values.abs().max()) * math.comb(order, order // 2)
        return float(values.diff(n=order, dim=0).abs().max()) / scale

    field = device.arriving(line, None)[0]
    assert difference(field, writes) > 1e-7
    assert difference(field, writes + 1) < 1e-14
    read = device(line)
    assert difference(read, 2 * writes + 1) < 1e-14 < difference(read, 2 * writes)


def test_it_is_what_the_equation_says() -> None:
    device, x = nominal(), inputs(4)
    light = device.lit(x)[0].expand(4, 14, 14)
    data = device.spread(torch.exp(0.5j * x) - 1) + 1
    for phase in device.masks.phases:
        light = propagate(
            light * data * torch.exp(1j * phase), pitch=8e-6, wavelength=532e-9, distance=1.5e-3,
            method="angular-spectrum",
        )  # fmt: skip
    assert_close(device.arriving(x, None)[0], light, "rounding")
    middle = device.response(x)
    for output, square in enumerate(device.regions):
        rows, columns = torch.nonzero(square, as_tuple=True)
        assert_close(middle[:, output], light[:, rows[4], columns[4]], "rounding")


def test_each_chip_of_an_ensemble_is_a_device_of_its_own() -> None:
    device, x = nominal(**{"mask.shift_px": 0.5, "mask.phase_error_rad": 0.2}), inputs(3)
    chips, one = device.as_built(4, chips=2), device.as_built(4)
    for chip in range(2):
        for name, error in chips.masks.errors.items():
            setattr(one.masks, name, error[chip])
        assert_close(one(x), chips(x)[chip], "rounding")


def test_data_written_more_often_cost_more_conversions() -> None:
    costs = load_device("structural-visible").costs()
    assert costs.energy_j["data panel"] == pytest.approx(4 * 784 * 3.6e-12)
    assert costs.latency_s["light"] == pytest.approx(4 * 20e-3 / 299792458)


def test_planes_show_every_write() -> None:
    planes = nominal().as_built(1, chips=2).planes(inputs(1)[0], 0)
    names = [f"{what} write {number}" for number in (1, 2, 3) for what in ("light on", "phase of")]
    assert list(planes) == [*names, "light at the detectors"]


@pytest.mark.parametrize("seed", [0, 1])
def test_it_learns_digits_without_a_nonlinearity_in_light(seed: int, workplace: Any) -> None:
    fields = {"inputs": 64, "pixels": 40, "writes": 2, "region_px": 5, "spacing_mm": 5.0}
    run = train(load_device("structural-visible", seed=seed, **fields), "digits", epochs=12, seed=seed, progress=False)
    assert run.summary["test_accuracy"] > 0.85
