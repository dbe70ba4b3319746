"""A pipeline written down as a table, read back with care: the table may come from a file somebody edited."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photonics_sim.datasets._dataset import Task
from photonics_sim.datasets._one_hot import OneHot
from photonics_sim.datasets._project import Projected
from photonics_sim.datasets._standardise import Standardised
from photonics_sim.errors import PhotonicsError, did_you_mean

_Read = Callable[[dict[str, Any], tuple[int, ...], Mapping[str, NDArray[Any]]], Standardised | Projected | OneHot]

COMMON = ("task", "shape", "low", "high")
STANDARDISED = (*COMMON, "pool", "mean", "std")
PROJECTED = (*COMMON, "pca", "whitening")
ONE_HOT = (*COMMON, "window", "vocabulary")


def needs_arrays(table: Mapping[str, Any]) -> bool:
    """Whether a table tells of a projection, whose matrix lies beside it."""
    return "pca" in table


def read_table(table: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """The fields of a `Pipeline`, each of its type.

    Raises:
        PhotonicsError: where a field is missing, unknown, or cannot be what it says.
    """
    fields, read = _kind(table)
    for name in table:
        if name not in fields:
            raise PhotonicsError(f"pipeline: unknown field {name!r}{did_you_mean(name, fields)}; remove or rename it")
    for name in fields:
        if name not in table:
            raise PhotonicsError(f"pipeline: field {name} is missing; write the table with to_dict")
    task = table["task"]
    if task not in get_args(Task):
        raise PhotonicsError(f"pipeline: task is {task!r}, expected one of {', '.join(get_args(Task))}")
    shape = _shape(table)
    front = read(table, shape, arrays)
    low, high = _numbers(table, "low"), _numbers(table, "high")
    pairs = zip(low, high, strict=False)
    if len(low) != len(high) or bool(low) != (task == "regression") or any(a >= b for a, b in pairs):
        raise PhotonicsError(
            "pipeline: low and high have to hold one number per target column, low below high; both are "
            "empty but for regression"
        )
    return {"task": task, "shape": shape, "front": front, "low": low, "high": high}


def _kind(table: dict[str, Any]) -> tuple[tuple[str, ...], _Read]:
    if needs_arrays(table):
        return PROJECTED, _projected
    return (ONE_HOT, _one_hot) if table.get("task") == "next-token" else (STANDARDISED, _standardised)


def _standardised(table: dict[str, Any], shape: tuple[int, ...], _: Mapping[str, NDArray[Any]]) -> Standardised:
    pool, mean, std = table["pool"], _numbers(table, "mean"), _numbers(table, "std")
    image = len(shape) > 1
    if not _is_size(pool) or (any(side % pool for side in shape[-2:]) if image else pool != 1):
        raise PhotonicsError(
            f"pipeline: pool is {pool!r}, expected a whole number that divides shape {shape} (1 for tables)"
        )
    wanted = math.prod(shape[:-2]) if image else shape[0]
    if not len(mean) == len(std) == wanted or min(std) <= 0:
        raise PhotonicsError(f"pipeline: mean and std have to hold {wanted} numbers each, those of std above 0")
    return Standardised(shape, pool, mean, std)


def _one_hot(table: dict[str, Any], shape: tuple[int, ...], _: Mapping[str, NDArray[Any]]) -> OneHot:
    window, vocabulary = table["window"], table["vocabulary"]
    if len(shape) != 1 or not _is_size(window) or window > shape[0] or not _is_size(vocabulary):
        raise PhotonicsError(
            f"pipeline: window is {window!r} and vocabulary {vocabulary!r}, expected whole numbers above 0, the window "
            f"up to {shape[0]}"
        )
    return OneHot(window, vocabulary)


def _projected(table: dict[str, Any], shape: tuple[int, ...], arrays: Mapping[str, NDArray[Any]]) -> Projected:
    count, whitening = table["pca"], table["whitening"]
    if not _is_size(count) or not _is_number(whitening):
        raise PhotonicsError(f"pipeline: pca is {count!r} and whitening {whitening!r}, expected numbers")
    width = math.prod(shape)
    mean, matrix = _array(arrays, "mean", (width,)), _array(arrays, "projection", (count, width))
    return Projected(mean, matrix, float(whitening))


def _array(arrays: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...]) -> Tensor:
    array = arrays.get(name)
    if array is None or array.shape != shape or array.dtype != np.float64 or not np.isfinite(array).all():
        found = "missing" if array is None else f"{array.dtype} of shape {array.shape}"
        raise PhotonicsError(
            f"pipeline: array {name} is {found}, expected finite float64 of shape {shape}; write it with arrays"
        )
    return torch.from_numpy(array)


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _shape(table: dict[str, Any]) -> tuple[int, ...]:
    shape = table["shape"]
    if not isinstance(shape, list | tuple) or len(shape) not in (1, 2, 3) or not all(map(_is_size, shape)):
        raise PhotonicsError(f"pipeline: shape is {shape!r}, expected one to three whole numbers above 0")
    return tuple(shape)


def _numbers(table: dict[str, Any], name: str) -> tuple[float, ...]:
    values = table[name]
    if not isinstance(values, list | tuple) or not all(_is_number(value) for value in values):
        raise PhotonicsError(f"pipeline: {name} has to be a list of finite numbers")
    return tuple(float(value) for value in values)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
