"""Phase masks as files: what is read back drives the same phases, in every format; nothing is half written."""

from __future__ import annotations

import csv
import errno
import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from photonics_sim.device import normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.testing import assert_close
from photonics_sim.weights import (
    MaskSetting,
    PhaseCurveCard,
    drive_setting,
    height_setting,
    held_drive,
    held_phases,
    mask_files,
    phase_of_drive,
    write_masks,
)

TURN = 2 * math.pi
PITCH, WAVELENGTH = 8e-6, 532e-9
PHASES = 4 * normal(1, 3, 5, 7)
EVEN = PhaseCurveCard()
VOLTS = PhaseCurveCard(unit="V", drive=[0.5, 1.0, 3.0, 4.7], phase_rad=[0.2, 2.0, 5.1, 6.4])
GREY = PhaseCurveCard(unit="grey level", drive=[0.0, 90.0, 255.0], phase_rad=[6.3, 2.0, 0.1])
CURVES = pytest.mark.parametrize(
    ("curve", "name", "unit"),
    [(EVEN, "drive_share", "1"), (VOLTS, "drive_v", "V"), (GREY, "grey_level", "grey level")],
    ids=["even", "volts", "grey"],
)
BITS = pytest.mark.parametrize("bits", [0, 1, 3, 6, 8, 9, 10, 16])


def write(path: Path, curve: PhaseCurveCard = EVEN, bits: int = 8, **changes: Any) -> list[Path]:
    phases = changes.get("phases", PHASES)
    fields = {"phases": phases, "held": held_phases(phases, curve, bits), "pitch": PITCH, "wavelength": WAVELENGTH}
    if "setting" not in changes:
        fields["setting"] = drive_setting(phases, curve, bits)
    return write_masks(path, **(fields | changes))


def pixels(file: Path) -> tuple[np.ndarray[Any, Any], dict[str, str], int]:
    with Image.open(file) as image:
        assert image.mode in {"L", "I;16"}
        return np.asarray(image).astype(np.int64), dict(image.text), 8 if image.mode == "L" else 16  # type: ignore[attr-defined]


def settings(file: Path) -> Tensor:
    """The setting of each pixel, by what the file itself says."""
    found, text, depth = pixels(file)
    black, white = float(text["black"]), float(text["white"])
    return torch.tensor(black + (white - black) * found / (2**depth - 1))


@BITS
@CURVES
def test_arrays_are_what_was_written(curve: PhaseCurveCard, name: str, unit: str, bits: int, tmp_path: Path) -> None:
    assert write(tmp_path / "masks.h5", curve, bits) == [tmp_path / "masks.h5"]
    with h5py.File(tmp_path / "masks.h5", "r") as file:
        assert np.array_equal(file["commanded_phase_rad"], PHASES)
        assert np.array_equal(file["held_phase_rad"], held_phases(PHASES, curve, bits))
        assert np.array_equal(file[name], held_drive(PHASES, curve, bits))
        units = {key: item.attrs["units"] for key, item in file.items()}
        assert units == {
            "commanded_phase_rad": "rad", "held_phase_rad": "rad", name: unit, "y_m": "m", "x_m": "m",
            "pitch_m": "m", "wavelength_m": "m", "setting_bits": "bit",
        }  # fmt: skip
        assert all(item.attrs["long_name"] for item in file.values())
        assert (file["pitch_m"][()], file["wavelength_m"][()], file["setting_bits"][()]) == (8e-6, 532e-9, bits or 16)
        np.testing.assert_allclose(file["x_m"], [-24e-6, -16e-6, -8e-6, 0, 8e-6, 16e-6, 24e-6], rtol=1e-15)
        np.testing.assert_allclose(file["y_m"], [-16e-6, -8e-6, 0, 8e-6, 16e-6], rtol=1e-15)


@pytest.mark.parametrize("at_once", [4, 35, 1 << 16])
@CURVES
def test_a_table_has_a_row_for_each_pixel(
    curve: PhaseCurveCard, name: str, unit: str, at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photonics_sim.weights._mask_export._ROWS_AT_ONCE", at_once)
    write(tmp_path / "masks.csv", curve)
    with (tmp_path / "masks.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    places = ["mask", "row", "column", "x_m", "y_m"]
    assert list(rows[0]) == [*places, "commanded_phase_rad", "held_phase_rad", name]
    assert len(rows) == PHASES.numel()
    found = {key: np.array([float(row[key]) for row in rows]).reshape(PHASES.shape) for key in rows[0]}
    assert np.array_equal(found["commanded_phase_rad"], PHASES)
    assert np.array_equal(found["held_phase_rad"], held_phases(PHASES, curve, 8))
    assert np.array_equal(found[name], held_drive(PHASES, curve, 8))
    mask, row, column = np.indices(PHASES.shape)
    assert np.array_equal(found["mask"], mask + 1)
    assert np.array_equal(found["row"], row)
    assert np.array_equal(found["column"], column)
    np.testing.assert_allclose(found["x_m"], (column - 3) * PITCH, rtol=1e-15)
    np.testing.assert_allclose(found["y_m"], (row - 2) * PITCH, rtol=1e-15)


@pytest.mark.parametrize("bits", [1, 3, 6, 8, 9, 10, 16])
@CURVES
def test_images_show_the_phases_that_are_held(
    curve: PhaseCurveCard, name: str, unit: str, bits: int, dtype: torch.dtype, tmp_path: Path
) -> None:
    """What the pixel says, put on the panel, shows the held phase: no step is lost between code and light."""
    phases = PHASES.to(dtype)
    files = write(tmp_path / "masks.png", curve, bits, phases=phases)
    assert files == [tmp_path / f"masks-mask-{k}.png" for k in (1, 2, 3)] == sorted(tmp_path.iterdir())
    drives = torch.stack([settings(file) for file in files])
    assert_close(phase_of_drive(drives, curve).to(dtype), held_phases(phases, curve, bits))
    assert {pixels(file)[2] for file in files} == {8 if bits <= 8 else 16}
    assert {pixels(file)[1]["unit"] for file in files} == {unit}


@CURVES
def test_images_of_continuous_drives_are_within_half_a_step_of_16_bits(
    curve: PhaseCurveCard, name: str, unit: str, tmp_path: Path
) -> None:
    files = write(tmp_path / "masks.png", curve, 0)
    drives = torch.stack([settings(file) for file in files])
    span = curve.drive[-1] - curve.drive[0] if curve.drive else 65536 / 65535
    error = (drives - held_drive(PHASES, curve)).abs().max()
    assert 0 < error <= span / 65535 / 2 * (1 + 1e-9)
    assert {pixels(file)[2] for file in files} == {16}


def test_a_phase_just_below_a_turn_is_the_code_of_0(tmp_path: Path) -> None:
    phases = torch.tensor([[[0.0, TURN - 1e-6, -1e-9, TURN / 2, TURN * 65535 / 65536]]], dtype=torch.float64)
    (file,) = write(tmp_path / "a.png", EVEN, 0, phases=phases)
    assert pixels(file)[0].tolist() == [[0, 0, 0, 32768, 65535]]


def test_an_image_of_8_bits_is_the_grey_levels_of_a_panel_of_256(tmp_path: Path) -> None:
    """Row 0 first, and column 0: the image lies as the mask does."""
    files = write(tmp_path / "masks.png", GREY, 8)
    levels = held_drive(PHASES, GREY, 8)
    for file, expected in zip(files, levels, strict=True):
        assert np.array_equal(pixels(file)[0], expected.round())


def test_codes_of_few_bits_lead_a_pixel(tmp_path: Path) -> None:
    phases = torch.arange(8, dtype=torch.float64).reshape(1, 2, 4) * TURN / 8
    (file,) = write(tmp_path / "a.png", EVEN, 3, phases=phases)
    found, text, _ = pixels(file)
    assert found.tolist() == [[0, 32, 64, 96], [128, 160, 192, 224]]
    assert (text["black"], text["white"], text["bits"]) == ("0.0", str(255 / 256), "3")


def test_images_say_what_they_mean(tmp_path: Path) -> None:
    files = write(tmp_path / "masks.png", VOLTS, 8)
    assert pixels(files[1])[1] == {
        "quantity": "drive voltage", "unit": "V", "black": "0.5", "white": "4.7", "bits": "8", "mask": "2",
        "masks": "3", "pitch_m": "8e-06", "wavelength_m": "5.32e-07",
        "orientation": "row 0 and column 0 have the smallest y and x",
    }  # fmt: skip


@pytest.mark.parametrize("bits", [0, 6, 12])
def test_plates_have_the_height_of_their_phase(bits: int, tmp_path: Path) -> None:
    """h = phi lambda / (2 pi (n - 1)): a plate of index 1.5 delays by half a turn where it is one wavelength high."""
    per_rad = WAVELENGTH / (TURN * 0.5)
    phases = torch.cat([PHASES.double(), torch.full((1, 5, 7), math.pi, dtype=torch.float64)])
    held = held_phases(phases, EVEN, bits)
    setting = height_setting(held, per_rad, bits)
    write(tmp_path / "plates.h5", EVEN, bits, phases=phases, setting=setting)
    with h5py.File(tmp_path / "plates.h5", "r") as file:
        np.testing.assert_allclose(file["height_m"], held * WAVELENGTH / math.pi, rtol=1e-14)
        np.testing.assert_allclose(file["height_m"][3], WAVELENGTH, rtol=1e-14)
        assert file["height_m"].attrs["units"] == "m"
    files = write(tmp_path / "plates.png", EVEN, bits, phases=phases, setting=setting)
    error = torch.stack([settings(file) for file in files]) - setting.values
    full = 2 * WAVELENGTH
    assert error.abs().max() <= (1e-15 * full if bits else full / 65536 / 2)
    text, depth = pixels(files[0])[1:]
    assert float(text["white"]) == pytest.approx(full * (1 - 2.0**-depth), rel=1e-15)
    assert (text["quantity"], text["unit"], text["black"]) == ("height of the plate", "m", "0.0")


@pytest.mark.parametrize("suffix", [".csv", ".h5", ".HDF5", ".PNG"])
def test_writing_twice_gives_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    first, second = write(tmp_path / f"a{suffix}"), write(tmp_path / f"b{suffix}")
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]
    assert first == mask_files(tmp_path / f"a{suffix}", 3)


def spoiled(value: float) -> Tensor:
    phases = PHASES.clone()
    phases[1, 2, 3] = value
    return phases


@pytest.mark.parametrize("suffix", [".csv", ".h5", ".png"])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"phases": PHASES[0]}, r"phases of masks are \(masks, rows, columns\); found shape \(5, 7\)"),
        ({"phases": PHASES[:0]}, r"found shape \(0, 5, 7\)"),
        ({"held": PHASES[:2]}, r"held has shape \(2, 5, 7\), phases \(3, 5, 7\); make them equal"),
        ({"setting": drive_setting(PHASES[:2], EVEN)}, r"drive_share has shape \(2, 5, 7\)"),
        ({"phases": spoiled(math.nan)}, "phases of mask 2 is nan in row 2, column 3; masks are made of finite numbers"),
        ({"held": spoiled(math.inf)}, "held of mask 2 is inf in row 2, column 3"),
        ({"pitch": 0.0}, "pitch = 0 m: lengths are above 0 and finite"),
        ({"wavelength": math.nan}, "wavelength = nan m: lengths are above 0"),
    ],
)
def test_what_is_no_mask_is_refused_and_nothing_is_written(
    changes: dict[str, Any], message: str, suffix: str, tmp_path: Path
) -> None:
    with pytest.raises(PhotonicsError, match=message):
        write(tmp_path / f"masks{suffix}", **changes)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".xlsx", "", ".jpg"])
def test_another_suffix_is_refused(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(PhotonicsError, match=rf"kept as \.csv, \.h5, \.hdf5 or \.png; found suffix '{suffix}'"):
        write(tmp_path / f"masks{suffix}")


@pytest.mark.parametrize("suffix", [".csv", ".h5", ".png"])
def test_a_folder_that_is_not_there_is_named(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(PhotonicsError, match=r"cannot write .*nowhere"):
        write(tmp_path / "nowhere" / f"masks{suffix}")


def test_a_full_disk_leaves_all_images_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "masks-mask-1.png").write_text("older")
    calls = []

    def full(*args: Any) -> bytes:
        calls.append(args)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return b"an image"

    monkeypatch.setattr("photonics_sim.weights._mask_export._image", full)
    with pytest.raises(PhotonicsError, match=r"cannot write .*masks-mask-3.png: No space left"):
        write(tmp_path / "masks.png")
    assert [file.name for file in tmp_path.iterdir()] == ["masks-mask-1.png"]
    assert (tmp_path / "masks-mask-1.png").read_text() == "older"


def test_a_full_disk_leaves_the_older_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "masks.csv").write_text("older")

    def full(columns: object) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("photonics_sim.weights._mask_export._lines", full)
    with pytest.raises(PhotonicsError, match=r"cannot write .*masks.csv: No space left"):
        write(tmp_path / "masks.csv")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("masks.csv", "older")]


def test_a_folder_in_the_place_of_an_image_is_refused_before_any_is_written(tmp_path: Path) -> None:
    (tmp_path / "masks-mask-2.png").mkdir()
    with pytest.raises(PhotonicsError, match=r"masks-mask-2.png: it is a folder; choose another name"):
        write(tmp_path / "masks.png")
    assert [file.name for file in tmp_path.iterdir()] == ["masks-mask-2.png"]


@pytest.mark.parametrize("bits", [-1, 17])
def test_bits_beyond_an_image_are_refused(bits: int) -> None:
    with pytest.raises(PhotonicsError, match=rf"bits = {bits} is outside 0 \.\. 16"):
        drive_setting(PHASES, EVEN, bits)
    with pytest.raises(PhotonicsError, match=rf"bits = {bits} is outside 0 \.\. 16"):
        height_setting(PHASES, 1e-7, bits)


@pytest.mark.parametrize("metres", [0.0, -1e-7, math.nan, math.inf])
def test_a_plate_without_height_is_refused(metres: float) -> None:
    with pytest.raises(PhotonicsError, match="a plate grows with its phase; give a height above 0"):
        height_setting(PHASES, metres)


def test_gradients_are_no_obstacle(tmp_path: Path) -> None:
    phases = PHASES.clone().requires_grad_()
    setting = drive_setting(phases, VOLTS, 8)
    assert isinstance(setting, MaskSetting)
    assert not setting.values.requires_grad
    write(tmp_path / "masks.csv", VOLTS, 8, phases=phases)
    held = held_phases(phases, EVEN)
    assert not height_setting(held, 1e-7).values.requires_grad
