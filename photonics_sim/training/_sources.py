"""Data sets from whatever names or holds one, and the data and the pipeline of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch.utils.data import TensorDataset

from photonics_sim import datasets
from photonics_sim.datasets import Dataset, Pipeline
from photonics_sim.device import Device
from photonics_sim.errors import PhotonicsError
from photonics_sim.files import read_tensors, write_tensors
from photonics_sim.runs import Run

TEXT = ".txt"


def load_run_dataset(
    run: Run, dataset: Dataset | TensorDataset | None = None, root: str | Path | None = None
) -> Dataset:
    """The data that a run was trained on, checked against the digest in its configuration.

    Args:
        run: A run.
        dataset: The data themselves, where no file holds them.
        root: Where its files lie now, if no longer where they lay.

    Raises:
        PhotonicsError: where the data cannot be found, or are others.
    """
    source = run.config.data
    if dataset is None and source.name == "tensors":
        raise PhotonicsError(f"{run.path} was trained on tensors that no file holds; pass them as dataset=")
    given = dataset if dataset is not None else source.name
    data = as_dataset(given, root or source.root or None, vocabulary=source.classes)
    if data.digest != source.digest:
        raise PhotonicsError(
            f"{source.name} is not what {run.path} was trained on (its contents have changed); restore the data, or "
            "train anew"
        )
    return data


def load_pipeline(run: Run) -> Pipeline:
    """How samples became inputs in a run: from its configuration and, for a projection, its `pipeline.safetensors`.

    Raises:
        PhotonicsError: where a file is missing or damaged, or the two do not fit together.
    """
    table = run.config.data.pipeline
    if not Pipeline.needs_arrays(table):
        return Pipeline.from_dict(table)
    arrays, _ = read_tensors(run.pipeline_path, "the arrays of a run's pipeline")
    try:
        return Pipeline.from_dict(table, arrays)
    except PhotonicsError as error:
        raise PhotonicsError(f"{run.pipeline_path} does not fit {run.config_path}: {error}") from None


def save_pipeline(run: Run, pipeline: Pipeline) -> None:
    """Write the arrays of a pipeline, where it has some, to `pipeline.safetensors`."""
    if arrays := pipeline.arrays():
        write_tensors(run.pipeline_path, arrays, {})


def require_fit(pipeline: Pipeline, dataset: Dataset, device: Device) -> None:
    """Refuse a pipeline of other data, or of another width than the device's.

    Raises:
        PhotonicsError: where they do not fit.
    """
    if (pipeline.task, pipeline.shape) != (dataset.task, dataset.shape):
        raise PhotonicsError(
            f"the pipeline takes samples {pipeline.shape} for {pipeline.task}, {dataset.name} has {dataset.shape} for "
            f"{dataset.task}; fit it on {dataset.name}"
        )
    if pipeline.features != device.in_features:
        raise PhotonicsError(
            f"the pipeline gives {pipeline.features} features and the device takes {device.in_features}; build the "
            "device to the pipeline (fit_card)"
        )


def as_dataset(
    dataset: Dataset | TensorDataset | str,
    root: str | Path | None = None,
    *,
    vocabulary: Sequence[str] | None = None,
) -> Dataset:
    """A data set from whatever names or holds one.

    Args:
        dataset: A data set, tensors, a name, or the path of a file of one's own.
        root: Folder where files of a named data set lie.
        vocabulary: Characters by which to number a text of one's own; None takes those of its train part.
    """
    if isinstance(dataset, Dataset):
        return dataset
    if isinstance(dataset, TensorDataset):
        return datasets.from_tensors(dataset)
    if dataset.endswith(TEXT):
        return datasets.load_text(dataset, vocabulary=vocabulary)
    if is_file_name(dataset):
        return datasets.load_file(dataset)
    return datasets.load(dataset, root=root)


def is_file_name(name: str) -> bool:
    """Whether a data source is a file of the user's own, not a data set's name."""
    return name.endswith((".npz", ".h5", ".hdf5", TEXT))
