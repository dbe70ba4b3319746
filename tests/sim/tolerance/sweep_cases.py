"""Sweeps that nobody had to run: what chips measure is a formula."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from photonics_sim.sweeps import Axis, Meaning, SweepResult

ERROR, LOSS, BITS = "mesh.splitter.error_rad", "mesh.splitter.loss_db", "detector.adc_bits"
UNITS = {ERROR: "rad", LOSS: "dB", BITS: "bit", "laser.wavelength_nm": "nm", "detector.noise_na": "nA"}
Measure = Callable[[dict[str, NDArray[Any]], NDArray[np.float64]], NDArray[np.float64]]
"""The number of each chip, `(points, chips)`, from the axes, `(points, 1)`, and one number per chip in 0 .. 1."""


def swept(
    axes: Mapping[str, ArrayLike],
    measure: Measure,
    *,
    chips: int = 50,
    design: str = "grid",
    metric: str = "fidelity",
    higher_is_better: bool | None = True,
    threshold: float | None = 0.95,
    seed: int = 0,
) -> SweepResult:
    """A finished sweep of a grid, or of points that are given as they are; chip k draws the same number everywhere."""
    values = {path: np.asarray(column) for path, column in axes.items()}
    points = values
    if design == "grid":
        mesh = np.meshgrid(*values.values(), indexing="ij")
        points = {path: column.ravel() for path, column in zip(values, mesh, strict=True)}
    drawn = np.random.default_rng(seed).random(chips)
    count = len(next(iter(points.values())))
    measured = measure({path: column[:, None] for path, column in points.items()}, drawn)
    measured = np.broadcast_to(measured, (count, chips)).astype(np.float64)
    sampled = design in ("sobol", "latin-hypercube", "saltelli")
    return SweepResult(
        path=Path("runs/tol"),
        name="mzi-thermo-optic",
        trial="fidelity",
        design=design,  # type: ignore[arg-type]
        axes=tuple(
            Axis(path, np.unique(column)[[0, -1]] if sampled else column, UNITS.get(path, "1"), path)
            for path, column in values.items()
        ),
        points=points,
        values={metric: measured.copy()},
        meanings={metric: Meaning("1", f"{metric} of the matrix", higher_is_better, threshold)},
        curves={},
        status=np.ones((count, chips), dtype=np.uint8),
        failures={},
    )


def failing(result: SweepResult, trials: Iterable[tuple[int, int]], status: int = 2) -> SweepResult:
    """The same sweep with trials, each (point, chip), that failed; status 0 leaves them out instead."""
    states = result.status.copy()
    values = {name: numbers.copy() for name, numbers in result.values.items()}
    failures = dict(result.failures)
    for point, chip in trials:
        states[point, chip] = status
        for numbers in values.values():
            numbers[point, chip] = np.nan
        if status:
            failures[point, chip] = "mesh.splitter.error_rad = 0.4: fit did not converge"
    return replace(result, values=values, status=states, failures=failures)


def tolerances(chips: int = 50, losses: ArrayLike = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5), seed: int = 0) -> SweepResult:
    """Splitter errors and losses that spoil a mesh, each chip in its own measure."""

    def fidelity(at: dict[str, NDArray[Any]], drawn: NDArray[np.float64]) -> NDArray[np.float64]:
        return 1 - (120 + 70 * drawn) * at[ERROR] ** 2 - 0.04 * at[LOSS] * (0.5 + drawn)

    return swept({ERROR: np.linspace(0, 0.05, 11), LOSS: losses}, fidelity, chips=chips, seed=seed)


def critical(x: ArrayLike, chips: int = 50, *, seed: int = 0, rising: bool = False) -> SweepResult:
    """Chips of which number k is good up to its own value of `drawn`, uniform in 0 .. 1: the yield at x is 1 - x.

    With `rising` they are good from `drawn` on.
    """
    sign = 1 if rising else -1
    return swept({ERROR: x}, lambda at, drawn: sign * (at[ERROR] - drawn), chips=chips, threshold=0.0, seed=seed)
