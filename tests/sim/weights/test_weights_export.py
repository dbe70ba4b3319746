"""The settings of a chip as a table: written, read back, refused when damaged."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from photonics_sim.device import normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.weights import Crosstalk, PhaseShifterCard, actual_phases, read_settings, write_settings

CARD = PhaseShifterCard(
    effect="thermo-optic", pi_power_mw=25.0, resistance_ohm=400.0, dac_bits=6,
    crosstalk=0.03, crosstalk_pitch_um=100.0, crosstalk_decay_um=50.0,
)  # fmt: skip
BARE = PhaseShifterCard(effect="thermo-optic", pi_power_mw=25.0, resistance_ohm=400.0)
COLUMNS: dict[str, Any] = {
    "name": ["a_1", "12", 'θ, the "third"'],
    "mode": torch.tensor([0, 2, 1]),
    "x_m": np.array([0.1, 1 / 3, 2e-5]),
}
PHASES = torch.tensor([0.0, math.pi, 7.0], dtype=torch.float64)
ORDER = [*COLUMNS, "commanded_phase_rad", "actual_phase_rad", "drive_voltage_v", "electrical_power_w"]
SUFFIX = pytest.mark.parametrize("suffix", [".csv", ".h5", ".hdf5", ".CSV"])


def write(path: Path, **changes: Any) -> Path:
    fields: dict[str, Any] = {"columns": COLUMNS, "phases": PHASES, "card": BARE}
    fields |= changes
    if "actual" not in fields:
        fields["actual"] = actual_phases(fields["phases"], fields["card"])
    write_settings(path, **fields)
    return path


@SUFFIX
def test_a_table_comes_back_as_it_was_written(suffix: str, tmp_path: Path) -> None:
    found = read_settings(write(tmp_path / f"chip{suffix}"))
    assert list(found) == ORDER
    assert found["name"].tolist() == COLUMNS["name"]
    assert found["mode"].dtype == np.int64
    assert found["mode"].tolist() == [0, 2, 1]
    assert found["x_m"].tolist() == COLUMNS["x_m"].tolist()
    assert found["commanded_phase_rad"].tolist() == PHASES.tolist()
    turned = 7 - 2 * math.pi
    np.testing.assert_allclose(found["electrical_power_w"], [0, 25e-3, 25e-3 * turned / math.pi], rtol=1e-12)
    np.testing.assert_allclose(found["drive_voltage_v"], [0, 10**0.5, (10 * turned / math.pi) ** 0.5], rtol=1e-12)


@SUFFIX
def test_the_drive_is_that_of_the_converter_and_the_phase_that_of_the_light(suffix: str, tmp_path: Path) -> None:
    """With 6 bits over one turn: V = k V_2pi / 63, P = V^2 / R; then the neighbours' shares and the error."""
    places = torch.tensor([[0.0, 0.0], [1e-4, 0.0], [2e-4, 0.0]])
    error = normal(3, 3)
    crosstalk = Crosstalk.from_positions(places, CARD)
    actual = actual_phases(PHASES, CARD, crosstalk=crosstalk, error=error)
    found = read_settings(write(tmp_path / f"chip{suffix}", card=CARD, actual=actual))
    codes = found["drive_voltage_v"] / 20**0.5 * 63
    np.testing.assert_allclose(codes, np.round(codes), atol=1e-9)
    assert codes[1] == pytest.approx(45)  # 63 / sqrt(2) = 44.55
    np.testing.assert_allclose(found["electrical_power_w"], found["drive_voltage_v"] ** 2 / 400, rtol=1e-12)
    held = torch.tensor(2 * math.pi * (np.round(codes) / 63) ** 2)
    expected = held + crosstalk(held) + error
    np.testing.assert_allclose(found["actual_phase_rad"], expected.numpy(), rtol=1e-12)


def test_single_precision_and_gradients_are_no_obstacle(tmp_path: Path) -> None:
    found = read_settings(write(tmp_path / "chip.csv", phases=PHASES.float().requires_grad_()))
    assert found["commanded_phase_rad"].tolist() == PHASES.float().double().tolist()


def test_csv_has_units_in_its_names(tmp_path: Path) -> None:
    lines = write(tmp_path / "chip.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == ",".join(ORDER)
    assert lines[1] == "a_1,0,0.1,0.0,0.0,0.0,0.0"
    assert len(lines) == 4


def test_hdf5_has_units_and_meanings(tmp_path: Path) -> None:
    with h5py.File(write(tmp_path / "chip.h5"), "r") as file:
        units = {name: item.attrs["units"] for name, item in file.items()}
        assert units == dict(zip(ORDER, ["1", "1", "m", "rad", "rad", "V", "W"], strict=True))
        assert file["actual_phase_rad"].attrs["long_name"] == "phase that the light sees"
        assert file["x_m"].attrs["long_name"] == "x m"


@SUFFIX
def test_writing_twice_gives_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    first, second = write(tmp_path / f"a{suffix}"), write(tmp_path / f"b{suffix}")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("suffix", [".xlsx", "", ".toml"])
def test_another_suffix_is_refused(suffix: str, tmp_path: Path) -> None:
    for call in (write, read_settings):
        with pytest.raises(PhotonicsError, match=rf"kept as \.csv, \.h5 or \.hdf5; found suffix '{suffix}'"):
            call(tmp_path / f"chip{suffix}")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"phases": torch.zeros(2, 3)}, r"of one chip, phases \(shifters,\); found shape \(2, 3\). Write one chip"),
        ({"phases": torch.zeros(0)}, r"found shape \(0,\)"),
        ({"columns": {"mode": [1, 2]}}, r"'mode' has shape \(2,\); one entry for each of 3 phases"),
        ({"columns": {"place": ["a", "b", "c"]}}, "text goes into 'name', numbers elsewhere"),
        ({"columns": {"name": [1, 2, 3]}}, "text goes into 'name'"),
        ({"columns": {"a/b": [1, 2, 3]}}, "column name 'a/b': letters, digits and _ alone"),
        ({"columns": {"drive_voltage_v": [1, 2, 3]}}, "is written from the phases; give yours another name"),
        (
            {"card": PhaseShifterCard(**(BARE.model_dump() | {"max_drive_v": 3.0}))},
            "shifter 1 needs .* V for 3.1416 rad",
        ),
    ],
)
def test_what_is_no_table_is_refused_and_nothing_is_written(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(PhotonicsError, match=message):
        write(tmp_path / "chip.csv", **changes)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PhotonicsError, match=r"cannot write .*nowhere"):
        write(tmp_path / "nowhere" / "chip.csv")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"drive_voltage_v", b"volts", "has no column drive_voltage_v; expected the settings of a chip"),
        (b"a_1,0,", b"a_1,", "row 2 has 6 entries under 7 column names; mend it"),
        (b"0.1,", b"far,", "column 'x_m' holds entries that are no numbers; only 'name' is text"),
        (b"0.1,", b"nan,", "x_m is not finite in row 0; mend it"),
        ("θ".encode(), b"\xff", "is not text in UTF-8"),
        (b'third"""', b'third" x"""', "no table of comma-separated values"),
    ],
)
def test_a_damaged_csv_is_refused(old: bytes, new: bytes, message: str, tmp_path: Path) -> None:
    path = write(tmp_path / "chip.csv")
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))
    with pytest.raises(PhotonicsError, match=message):
        read_settings(path)


def damage(path: Path, name: str, values: Any) -> None:
    with h5py.File(path, "r+") as file:
        del file[name]
        file[name] = values


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("x_m", np.zeros(2), "has columns of different lengths"),
        ("x_m", np.array([0, np.inf, 0]), "x_m is not finite in row 1"),
        ("name", np.array([b"\xff"] * 3), "text that is not UTF-8"),
        ("electrical_power_w", np.zeros((3, 1)), "has no column electrical_power_w"),
    ],
)
def test_a_damaged_h5_is_refused(name: str, values: Any, message: str, tmp_path: Path) -> None:
    path = write(tmp_path / "chip.h5")
    damage(path, name, values)
    with pytest.raises(PhotonicsError, match=message):
        read_settings(path)


@SUFFIX
def test_a_missing_and_an_empty_file_are_named(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"chip{suffix}"
    with pytest.raises(PhotonicsError, match="no such file; expected the settings of a chip"):
        read_settings(path)
    path.touch()
    with pytest.raises(PhotonicsError, match="is empty; expected the settings"):
        read_settings(path)


def test_a_blank_table_has_no_columns(tmp_path: Path) -> None:
    path = tmp_path / "chip.csv"
    path.write_text("\n")
    with pytest.raises(PhotonicsError, match="has no column commanded_phase_rad"):
        read_settings(path)
