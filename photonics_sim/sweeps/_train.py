"""What training from scratch reaches at each point."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from photonics_sim.datasets import Dataset, fit_pipeline
from photonics_sim.device import build_device
from photonics_sim.runs import TrainSettings, measure_of
from photonics_sim.sweeps._axis import Meaning
from photonics_sim.sweeps._trial import Settings, Trial
from photonics_sim.training import as_dataset, fit_card, train


class TrainTrialSettings(TrainSettings, Settings):
    """Of `TrainTrial`: those of a training, and its data."""

    chips: int = Field(default=5, ge=0, le=10_000, description="fabricated chips to test on at the end")
    data: str = Field(default="digits", description="name of a data set, or a file")
    data_dir: str = Field(default="", description="folder where the files of the data set lie")
    pca: int = Field(
        default=0, ge=0, le=10**6, description="principal components in front; 0 for the samples themselves"
    )


class TrainTrial(Trial):
    """Trains the device of a point from scratch. A chip of the sweep is a training with a seed of its own."""

    prefix: ClassVar[str] = "training"
    settings: ClassVar[type[Settings]] = TrainTrialSettings

    def meanings(self) -> dict[str, Meaning]:
        measure = measure_of(self._dataset.task)
        meaning = Meaning(measure.unit, f"test {measure.label}", measure.higher_is_better)
        built = Meaning(measure.unit, f"test {measure.label} as built", measure.higher_is_better)
        return {
            f"test_{measure.name}": meaning,
            f"as_built_{measure.name}": built,
            "best_epoch": Meaning("1", "epoch that was best on the validation part"),
        }

    @cached_property
    def _dataset(self) -> Dataset:
        settings = self.job.settings
        return as_dataset(settings.get("data", "digits"), settings.get("data_dir") or None)

    def measure(self, params: Mapping[str, Any], seeds: Sequence[int]) -> Mapping[str, ArrayLike]:
        fields, settings = self.split(params)
        pipeline = fit_pipeline(self._dataset, pca=settings.pca) if settings.pca else None
        card = fit_card(self.subject.card.override(fields, where="sweep"), self._dataset, tuple(fields), pipeline)
        told = {name: getattr(settings, name) for name in settings.model_fields_set & TrainSettings.model_fields.keys()}
        rows = []
        for seed in seeds:
            number = seed % 2**31
            with tempfile.TemporaryDirectory() as folder:
                run = train(
                    build_device(card, seed=number),
                    self._dataset,
                    pipeline=pipeline,
                    out=Path(folder) / "run",
                    progress=False,
                    **{"chips": settings.chips, **told, "seed": number},
                )
                if run.state != "finished":
                    raise KeyboardInterrupt
                rows.append(self._row(run.summary))
        return {name: [row[name] for row in rows] for name in rows[0]}

    def _row(self, summary: Mapping[str, Any]) -> dict[str, float]:
        name = measure_of(self._dataset.task).name
        built = summary.get("as_built") or {}
        row = {
            f"test_{name}": float(summary[f"test_{name}"]),
            f"as_built_{name}": float(built.get("mean", np.nan)),
            "best_epoch": float(summary["best_epoch"]),
        }
        return row if built else {key: value for key, value in row.items() if not key.startswith("as_built")}
