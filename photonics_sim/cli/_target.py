"""A run or a card, as a device with data that fit it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from photonics_sim.datasets import Dataset, Pipeline, fit_pipeline
from photonics_sim.device import Device, build_device, load_card
from photonics_sim.errors import PhotonicsError
from photonics_sim.runs import Run
from photonics_sim.sweeps import find_target
from photonics_sim.training import as_dataset, fit_card, load_pipeline, load_run_dataset, load_trained

State = Literal["untrained", "trained", "trained chip"]


def open_target(
    target: str, data: str | None, data_dir: Path | None, sets: dict[str, Any], seed: int
) -> tuple[Device, Dataset, Pipeline, State]:
    """Device, data, pipeline and what the device is.

    Raises:
        PhotonicsError: where the target is neither a run nor a card, or the data do not fit it.
    """
    run = find_target(target)
    if not isinstance(run, Run):
        dataset = as_dataset(data or "digits", data_dir)
        device = build_device(fit_card(load_card(target, sets), dataset, sets), seed=seed)
        return device, dataset, fit_pipeline(dataset, device.in_features), "untrained"
    device = load_trained(run, overrides=sets)
    source, pipeline = run.config.data, load_pipeline(run)
    dataset = as_dataset(data, data_dir, vocabulary=source.classes) if data else load_run_dataset(run, root=data_dir)
    if dataset.task != pipeline.task:
        raise PhotonicsError(f"{dataset.name} is for {dataset.task} and the run for {pipeline.task}; give other --data")
    if dataset.outputs != device.out_features:
        raise PhotonicsError(
            f"{dataset.name} has {dataset.outputs} classes and the run has {device.out_features}; give other --data"
        )
    if dataset.task == "next-token" and list(dataset.classes) != source.classes:
        raise PhotonicsError(f"{dataset.name} has other characters than the run was trained on; give other --data")
    # other data go through the pipeline that the weights were trained behind
    return device, dataset, pipeline, "trained chip" if run.config.training.on_device else "trained"
