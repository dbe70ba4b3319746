"""What the parts of a device do in the course of one pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, overload

import matplotlib
import matplotlib.figure
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from photonics_sim.device import Span, Timeline, format_si
from photonics_sim.errors import PhotonicsError
from photonics_sim.plots._figure import Figure
from photonics_sim.plots._layout import FULL_WIDTH, panels
from photonics_sim.plots._style import BLUE, FAINT, GREEN, INK, MUTED, VERMILION, style

MAX_LAYERS = 24  # products that are drawn of a long pass
MAX_IDLE_LANES = 12  # up to so many lanes, those are drawn too that rest in the part that is drawn
# Colour of each activity; products come to lie above what surrounds them.
_COLOURS = {"product": BLUE, "switch": VERMILION, "write": "#ecd29b", "settle": "#cfd8dd", "state": GREEN}
_PALE = {"write", "settle"}  # names on them are dark
_THIN = 1 / 300  # share of the time below which a bar is drawn as a line, so that it is seen
_NUMBERED, _NAMED = 1 / 40, 1 / 12  # shares of the time from which a number or a word fits into a bar


@overload
def plot_timeline(timelines: Sequence[Timeline], *, ax: None = None) -> Figure: ...
@overload
def plot_timeline(timelines: Sequence[Timeline], *, ax: Axes) -> matplotlib.figure.Figure: ...


def plot_timeline(timelines: Sequence[Timeline], *, ax: Axes | None = None) -> matplotlib.figure.Figure:
    """Which part of a device does what when: a panel per timeline, a lane per part, each with its own scale of time.

    What is too short to be seen is drawn as a line. Of a pass of more than 24 products the first 24 are drawn, and the
    panel says so.

    Args:
        timelines: What `Scheduled.timelines` gives; later ones are compared with the first.
        ax: Axes whose place the panels take; None makes a figure.

    Raises:
        PhotonicsError: where there is nothing to draw, or a span has a lane that is not listed, an unknown activity, or
            times that are not finite and in order.
    """
    if not timelines:
        raise PhotonicsError("there is no pass to draw; give at least one Timeline")
    for timeline in timelines:
        _check(timeline)
    shown = [_part(timeline) for timeline in timelines]
    rows = [*(len(lanes) + 0.2 for lanes, _, _ in shown), 0.8]
    height = 0.22 * sum(rows) + 0.9 * len(shown)
    room = {} if ax is None else {"hspace": 1.4}
    with style():
        figure, (*axes, below) = panels(len(rows), (FULL_WIDTH, height), ax, columns=1, height_ratios=rows, **room)
        for panel, timeline, (lanes, spans, end_s) in zip(axes, timelines, shown, strict=True):
            _draw(panel, lanes, spans, end_s)
            panel.set_title(timeline.name, pad=18)
            _caption(panel, _says(timeline, timelines[0], lanes, spans))
        _explain(below, timelines)
    return figure


def _check(timeline: Timeline) -> None:
    where = f"timeline {timeline.name!r}"
    for span in timeline.spans:
        if span.lane not in timeline.lanes:
            raise PhotonicsError(f"{where}: a span in lane {span.lane!r}; its lanes are {', '.join(timeline.lanes)}")
        if span.activity not in _COLOURS:
            raise PhotonicsError(f"{where}: activity {span.activity!r}; expected one of {', '.join(_COLOURS)}")
        if not 0 <= span.start_s <= span.stop_s < math.inf:
            raise PhotonicsError(
                f"{where}: a {span.activity} from {span.start_s:g} s to {span.stop_s:g} s; give finite times from "
                "0 up, the start first"
            )
    if not timeline.spans or timeline.duration_s == 0:
        raise PhotonicsError(f"{where}: nothing in it takes time; there is nothing to draw")


def _part(timeline: Timeline) -> tuple[list[str], list[Span], float]:
    """What is drawn: lanes, spans, and until when in seconds."""
    starts = sorted(span.start_s for span in timeline.spans if span.activity == "product")
    end_s = starts[MAX_LAYERS] if len(starts) > MAX_LAYERS else timeline.duration_s
    spans = [span for span in timeline.spans if span.start_s < end_s]
    busy = {span.lane for span in spans}
    few = len(timeline.lanes) <= MAX_IDLE_LANES
    return [lane for lane in timeline.lanes if few or lane in busy], spans, end_s


def _draw(ax: Axes, lanes: list[str], spans: list[Span], end_s: float) -> None:
    for activity, colour in _COLOURS.items():
        found = [span for span in spans if span.activity == activity]
        lengths = [span.stop_s - span.start_s for span in found]
        ax.barh(
            [lanes.index(span.lane) for span in found],
            [length if length >= _THIN * end_s else 0.0 for length in lengths],
            left=[span.start_s for span in found],
            height=0.66,
            color=colour,
            edgecolor=colour,
            linewidth=[0.0 if length >= _THIN * end_s else 1.3 for length in lengths],
            zorder=3 if activity == "product" else 2,
        )
    _name(ax, lanes, spans, end_s)
    ax.set_yticks(range(len(lanes)), lanes)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.grid(True, axis="y", color=FAINT)
    ax.set(xlim=(-0.004 * end_s, 1.004 * end_s), ylim=(len(lanes) - 0.4, -0.6))
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_si(value, "s")))
    ax.set_xlabel("time since the pass began (s)")


def _name(ax: Axes, lanes: list[str], spans: list[Span], end_s: float) -> None:
    """What has room for it gets a name: a product its number, all else that of the activity."""
    inside: dict[str, Any] = {"ha": "center", "va": "center_baseline", "fontsize": 7, "zorder": 4}
    layer = 0
    for span in sorted(spans, key=lambda span: span.start_s):
        product, share = span.activity == "product", (span.stop_s - span.start_s) / end_s
        layer += product
        if share >= (_NUMBERED if product else _NAMED):
            at, colour = (span.start_s + span.stop_s) / 2, INK if span.activity in _PALE else "white"
            ax.text(at, lanes.index(span.lane), f"{layer}" if product else span.activity, color=colour, **inside)


def _says(timeline: Timeline, first: Timeline, lanes: list[str], spans: list[Span]) -> str:
    text = f"the {timeline.steps} take {format_si(timeline.duration_s, 's')}"
    ratio = timeline.duration_s / first.duration_s
    if ratio >= 1.5:
        text += f", {float(f'{ratio:.3g}'):,g} times as long as the first way"
    products = [sum(span.activity == "product" for span in some) for some in (spans, timeline.spans)]
    if products[0] < products[1]:
        text += f" · drawn: the first {products[0]} of {products[1]:,} {timeline.steps}"
        if len(lanes) < len(timeline.lanes):
            text += f", {len(lanes)} of {len(timeline.lanes):,} lanes"
    return text


def _caption(ax: Axes, text: str) -> None:
    ax.annotate(text, (0, 1), (0, 6), xycoords="axes fraction", textcoords="offset points", fontsize=8, color=MUTED)


def _explain(ax: Axes, timelines: Sequence[Timeline]) -> None:
    """A legend in place of a panel: the activities there are, and how long each lasts."""
    patches = []
    for activity, colour in _COLOURS.items():
        spans = [span for timeline in timelines for span in timeline.spans if span.activity == activity]
        if spans:
            lengths = [span.stop_s - span.start_s for span in spans]
            ends = dict.fromkeys(format_si(length, "s") for length in (min(lengths), max(lengths)))
            patches.append(Patch(color=colour, label=f"{activity}, {' to '.join(ends)}"))
    ax.set_axis_off()
    ax.legend(handles=patches, ncols=4, loc="center left", borderaxespad=0)
