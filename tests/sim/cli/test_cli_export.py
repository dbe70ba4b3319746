"""`runs export`: the settings of a trained chip as a table, and nothing overwritten unasked."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

import photonics_sim as ps
from photonics_sim.cli import main
from photonics_sim.device import Device, Exports
from photonics_sim.training import load_trained
from photonics_sim.weights import read_settings

Ask = Callable[..., tuple[int, str, str]]


def train(device: Device, folder: Path) -> Path:
    rng = np.random.default_rng(0)
    data = TensorDataset(torch.tensor(rng.normal(size=(60, 4)), dtype=torch.float32), torch.arange(60) % 2)
    return ps.train(device, data, out=folder, epochs=1, batch_size=16, chips=0, progress=False).path


@pytest.fixture(scope="module")
def chip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    device = ps.load_device("mzi-thermo-optic", inputs=4, outputs=2, **{"shifter.resistance_ohm": 500.0})
    return train(device, tmp_path_factory.mktemp("runs") / "chip")


@pytest.fixture
def ask(workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    def run(*args: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["photonics-sim", "runs", "export", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


@pytest.mark.parametrize("name", ["settings.csv", "settings.h5", "settings.HDF5"])
def test_a_row_for_each_shifter(ask: Ask, chip: Path, name: str) -> None:
    code, out, err = ask(chip, "--out", name, "--json")
    assert code == 0, err
    answer = json.loads(out)
    table = read_settings(Path(name))
    assert answer == {"run": str(chip), "card": "mzi-thermo-optic", "file": name, "rows": len(table["name"])}
    assert f"settings of {answer['rows']} phase shifters: {name}" in err
    device = load_trained(chip)
    assert isinstance(device, Exports)
    assert answer["rows"] == sum(p.numel() for key, p in device.named_parameters() if "phases" in key)
    assert {"column", "mode", "x_m", "y_m", "commanded_phase_rad", "actual_phase_rad", "drive_voltage_v",
            "electrical_power_w"} <= set(table)  # fmt: skip
    assert (table["electrical_power_w"] >= 0).all()


def test_a_file_is_replaced_only_with_force(ask: Ask, chip: Path) -> None:
    path = Path("settings.csv")
    path.write_text("mine")
    code, out, err = ask(chip)
    assert (code, out, path.read_text()) == (2, "", "mine")
    assert "settings.csv exists; name another file with --out, or replace it with --force" in err
    assert ask(chip, "--force")[0] == 0
    assert len(read_settings(path)["name"]) > 4


@pytest.mark.parametrize("name", ["settings.txt", "settings", "settings.xlsx"])
def test_another_ending_is_refused(ask: Ask, chip: Path, name: str) -> None:
    code, _, err = ask(chip, "--out", name)
    assert code == 2
    assert "name it .csv, .h5 or .hdf5" in err
    assert not Path(name).exists()


def test_what_cannot_be_exported_is_said_in_words(ask: Ask, workplace: Path) -> None:
    run = train(ps.load_device("free-space-scatterer", inputs=4, classes=2), workplace / "scatterer")
    code, _, err = ask(run)
    assert code == 2
    assert "free-space-scatterer has no settings to export" in err
    assert not isinstance(load_trained(run), Exports)
    assert ask("nothing")[0] == 2
    (run / "model.safetensors").unlink()
    assert "has no finished epoch yet" in ask(run)[2]
    assert not (workplace / "settings.csv").exists()


def test_what_the_card_lacks_may_be_given(ask: Ask, chip: Path) -> None:
    voltages = {}
    for ohm in (500, 2000):
        name = f"{ohm}.csv"
        assert ask(chip, "--set", f"shifter.resistance_ohm={ohm}", "--out", name)[0] == 0
        voltages[ohm] = read_settings(Path(name))["drive_voltage_v"]
    assert (voltages[2000] >= voltages[500]).all()
    assert voltages[2000].sum() > voltages[500].sum()


def test_a_folder_that_cannot_be_written_is_refused(ask: Ask, chip: Path) -> None:
    code, _, err = ask(chip, "--out", "missing/settings.csv")
    assert code == 2
    assert "cannot write" in err


def test_the_help_has_an_example(ask: Ask) -> None:
    code, out, _ = ask("--help")
    assert code == 0
    assert "photonics-sim runs export first --out settings.csv" in out
