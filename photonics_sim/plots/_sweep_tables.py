"""What the page of a sweep says in rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from photonics_sim.plots._report import Table
from photonics_sim.plots._sweep_axes import label_of, metric_label, signs
from photonics_sim.sweeps import MISSING, STATUSES, SweepResult
from photonics_sim.tolerance import Goal, mean_over_chips, metric_of, names_of, shown

MOST_FAILURES, MOST_POINTS = 20, 100
_DESIGNS = {"zip": "values that change together", "saltelli": "a sample for Sobol' indices"}


def settings_at(result: SweepResult, point: int) -> str:
    """The parameters at a point, in words."""
    names, digits = names_of(result.axes), _digits(result)
    return ", ".join(
        f"{names[axis.path]} = {shown(result.points[axis.path][point], axis.unit, digits)}" for axis in result.axes
    )


def _digits(result: SweepResult) -> int:
    """Of a parameter's values; those of a sample are chance in any case."""
    return 6 if result.design in ("grid", "zip") else 4


def design_of(result: SweepResult) -> str:
    """How the points were chosen, in words."""
    if result.design == "grid":
        return "a grid of " + " x ".join(str(len(axis.values)) for axis in result.axes)
    return _DESIGNS.get(result.design, f"a {result.design} sample")


def span_of(result: SweepResult, path: str) -> str:
    """What a parameter went through, in words."""
    axis = result.axis(path)
    if not axis.is_number or len(axis.values) == 1:
        return ", ".join(shown(value, axis.unit) for value in axis.values)
    count = f", {len(axis.values)} values" if result.design in ("grid", "zip") else ""
    return f"{shown(axis.values.min())} to {shown(axis.values.max(), axis.unit)}{count}"


def failure_table(result: SweepResult) -> Table:
    """What went wrong where, chips of one point together: the first of them."""
    alike: dict[tuple[int, str, str], list[int]] = {}
    for (point, chip), why in sorted(result.failures.items()):
        said = " ".join(why.split()) or "nothing is known"
        alike.setdefault((point, STATUSES[result.status[point, chip]], said), []).append(chip)
    rows = [
        {"point": settings_at(result, point), "chips": _chips(chips), "what": what, "why": why}
        for (point, what, why), chips in alike.items()
    ]
    which = f" These are the first {MOST_FAILURES} of {len(rows):,} kinds." if len(rows) > MOST_FAILURES else ""
    hint = f"A chip that failed counts as one that is not good.{which}"
    return Table("Trials that failed", hint, rows[:MOST_FAILURES])


def _chips(chips: Sequence[int]) -> str:
    said = ", ".join(map(str, chips[:6]))
    return said if len(chips) <= 6 else f"{said}, ... ({len(chips)})"


def point_table(result: SweepResult, metric: str, goal: Goal | None) -> Table:
    """What was measured at each point; of many the best ones."""
    _, meaning = metric_of(result, metric)
    values = result.values[metric]
    mean = mean_over_chips(values)
    order = np.arange(len(mean))
    hint = "Mean over the chips, and between which numbers 90 % of them lie."
    if len(mean) > MOST_POINTS:
        order = np.argsort(-mean if meaning.higher_is_better else mean, kind="stable")[:MOST_POINTS]
        way = "highest" if meaning.higher_is_better else "lowest"
        hint = f"The {MOST_POINTS} of {len(mean):,} points with the {way} means. {hint}"
    names, unit = names_of(result.axes), metric_label(result, metric)
    rows = []
    for point in order:
        known = values[point][~np.isnan(values[point])]
        tried = int((result.status[point] != MISSING).sum())
        row = {
            label_of(names[axis.path], axis.unit): shown(result.points[axis.path][point], digits=_digits(result))
            for axis in result.axes
        }
        row[f"mean {unit}"] = "none" if math.isnan(mean[point]) else f"{mean[point]:.4g}"
        if result.chips > 1:
            low, high = np.percentile(known, [5, 95]) if known.size else (math.nan, math.nan)
            row["90 % of the chips"] = f"{low:.4g} to {high:.4g}" if known.size else "none"
        if goal is not None:
            row[signs(str(goal))] = f"{int((goal.margin(known) >= 0).sum())} of {tried} chips"
        row["failed"] = str(tried - known.size)
        rows.append(row)
    return Table("All points", hint, rows)
