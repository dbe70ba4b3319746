"""How good a trained network is on fabricated devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import torch
from numpy.typing import ArrayLike
from pydantic import Field

from photonics_sim.datasets import Dataset, Pipeline
from photonics_sim.runs import measure_of
from photonics_sim.sweeps._axis import Meaning
from photonics_sim.sweeps._trial import Settings, Trial
from photonics_sim.training import evaluate, load_pipeline, load_run_dataset


class EvaluateSettings(Settings):
    """Of `EvaluateTrial`."""

    data_dir: str = Field(default="", description="folder where the files of the run's data set lie")
    after_hours: float = Field(default=0.0, ge=0, le=1e6, description="hours since the weights were written")
    as_built: bool = Field(default=True, description="judge fabricated chips, or the nominal device with its noise")


class EvaluateTrial(Trial):
    """A trained run on chips as built, on the test part of its data. A point replaces numbers of its card."""

    prefix: ClassVar[str] = "evaluate"
    settings: ClassVar[type[Settings]] = EvaluateSettings
    chips: ClassVar[int] = 20

    def meanings(self) -> dict[str, Meaning]:
        measure = measure_of(str(self.subject.run.summary.get("task", "classification")))
        return {
            measure.name: Meaning(measure.unit, f"test {measure.label}", measure.higher_is_better),
            "loss": Meaning("1", "mean test loss", higher_is_better=False),
        }

    @cached_property
    def _data(self) -> tuple[Dataset, Pipeline]:
        run = self.subject.run
        return load_run_dataset(run, root=self.job.settings.get("data_dir") or None), load_pipeline(run)

    @torch.no_grad()
    def measure(self, params: Mapping[str, Any], seeds: Sequence[int]) -> Mapping[str, ArrayLike]:
        fields, settings = self.split(params)
        device = self.subject.device(fields)
        dataset, pipeline = self._data
        chips = [(seed, device.as_built(seed) if settings.as_built else device) for seed in seeds]
        found = [
            evaluate(chip, dataset, pipeline=pipeline, seed=seed, after_hours=settings.after_hours)
            for seed, chip in chips
        ]
        return {found[0].measure.name: [one.score for one in found], "loss": [one.loss for one in found]}
