"""`runs export` of phase masks: tables and arrays of pixels, an image for each mask, nothing overwritten unasked."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import TensorDataset

import photonics_sim as ps
from photonics_sim.cli import main
from photonics_sim.device import Device
from photonics_sim.training import load_trained

Ask = Callable[..., tuple[int, str, str]]


def train(device: Device, folder: Path) -> Path:
    rng = np.random.default_rng(0)
    data = TensorDataset(torch.tensor(rng.normal(size=(60, 4)), dtype=torch.float32), torch.arange(60) % 2)
    return ps.train(device, data, out=folder, epochs=1, batch_size=16, chips=0, progress=False).path


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    device = ps.load_device("diffractive-visible", inputs=4, classes=2, pixels=12, masks=2, region_px=2)
    return train(device, tmp_path_factory.mktemp("runs") / "stack")


@pytest.fixture
def ask(workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    def run(*args: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["photonics-sim", "runs", "export", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


def test_an_image_for_each_mask(ask: Ask, stack: Path, workplace: Path) -> None:
    code, out, err = ask(stack, "--out", "masks.png", "--json")
    assert code == 0, err
    names = ["masks-mask-1.png", "masks-mask-2.png"]
    assert sorted(file.name for file in workplace.iterdir()) == names
    assert json.loads(out) == {
        "run": str(stack), "card": "diffractive-visible", "files": names, "masks": 2, "pixels": [12, 12], "rows": 288,
    }  # fmt: skip
    assert "settings of 2 masks of 12 x 12 pixels: masks-mask-1.png ... masks-mask-2.png" in err
    held = load_trained(stack).masks.held().detach()
    for name, expected in zip(names, held, strict=True):
        with Image.open(name) as image:
            assert np.array_equal(np.asarray(image), (expected / (2 * torch.pi) * 256).round())


@pytest.mark.parametrize("name", ["masks.csv", "masks.h5", "masks.HDF5"])
def test_a_table_of_all_pixels(ask: Ask, stack: Path, name: str) -> None:
    code, out, err = ask(stack, "--out", name, "--json")
    assert code == 0, err
    assert json.loads(out)["files"] == [name]
    assert f"settings of 2 masks of 12 x 12 pixels: {name}" in err
    if name.endswith("csv"):
        assert len(Path(name).read_text().splitlines()) == 289
    else:
        with h5py.File(name, "r") as file:
            assert np.array_equal(file["commanded_phase_rad"], load_trained(stack).masks.phases.detach())


def test_one_mask_is_one_mask(ask: Ask, workplace: Path) -> None:
    device = ps.load_device("fourier-visible", inputs=4, classes=2, pixels=12, region_px=2)
    code, _, err = ask(train(device, workplace / "fourier"), "--out", "mask.png")
    assert code == 0, err
    assert "settings of 1 mask of 128 x 128 pixels: mask-mask-1.png\n" in err


def test_a_measured_curve_may_be_given(ask: Ask, stack: Path) -> None:
    curve = ("--set", "mask.curve.drive=[0.0,5.0]", "--set", "mask.curve.phase_rad=[0.0,6.5]")
    code, _, err = ask(stack, "--out", "volts.h5", *curve)
    assert code == 0, err
    with h5py.File("volts.h5", "r") as file:
        np.testing.assert_allclose(file["drive_v"][()], file["held_phase_rad"][()] / 6.5 * 5, rtol=1e-6, atol=1e-6)


def test_images_are_replaced_only_with_force(ask: Ask, stack: Path) -> None:
    path = Path("masks-mask-2.png")
    path.write_text("mine")
    code, out, err = ask(stack, "--out", "masks.png")
    assert (code, out, path.read_text()) == (2, "", "mine")
    assert "masks-mask-2.png exists; name another file with --out, or replace it with --force" in err
    assert not Path("masks-mask-1.png").exists()
    assert ask(stack, "--out", "masks.png", "--force")[0] == 0
    with Image.open(path) as image:
        assert image.size == (12, 12)


def test_chips_are_no_images(ask: Ask, workplace: Path) -> None:
    run = train(ps.load_device("mzi-thermo-optic", inputs=4, outputs=2), workplace / "chip")
    code, _, err = ask(run, "--out", "settings.png")
    assert code == 2
    assert "settings are kept as .csv, .h5 or .hdf5; found suffix '.png'" in err
    assert not list(workplace.glob("*.png"))


def test_another_ending_is_refused(ask: Ask, stack: Path) -> None:
    code, _, err = ask(stack, "--out", "masks.tif")
    assert code == 2
    assert "no table with the ending '.tif'; name it .csv, .h5 or .hdf5, or .png for phase masks" in err


def test_the_help_has_an_example(ask: Ask) -> None:
    assert "photonics-sim runs export masks --out masks.png" in ask("--help")[1]
