"""A run as it lies on the disk."""

from __future__ import annotations

import functools
import html
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from photonics_sim.device import Card, load_card
from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.runs._config import RunConfig
from photonics_sim.runs._folder import RUN, RUNS, folder_of, is_locked, list_folders
from photonics_sim.runs._metrics import Metric, read_metrics

State = Literal["running", "finished", "interrupted"]


@dataclass(frozen=True)
class Run:
    """A run folder: the card, the configuration, the metrics and where the rest lies."""

    path: Path

    @property
    def card_path(self) -> Path:
        return self.path / "card.toml"

    @property
    def config_path(self) -> Path:
        return self.path / "config.toml"

    @property
    def metrics_path(self) -> Path:
        return self.path / "metrics.h5"

    @property
    def model_path(self) -> Path:
        return self.path / "model.safetensors"

    @property
    def checkpoint_path(self) -> Path:
        return self.path / "checkpoint.safetensors"

    @property
    def pipeline_path(self) -> Path:
        """Arrays of the pipeline; there only where it has some."""
        return self.path / "pipeline.safetensors"

    @property
    def report_path(self) -> Path:
        return self.path / "report.html"

    @functools.cached_property
    def config(self) -> RunConfig:
        return RunConfig.read(self.config_path)

    @functools.cached_property
    def card(self) -> Card:
        return load_card(self.card_path)

    @property
    def metrics(self) -> dict[str, Metric]:
        """The arrays of metrics.h5, read afresh: with values, dimensions, unit and long name."""
        return read_metrics(self.metrics_path)[0]

    @property
    def summary(self) -> dict[str, Any]:
        """The numbers that `train --json` prints."""
        return read_metrics(self.metrics_path)[1] if self.metrics_path.exists() else {}

    @property
    def state(self) -> State:
        if self.summary.get("state") == "finished":
            return "finished"
        return "running" if is_locked(self.path) else "interrupted"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(key)}</td><td>{html.escape(str(value))}</td></tr>"
            for key, value in self.summary.items()
        )
        state = html.escape(f"run {self.path}: {self.state}")
        return f"<details><summary>{state}</summary><table>{rows}</table></details>"


def find_run(name_or_path: str | Path) -> Run:
    """The run of this name under `runs/`, or in this folder.

    Raises:
        PhotonicsError: where there is none; near names are suggested.
    """
    path = folder_of(name_or_path, [RUN])
    if path is not None:
        return Run(path)
    known = [run.path.name for run in list_runs()]
    raise PhotonicsError(
        f"no run {name_or_path}{did_you_mean(str(name_or_path), known)} (a run is a folder with config.toml; "
        "`photonics-sim runs list` lists those under runs/)"
    )


def list_runs(folder: Path = RUNS) -> list[Run]:
    """The runs in a folder, oldest first."""
    return [Run(path) for path in list_folders(folder, [RUN])]
