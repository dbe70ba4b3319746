"""What a sweep found, in a few lines and as plain values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from photonics_sim.errors import PhotonicsError
from photonics_sim.sweeps import OK, STATUSES, SweepResult, counts_of
from photonics_sim.tolerance._answers import Question, best_point, mean_over_chips
from photonics_sim.tolerance._required import Required, required_by
from photonics_sim.tolerance._words import names_of, shown, words_of


def summary_of(result: SweepResult, question: Question | None = None) -> dict[str, Any]:
    """What `sweep --json` prints."""
    return {
        **counts_of(result),
        "axes": [{"path": axis.path, "unit": axis.unit, "values": axis.values.tolist()} for axis in result.axes],
        "measured": {name: _measured(result, name) for name in result.values},
        "required": [found.to_dict() for found in requirements(result, question)],
    }


def _measured(result: SweepResult, name: str) -> dict[str, Any]:
    """Range of the means over chips, and the best point."""
    meaning = result.meanings[name]
    found: dict[str, Any] = {"unit": meaning.unit, "long_name": meaning.long_name}
    means = mean_over_chips(result.values[name])
    if np.isnan(means).all():
        return found
    found |= {"lowest": float(np.nanmin(means)), "highest": float(np.nanmax(means))}
    if meaning.higher_is_better is not None:
        point = best_point(result, name)
        at = {axis.path: result.points[axis.path][point].item() for axis in result.axes}
        found["best"] = {"mean": float(means[point]), "at": at}
    return found


def requirements(result: SweepResult, question: Question | None = None) -> list[Required]:
    """What every parameter may be for the yield that is asked for, where the sweep can tell."""
    asked = question or Question()
    paths = [asked.parameter] if asked.parameter else [axis.path for axis in result.axes if axis.is_number]
    found = []
    for path in paths:
        try:
            found.append(required_by(result, replace(asked, parameter=path)))
        except PhotonicsError:  # samples have no curve, some numbers no good side
            continue
    return found


def summary_lines(result: SweepResult, question: Question | None = None) -> list[str]:
    """The same for a person: what was measured, what it requires, what failed."""
    done = int((result.status == OK).sum())
    head = f"{done:,} of {result.status.size:,} trials of {result.name} ({result.trial})"
    lines = []
    if result.values:
        name = question.metric if question and question.metric else result.headline
        lines.append(f"{head}: {_range_line(result, name)}")
        found = requirements(result, question)
        lines += [one.sentence() for one in found]
        if found and all(one.outcome == "nowhere" for one in found):
            lines.append(f"`photonics-sim plot {result.path} --what yield --threshold ...` asks for less of a chip")
    else:
        lines.append(f"{head}: nothing was measured")
    return lines + failure_lines(result)


def _range_line(result: SweepResult, name: str) -> str:
    measured, unit = _measured(result, name), result.meanings[name].unit
    if "lowest" not in measured:
        return f"{words_of(name)} was not measured"
    low, high = (shown(float(f"{measured[end]:.4g}"), unit) for end in ("lowest", "highest"))
    span = f"mean {words_of(name)} {low} to {high}" if low != high else f"mean {words_of(name)} {low} everywhere"
    if "best" not in measured or low == high:
        return span
    names, units = names_of(result.axes), {axis.path: axis.unit for axis in result.axes}
    at = (f"{names[path]} {shown(value, units[path])}" for path, value in measured["best"]["at"].items())
    return f"{span}, best at {', '.join(at)}"


def failure_lines(result: SweepResult) -> list[str]:
    """How many trials failed and of what, the commonest reason first."""
    failed = int((result.status > OK).sum())
    if not failed:
        return []
    reasons: dict[str, list[tuple[int, int]]] = {}
    for place, text in result.failures.items():
        reasons.setdefault(text, []).append(place)
    lines = []
    for text, places in sorted(reasons.items(), key=lambda pair: -len(pair[1]))[:3]:
        point, chip = places[0]
        names, units = names_of(result.axes), {axis.path: axis.unit for axis in result.axes}
        at = ", ".join(f"{names[p]} {shown(result.points[p][point], units[p])}" for p in names)
        others = f" and {len(places) - 1:,} more" if len(places) > 1 else ""
        lines.append(f"{STATUSES[result.status[point, chip]]} at {at}, chip {chip}{others}: {text}")
    return [f"{failed:,} failed; `photonics-sim resume {result.path} --retry-failed` makes them again", *lines]
