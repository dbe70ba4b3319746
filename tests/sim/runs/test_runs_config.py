"""config.toml: read as written, and refused with the line where it says what a run cannot."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import torch
from pydantic import ValidationError

from photonics_sim.errors import PhotonicsError
from photonics_sim.runs import DataSource, Made, RunConfig, TrainSettings, make_note

CONFIG = RunConfig(
    training=TrainSettings(epochs=3, learning_rate=1e-5, seed=2**31 - 1),
    data=DataSource(
        name='my "data"\nset',
        digest="abc",
        root="/somewhere/grüße",
        classes=["a", "b"],
        pipeline={"shape": [28, 28], "mean": [0.1, 1e-300], "pooling": 2, "nested": {"on": True}},
    ),
    made=Made(
        command="photonics-sim train 'a b'",
        date="2025-01-01 10:00 UTC",
        versions={"torch": "2.6+cpu"},
        threads=1,
    ),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    CONFIG.write(tmp_path / "config.toml")
    return tmp_path / "config.toml"


def test_it_is_read_as_it_was_written(path: Path) -> None:
    assert RunConfig.read(path) == CONFIG
    RunConfig.read(path).write(path)
    assert RunConfig.read(path) == CONFIG


def test_what_is_left_out_has_its_default(path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith(("batch_size", "root"))))
    found = RunConfig.read(path)
    assert found.training.batch_size == TrainSettings().batch_size
    assert found.data.root == ""


@pytest.mark.parametrize(
    ("old", "new", "key", "message"),
    [
        ("epochs = 3", "epochs = 0", "epochs", "training.epochs = 0 is outside 1 .. 100000"),
        ("epochs = 3", "epochs = 1.5", "epochs", "training.epochs = 1.5: "),
        ("epochs = 3", "epocs = 3", "epochs", "no field training.epocs; did you mean epochs?"),
        ("seed = 2147483647", "seed = -1", "seed", "training.seed = -1 is outside 0 .."),
        ("warmup = 0.05", "warmup = 1.0", "warmup", "training.warmup = 1 is outside 0 .. 1"),
        ("warmup = 0.05", "warmup = nan", "warmup", "training.warmup = nan is not a finite number"),
        ('accelerator = "cpu"', 'accelerator = "tpu"', "accelerator", "training.accelerator = 'tpu': "),
        ('digest = "abc"\n', "", "[data]", "data.digest is missing"),
        ("threads = 1", 'threads = "1"', "threads", "made.threads = '1': "),
    ],
)
def test_a_damaged_configuration_is_told_by_line(path: Path, old: str, new: str, key: str, message: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    number = next(n for n, line in enumerate(text.splitlines(), 1) if line.startswith(key))
    path.write_text(text.replace(old, new))
    with pytest.raises(PhotonicsError) as caught:
        RunConfig.read(path)
    assert str(caught.value).startswith(f"{path}:{number}: {message}")


def test_a_file_that_is_no_configuration(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    with pytest.raises(PhotonicsError, match="no such file; expected the configuration of a run"):
        RunConfig.read(path)
    path.write_text("[training")
    with pytest.raises(PhotonicsError, match="is not valid TOML"):
        RunConfig.read(path)
    path.write_text("a = 1")
    with pytest.raises(PhotonicsError, match=r"config\.toml(:1)?: .*more"):
        RunConfig.read(path)
    CONFIG.write(path)
    path.write_text("\n".join(path.read_text().splitlines()[:3]))
    with pytest.raises(PhotonicsError, match="is missing"):
        RunConfig.read(path)


@pytest.mark.parametrize("field", [{"epochs": 0}, {"epochs": True}, {"learning_rate": float("inf")}, {"lr": 0.1}])
def test_settings_are_checked_when_they_are_made(field: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TrainSettings.model_validate(field)


def test_the_note_tells_command_date_and_versions() -> None:
    note = make_note(["photonics-sim", "train", "my card", "--set", "a='b'"], threads=2)
    assert note.command.startswith("photonics-sim train 'my card' --set ")
    assert note.threads == 2
    assert note.versions["numpy"] == numpy.__version__
    assert note.versions["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert note.date.endswith(" UTC")
    assert len(note.date) == len("2025-01-01 10:00 UTC")
