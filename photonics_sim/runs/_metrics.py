"""metrics.h5: every array with named dimensions, a unit and a long name, so that xarray opens it as it is."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.files import open_h5, read_note, write_atomically, write_note

_SUMMARY, _AXES = "summary", "axes"


@dataclass(frozen=True)
class Metric:
    """An array with its meaning: `dims` names its axes; a one-dimensional metric named like its axis is its scale."""

    values: NDArray[Any]
    dims: tuple[str, ...]
    unit: str
    long_name: str


def write_metrics(path: Path, metrics: Mapping[str, Metric], summary: Mapping[str, Any]) -> None:
    """Replace `path` by these metrics in one step.

    Every axis gets a dimension scale: the metric of that name, or plain counting. `summary` (anything JSON can say)
    is kept as an attribute of the file. The names of the axes are kept once more as text, which is what is read back:
    HDF5's own way to look at scales ends the process where they are damaged.
    """
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        write_note(file, _SUMMARY, json.dumps(dict(summary)))
        lengths = _lengths(metrics)
        for dim, length in lengths.items():
            values = metrics[dim].values if dim in metrics else np.arange(length)
            scale = file.create_dataset(dim, data=values)
            scale.make_scale(dim)
            _describe(scale, metrics.get(dim, Metric(values, (dim,), "1", dim.replace("_", " "))))
        for name, metric in metrics.items():
            if name in lengths:
                continue
            variable = file.create_dataset(name, data=metric.values)
            _describe(variable, metric)
            for axis, dim in enumerate(metric.dims):
                variable.dims[axis].attach_scale(file[dim])
    write_atomically(path, buffer.getvalue())


def _lengths(metrics: Mapping[str, Metric]) -> dict[str, int]:
    """The length of every dimension; a ValueError where two metrics disagree, which is a mistake of ours."""
    lengths: dict[str, int] = {}
    for name, metric in metrics.items():
        for dim, size in zip(metric.dims, metric.values.shape, strict=True):
            if lengths.setdefault(dim, size) != size:
                raise ValueError(f"{name} has {size} along {dim}, others have {lengths[dim]}")
    return lengths


def _describe(variable: h5py.Dataset, metric: Metric) -> None:
    write_note(variable, "units", metric.unit)
    write_note(variable, "long_name", metric.long_name)
    write_note(variable, _AXES, " ".join(metric.dims))


def read_metrics(path: Path) -> tuple[dict[str, Metric], dict[str, Any]]:
    """The metrics and the summary of a file that `write_metrics` wrote.

    Raises:
        PhotonicsError: where the file is missing, damaged or of another kind.
    """
    with open_h5(path, "the metrics of a run") as file:
        try:
            metrics = {name: _read_metric(name, item) for name, item in file.items()}
            return metrics, dict(json.loads(read_note(file, _SUMMARY, "{}")))
        except (OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise PhotonicsError(f"{path} is damaged, or not the metrics of a run ({error})") from error


def _read_metric(name: str, item: h5py.Dataset) -> Metric:
    dims = tuple(read_note(item, _AXES, "").split())
    if len(dims) != item.ndim:
        raise ValueError(f"{name} has {item.ndim} axes and names for {len(dims)}, as older versions wrote it")
    return Metric(item[...], dims, read_note(item, "units", "1"), read_note(item, "long_name", name))
