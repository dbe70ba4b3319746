"""Axes of the pictures of a sweep: labels, ticks and places of values."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from photonics_sim.sweeps import SweepResult
from photonics_sim.tolerance import names_of, shown, words_of

_DECADES = 2  # from which samples of a parameter are drawn on a logarithmic scale


def label_of(words: str, unit: str) -> str:
    """Words with a unit, for an axis."""
    return words if unit == "1" else f"{words} ({unit})"


def axis_label(result: SweepResult, path: str) -> str:
    """What stands at the axis of a parameter."""
    return label_of(names_of(result.axes)[path], result.axis(path).unit)


def metric_label(result: SweepResult, metric: str) -> str:
    """What stands at the axis of a number that was measured."""
    return label_of(words_of(metric), result.meanings[metric].unit)


def signs(text: str) -> str:
    """A text as it stands in a picture, with proper signs."""
    return text.replace(">=", "≥").replace("<=", "≤")


def set_title(panel: Axes, text: str) -> None:
    """A title in lines that are no wider than the panel."""
    panel.set_title(wrapped(panel, signs(text[:1].upper() + text[1:]), inches_per_letter=0.075))


def glued(text: str) -> str:
    """A text whose numbers stay in one line with their units and signs."""
    return re.sub(r"(?<=\d) (?=[^\s(]+)|(?<=[=≤≥]) (?=\S)|(?<=%) (?=interval)| (?=[=≤≥<>]=? )", "\xa0", text)


def wrapped(panel: Axes, text: str, inches_per_letter: float = 0.066) -> str:
    """A text in lines about as wide as the panel; numbers keep their units."""
    width = panel.get_position().width * panel.figure.figure.get_size_inches()[0]
    return textwrap.fill(glued(text), max(20, int(width / inches_per_letter)), break_long_words=False)


def tick_values(panel: Axes, which: str, values: NDArray[Any], most: int) -> None:
    """Ticks at places 0, 1, ... that say the values, thinned out to `most`."""
    step = -(-len(values) // most)
    places = range(0, len(values), step)
    names = [name if len(name) <= 14 else name[:13] + "…" for name in (_short(values[place]) for place in places)]
    if which == "x":
        turned: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        panel.set_xticks(places, names, **(turned if sum(len(name) + 1 for name in names) > 6 * most else {}))
    else:
        panel.set_yticks(places, names)


def spread_axis(panel: Axes, which: str, values: NDArray[Any]) -> NDArray[np.float64]:
    """Places of sampled values on an axis: numbers where they are, words one after the other."""
    if values.dtype.kind not in "iuf":
        known, codes = np.unique(values, return_inverse=True)
        tick_values(panel, which, known, most=12)
        return np.asarray(codes.reshape(-1), dtype=np.float64)
    if values.min() > 0 and values.max() >= 10**_DECADES * values.min():
        (panel.set_xscale if which == "x" else panel.set_yscale)("log")
    return np.asarray(values, dtype=np.float64)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else shown(value)
