"""What arrays of the user's have to be before they are data, each refusal in words that say what to do."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from photonics_sim.datasets._dataset import Task
from photonics_sim.errors import PhotonicsError

Array = NDArray[Any]

MAX_CLASS = 2**31


def check_inputs(values: Array, what: str, where: str) -> NDArray[np.float32]:
    """Samples as float32, shape (n, features), (n, ny, nx) or (n, channels, ny, nx).

    Raises:
        PhotonicsError: where the type or shape is another, a value is not finite, or there is nothing in it.
    """
    if values.ndim not in (2, 3, 4):
        hint = "reshape(-1, 1) makes one feature of it" if values.ndim == 1 else "flatten each sample"
        raise PhotonicsError(
            f"{where}: {what} has shape {values.shape}, expected (n, features), (n, ny, nx) or "
            f"(n, channels, ny, nx); {hint}"
        )
    if values.size == 0:
        raise PhotonicsError(f"{where}: {what} is empty, its shape is {values.shape}; put samples into it")
    return _as_float32(values, what, where)


def check_targets(values: Array, what: str, where: str, task: Task | None) -> NDArray[np.int64] | NDArray[np.float32]:
    """Class numbers as int64, shape (n,), or values as float32, shape (n, k).

    Args:
        values: what was given; integers mean classes and floats mean values unless `task` says otherwise.
        what: how messages call the array.
        where: how messages call the file.
        task: None to tell the task from the type.

    Raises:
        PhotonicsError: where the type or shape is another, a value is not finite, or a class number is
            negative.
    """
    if values.dtype.kind in "USOT":
        raise PhotonicsError(f"{where}: {what} holds text; number the classes from 0 and put names in `classes`")
    if task == "regression" or (task is None and values.dtype.kind not in "iub"):
        if values.ndim not in (1, 2) or values.size == 0:
            raise PhotonicsError(f"{where}: {what} has shape {values.shape}, expected (n,) or (n, k) values")
        return _as_float32(values, what, where).reshape(len(values), -1)
    if values.ndim != 1:
        hint = "argmax(axis=1) turns one-hot rows into class numbers; values to predict have to be floats"
        hint = "ravel() flattens it" if values.ndim == 2 and values.shape[1] == 1 else hint
        raise PhotonicsError(f"{where}: {what} has shape {values.shape}, expected class numbers (n,); {hint}")
    return _as_labels(values, what, where)


def _as_labels(values: Array, what: str, where: str) -> NDArray[np.int64]:
    if values.dtype.kind not in "iubf":
        raise PhotonicsError(f"{where}: {what} holds {values.dtype}, expected class numbers (integers)")
    _require_finite(values, what, where)
    exact = values.astype(np.float64) if values.dtype.kind == "f" else values
    broken = np.flatnonzero((exact != np.floor(exact)) | (exact < 0) | (exact > MAX_CLASS))
    if len(broken):
        value = values[broken[0]]
        raise PhotonicsError(
            f"{where}: {what}[{broken[0]}] is {value}, which is no class number; count classes 0, 1, 2, ..."
        )
    return values.astype(np.int64)


def _as_float32(values: Array, what: str, where: str) -> NDArray[np.float32]:
    if values.dtype.kind not in "fiub":
        hint = "; give real and imaginary part as separate features" if values.dtype.kind == "c" else ""
        raise PhotonicsError(f"{where}: {what} holds {values.dtype}, expected real numbers{hint}")
    _require_finite(values, what, where)
    with np.errstate(over="ignore", under="ignore"):
        single = values.astype(np.float32)
    lost = ~np.isfinite(single)
    if lost.any():
        raise PhotonicsError(
            f"{where}: {what}{_first(lost)} is {values[lost][0]}, too large for float32; use smaller units"
        )
    return single


def _require_finite(values: Array, what: str, where: str) -> None:
    broken = ~np.isfinite(values)
    if broken.any():
        raise PhotonicsError(f"{where}: {what}{_first(broken)} is {values[broken][0]}; remove or replace such samples")


def _first(mask: NDArray[np.bool_]) -> str:
    return f"[{', '.join(str(i) for i in np.argwhere(mask)[0])}]"


def check_same_length(lengths: dict[str, int], where: str) -> None:
    """Refuse arrays, given as lengths by name, of which one has more samples than another."""
    if len(set(lengths.values())) > 1:
        listed = " but ".join(f"{name} has {n}" for name, n in lengths.items())
        raise PhotonicsError(f"{where}: {listed} samples; give one of each for every sample")
