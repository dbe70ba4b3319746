"""The file between a plan and its measurement: inputs that are asked for, outputs that a set-up gave."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.files import open_h5, write_atomically

WHAT = "measured samples: HDF5 with inputs (rows, inputs) and outputs (rows, repeats)"
FORMAT = 1
LARGEST = 1e100  # of a reading or an input: products of a few of them stay finite
HIGHEST = 32  # order: the weights of higher differences drown every reading
_HOW = (
    "Measure the rows from top to bottom, then all of them again for the next repeat, and write what the device gave "
    "as data set outputs (rows, repeats), real or complex."
)


@dataclass(frozen=True)
class Samples:
    """What a file holds.

    Attributes:
        inputs: `(rows, inputs)`, finite.
        outputs: `(rows, repeats)` float64 or complex128, finite, of two repeats at least.
        order: Of the stencils that were planned; None for points of one's own.
        domain: That was planned, or the range of the inputs.
    """

    inputs: NDArray[np.float64]
    outputs: NDArray[Any]
    order: int | None
    domain: tuple[float, float]


def h5_path(path: str | os.PathLike[str]) -> Path:
    """A path whose ending says HDF5, or a refusal."""
    found = Path(path)
    if found.suffix.lower() not in {".h5", ".hdf5"}:
        raise PhotonicsError(f"{found}: measured samples are kept as .h5 or .hdf5; found suffix {found.suffix!r}")
    return found


def write_plan(path: Path, inputs: NDArray[np.float64], settings: Mapping[str, Any]) -> None:
    """Write the points to be measured in one step, unless there is a file that is no unmeasured plan."""
    if path.is_file():
        with open_h5(path, WHAT) as file:
            if "outputs" in file or "inputs" not in file:
                found = "already has outputs" if "outputs" in file else "is no plan of a measurement"
                raise PhotonicsError(f"{path} {found} and is left alone; choose another name, or remove it")
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        item = file.create_dataset("inputs", data=inputs)
        # of fixed length: the door refuses entries of variable length
        texts = {"units": "1", "long_name": "inputs to set, a row for each reading", "how_to": _HOW}
        for name, value in {**{name: np.bytes_(text) for name, text in texts.items()}, **settings}.items():
            item.attrs[name] = value
        item.attrs["format_version"] = FORMAT
    write_atomically(path, buffer.getvalue())


def read_samples(path: Path) -> Samples:
    """What was measured.

    Raises:
        PhotonicsError: where the file is missing, damaged, lacks one of both data sets, or holds shapes, numbers or
            repeats that decide nothing.
    """
    with open_h5(path, WHAT) as file:
        inputs, outputs = _numbers(path, file, "inputs", "iuf"), _numbers(path, file, "outputs", "iufc")
        planned = _settings(path, file["inputs"])
    _check(path, inputs, outputs)
    inputs = inputs.astype(np.float64)
    order = planned.get("order")
    domain = planned.get("domain", np.array([inputs.min(), inputs.max()]))
    kind = np.complex128 if outputs.dtype.kind == "c" else np.float64
    return Samples(
        inputs, outputs.astype(kind), None if order is None else int(order), (float(domain[0]), float(domain[1]))
    )


def _numbers(path: Path, file: h5py.File, name: str, kinds: str) -> NDArray[Any]:
    if not isinstance(file.get(name), h5py.Dataset):
        others = [other for other in file if other not in ("inputs", "outputs")]
        unmeasured = name == "outputs" and not others
        hint = "; measure its rows and write what the device gave" if unmeasured else did_you_mean(name, others)
        raise PhotonicsError(f"{path} has no data set {name}{hint}; expected {WHAT}")
    item = file[name]
    if item.dtype.kind not in kinds:
        real = "real numbers" if "c" not in kinds else "real or complex numbers (complex128)"
        raise PhotonicsError(f"{path}: {name} holds {item.dtype}; write {real}")
    try:
        return np.asarray(item[()])
    except (OSError, RuntimeError) as error:
        raise PhotonicsError(f"{path} is damaged: {name} cannot be read ({error})") from error


def _settings(path: Path, item: h5py.Dataset) -> dict[str, NDArray[Any]]:
    """What a plan said of itself; nothing for points of one's own."""
    found: dict[str, NDArray[Any]] = {}
    for name, shape, kinds in (("format_version", (), "iu"), ("order", (), "iu"), ("domain", (2,), "iuf")):
        if name not in item.attrs:
            continue
        stored = item.attrs.get_id(name)  # looked at before it is read, like data sets
        if stored.shape != shape or stored.dtype.kind not in kinds:
            raise PhotonicsError(f"{path}: attribute {name} of inputs is not what plan_measurement writes; remove it")
        found[name] = np.asarray(item.attrs[name])
    if found.get("format_version", FORMAT) != FORMAT:
        raise PhotonicsError(f"{path} has format {found['format_version']}; format {FORMAT} is read here")
    domain = found.get("domain", np.array([0.0, 1.0]))
    if not (np.isfinite(domain).all() and domain[0] < domain[1] and 1 <= found.get("order", 1) <= HIGHEST):
        raise PhotonicsError(f"{path}: attributes order and domain of inputs are not those of a plan; remove them")
    return found


def _check(path: Path, inputs: NDArray[Any], outputs: NDArray[Any]) -> None:
    if inputs.ndim != 2 or 0 in inputs.shape:
        raise PhotonicsError(f"{path}: inputs has shape {inputs.shape}; it must be (rows, inputs)")
    if outputs.ndim not in (1, 2) or len(outputs) != len(inputs):
        raise PhotonicsError(
            f"{path}: outputs has shape {outputs.shape} for {len(inputs):,} rows of inputs; it must be (rows, "
            "repeats), of one output, complex numbers as complex128"
        )
    if outputs.ndim == 1 or outputs.shape[1] < 2:
        raise PhotonicsError(
            f"{path}: outputs has one reading of each row, which cannot tell noise from coupling; measure every row at "
            "least 2 times, and write them as (rows, repeats)"
        )
    for name, values in (("inputs", inputs), ("outputs", outputs)):
        with np.errstate(over="ignore"):
            bad = ~(np.abs(values) <= LARGEST)  # NaN is bad too
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise PhotonicsError(
                f"{path}: {name} is {values[row, column]} in row {row}, column {column} ({int(bad.sum()):,} entries "
                "are not finite or beyond 1e100); measure them again, or remove their rows from inputs and outputs"
            )
    if (outputs == outputs.flat[0]).all():
        raise PhotonicsError(f"{path}: outputs is {outputs.flat[0]} throughout: the device did not answer its inputs")
