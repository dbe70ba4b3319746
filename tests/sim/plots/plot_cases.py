"""Data that pictures are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from chip_cases import drawing, rectangle
from numpy.typing import NDArray

from photonics_sim import plots
from photonics_sim.device import Costs


def history(epochs: int) -> dict[str, NDArray[Any]]:
    """A training that goes well."""
    epoch = np.arange(1, epochs + 1)
    falling = 2.3 * np.exp(-epoch / 5) + 0.05
    rising = 0.95 - 0.8 * np.exp(-epoch / 5)
    table = {"train_loss": falling, "validation_loss": falling + 0.05, "learning_rate": np.full(epochs, 0.01)}
    for score in ("accuracy", "r2"):
        table |= {f"train_{score}": rising, f"validation_{score}": rising - 0.02}
    return {"epoch": epoch, **table}


def confusion(classes: int) -> NDArray[np.int64]:
    """Mostly right, some taken for the next class."""
    return 90 * np.eye(classes, dtype=np.int64) + 7 * np.roll(np.eye(classes, dtype=np.int64), 1, axis=1)


def planes(side: int) -> dict[str, NDArray[Any]]:
    """A phase, a field at the modulator and what arrives at the detector."""
    phase = np.linspace(0, 6, side * side).reshape(side, side)
    field = 1e-3 * np.exp(1j * phase)
    return {
        "phase at the modulator": phase,
        "field at the modulator": field,
        "field at the detector": np.fft.fftshift(np.fft.fft2(field, norm="ortho")),
    }


def costs() -> dict[str, Any]:
    return Costs({"modulator": 1e-2, "detector": 1e-6}, {"laser": 5e-4, "converters": 2e-9}, ()).to_dict()


def every_figure() -> dict[str, plots.Figure]:
    """One of each kind, made afresh."""
    values = np.linspace(-1, 1, 40).reshape(20, 2)
    return {
        "training": plots.plot_training(history(20), "classification", best_epoch=18),
        "confusion": plots.plot_confusion(confusion(10), [str(i) for i in range(10)]),
        "regression": plots.plot_regression(values, values**3, ["x (m)", "force (N)"]),
        "planes": plots.plot_planes(planes(8), sample=np.linspace(0, 1, 64).reshape(8, 8)),
        "chip": plots.plot_chip([drawing(rectangle(4))]),
        "costs": plots.plot_costs(costs()),
    }
