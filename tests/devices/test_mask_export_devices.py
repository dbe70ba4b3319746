"""What the workshop gets of trained masks is what the device computes with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from photonics_devices.free_space._panel import PanelDevice
from photonics_sim import PhotonicsError, load_device
from photonics_sim.device import Exports, ExportsMasks, normal
from photonics_sim.testing import assert_close
from photonics_sim.weights import held_drive, mask_files, phase_of_drive

CARDS = pytest.mark.parametrize(
    "card", ["diffractive-visible", "diffractive-thz", "fourier-visible", "structural-visible", "multipass-visible"]
)
VOLTS: dict[str, Any] = {
    "mask.curve.unit": "V", "mask.curve.drive": [0.5, 1.0, 3.0, 4.5], "mask.curve.phase_rad": [0.1, 1.5, 5.0, 6.4],
}  # fmt: skip
GREY: dict[str, Any] = {
    "mask.curve.unit": "grey level", "mask.curve.drive": [0.0, 100.0, 255.0], "mask.curve.phase_rad": [6.3, 2.5, 0.0],
}  # fmt: skip


def build(card: str = "diffractive-visible", **fields: Any) -> PanelDevice:
    device = load_device(card, seed=3, inputs=4, classes=2, pixels=16, region_px=2, **fields)
    assert isinstance(device, PanelDevice)
    with torch.no_grad():
        device.masks.phases.copy_(4 * normal(5, *device.masks.phases.shape))  # over more than a turn
    return device


def setting(path: Path, name: str) -> np.ndarray[Any, Any]:
    with h5py.File(path, "r") as file:
        found: np.ndarray[Any, Any] = file[name][()]
    return found


def image_settings(path: Path, masks: int) -> Tensor:
    found = []
    for file in mask_files(path, masks):
        with Image.open(file) as image:
            black, white = (float(image.text[name]) for name in ("black", "white"))  # type: ignore[attr-defined]
            full = 255 if image.mode == "L" else 65535
            found.append(black + (white - black) * torch.tensor(np.asarray(image).astype(np.float64)) / full)
    return torch.stack(found)


@CARDS
def test_every_device_of_masks_exports_them(card: str, tmp_path: Path) -> None:
    device = build(card)
    assert isinstance(device, Exports)
    assert isinstance(device, ExportsMasks)
    assert device.mask_shape() == tuple(device.masks.phases.shape)
    for suffix in (".h5", ".csv", ".png"):
        assert device.write_settings(tmp_path / f"masks{suffix}") == device.masks.phases.numel()
    assert np.array_equal(setting(tmp_path / "masks.h5", "commanded_phase_rad"), device.masks.phases.detach())
    assert np.array_equal(setting(tmp_path / "masks.h5", "held_phase_rad"), device.masks.held().detach())
    assert setting(tmp_path / "masks.h5", "pitch_m") == device.pitch
    assert setting(tmp_path / "masks.h5", "wavelength_m") == device.wavelength
    assert len((tmp_path / "masks.csv").read_text().splitlines()) == device.masks.phases.numel() + 1
    assert all(file.exists() for file in mask_files(tmp_path / "masks.png", len(device.masks.phases)))


@CARDS
def test_masks_made_from_the_images_compute_the_same(card: str, tmp_path: Path) -> None:
    """The whole way round: device to images, images to phases, phases to outputs."""
    device, twin = build(card), build(card)
    device.write_settings(tmp_path / "masks.png")
    found = image_settings(tmp_path / "masks.png", len(device.masks.phases))
    plate = device.card.mask.refractive_index
    phases = found / device.card.mask.height_m(1.0, device.wavelength) if plate else 2 * torch.pi * found
    x = normal(7, 3, 4).float()
    with torch.no_grad():
        twin.masks.phases.copy_(phases)
        assert_close(twin(x), device(x))
        twin.masks.phases.zero_()
        assert not torch.allclose(twin(x), device(x), rtol=1e-2)  # the phases do matter


@pytest.mark.parametrize("bits", [6, 8, 10])
@pytest.mark.parametrize(("curve", "name", "unit"), [(VOLTS, "drive_v", "V"), (GREY, "grey_level", "grey level")])
def test_a_measured_panel_gets_its_drives(
    curve: dict[str, Any], name: str, unit: str, bits: int, tmp_path: Path
) -> None:
    device = build(**curve, **{"mask.phase_bits": bits})
    measured = device.card.mask.curve
    device.write_settings(tmp_path / "masks.h5")
    drives = setting(tmp_path / "masks.h5", name)
    assert np.array_equal(drives, held_drive(device.masks.phases.detach(), measured, bits))
    with h5py.File(tmp_path / "masks.h5", "r") as file:
        assert file[name].attrs["units"] == unit
    device.write_settings(tmp_path / "masks.png")
    shown = phase_of_drive(image_settings(tmp_path / "masks.png", len(drives)), measured)
    assert_close(shown.float(), device.masks.held().detach())


def test_plates_are_as_high_as_the_device_takes_them_for(tmp_path: Path) -> None:
    """Absorption knows the height: e^(-alpha h) of the file is the power that the device lets through."""
    device = build("diffractive-thz", **{"mask.phase_error_rad": 0.0, "mask.fill_factor": 1.0})
    device.write_settings(tmp_path / "plates.h5")
    height = torch.tensor(setting(tmp_path / "plates.h5", "height_m"))
    power = device.masks.transmissions()[0].detach().abs().square()
    assert_close(torch.exp(-device.card.mask.absorption_per_m * height).float(), power)
    steps = height / device.card.mask.height_m(2 * torch.pi, device.wavelength) * 2**device.card.mask.phase_bits
    assert_close(steps.float(), steps.round().float())


def test_chips_of_an_ensemble_have_the_same_settings(tmp_path: Path) -> None:
    device = build()
    device.write_settings(tmp_path / "one.h5")
    chips = device.as_built(1, 3)
    assert chips.write_settings(tmp_path / "three.h5") == device.masks.phases.numel()
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "three.h5").read_bytes()


def test_a_mask_that_went_astray_is_refused(tmp_path: Path) -> None:
    device = build()
    with torch.no_grad():
        device.masks.phases[1, 2, 3] = torch.nan
    with pytest.raises(PhotonicsError, match="phases of mask 2 is nan in row 2, column 3"):
        device.write_settings(tmp_path / "masks.png")
    assert list(tmp_path.iterdir()) == []
