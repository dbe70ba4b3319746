"""The light on its way: phases, fields and what arrives at the detector."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, overload

import matplotlib
import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LogNorm, Normalize
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.plots._figure import Figure
from photonics_sim.plots._layout import FULL_WIDTH, panels
from photonics_sim.plots._style import style

Image = NDArray[Any]
Planes = Mapping[str, Image]
Detectors = tuple[Image, int]

DETECTOR_DECADES = 3
POWER = "power per pixel\n({} the source)"
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
DARK = 1e-6  # of the brightest pixel; below, a phase says nothing and is left grey


@overload
def plot_planes(
    planes: Planes, *, sample: Image | None = None, detectors: Detectors | None = None, ax: None = None
) -> Figure: ...
@overload
def plot_planes(
    planes: Planes, *, sample: Image | None = None, detectors: Detectors | None = None, ax: Axes
) -> matplotlib.figure.Figure: ...


def plot_planes(
    planes: Planes, *, sample: Image | None = None, detectors: Detectors | None = None, ax: Axes | None = None
) -> matplotlib.figure.Figure:
    """What `Imaged.planes` gives, as pictures side by side.

    A field becomes its intensity, and at a modulator also its phase. At a detector plane the intensity is
    drawn over three decades, and the pixel that is detected, [ny // 2, nx // 2], is circled, or detectors are framed.

    Args:
        planes: Images (ny, nx) by name: real ones are phases in rad, complex ones fields with |u|^2 in
            power per pixel relative to the source.
        sample: The input that the light carries, (features,) or (ny, nx), drawn first.
        detectors: Squares (outputs, ny, nx) of zeros and ones in the detector plane, and the number of the output that
            should be brightest.
        ax: Axes whose place the panels take; None makes a figure.

    Raises:
        PhotonicsError: where an image is not two-dimensional, is empty or holds a value that is not finite.
    """
    drawings: list[Callable[[Axes], None]] = []
    if sample is not None:
        drawings.append(partial(_draw_sample, image=_check("sample", np.asarray(sample), (1, 2))))
    for name, plane in planes.items():
        image = _check(name, np.asarray(plane), (2,))
        if not np.iscomplexobj(image):
            drawings.append(partial(_draw_phase, title=name, image=image))
            continue
        power = np.abs(image) ** 2
        drawings.append(partial(_draw_power, title=name, power=power, detectors=detectors))
        if "modulator" in name:
            lit = power > DARK * power.max()
            drawings.append(partial(_draw_phase, title="phase of that field", image=np.angle(image), lit=lit))
    if not drawings:
        raise PhotonicsError("there is no plane to draw; give at least one image (ny, nx)")
    columns = 2 if len(drawings) in (2, 4) else min(3, len(drawings))
    size = (FULL_WIDTH * columns / 3, 1.8 * math.ceil(len(drawings) / columns))
    with style():
        figure, axes = panels(len(drawings), size, ax, columns=columns)
        for draw, panel in zip(drawings, axes, strict=True):
            draw(panel)
    return figure


def _check(name: str, image: Image, dimensions: tuple[int, ...]) -> Image:
    if image.ndim not in dimensions or not image.size:
        raise PhotonicsError(f"{name} has shape {image.shape}; expected an image (ny, nx) with pixels")
    if not np.isfinite(image).all():
        raise PhotonicsError(f"{name} holds {int((~np.isfinite(image)).sum())} pixels that are not finite")
    return image


def _show(ax: Axes, title: str, image: Image, **options: Any) -> AxesImage:
    ny, nx = image.shape
    shown = ax.imshow(image, interpolation="none", **options)
    if max(ny, nx) > 3 * min(ny, nx):
        ax.set(aspect="auto", box_aspect=1)
    ax.set_title(title[:1].upper() + title[1:])
    ax.set(xlabel="x (pixel)", ylabel="y (pixel)")
    ax.spines[:].set_visible(True)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
    return shown


def _scale(ax: Axes, image: AxesImage, label: str) -> Colorbar:
    bar = ax.figure.colorbar(image, cax=ax.inset_axes((1.05, 0, 0.05, 1)))
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=7, length=2)
    return bar


def _draw_sample(ax: Axes, image: Image) -> None:
    shown = _show(ax, "Input", np.atleast_2d(image), cmap="gray", norm=_linear(image))
    if image.ndim == 1:
        ax.set(xlabel="feature", ylabel="", yticks=[])
    _scale(ax, shown, "input (normalised)")


def _draw_phase(ax: Axes, title: str, image: Image, lit: NDArray[np.bool_] | None = None) -> None:
    phases = np.ma.masked_array(np.mod(image, 2 * math.pi), mask=False if lit is None else ~lit)
    cyclic = matplotlib.colormaps["twilight"].with_extremes(bad="#9aa1a8")
    bar = _scale(ax, _show(ax, title, phases, cmap=cyclic, vmin=0, vmax=2 * math.pi), "phase (rad)")
    bar.set_ticks([0, math.pi, 2 * math.pi], labels=["0", "π", "2π"])


def _draw_power(ax: Axes, title: str, power: NDArray[np.float64], detectors: Detectors | None = None) -> None:
    brightest = float(power.max())
    detected = "detector" in title
    if detected and brightest > 0:
        norm: Normalize = LogNorm(brightest / 10**DETECTOR_DECADES, brightest, clip=True)
        bar = _scale(ax, _show(ax, title, power, cmap="inferno", norm=norm), POWER.format("rel. to"))
        bar.locator = LogLocator(numticks=5)
        bar.update_ticks()
    else:
        # The power of ten goes into the label: above the bar it would push the title up.
        ten = math.floor(math.log10(brightest)) if brightest > 0 else 0
        unit = f"10{str(ten).translate(SUPERSCRIPT)} of" if ten < -1 else "rel. to"
        shown = _show(ax, title, power, cmap="inferno", norm=_linear(power, low=0.0))
        bar = _scale(ax, shown, POWER.format(unit))
        bar.formatter = FuncFormatter(lambda value, _: f"{value / (10.0**ten if ten < -1 else 1):g}")
        bar.update_ticks()
    if brightest == 0:
        ax.text(0.5, 0.85, "no light", transform=ax.transAxes, color="white", ha="center", va="center")
    if detected and detectors is not None:
        _frame_detectors(ax, *detectors)
    elif detected:
        _mark_detector(ax, power.shape)


def _linear(image: Image, low: float | None = None) -> Normalize:
    low = float(image.min()) if low is None else low
    high = float(image.max())
    return Normalize(low, high if high > low else low + 1)


def _mark_detector(ax: Axes, shape: tuple[int, ...]) -> None:
    at = (shape[1] // 2, shape[0] // 2)
    halo = [withStroke(linewidth=2.2, foreground="black")]
    ring: dict[str, Any] = {"markersize": 9, "fillstyle": "none", "color": "white", "path_effects": halo}
    ax.plot(*at, "o", **ring)
    plate = {"boxstyle": "round,pad=0.15", "facecolor": "#000000b0", "edgecolor": "none"}
    below: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "va": "top", "bbox": plate}
    ax.annotate("detector", at, (0, -8), color="white", fontsize=7, **below)


def _frame_detectors(ax: Axes, squares: Image, output: int) -> None:
    """Each detector's square, the one of this output in white."""
    for number, square in enumerate(squares):
        rows, columns = np.nonzero(square.any(1))[0], np.nonzero(square.any(0))[0]
        look: dict[str, Any] = {"color": "white", "lw": 1.4} if number == output else {"color": "#8fa3ad", "lw": 0.6}
        corner = (columns[0] - 0.5, rows[0] - 0.5)
        ax.add_patch(Rectangle(corner, len(columns), len(rows), fill=False, **look))
        if number == output:
            plate = {"boxstyle": "round,pad=0.15", "facecolor": "#000000b0", "edgecolor": "none"}
            low = rows.mean() > len(square) / 2  # the name goes where there is room
            side, x = _beside(columns, square.shape[1])
            at, shift = ((x, rows[0] - 1), 4) if low else ((x, rows[-1] + 1), -4)
            place: dict[str, Any] = {"textcoords": "offset points", "ha": side, "va": "bottom" if low else "top"}
            ax.annotate(f"output {number}", at, (0, shift), color="white", fontsize=7, bbox=plate, **place)


def _beside(columns: NDArray[np.int64], width: int) -> tuple[str, float]:
    """How a name is aligned with a square, and where, so that it stays within the picture."""
    if columns.mean() < width / 4:
        return "left", columns[0] - 0.5
    if columns.mean() > 3 * width / 4:
        return "right", columns[-1] + 0.5
    return "center", columns.mean()
