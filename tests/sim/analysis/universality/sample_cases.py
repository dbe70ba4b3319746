"""Simulated set-ups, and files of what they gave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photonics_sim.analysis import UniversalityReport, plan_measurement

Encoding = Callable[[Tensor], Tensor]
Readings = NDArray[Any]


def waves(x: Tensor) -> Tensor:
    return torch.exp(1j * x.sum(-1))


def alone(x: Tensor) -> Tensor:
    return torch.exp(1j * x).sum(-1)


def bent(x: Tensor) -> Tensor:
    return x.sum(-1).tanh()


def read(encoding: Encoding, inputs: Readings, noise: float, repeats: int, seed: int = 0) -> Readings:
    """Readings `(rows, repeats)` with white noise, per quadrature."""
    values = encoding(torch.from_numpy(inputs)).numpy()[:, None]
    generator = np.random.default_rng(seed)
    drawn = generator.normal(0, 1, (2, len(inputs), repeats))
    return np.asarray(values + noise * (drawn[0] + 1j * drawn[1] if np.iscomplexobj(values) else drawn[0]))


def store(path: Path, **arrays: Any) -> Path:
    with h5py.File(path, "a") as file:
        for name, values in arrays.items():
            if name in file:
                del file[name]
            file[name] = values
    return path


def points(path: Path) -> Readings:
    with h5py.File(path) as file:
        return np.asarray(file["inputs"][()])


def measured(
    path: Path, encoding: Encoding, inputs: int, *, noise: float = 0.05, repeats: int = 2, seed: int = 0, **plan: Any
) -> Path:
    path.unlink(missing_ok=True)
    plan_measurement(path, inputs, seed=seed, **plan)
    return store(path, outputs=read(encoding, points(path), noise, repeats, seed))


def said(report: UniversalityReport, words: str) -> bool:
    return any(words in caveat for caveat in report.caveats)


def grid(levels: int, inputs: int, seed: int = 0) -> Readings:
    axes = np.random.default_rng(seed).uniform(-2, 2, (inputs, levels))
    return np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, inputs)
