"""The figures of a finished run, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from photonics_sim.device import ChipDrawing, Device, Drawn, Followed, Imaged, Scheduled, SideView
from photonics_sim.errors import PhotonicsError
from photonics_sim.plots._ageing import plot_ageing
from photonics_sim.plots._characters import plot_characters
from photonics_sim.plots._chip import plot_chip
from photonics_sim.plots._confusion import plot_confusion
from photonics_sim.plots._costs import plot_costs
from photonics_sim.plots._figure import Figure
from photonics_sim.plots._planes import plot_planes
from photonics_sim.plots._regression import plot_regression
from photonics_sim.plots._side_view import plot_side_view
from photonics_sim.plots._timeline import plot_timeline
from photonics_sim.plots._training import plot_training
from photonics_sim.runs import Metric, Run, read_metrics
from photonics_sim.training import load_trained


class OpenRun:
    """A run whose files are each read once, however many pictures are made of it.

    Attributes:
        run: The run.
    """

    def __init__(self, run: Run) -> None:
        self.run = run

    @property
    def metrics(self) -> dict[str, Metric]:
        """The arrays of metrics.h5."""
        return self._read[0]

    @property
    def summary(self) -> dict[str, Any]:
        """The numbers that `train --json` prints."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[dict[str, Metric], dict[str, Any]]:
        if not self.run.metrics_path.exists():
            raise PhotonicsError(
                f"{self.run.path} has no finished epoch yet; `photonics-sim resume {self.run.path}` goes on with it"
            )
        return read_metrics(self.run.metrics_path)

    @cached_property
    def device(self) -> Device:
        """The trained device."""
        return load_trained(self.run)

    @cached_property
    def drawings(self) -> list[ChipDrawing]:
        """The chip as trained with the first test sample's light, and the splitter errors of one that is fabricated.

        Empty where the device draws none.
        """
        if not isinstance(self.device, Drawn):
            return []
        built = cast(Drawn, self.device.as_built(0))
        with torch.no_grad():
            pairs = zip(self.device.drawings(self.sample), built.drawings(self.sample), strict=True)
        return [replace(trained, splitter_errors=made.splitter_errors) for trained, made in pairs]

    @cached_property
    def side_view(self) -> SideView | None:
        """The first test sample's light from the side; None where the device shows none."""
        if not isinstance(self.device, Followed):
            return None
        return self.device.side_view(self.sample, self.output)

    @property
    def is_followed(self) -> bool:
        """Whether light is seen from the side; of a run that is not finished, whether the device is of such a kind."""
        if not isinstance(self.device, Followed):
            return False
        finished = self.run.metrics_path.exists() and self.summary.get("state") == "finished"
        return not finished or self.side_view is not None

    @property
    def output(self) -> int:
        """Where the light of the first test sample should go."""
        first = self.metrics["test_target"].values[0]
        return int(first) if first.ndim == 0 else 0

    @property
    def sample(self) -> Tensor:
        """The first test sample as the device takes it, `(in_features,)`."""
        return torch.from_numpy(self.require_finished().metrics["sample"].values)

    @property
    def has_aged(self) -> bool:
        """Whether chips were judged hours after their weights were written."""
        return self.run.metrics_path.exists() and "aged_score" in self.metrics

    def require_finished(self) -> OpenRun:
        """The run itself, if it is finished."""
        if self.summary.get("state") != "finished":
            raise PhotonicsError(
                f"{self.run.path} is not finished; `photonics-sim resume {self.run.path}` goes on with it"
            )
        return self


def _curves(run: OpenRun) -> Figure:
    """Loss and score over the epochs."""
    history = {name: metric.values for name, metric in run.metrics.items() if metric.dims == ("epoch",)}
    return plot_training(history, str(run.summary["task"]), best_epoch=int(run.summary["best_epoch"]))


def _result(run: OpenRun) -> Figure:
    """The confusion matrix, predicted against true values, or the bits of each character."""
    metrics = run.require_finished().metrics
    names = run.run.config.data.classes
    if "confusion" in metrics:
        return plot_confusion(metrics["confusion"].values, names)
    if "test_bits" in metrics:
        return plot_characters(metrics["test_bits"].values, metrics["test_target"].values, names)
    return plot_regression(metrics["test_target"].values, metrics["test_prediction"].values, names)


def _light(run: OpenRun) -> Figure:
    """The first test sample on its way: phase and field at the modulator, field at the detector it should reach."""
    device = run.device
    if not isinstance(device, Imaged):
        raise PhotonicsError(f"{run.run.card.name} shows no planes of light; choose {_others(run, 'light')}")
    sample, output = run.sample, run.output
    with torch.no_grad():
        planes = {name: plane.numpy() for name, plane in device.planes(sample, output).items()}
    squares = device.detectors()
    side = round(len(sample) ** 0.5)
    image = sample.numpy().reshape(side, side) if side**2 == len(sample) else sample.numpy()
    read = None if squares is None else (squares.numpy(), output)
    return plot_planes(planes, sample=np.asarray(image, dtype=np.float64), detectors=read)


def _way(run: OpenRun) -> Figure:
    """The light of the first test sample between the planes too, from the side."""
    if run.side_view is None:
        raise PhotonicsError(f"{run.run.card.name} shows no light from the side; choose {_others(run, 'way')}")
    return plot_side_view(run.side_view)


def _chip(run: OpenRun) -> Figure:
    """The meshes of the chip as trained, with the light of the first test sample."""
    if not isinstance(run.device, Drawn):
        raise PhotonicsError(f"{run.run.card.name} draws no chip of waveguides; choose {_others(run, 'chip')}")
    return plot_chip(run.drawings)


def _costs(run: OpenRun) -> Figure:
    """Seconds and joules of one pass, by part."""
    return plot_costs(run.device.costs().to_dict())


def _timeline(run: OpenRun) -> Figure:
    """Which part of the device does what in the course of a pass, done in one way or another."""
    if not isinstance(run.device, Scheduled):
        raise PhotonicsError(f"{run.run.card.name} has no schedule to draw; choose {_others(run, 'timeline')}")
    return plot_timeline(run.device.timelines())


def _ageing(run: OpenRun) -> Figure:
    """The score of fabricated chips, hours after their weights were written."""
    if not run.require_finished().has_aged:
        why = "its device does not age, or it was trained with --chips 0"
        raise PhotonicsError(f"{run.run.path} holds no scores of aged chips: {why}; choose {_others(run, 'ageing')}")
    hours, scores = run.metrics["age_hours"].values, run.metrics["aged_score"].values
    return plot_ageing(hours, {"mean of fabricated chips": scores}, str(run.summary["task"]))


def _others(run: OpenRun, asked: str) -> str:
    """The pictures that this run has, for a message."""
    return ", ".join(name for name in figures_of(run) if name != asked)


def figures_of(run: OpenRun) -> list[str]:
    """Names of the pictures that a run can give."""
    missing = {"light"} if not isinstance(run.device, Imaged) else set()
    missing |= {"way"} if not run.is_followed else set()
    missing |= {"chip"} if not isinstance(run.device, Drawn) else set()
    missing |= {"timeline"} if not isinstance(run.device, Scheduled) else set()
    missing |= {"ageing"} if not run.has_aged else set()
    return [name for name in FIGURES if name not in missing]


FIGURES: dict[str, Callable[[OpenRun], Figure]] = {
    "curves": _curves,
    "result": _result,
    "ageing": _ageing,
    "light": _light,
    "way": _way,
    "chip": _chip,
    "costs": _costs,
    "timeline": _timeline,
}


def _of_run(draw: Callable[[OpenRun], Figure]) -> Callable[[Run], Figure]:
    return lambda run: draw(OpenRun(run))


RUN_FIGURES: dict[str, Callable[[Run], Figure]] = {name: _of_run(draw) for name, draw in FIGURES.items()}
