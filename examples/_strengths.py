"""How the examples draw coupling strengths: a logarithmic axis on whose lower end stands what is not coupled at all."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

LOOK: Any = {"font.size": 9, "axes.titlesize": 9, "axes.titleweight": "bold", "axes.titlelocation": "left"}
LOOK |= {"axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False, "legend.fontsize": 8}
NONE = 1e-20  # a share of the variance below this is rounding


def draw_strengths(ax: Axes, x: np.ndarray, mean: np.ndarray, bars: np.ndarray, floor: float, **look: Any) -> None:
    """One curve with error bars `(2, n)`; points below `NONE` become crosses at `floor`."""
    there = mean > NONE
    look |= {"marker": "o", "markersize": 3.5}
    if there.any():
        ax.errorbar(x[there], mean[there], bars[:, there], capsize=2, elinewidth=0.8, **look)
    if not there.all():  # an empty line that is not clipped would upset the layout
        ax.plot(x[~there], np.full((~there).sum(), floor), "x", color=look["color"], markersize=5, clip_on=False)
