"""Where the joules and the seconds of one pass go."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, overload

import matplotlib
import matplotlib.figure
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from photonics_sim.device import format_si
from photonics_sim.errors import PhotonicsError
from photonics_sim.plots._figure import Figure
from photonics_sim.plots._layout import FULL_WIDTH, panels
from photonics_sim.plots._style import BLUE, INK, MUTED, style

_PARTS = (("Energy", "energy_by_part_j", "J"), ("Latency", "latency_by_part_s", "s"))
_DIMMED = "#a9c3d3"


@overload
def plot_costs(costs: Mapping[str, Any], *, ax: None = None) -> Figure: ...
@overload
def plot_costs(costs: Mapping[str, Any], *, ax: Axes) -> matplotlib.figure.Figure: ...


def plot_costs(costs: Mapping[str, Any], *, ax: Axes | None = None) -> matplotlib.figure.Figure:
    """Energy and latency of one pass by part, largest first.

    Args:
        costs: What `Costs.to_dict()` gives: "energy_by_part_j" and "latency_by_part_s".
        ax: Axes whose place the two panels take; None makes a figure.

    Raises:
        PhotonicsError: where one of the two is missing or empty, or holds a negative or infinite number.
    """
    tables = [_check(costs, key) for _, key, _ in _PARTS]
    rows = max(len(table) for table in tables)
    with style():
        figure, axes = panels(2, (FULL_WIDTH, 1.0 + 0.34 * rows), ax)
        for panel, table, (what, _, unit) in zip(axes, tables, _PARTS, strict=True):
            _draw(panel, table, unit, rows)
            panel.set_title(f"{what}: {format_si(sum(table.values()), unit)}")
            panel.set_xlabel(f"{what.lower()} of one pass ({unit})")
    return figure


def _check(costs: Mapping[str, Any], key: str) -> dict[str, float]:
    table = costs.get(key)
    if not isinstance(table, Mapping) or not table:
        raise PhotonicsError(f"costs hold no {key}; give what Costs.to_dict() returns")
    for part, value in table.items():
        if not (math.isfinite(value) and value >= 0):
            raise PhotonicsError(f"costs: {key} of {part} is {value}; expected a finite number from 0 up")
    return dict(sorted(table.items(), key=lambda item: -item[1]))


def _draw(ax: Axes, table: Mapping[str, float], unit: str, rows: int) -> None:
    values, total = list(table.values()), sum(table.values())
    colours = [BLUE if value == values[0] else _DIMMED for value in values]
    ax.barh(range(len(values)), values, height=0.62, color=colours)
    ax.set_yticks(range(len(values)), list(table))
    ax.set_ylim(rows - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    _scale(ax, [value for value in values if value > 0], unit)
    start = ax.get_xlim()[0]
    for row, value in enumerate(values):
        share = f" · {_percent(value / total)}" if total > 0 and len(values) > 1 else ""
        text, at = format_si(value, unit) + share, (max(value, start), row)
        colour = INK if row == 0 else MUTED
        ax.annotate(text, at, (4, 0), textcoords="offset points", va="center", fontsize=8, color=colour)


def _percent(share: float) -> str:
    return "< 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"


def _scale(ax: Axes, positive: list[float], unit: str) -> None:
    """Decades from below the smallest part to where the number beside the longest bar ends."""
    if not positive:
        ax.set(xlim=(0, 1), xticks=[0], xticklabels=[format_si(0.0, unit)])
        return
    low = math.floor(math.log10(min(positive)) - 0.3)
    high = math.log10(max(positive))
    ax.set_xscale("log")
    ax.set_xlim(10.0**low, 10 ** (high + 0.7 * (high - low)))
    ticks = [power for power in range(low, math.ceil(high) + 1) if high - low <= 4 or power % 3 == 0]
    ax.xaxis.set_major_locator(FixedLocator([10.0**power for power in ticks[:: math.ceil(len(ticks) / 5)]]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_si(value, unit)))
    ax.xaxis.set_minor_locator(NullLocator())
