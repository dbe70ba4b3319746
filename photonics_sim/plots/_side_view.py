"""The light between the planes, from the side."""

from __future__ import annotations

import math
from typing import Any, overload

import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.ticker import Formatter, LogLocator, MaxNLocator
from numpy.typing import NDArray

from photonics_sim.device import UNITS, SideView
from photonics_sim.errors import PhotonicsError
from photonics_sim.plots._figure import Figure
from photonics_sim.plots._layout import FULL_WIDTH, panels
from photonics_sim.plots._style import MUTED, VERMILION, style

DECADES = 3
MAX_NAMES = 9  # of planes that find room above the picture


@overload
def plot_side_view(view: SideView, *, ax: None = None) -> Figure: ...
@overload
def plot_side_view(view: SideView, *, ax: Axes) -> matplotlib.figure.Figure: ...


def plot_side_view(view: SideView, *, ax: Axes | None = None) -> matplotlib.figure.Figure:
    """Power along the way of the light, summed over y, over three decades; the planes that it meets are lines.

    A bar at the right shows where the output is read. Edges that stay dark are left out, and of many planes some names.

    Args:
        view: What `Followed.side_view` gives.
        ax: Axes to draw in; None makes a figure.

    Raises:
        PhotonicsError: where sizes do not fit, z does not increase, or a power is negative or not finite.
    """
    _check(view)
    with style():
        figure, (axes,) = panels(1, (FULL_WIDTH, 2.7), ax)
        _draw(axes, view)
        _mark(axes, view)
    return figure


def _check(view: SideView) -> None:
    expected = (len(view.z), len(view.x))
    if view.power.shape != expected or min(expected) < 2:
        raise PhotonicsError(
            f"power has shape {view.power.shape} for {expected[0]} places along z and {expected[1]} along x; expected "
            "(nz, nx), at least two of each"
        )
    for axis in "zx":
        steps = np.diff(getattr(view, axis))
        if not (steps > 0).all():
            at = int(np.argmin(steps > 0))
            raise PhotonicsError(f"{axis}[{at + 1}] is not beyond {axis}[{at}]; give increasing places")
    bad = ~(np.isfinite(view.power) & (view.power >= 0))
    if bad.any():
        i, j = np.argwhere(bad)[0]
        raise PhotonicsError(f"power[{i}, {j}] is {view.power[i, j]:g}; expected finite powers from 0 up")


def _draw(ax: Axes, view: SideView) -> None:
    power, brightest = _even(view), float(view.power.max())
    high = brightest if brightest > 0 else 1.0
    half_z, half_x = (view.z[-1] - view.z[0]) / (len(power) - 1) / 2, (view.x[-1] - view.x[0]) / (len(view.x) - 1) / 2
    image = ax.imshow(
        power.T,
        cmap="inferno",
        norm=LogNorm(high / 10**DECADES, high, clip=True),
        extent=(view.z[0] - half_z, view.z[-1] + half_z, view.x[0] - half_x, view.x[-1] + half_x),
        origin="lower",
        aspect="auto",
        interpolation="none",
    )
    if brightest == 0:
        ax.text(0.5, 0.5, "no light", transform=ax.transAxes, color="white", ha="center", va="center")
    bar = ax.figure.colorbar(image, cax=ax.inset_axes((1.035, 0, 0.018, 1)))
    bar.locator = LogLocator(numticks=5)
    bar.update_ticks()
    bar.set_label("power per column of pixels\n(rel. to the source)", fontsize=8)
    bar.ax.tick_params(labelsize=7, length=2)
    for axis, name, places in ((ax.xaxis, "z", view.z), (ax.yaxis, "x", view.x)):
        symbol, scale = _unit(float(np.abs(places).max()))
        axis.set_major_locator(_Steps(scale))
        axis.set_major_formatter(_In(scale))
        axis.set_label_text(f"{name} ({symbol})")
    reach = 1.1 * _lit(view, high / 10**DECADES)
    ax.set_ylim(max(-reach, view.x[0] - half_x), min(reach, view.x[-1] + half_x))
    ax.spines[:].set_visible(True)


def _lit(view: SideView, floor: float) -> float:
    """How far from the axis anything is seen: light above the floor, or the detector."""
    bright = np.abs(view.x[(view.power > floor).any(0)])
    return float(max(*np.abs(view.detector), *bright))


def _even(view: SideView) -> NDArray[np.float64]:
    """Power at even steps of z, the smallest there are: that of the nearest place."""
    steps = np.diff(view.z)
    even = np.linspace(view.z[0], view.z[-1], max(2, round(float((view.z[-1] - view.z[0]) / steps.min())) + 1))
    nearest = np.searchsorted((view.z[1:] + view.z[:-1]) / 2, even)
    return view.power[nearest]


def _unit(largest: float) -> tuple[str, float]:
    """Symbol and size of the length in which it is a number from 1 up."""
    found = [UNITS[key] for key in ("m", "mm", "um", "nm") if largest >= UNITS[key].scale]
    unit = found[0] if found else UNITS["nm"]
    return unit.symbol, unit.scale


class _In(Formatter):
    """Numbers in a unit of this size."""

    def __init__(self, scale: float) -> None:
        self.unit = scale

    def __call__(self, value: float, pos: int | None = None) -> str:
        return self.fix_minus(f"{value / self.unit:.6g}")


class _Steps(MaxNLocator):
    """Ticks that are round in a unit of this size."""

    def __init__(self, scale: float) -> None:
        super().__init__(7, steps=[1, 2, 2.5, 5, 10])
        self.unit = scale

    def tick_values(self, vmin: float, vmax: float) -> Any:
        return np.asarray(super().tick_values(vmin / self.unit, vmax / self.unit)) * self.unit


def _mark(ax: Axes, view: SideView) -> None:
    every = max(1, math.ceil((len(view.marks) - 1) / (MAX_NAMES - 1)))
    above: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
    last = len(view.marks) - 1
    for place, (z, label) in enumerate(view.marks):
        ax.axvline(z, color="white", lw=0.6, alpha=0.7)
        if place == last or (place % every == 0 and last - place >= every):
            ax.annotate(label, (z, 1), (0, 4), ha="center", fontsize=7.5, color=MUTED, **above)
    ax.set_title(view.name, pad=17)
    low, high = view.detector
    ax.plot(
        [1.012, 1.012],
        [low, high],
        transform=ax.get_yaxis_transform(),
        color=VERMILION,
        lw=3,
        solid_capstyle="butt",
        clip_on=False,
    )
