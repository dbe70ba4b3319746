"""The chips along one parameter, the other axes held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.sweeps import MISSING, Axis, SweepResult
from photonics_sim.tolerance._words import shown


@dataclass(frozen=True)
class Cut:
    """The chips along one parameter, the other axes held.

    Attributes:
        axis: The parameter.
        x: Its values, rising, `(n,)`.
        values: The measured number, `(n, chips)`; NaN where there is none.
        seen: Whether the trial has been made, be it that it failed, `(n, chips)`.
        fixed: Values of the other axes by path.
        by_default: Paths of those that nobody has fixed and that have other values too.
        along: Paths of axes that change together with the parameter.
    """

    axis: Axis
    x: NDArray[np.float64]
    values: NDArray[np.float64]
    seen: NDArray[np.bool_]
    fixed: Mapping[str, Any]
    by_default: tuple[str, ...] = ()
    along: tuple[str, ...] = ()


def parameter_of(result: SweepResult, parameter: str | None, held: Iterable[str] = ()) -> Axis:
    """An axis of several numbers: the one of this path (or its end), or the first that is not held.

    Raises:
        PhotonicsError: where there is none, or that one holds words or one value alone.
    """
    if parameter is None:
        free = [axis for axis in result.axes if axis.path not in held]
        several = [axis for axis in free if axis.is_number and len(axis.values) > 1]
        if several:
            return several[0]
        raise PhotonicsError(f"{result.path} varies no number over several values; sweep one, e.g. --vary path=0:1:11")
    axis = result.axis(parameter)
    if not axis.is_number or len(axis.values) < 2:
        holds = "words" if not axis.is_number else f"one value, {shown(axis.values[0], axis.unit)}"
        raise PhotonicsError(f"{axis.path} holds {holds}; a yield is drawn along a parameter of several numbers")
    return axis


def cut_of(result: SweepResult, metric: str, parameter: str | None, fixed: Mapping[str, Any] | None) -> Cut:
    """The chips along one parameter of a grid, or of values that were changed together.

    Raises:
        PhotonicsError: for a sampled design, an unknown axis, a value that was not swept, or a parameter of words.
    """
    held = {result.axis(path).path: value for path, value in (fixed or {}).items()}
    axis = parameter_of(result, parameter, held)
    if result.design not in ("grid", "zip"):
        raise PhotonicsError(
            f"{result.path} is a {result.design} sample: all parameters differ from point to point, no yield can be "
            f"followed along {axis.path}; sweep a grid, or look at the heatmap or the tornado"
        )
    if axis.path in held:
        raise PhotonicsError(f"{axis.path} is the parameter itself and cannot be fixed; leave it out")
    if result.design == "zip" and held:
        raise PhotonicsError(f"in a zip all parameters change together; {', '.join(held)} cannot be fixed")
    cut = _along_zip(result, metric, axis) if result.design == "zip" else _along_grid(result, metric, axis, held)
    twice = cut.x[1:][np.diff(cut.x) == 0]
    if twice.size:
        raise PhotonicsError(f"{axis.path} = {twice[0]:g} was swept twice: no yield can be followed along it")
    return cut


def _along_zip(result: SweepResult, metric: str, axis: Axis) -> Cut:
    x = np.asarray(result.points[axis.path], dtype=np.float64)
    order = np.argsort(x, kind="stable")
    along = tuple(other.path for other in result.axes if other is not axis and len(other.values) > 1)
    return Cut(axis, x[order], result.values[metric][order], result.status[order] != MISSING, {}, along=along)


def _along_grid(result: SweepResult, metric: str, axis: Axis, held: Mapping[str, Any]) -> Cut:
    values, fixed = section(result, result.values[metric], [axis.path], held)
    seen, _ = section(result, result.status != MISSING, [axis.path], held)
    order = np.argsort(axis.values, kind="stable")
    several = {other.path for other in result.axes if len(other.values) > 1}
    return Cut(
        axis,
        np.asarray(axis.values[order], dtype=np.float64),
        values[order],
        seen[order],
        fixed,
        tuple(path for path in fixed if path in several and path not in held),
    )


def section(
    result: SweepResult, numbers: NDArray[Any], along: Sequence[str], fixed: Mapping[str, Any]
) -> tuple[NDArray[Any], dict[str, Any]]:
    """Part of what was measured on a grid: along some axes, the others held.

    Args:
        result: Of a grid.
        numbers: `(points, ...)`.
        along: Paths of axes.
        fixed: Values of other axes by path, or its end; the rest stay at the first value that was swept.

    Returns:
        `(*along, ...)`, and the values of the other axes by path.

    Raises:
        PhotonicsError: for an unknown axis, or a value that was not swept.
    """
    held = {result.axis(path).path: value for path, value in fixed.items()}
    kept = [axis.path for axis in result.axes if axis.path in along]
    others = [axis for axis in result.axes if axis.path not in along]
    places = {axis.path: _place(axis, held[axis.path]) if axis.path in held else 0 for axis in others}
    rows = tuple(slice(None) if axis.path in along else places[axis.path] for axis in result.axes)
    shape = (*(len(axis.values) for axis in result.axes), *numbers.shape[1:])
    taken = np.moveaxis(numbers.reshape(shape)[rows], [kept.index(path) for path in along], range(len(along)))
    return taken, {axis.path: axis.values[places[axis.path]] for axis in others}


def _place(axis: Axis, wanted: Any) -> int:
    """Where a value, maybe as it is typed, stands on an axis."""
    if axis.is_number:
        try:
            away = np.abs(axis.values - float(wanted))
        except ValueError:
            away = np.full(len(axis.values), np.inf)
        if away.min() <= 1e-6 * max(float(np.abs(axis.values).max()), 1e-300):
            return int(away.argmin())
    else:
        for place, value in enumerate(axis.values):
            if str(wanted).lower() in (str(value).lower(), shown(value).lower()):
                return place
    values = ", ".join(shown(value) for value in axis.values[:8]) + (", ..." if len(axis.values) > 8 else "")
    raise PhotonicsError(f"{axis.path} = {shown(wanted)} was not swept; fix it at one of {values}")


def is_spread_by_factors(x: NDArray[np.float64]) -> bool:
    """Whether rising values grow by one factor, as those of a logarithmic range do."""
    if len(x) < 3 or x[0] <= 0 or x[-1] < 5 * x[0]:
        return False
    steps = np.diff(np.log(x))
    return bool(np.ptp(steps) < 0.01 * steps.mean())
