"""Data sets from whatever names or holds one, and the data of a run."""

from __future__ import annotations

from pathlib import Path

from torch.utils.data import TensorDataset

from photonics_sim import datasets
from photonics_sim.datasets import Dataset
from photonics_sim.errors import PhotonicsError
from photonics_sim.runs import Run


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
    data = as_dataset(dataset if dataset is not None else source.name, root or source.root or None)
    if data.digest != source.digest:
        raise PhotonicsError(
            f"{source.name} is not what {run.path} was trained on (its contents have changed); restore the data, or "
            "train anew"
        )
    return data


def as_dataset(dataset: Dataset | TensorDataset | str, root: str | Path | None = None) -> Dataset:
    """A data set from whatever names or holds one."""
    if isinstance(dataset, Dataset):
        return dataset
    if isinstance(dataset, TensorDataset):
        return datasets.from_tensors(dataset)
    if is_file_name(dataset):
        return datasets.load_file(dataset)
    return datasets.load(dataset, root=root)


def is_file_name(name: str) -> bool:
    """Whether a data source is a file of the user's own, not a data set's name."""
    return name.endswith((".npz", ".h5", ".hdf5"))
