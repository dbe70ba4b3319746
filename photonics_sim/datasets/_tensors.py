"""Data sets from tensors in memory."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import TensorDataset

from photonics_sim.datasets._assemble import Arrays, assemble
from photonics_sim.datasets._dataset import Dataset, Task
from photonics_sim.errors import PhotonicsError, did_you_mean

TASKS: tuple[Task, ...] = ("classification", "regression")


def from_tensors(dataset: TensorDataset, *, name: str = "tensors", task: Task | None = None) -> Dataset:
    """Make a data set of two tensors, with the seeded split of `load_file`.

    Args:
        dataset: inputs, shape (n, features), (n, ny, nx) or (n, channels, ny, nx), and targets: integers of shape
            (n,) are classes counted from 0, floats of shape (n,) or (n, k) are values to predict.
        name: how the data set is to be called.
        task: "classification" or "regression" where the type of the targets does not tell.

    Returns:
        Copies of the tensors in three parts, as float32 and int64 on the CPU.

    Raises:
        PhotonicsError: where there are not two tensors, or they do not fit together.
    """
    if not isinstance(dataset, TensorDataset):
        raise PhotonicsError(f"from_tensors takes a TensorDataset, not a {type(dataset).__name__}; wrap two tensors")
    if len(dataset.tensors) != 2:
        raise PhotonicsError(
            f"{name}: {len(dataset.tensors)} tensors in the TensorDataset, expected inputs and targets"
        )
    if task is not None and task not in TASKS:
        raise PhotonicsError(
            f"{name}: tensors are for {' or '.join(TASKS)}, not for {task!r}{did_you_mean(task, TASKS)}; load_text is "
            "the way of a text"
        )
    inputs, targets = (_array(tensor, name) for tensor in dataset.tensors)
    return assemble(Arrays(inputs, targets), name=name, where=name, task=task)


def _array(tensor: Tensor, name: str) -> NDArray[Any]:
    if tensor.layout != torch.strided:
        raise PhotonicsError(f"{name}: a tensor is sparse ({tensor.layout}); call to_dense() on it first")
    plain = tensor.detach().cpu().resolve_conj().resolve_neg()
    if plain.dtype == torch.bfloat16:  # numpy has no such type
        plain = plain.float()
    array: NDArray[Any] = plain.numpy()
    return array
