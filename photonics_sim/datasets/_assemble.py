"""Arrays of the user's, put together to a data set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from photonics_sim.datasets._check import Array, check_inputs, check_same_length, check_targets
from photonics_sim.datasets._dataset import Dataset, Part, Task
from photonics_sim.datasets._split import PART_NAMES, TEST, deal
from photonics_sim.errors import PhotonicsError

MIN_SAMPLES = 2

Targets = NDArray[np.int64] | NDArray[np.float32]


@dataclass(frozen=True)
class Arrays:
    """What a user gives, unchecked; the layout is that of `load_file`."""

    inputs: Array
    targets: Array
    test_inputs: Array | None = None
    test_targets: Array | None = None
    split: Array | None = None
    classes: tuple[str, ...] | None = None


def assemble(arrays: Arrays, *, name: str, where: str, task: Task | None = None) -> Dataset:
    """Check arrays and make a data set of them.

    Args:
        arrays: inputs, targets and what else was given.
        name: how the data set is to be called.
        where: how messages call the source.
        task: None to tell the task from the type of the targets.

    Raises:
        PhotonicsError: where the arrays do not fit together or cannot be learned from.
    """
    inputs = check_inputs(arrays.inputs, "inputs", where)
    targets = check_targets(arrays.targets, "targets", where, task)
    check_same_length({"inputs": len(inputs), "targets": len(targets)}, where)
    found: Task = "classification" if targets.dtype.kind == "i" else "regression"
    codes = _codes(arrays, targets, where)
    if arrays.test_inputs is not None or arrays.test_targets is not None:
        test_inputs, test_targets = _test_part(arrays, inputs, targets, where, task)
        inputs = np.concatenate([inputs, test_inputs])
        targets = np.concatenate([targets, test_targets])
        codes = np.concatenate([codes, np.full(len(test_inputs), TEST)])
    classes = _names(targets, arrays.classes, where)
    _check_parts(inputs, targets, codes, where)
    parts = [_part(inputs[codes == code], targets[codes == code]) for code in range(len(PART_NAMES))]
    return Dataset(name, found, parts[0], parts[1], parts[2], classes)


def _part(inputs: NDArray[np.float32], targets: Targets) -> Part:
    return Part(torch.from_numpy(inputs), torch.from_numpy(targets))


def _test_part(
    arrays: Arrays, inputs: NDArray[np.float32], targets: Targets, where: str, task: Task | None
) -> tuple[NDArray[np.float32], Targets]:
    if arrays.test_inputs is None or arrays.test_targets is None:
        absent = "test_inputs" if arrays.test_inputs is None else "test_targets"
        raise PhotonicsError(f"{where}: {absent} is missing; give both test_inputs and test_targets, or neither")
    test_inputs = check_inputs(arrays.test_inputs, "test_inputs", where)
    test_targets = check_targets(arrays.test_targets, "test_targets", where, task)
    check_same_length({"test_inputs": len(test_inputs), "test_targets": len(test_targets)}, where)
    if test_inputs.shape[1:] != inputs.shape[1:]:
        raise PhotonicsError(
            f"{where}: a sample of inputs has shape {inputs.shape[1:]}, one of test_inputs "
            f"{test_inputs.shape[1:]}; prepare both alike"
        )
    if test_targets.dtype != targets.dtype or test_targets.shape[1:] != targets.shape[1:]:
        raise PhotonicsError(
            f"{where}: targets are {_kind(targets)}, test_targets {_kind(test_targets)}; prepare both alike"
        )
    return test_inputs, test_targets


def _kind(targets: Targets) -> str:
    return "class numbers" if targets.ndim == 1 else f"values in {targets.shape[1]} columns"


def _codes(arrays: Arrays, targets: Targets, where: str) -> NDArray[np.int64]:
    has_test = arrays.test_inputs is not None or arrays.test_targets is not None
    if arrays.split is None:
        groups = targets if targets.ndim == 1 else np.zeros(len(targets), dtype=np.int64)
        return deal(groups, with_test=not has_test)
    split = arrays.split
    if split.ndim != 1 or split.dtype.kind not in "iu" or not np.isin(split, (0, 1, 2)).all():
        raise PhotonicsError(
            f"{where}: split ({split.dtype}, shape {split.shape}) has to be integers (n,), 0 for train, "
            "1 for validation, 2 for test"
        )
    check_same_length({"inputs": len(targets), "split": len(split)}, where)
    if has_test and (split == TEST).any():
        raise PhotonicsError(f"{where}: both split == 2 and test_inputs name a test part; keep one of them")
    return split.astype(np.int64)


def _names(targets: Targets, given: tuple[str, ...] | None, where: str) -> tuple[str, ...]:
    if given is not None and len(set(given)) < len(given):
        raise PhotonicsError(f"{where}: classes names something twice; give each name once")
    if targets.ndim == 1:
        return _class_names(targets, given, where)
    columns = targets.shape[1]
    if given is not None and len(given) != columns:
        raise PhotonicsError(f"{where}: classes has {len(given)} names, targets {columns} columns; name each")
    return given if given is not None else tuple(f"y{column}" for column in range(columns))


def _class_names(labels: Targets, given: tuple[str, ...] | None, where: str) -> tuple[str, ...]:
    used = np.unique(labels)
    if given is not None:
        if used[-1] >= len(given):
            raise PhotonicsError(
                f"{where}: targets go up to class {used[-1]} but classes has {len(given)} names; name each class"
            )
        return given
    gaps = np.flatnonzero(used != np.arange(len(used)))
    if len(gaps):
        raise PhotonicsError(
            f"{where}: targets go up to class {used[-1]} but class {gaps[0]} has no samples; number the "
            "classes 0, 1, 2, ... without gaps or name them all in `classes`, and give values to predict as "
            "floats"
        )
    return tuple(str(label) for label in used)


def _check_parts(inputs: NDArray[np.float32], targets: Targets, codes: NDArray[np.int64], where: str) -> None:
    for code, name in enumerate(PART_NAMES):
        count = int((codes == code).sum())
        if count < MIN_SAMPLES:
            raise PhotonicsError(
                f"{where}: {count} of {len(codes)} samples are in the {name} part, {MIN_SAMPLES} are needed; "
                "give more samples or choose the parts with `split`"
            )
    train = codes == 0
    if (inputs[train] == inputs[train][0]).all():
        raise PhotonicsError(f"{where}: all samples of the train part are the same; nothing can be learned")
    if targets.ndim == 1:
        _check_train_labels(targets, train, where)
    else:
        constant = np.flatnonzero((targets[train] == targets[train][0]).all(axis=0))
        if len(constant):
            raise PhotonicsError(
                f"{where}: column {constant[0]} of targets is constant in the train part; remove the column"
            )


def _check_train_labels(labels: Targets, train: NDArray[np.bool_], where: str) -> None:
    learned = np.unique(labels[train])
    if len(learned) < 2:
        raise PhotonicsError(f"{where}: the train part has only class {learned[0]}; give samples of two or more")
    unseen = np.setdiff1d(labels[~train], learned)
    if len(unseen):
        raise PhotonicsError(
            f"{where}: class {unseen[0]} is not in the train part but in another; put samples of it there"
        )
