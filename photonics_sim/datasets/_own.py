"""Data sets that users keep in files of their own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from photonics_sim.datasets._assemble import Arrays, assemble
from photonics_sim.datasets._dataset import Dataset
from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.files import open_h5, read_npz

REQUIRED = ("inputs", "targets")
OPTIONAL = ("test_inputs", "test_targets", "split", "classes")
EXPECTED = "a data set with arrays inputs and targets"


def load_file(path: str | os.PathLike[str]) -> Dataset:
    """Load a data set of your own from a `.npz` or `.h5` file.

    The arrays in it, at the top level of an HDF5 file:

    - `inputs`: real numbers, shape (n, features), or (n, ny, nx) or (n, channels, ny, nx) for images.
    - `targets`: integers of shape (n,) are classes counted from 0 (classification); floats of shape (n,) or
      (n, k) are values to predict, in any unit (regression).
    - `test_inputs` and `test_targets` (optional): the test part, like the two above.
    - `split` (optional): integers of shape (n,), 0 for train, 1 for validation, 2 for test.
    - `classes` (optional): text, the names of the classes or of the target columns; in HDF5 of fixed length
      (`numpy.array(names, dtype="S")`).

    Without `split`, 70 / 10 / 20 % of each class become the train, validation and test part (90 / 10 % where
    the file brings a test part), always the same ones. Nothing is scaled here: `fit_pipeline` does that.

    Args:
        path: the file; its stem becomes the name of the data set.

    Returns:
        The data set, with values as float32.

    Raises:
        PhotonicsError: where the file is missing, damaged or unsafe, an array is missing or unknown, or the
            arrays do not fit together.
    """
    path = Path(path).expanduser()
    suffix = path.suffix.lower()
    if suffix not in {".npz", ".h5", ".hdf5"}:
        raise PhotonicsError(
            f"{path}: data sets are read from .npz and .h5 files; write one with "
            "numpy.savez(path, inputs=..., targets=...)"
        )
    arrays = read_npz(path, EXPECTED) if suffix == ".npz" else _read_h5(path)
    _check_names(arrays, path)
    classes = _text(np.asarray(arrays["classes"]), path) if "classes" in arrays else None
    numbers = {name: np.asarray(array) for name, array in arrays.items() if name != "classes"}
    return assemble(Arrays(**numbers, classes=classes), name=path.stem, where=str(path))


def _read_h5(path: Path) -> dict[str, NDArray[Any]]:
    with open_h5(path, EXPECTED) as file:
        return {name: _values(item, path) for name, item in file.items()}


def _values(item: h5py.Dataset | h5py.Group, path: Path) -> NDArray[Any]:
    if not isinstance(item, h5py.Dataset):
        raise PhotonicsError(f"{path}: {item.name} is a group; put the arrays at the top level")
    if h5py.check_string_dtype(item.dtype) is None:
        return np.asarray(item[()])
    try:
        return np.char.decode(np.asarray(item[()]), "utf-8")
    except UnicodeDecodeError as error:
        raise PhotonicsError(f"{path}: {item.name} is not text in UTF-8; save it again") from error


def _check_names(arrays: dict[str, NDArray[Any]], path: Path) -> None:
    held = ", ".join(arrays) or "nothing"
    for name in REQUIRED:
        if name not in arrays:
            raise PhotonicsError(f"{path}: no array is called {name}, the file holds {held}; rename or add it")
    known = (*REQUIRED, *OPTIONAL)
    for name in arrays:
        if name not in known:
            raise PhotonicsError(
                f"{path}: {name!r} is none of {', '.join(known)}; rename or remove it{did_you_mean(name, known)}"
            )


def _text(names: NDArray[Any], path: Path) -> tuple[str, ...]:
    if names.ndim != 1 or names.dtype.kind != "U":
        raise PhotonicsError(
            f"{path}: classes ({names.dtype}, shape {names.shape}) has to be a list of text, one name each"
        )
    return tuple(str(name) for name in names)
