"""The figures of a finished run, by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from photonics_sim.device import Imaged
from photonics_sim.errors import PhotonicsError
from photonics_sim.plots._confusion import plot_confusion
from photonics_sim.plots._costs import plot_costs
from photonics_sim.plots._figure import Figure
from photonics_sim.plots._planes import plot_planes
from photonics_sim.plots._regression import plot_regression
from photonics_sim.plots._training import plot_training
from photonics_sim.runs import Run
from photonics_sim.training import load_trained


def curves(run: Run) -> Figure:
    """Loss and score over the epochs."""
    if not run.metrics_path.exists():
        raise PhotonicsError(f"{run.path} has no finished epoch yet; `photonics-sim resume {run.path}` goes on with it")
    history = {name: metric.values for name, metric in run.metrics.items() if metric.dims == ("epoch",)}
    return plot_training(history, str(run.summary["task"]), best_epoch=int(run.summary["best_epoch"]))


def result(run: Run) -> Figure:
    """The confusion matrix, or predicted against true values."""
    metrics = finished(run).metrics
    names = run.config.data.classes
    if "confusion" in metrics:
        return plot_confusion(metrics["confusion"].values, names)
    return plot_regression(metrics["test_target"].values, metrics["test_prediction"].values, names)


def light(run: Run) -> Figure:
    """The first test sample on its way: phase and field at the modulator, field at the detector it should reach."""
    device = load_trained(run)
    if not isinstance(device, Imaged):
        raise PhotonicsError(f"{run.card.name} shows no planes of light; choose curves, result or costs")
    metrics = finished(run).metrics
    sample = torch.from_numpy(metrics["sample"].values)
    output = int(metrics["test_target"].values[0]) if "confusion" in metrics else 0
    with torch.no_grad():
        planes = {name: plane.numpy() for name, plane in device.planes(sample, output).items()}
    side = round(len(sample) ** 0.5)
    image = sample.numpy().reshape(side, side) if side**2 == len(sample) else sample.numpy()
    return plot_planes(planes, sample=np.asarray(image, dtype=np.float64))


def costs(run: Run) -> Figure:
    """Seconds and joules of one pass, by part."""
    return plot_costs(load_trained(run).costs().to_dict())


def finished(run: Run) -> Run:
    """The run itself, if it is finished."""
    if run.state != "finished":
        raise PhotonicsError(f"{run.path} is not finished; `photonics-sim resume {run.path}` goes on with it")
    return run


RUN_FIGURES: dict[str, Callable[[Run], Figure]] = {
    "curves": curves,
    "result": result,
    "light": light,
    "costs": costs,
}
