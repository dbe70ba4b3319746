"""A pipeline written down as a table, read back with care: the table may come from a file somebody edited."""

from __future__ import annotations

import math
from typing import Any, get_args

from photonics_sim.datasets._dataset import Task
from photonics_sim.errors import PhotonicsError, did_you_mean

FIELDS = ("task", "shape", "pool", "mean", "std", "low", "high")


def read_table(table: dict[str, Any]) -> dict[str, Any]:
    """The fields of a `Pipeline`, each of its type.

    Raises:
        PhotonicsError: where a field is missing, unknown, or cannot be what it says.
    """
    for name in table:
        if name not in FIELDS:
            raise PhotonicsError(f"pipeline: unknown field {name!r}{did_you_mean(name, FIELDS)}; remove or rename it")
    for name in FIELDS:
        if name not in table:
            raise PhotonicsError(f"pipeline: field {name} is missing; write the table with to_dict")
    if table["task"] not in get_args(Task):
        raise PhotonicsError(f"pipeline: task is {table['task']!r}, expected one of {', '.join(get_args(Task))}")
    fields = {"task": table["task"], "shape": _sizes(table), "pool": _pool(table)}
    fields |= {name: _numbers(table, name) for name in ("mean", "std", "low", "high")}
    _check_counts(fields)
    return fields


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _sizes(table: dict[str, Any]) -> tuple[int, ...]:
    shape = table["shape"]
    if not isinstance(shape, list | tuple) or len(shape) not in (1, 2) or not all(map(_is_size, shape)):
        raise PhotonicsError(f"pipeline: shape is {shape!r}, expected one or two whole numbers above 0")
    return tuple(shape)


def _pool(table: dict[str, Any]) -> int:
    pool, shape = table["pool"], _sizes(table)
    if not _is_size(pool) or any(side % pool for side in shape) or (len(shape) == 1 and pool != 1):
        raise PhotonicsError(
            f"pipeline: pool is {pool!r}, expected a whole number that divides shape {shape} (1 for tables)"
        )
    return int(pool)


def _numbers(table: dict[str, Any], name: str) -> tuple[float, ...]:
    values = table[name]
    if not isinstance(values, list | tuple) or not all(_is_number(value) for value in values):
        raise PhotonicsError(f"pipeline: {name} has to be a list of finite numbers")
    return tuple(float(value) for value in values)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _check_counts(fields: dict[str, Any]) -> None:
    wanted = fields["shape"][0] if len(fields["shape"]) == 1 else 1
    if not len(fields["mean"]) == len(fields["std"]) == wanted or min(fields["std"]) <= 0:
        raise PhotonicsError(f"pipeline: mean and std have to hold {wanted} numbers each, those of std above 0")
    low, high = fields["low"], fields["high"]
    regression = fields["task"] == "regression"
    if len(low) != len(high) or bool(low) != regression or any(a >= b for a, b in zip(low, high, strict=True)):
        raise PhotonicsError(
            "pipeline: low and high have to hold one number per target column, low below high; both are "
            "empty for classification"
        )
