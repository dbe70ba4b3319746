"""One look for all figures: thin lines, and a palette that colour-blind people can read."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import matplotlib
from matplotlib.colors import LinearSegmentedColormap

INK, MUTED, FAINT = "#22262b", "#6b737c", "#d9dde1"
# Okabe and Ito's colours, darkened to carry thin lines on white.
BLUE, VERMILION, GREEN, PURPLE, OCHRE = "#2a6f97", "#c8553d", "#3a8f6b", "#8a5a9e", "#b7862c"
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, OCHRE)


_OURS: dict[str, Any] = {
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "savefig.dpi": 200,
    "savefig.bbox": None,
    "savefig.facecolor": "white",
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.usetex": False,
    "text.color": INK,
    "mathtext.default": "regular",
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.facecolor": "white",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "legend.handlelength": 1.4,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.minor.visible": False,
    "ytick.minor.visible": False,
    "image.interpolation": "none",
    "image.origin": "upper",
    "svg.fonttype": "none",
    "svg.hashsalt": "photonics_sim",
    "svg.image_inline": True,
    "svg.id": None,
    "pdf.fonttype": 42,
    "pdf.compression": 6,
}

# Light on a waveguide: where there is none the waveguide is still seen.
LIGHT = LinearSegmentedColormap.from_list("light", ["#d9dde1", "#f3d277", "#eda33b", "#d4662b", "#96301f"])
# Cyclic as matplotlib's twilight is, but nowhere so light that a thin line is lost on white.
PHASE = LinearSegmentedColormap.from_list(
    "phase",
    ["#c6c2d4", "#8fb5d2", "#5b86c4", "#4a48a6", "#33205a", "#7a2c68", "#bd4f69", "#d89c8c", "#c6c2d4"],
)
SHARE = LinearSegmentedColormap.from_list("share", ["#ffffff", "#cfe0ea", "#6fa3c0", BLUE, "#123a55"])


def style() -> AbstractContextManager[None]:
    """Within it, figures are made and saved in our look, whatever a person's own matplotlibrc says."""
    defaults = matplotlib.rcParamsDefault.items()
    neutral = {key: value for key, value in defaults if not key.startswith(("backend", "interactive"))}
    settings: Any = neutral | _OURS
    return matplotlib.rc_context(settings)
