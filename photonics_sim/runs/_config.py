"""What a run was asked to do, as its `config.toml` says it."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from photonics_sim.device import explain_invalid
from photonics_sim.errors import PhotonicsError
from photonics_sim.files import read_toml, write_atomically

_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class TrainSettings(BaseModel):
    """How a device is trained: Adam, linear warm-up, cosine decay, best epoch by validation."""

    model_config = _STRICT

    epochs: int = Field(default=30, ge=1, le=100_000, description="passes over the training part")
    batch_size: int = Field(default=64, ge=1, le=1_000_000, description="samples per step")
    learning_rate: float = Field(default=0.1, gt=0, le=10, description="largest step of Adam")
    warmup: float = Field(default=0.05, ge=0, lt=1, description="fraction of all steps over which the rate rises")
    label_smoothing: float = Field(default=0.0, ge=0, lt=1, description="probability spread over all classes")
    shift_px: float = Field(default=0.0, ge=0, le=100, description="random shift of training images, at most, pixels")
    rotate_deg: float = Field(default=0.0, ge=0, le=180, description="random rotation of training images, at most")
    zoom: float = Field(default=0.0, ge=0, lt=1, description="random magnification of training images, 1 +- this")
    clip_norm: float = Field(default=0.0, ge=0, le=1e6, description="largest norm of a step's gradient; 0 for any")
    on_device: bool = Field(
        default=False,
        description="train one fabricated chip in the loop: every step writes its slow weights, costs its time and "
        "energy, and wears them; otherwise the weights are trained in the model and written once",
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="of initial settings, order, noise and chips")
    chips: int = Field(default=20, ge=0, le=10_000, description="fabricated chips to test on at the end")
    accelerator: str = Field(default="cpu", pattern="^(cpu|cuda)$", description="where the simulation runs")


class DataSource(BaseModel):
    """Which data, so that a resumed or evaluated run sees the same."""

    model_config = _STRICT

    name: str
    digest: str
    root: str = ""
    classes: list[str] = Field(default_factory=list)
    citation: str = ""
    licence: str = ""
    pipeline: dict[str, Any] = Field(default_factory=dict)


class Made(BaseModel):
    """How a run came about."""

    model_config = _STRICT

    command: str
    date: str
    versions: dict[str, str]
    threads: int = Field(ge=1, le=4096, description="that torch computed with; far more end the process")


class RunConfig(BaseModel):
    """The whole of `config.toml`."""

    model_config = _STRICT

    training: TrainSettings
    data: DataSource
    made: Made

    def write(self, path: Path) -> None:
        write_atomically(path, tomlkit.dumps(self.model_dump()))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises PhotonicsError where the file is missing, damaged or says what a run cannot."""
        table, text = read_toml(path, "the configuration of a run")
        try:
            return cls.model_validate(table)
        except ValidationError as error:
            raise PhotonicsError(explain_invalid(error, cls, where=str(path), text=text)) from None


def make_note(arguments: Sequence[str], threads: int) -> Made:
    """The exact command, the date and the versions of what computes."""
    packages = ("photonics_sim", "torch", "numpy", "scipy", "h5py", "scikit-learn")
    return Made(
        command=shlex.join(arguments),
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        versions={"python": platform.python_version()} | {name: version(name) for name in packages},
        threads=threads,
    )
