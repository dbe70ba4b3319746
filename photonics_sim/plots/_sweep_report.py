"""The report of a sweep as one page, and its figures by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from photonics_sim.device import Card
from photonics_sim.errors import PhotonicsError
from photonics_sim.files import write_atomically
from photonics_sim.plots._figure import Figure
from photonics_sim.plots._heatmap import plot_heatmap
from photonics_sim.plots._report import ReportData, card_rows, render_report
from photonics_sim.plots._sweep_axes import glued, signs
from photonics_sim.plots._sweep_tables import design_of, failure_table, point_table, settings_at, span_of
from photonics_sim.plots._tornado import plot_tornado
from photonics_sim.plots._yield_curve import plot_yield
from photonics_sim.sweeps import MISSING, OK, SweepResult
from photonics_sim.tolerance import (
    Goal,
    Question,
    Required,
    best_point,
    binomial_interval,
    goal_of,
    mean_over_chips,
    metric_of,
    required_by,
    shown,
    words_of,
)

_HEADINGS = {
    "yield": (
        "Yield",
        "Share of chips that reach the threshold, with its 95 % interval. Dots are swept values; between them each "
        "chip is followed in a straight line. The upright line is where the yield that is asked for is reached, its "
        "shade what other chips of the same kind may make of it.",
    ),
    "heatmap": (
        "What was measured",
        "Mean over the chips, the same ones at every point. The line is where the mean, not the yield, is at the "
        "threshold.",
    ),
    "tornado": (
        "What matters most",
        "Of a grid: how far the mean moves while one parameter goes through its values and the others stay at the best "
        "point. Of samples: shares of the variance. Whiskers are 95 % intervals.",
    ),
}


def _yield(result: SweepResult, question: Question) -> Figure:
    """Share of good chips along a parameter."""
    return plot_yield(
        result,
        question.parameter,
        question.yield_,
        metric=question.metric,
        threshold=question.threshold,
        fixed=question.fixed,
    )


def _heatmap(result: SweepResult, question: Question) -> Figure:
    """The mean over the chips as colour over two parameters, the one that was asked for across."""
    return plot_heatmap(result, question.metric, question.parameter, threshold=question.threshold, fixed=question.fixed)


def _tornado(result: SweepResult, question: Question) -> Figure:
    """Parameters by their influence."""
    return plot_tornado(result, question.metric)


SWEEP_FIGURES: dict[str, Callable[[SweepResult, Question], Figure]] = {
    "yield": _yield,
    "heatmap": _heatmap,
    "tornado": _tornado,
}


def sweep_report(
    result: SweepResult,
    path: Path,
    *,
    card: Card | None = None,
    command: str = "",
    reproduce: Sequence[tuple[str, str]] = (),
    question: Question | None = None,
) -> None:
    """Write the report of a sweep as one HTML page: offline, with its figures inside.

    What a sweep cannot tell, as a yield along one parameter of a sample, is left out, and the page says why.

    Args:
        result: The sweep, be it unfinished.
        path: Of the page.
        card: Of the device that was swept.
        command: Command line that repeats the sweep.
        reproduce: Seed, versions, date and the like: (what, value).
        question: What is asked of it.

    Raises:
        PhotonicsError: where nothing has been measured yet, for an unknown metric, or a file that cannot be written.
    """
    write_atomically(path, render_report(_data(result, question or Question(), card, command, reproduce)))


def _data(
    result: SweepResult, question: Question, card: Card | None, command: str, reproduce: Sequence[tuple[str, str]]
) -> ReportData:
    metric, _ = metric_of(result, question.metric)
    best_point(result, metric)  # refuses a sweep without any number
    if question.parameter is not None:
        result.axis(question.parameter)
    goal, (found, limits) = _goal(result, question), _answer(result, question)
    figures = []
    for name, draw in SWEEP_FIGURES.items():
        try:
            figures.append((*_HEADINGS[name], draw(result, question).svg()))
        except PhotonicsError as error:
            if name != "yield":  # why there is none of these is said already
                limits.append(f"No {name}: {error}.")
    tables = [failure_table(result), point_table(result, metric, goal)]
    return ReportData(
        title=f"{result.path.name} · {result.name}, {result.trial}",
        sentence=_sentence(result, metric, found),
        tiles=_tiles(result, metric, goal, found),
        figures=figures,
        caveats=limits,
        tables=[table for table in tables if table.rows],
        settings=_settings(result, goal),
        card=card_rows(card) if card else (),
        not_modelled=card.not_modelled if card else (),
        command=command,
        reproduce=reproduce,
        citations=card.references if card else (),
    )


def _goal(result: SweepResult, question: Question) -> Goal | None:
    """What a good chip reaches, where that can be told."""
    try:
        return goal_of(result, question.metric, question.threshold)
    except PhotonicsError:
        return None


def _answer(result: SweepResult, question: Question) -> tuple[Required | None, list[str]]:
    """What the sweep requires, and what has to be known along with it."""
    waiting = int((result.status == MISSING).sum())
    limits = (
        [f"The sweep is not finished: {waiting:,} of {result.status.size:,} trials are missing."] if waiting else []
    )
    try:
        found = required_by(result, question)
    except PhotonicsError as error:
        return None, [*limits, f"No yield: {error}."]
    return found, [*limits, *found.notes]


def _sentence(result: SweepResult, metric: str, found: Required | None) -> str:
    said = found.sentence() if found is not None else _best(result, metric)
    return glued(f"{said[:1].upper()}{said[1:]}.")


def _best(result: SweepResult, metric: str) -> str:
    """Where chips are best on average, or between which numbers they are."""
    _, meaning = metric_of(result, metric)
    means = mean_over_chips(result.values[metric])
    if meaning.higher_is_better is None:
        low, high = (shown(float(f"{end:.4g}")) for end in (np.nanmin(means), np.nanmax(means)))
        unit = "" if meaning.unit == "1" else f" {meaning.unit}"
        return f"the mean {words_of(metric)} goes from {low} to {high}{unit} over {len(means):,} points"
    value, at = _best_tile(result, metric)
    return f"the best mean {words_of(metric)} is {value}, {at}"


def _best_tile(result: SweepResult, metric: str) -> tuple[str, str]:
    best = best_point(result, metric)
    mean = float(f"{mean_over_chips(result.values[metric])[best]:.4g}")
    return shown(mean, result.meanings[metric].unit), f"at {settings_at(result, best)}"


def _tiles(result: SweepResult, metric: str, goal: Goal | None, found: Required | None) -> list[tuple[str, str, str]]:
    made = int((result.status != MISSING).sum())
    failed = made - int((result.status == OK).sum())
    tiles = []
    if found is not None and found.outcome == "needs" and (found.upper is None or found.lower is None):
        value, _, interval = found.limits().partition(" (")
        note = f"for a yield of {100 * found.yield_:.3g} %; {interval.removesuffix(')')}"
        tiles.append((found.curve.words.capitalize(), signs(value), note))
    if result.meanings[metric].higher_is_better is not None:
        tiles.append((f"Best mean {words_of(metric)}", *_best_tile(result, metric)))
    if goal is not None:
        best = best_point(result, metric)
        good, seen = (goal.margin(result.values[metric][best]) >= 0).sum(), (result.status[best] != MISSING).sum()
        low, high = binomial_interval(good, seen)
        tiles.append(("Good chips there", f"{good} of {seen}", f"95 % interval {100 * low:.3g} to {100 * high:.3g} %"))
    return [
        *tiles,
        ("Points", f"{len(result.status):,}", design_of(result)),
        ("Chips", f"{result.chips:,}", "at each point, the same ones everywhere"),
        ("Failed trials", f"{failed:,}", f"of {made:,} that were made"),
    ]


def _settings(result: SweepResult, goal: Goal | None) -> list[tuple[str, str]]:
    good = [("a good chip", f"{goal}, {goal.threshold_from}")] if goal else []
    spans = [(axis.path, span_of(result, axis.path)) for axis in result.axes]
    return [("trial", result.trial), ("design", design_of(result)), *spans, ("chips", f"{result.chips:,}"), *good]
