"""A lens that nobody drew: the pixels of a phase plate follow their gradient to the sharpest focus that light allows.

A plane wave falls on a round plate of 400 pixels across. Each delays light by a phase of its own, at first none or a
random one; gradient ascent through exact diffraction makes the light at one point on the axis as strong as it gets.
Beside the plate that comes out stand the limit of Airy for small angles,

    I(r) / I_in = (pi D^2 / 4 lambda f)^2 [2 J1(v) / v]^2,    v = pi D r / lambda f,

and, as NA is 0.3, that of Rayleigh, Sommerfeld and Debye for any angle; the lens of the textbook, exp(-i k r^2 / 2f),
which has spherical aberration there; and what it costs to have 2 to 16 levels of phase, 1 - sinc^2(1 / levels)
(Goodman, Introduction to Fourier Optics, 4.4.2; Born and Wolf, 8.5.2 and 8.8; Dammann, Optik 31, 1970).

Half a minute on one core.

    python examples/airy_lens.py --out examples/figures/airy-lens.png
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from _strengths import LOOK
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from scipy.optimize import brentq
from scipy.special import j0, j1, jn_zeros
from torch import Tensor

from photonics_sim.optics import Propagator, circular_aperture, propagate, thin_lens
from photonics_sim.plots import Figure

WAVELENGTH, DIAMETER, FOCAL_LENGTH = 633e-9, 240e-6, 380e-6
SHAPE, PITCH = (401, 401), 0.6e-6  # at the edge the phase turns once in 2.1 um, 3.5 pixels; a pixel lies on the axis
MIDDLE = SHAPE[0] // 2
RADIUS, NA = DIAMETER / 2, DIAMETER / 2 / math.hypot(DIAMETER / 2, FOCAL_LENGTH)
FINE, ACROSS = 0.1e-6, 161  # samples of the focus
LEVELS = (2, 4, 8, 16)
FOUND, LENS, THEORY = "#2a6f97", "#c8553d", "#22262b"

APERTURE = circular_aperture(SHAPE, pitch=PITCH, diameter=DIAMETER)
# Plates learn by one exact method and are judged by the other: what one gets wrong, gradients would find and use.
AHEAD = Propagator(SHAPE, pitch=PITCH, wavelength=WAVELENGTH, distance=FOCAL_LENGTH, method="rayleigh-sommerfeld")


def light(field: Tensor, distance: float | Tensor, pitch: float, shape: tuple[int, int]) -> Tensor:
    """Intensity in units of the incident one, by the exact angular spectrum, on any grid about the axis."""
    there = propagate(
        field, pitch=PITCH, wavelength=WAVELENGTH, distance=distance, method="angular-spectrum", output_pitch=pitch,
        output_shape=shape,
    )  # fmt: skip
    return there.abs().square()


def plate(phase: Tensor) -> Tensor:
    """The field right behind a plate of these phases."""
    return APERTURE * torch.polar(torch.ones_like(phase), phase)


def lens(kind: Any) -> Tensor:
    return thin_lens(SHAPE, pitch=PITCH, wavelength=WAVELENGTH, focal_length=FOCAL_LENGTH, kind=kind, diameter=DIAMETER)


# Learning -------------------------------------------------------------------------------------------------------------


def starts(random: int) -> Tensor:
    """A plate that does nothing, and random ones, `(1 + random, ny, nx)` in rad.

    Without a plate the axis is bright or dark as the path along the edge is longer by an odd or even number of half
    waves (here 58.4). Were it quite dark, the gradient of the intensity, 2 Re(u* du), would vanish there: no start.
    """
    phases = [torch.zeros(SHAPE, dtype=torch.float64)]
    for seed in range(random):
        turns = torch.rand(SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        phases.append(2 * math.pi * turns)
    return torch.stack(phases)


def learn(phase: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Plain gradient ascent on the amplitude at the focus.

    That is |sum of a_j exp(i phase_j)|: stationary where each pixel is in step or in counterstep with the sum, and
    those in counterstep are saddles, so every start can reach the same plate. Counted in pixels, its slope is the sine
    of a pixel's lag: steps of that size end a small lag at once, and double what a pixel is off counterstep. Pixels cut
    by the edge of the aperture pass less light and follow late.

    Returns:
        Phases `(starts, ny, nx)` and intensities at the focus on the way `(steps + 1, starts)`.
    """
    phase = phase.clone().requires_grad_()
    optimiser = torch.optim.SGD([phase], lr=1.0)
    history = []
    for _ in range(steps):
        optimiser.zero_grad()
        amplitude = AHEAD(plate(phase))[:, MIDDLE, MIDDLE].abs()
        history.append(amplitude.detach().square())
        in_step = amplitude * WAVELENGTH * FOCAL_LENGTH / PITCH**2
        (-in_step.sum()).backward()
        optimiser.step()
    phase = phase.detach()
    history.append(AHEAD(plate(phase))[:, MIDDLE, MIDDLE].abs().square())
    return phase, torch.stack(history)


def refocus(field: Tensor) -> tuple[float, float]:
    """The distance at which the axis is brightest, by the gradient in it from f on, and the intensity there."""
    beyond = torch.zeros((), dtype=torch.float64, requires_grad=True)  # in micrometres
    optimiser = torch.optim.LBFGS([beyond], lr=1.0, max_iter=20, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        found = -light(field, FOCAL_LENGTH + 1e-6 * beyond, FINE, (1, 1)).log().sum()
        found.backward()
        return found

    optimiser.step(loss)
    distance = FOCAL_LENGTH + 1e-6 * float(beyond.detach())
    return distance, float(light(field, distance, FINE, (1, 1)))


def quantised(phase: Tensor, levels: int) -> Tensor:
    step = 2 * math.pi / levels
    return torch.round(phase / step) * step


# Physics --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spot:
    """A focus in three numbers, and its curve.

    Attributes:
        peak: Intensity in units of the incident one.
        ring: Radius of the first dark ring in metres.
        within: Share of the light on the plate that arrives within it.
        radii, curve: In metres, and the intensity there in units of the incident one.
    """

    peak: float
    ring: float
    within: float
    radii: np.ndarray
    curve: np.ndarray


def airy(radii: np.ndarray) -> Spot:
    """The paraxial limit: 1.22 lambda f / D, and 1 - J0^2 - J1^2 of the light within it."""
    edge = float(jn_zeros(1, 1)[0])
    scale = math.pi * DIAMETER / (WAVELENGTH * FOCAL_LENGTH)
    peak = (math.pi * DIAMETER**2 / (4 * WAVELENGTH * FOCAL_LENGTH)) ** 2
    v = np.maximum(scale * radii, 1e-9)
    return Spot(peak, edge / scale, 1 - float(j0(edge)) ** 2 - float(j1(edge)) ** 2, radii, peak * (2 * j1(v) / v) ** 2)


def debye(radii: np.ndarray) -> Spot:
    r"""The same at any angle: what each ring of an ideal flat lens sends to its focus, added up.

    .. math:: u(r) = \frac{2 \pi f}{\lambda} \int_0^{NA} J_0(k r s) \frac{s\, ds}{1 - s^2}

    s is the sine of the angle; the weight is that of Rayleigh's and Sommerfeld's integral. On the axis it is
    pi f / lambda ln(1 + (D / 2f)^2).
    """
    nodes, weights = np.polynomial.legendre.leggauss(200)
    s, ds = NA * (nodes + 1) / 2, NA * weights / 2

    def field(r: Any) -> Any:
        waves = j0(2 * math.pi / WAVELENGTH * np.multiply.outer(r, s))
        return 2 * math.pi * FOCAL_LENGTH / WAVELENGTH * (waves @ (ds * s / (1 - s**2)))

    ring = float(brentq(field, 0.5 * WAVELENGTH / NA, 0.7 * WAVELENGTH / NA))
    r, dr = ring * (nodes + 1) / 2, ring * weights / 2
    within = float((2 * math.pi * r * dr) @ field(r) ** 2) / (math.pi * RADIUS**2)
    return Spot(float(field(0.0)) ** 2, ring, within, radii, field(radii) ** 2)


def measured(field: Tensor) -> Spot:
    """The focus of a field, on a fine grid in the plane at f."""
    there = light(field, FOCAL_LENGTH, FINE, (ACROSS, ACROSS))
    row = there[ACROSS // 2, ACROSS // 2 :].numpy()
    step = FINE / 100
    ring = step * int(light(field, FOCAL_LENGTH, step, (1, 4001))[0, 2000:].argmin())  # the second is beyond these 2 um
    disc = circular_aperture((ACROSS, ACROSS), pitch=FINE, diameter=2 * ring)
    within = float((there * disc).sum()) * FINE**2 / (math.pi * RADIUS**2)
    return Spot(float(row[0]), ring, within, FINE * np.arange(len(row)), row)


# Telling --------------------------------------------------------------------------------------------------------------


def difference(phase: Tensor) -> Tensor:
    """Phase of plates against the ideal lens in rad, rms over the aperture, but for a constant."""
    against = APERTURE**2 * torch.exp(1j * phase) * lens("aspheric").conj()
    turned = against * torch.exp(-1j * against.sum((-2, -1), keepdim=True).angle())
    return ((APERTURE**2 * turned.angle().square()).sum((-2, -1)) / (APERTURE**2).sum()).sqrt()


def show(found: Spot, exact: Spot, paraxial: Spot) -> None:
    print(f"\n{'focus of the learned plate':36s}  {'found':>9s}  {'exact':>9s}  {'paraxial (Airy)':>15s}")
    rows = (
        ("peak intensity, incident = 1", 1.0, "peak", ".0f"),
        ("radius of the first dark ring (um)", 1e6, "ring", ".3f"),
        ("light within that ring (%)", 100.0, "within", ".2f"),
    )
    for name, unit, key, digits in rows:
        one, two, three = (format(unit * getattr(spot, key), digits) for spot in (found, exact, paraxial))
        print(f"{name:36s}  {one:>9s}  {two:>9s}  {three:>15s}")
    far = [np.abs(found.curve / found.peak - spot.curve / spot.peak).max() for spot in (exact, paraxial)]
    print(f"{'farthest from the curve (% of peak)':36s}  {'':9s}  {100 * far[0]:9.4f}  {100 * far[1]:15.2f}")


def compare(phases: Tensor) -> None:
    """Strehl ratios of every start, of the textbook's lens, and of few levels."""
    fields = [plate(torch.zeros(SHAPE, dtype=torch.float64)), lens("aspheric"), lens("paraxial"), *plate(phases)]
    none, ideal, textbook, *peaks = light(torch.stack(fields), FOCAL_LENGTH, FINE, (1, 1)).flatten().tolist()
    print(f"\n{'Strehl ratio against the aspheric lens':52s}  {'ratio':>9s}  phase against it (rad, rms)")
    print(f"{'no plate':52s}  {none / ideal:9.1e}")
    last, away = [peak / ideal for peak in peaks], difference(phases)
    for k, (ratio, off) in enumerate(zip(last, away.tolist(), strict=True)):
        name = f"learned from random phases, seed {k - 1}" if k else "learned from a flat plate"
        print(f"{name:52s}  {ratio:9.7f}  {off:.1e}")
    print(f"{'all learned plates, lowest and highest':52s}  {min(last):9.7f} .. {max(last):.7f}")
    aberration = float(difference(lens("paraxial").angle()))
    print(f"{'paraxial lens of the same f':52s}  {textbook / ideal:9.4f}  {aberration:.2f}")
    distance, best = refocus(lens("paraxial"))
    moved = f"the same, refocused by gradient: {1e6 * (distance - FOCAL_LENGTH):+.2f} um"
    print(f"{moved:52s}  {best / ideal:9.4f}")
    print(f"\n{'levels of phase':36s}  {'found (%)':>9s}  {'sinc^2 (%)':>10s}")
    for levels in LEVELS:
        kept = light(plate(quantised(phases[0], levels)), FOCAL_LENGTH, FINE, (1, 1)) / peaks[0]
        print(f"{levels:<36d}  {100 * float(kept):9.2f}  {100 * np.sinc(1 / levels) ** 2:10.2f}")


def side_view(field: Tensor, distances: np.ndarray, pitch: float, samples: int) -> np.ndarray:
    """Intensity in the plane of axis and x, `(..., samples, distances)`."""
    return np.stack([light(field, z, pitch, (1, samples))[..., 0, :].numpy() for z in distances], -1)


def draw_plate(ax: Axes, phase: Tensor) -> None:
    wrapped = torch.remainder(phase - phase[MIDDLE, MIDDLE] + math.pi, 2 * math.pi) - math.pi
    edge = 1e6 * PITCH * SHAPE[0] / 2
    image = np.where(APERTURE.numpy() > 0, wrapped.numpy(), np.nan)
    shown = ax.imshow(image, cmap="twilight", vmin=-math.pi, vmax=math.pi, extent=(-edge, edge, -edge, edge))
    ax.set(title="The learned plate", xlabel="x (µm)", ylabel="y (µm)")
    bar = ax.figure.colorbar(shown, ax=ax, label="phase (rad)", shrink=0.78)
    bar.set_ticks([-math.pi, 0, math.pi], labels=[r"$-$π", "0", "π"])


def draw_way(ax: Axes, near: Axes, learned: Tensor) -> None:
    """Light from the plate to behind its focus, and the focus beside that of the textbook's lens."""
    norm = LogNorm(0.3, 3e4)
    z = np.linspace(0, 1.25 * FOCAL_LENGTH, 96)
    way = side_view(learned, z, PITCH, SHAPE[1])
    edge = 1e6 * PITCH * SHAPE[1] / 2
    shown = ax.imshow(way, cmap="magma", norm=norm, extent=(0, 1e6 * z[-1], -edge, edge), interpolation="bilinear")
    ax.set(title="Light on its way", xlabel="z (µm)", ylabel="x (µm)")
    ax.figure.colorbar(shown, ax=ax, label="intensity, incident = 1", shrink=0.76)
    z, half = np.linspace(-36e-6, 24e-6, 61), 60
    views = side_view(torch.stack([learned, lens("paraxial")]), FOCAL_LENGTH + z, FINE, 2 * half + 1)
    image = np.concatenate([views[0, :half], views[1, half:]])
    edge = 1e6 * FINE * (half + 0.5)
    near.imshow(image, cmap="magma", norm=norm, extent=(1e6 * z[0], 1e6 * z[-1], -edge, edge), aspect="auto",
                interpolation="bilinear")  # fmt: skip
    near.axhline(0, color="white", linewidth=0.5)
    for text, height in (("learned", 0.93), ("paraxial lens", 0.07)):
        near.text(0.03, height, text, transform=near.transAxes, color="white", va="center", fontsize=8)
    near.set(title="Near the focus", xlabel=r"z $-$ f (µm)", ylabel="x (µm)")


def draw_focus(ax: Axes, found: Spot) -> None:
    radii = np.linspace(0, found.radii[-1], 500)
    exact, paraxial = debye(radii), airy(radii)
    textbook = light(lens("paraxial"), FOCAL_LENGTH, FINE, (1, ACROSS))[0, ACROSS // 2 :]
    ax.plot(1e6 * radii, paraxial.curve / paraxial.peak, color="0.65", linestyle="--", linewidth=1, label="Airy")
    ax.plot(1e6 * radii, exact.curve / exact.peak, color=THEORY, linewidth=1, label="Debye, NA 0.3")
    ax.plot(1e6 * found.radii, textbook / exact.peak, color=LENS, linewidth=1, label="paraxial lens")
    ax.plot(1e6 * found.radii, found.curve / exact.peak, "o", color=FOUND, markersize=2.5, label="learned")
    ax.set(title="In the focal plane", yscale="log", ylim=(1e-6, 2), xlim=(0, 1e6 * radii[-1]))
    ax.set(xlabel="distance from the axis (µm)", ylabel="intensity, ideal peak = 1")
    ax.legend(loc="upper right", labelspacing=0.25)


def draw_starts(ax: Axes, history: Tensor) -> None:
    ideal = AHEAD(lens("aspheric"))[MIDDLE, MIDDLE].abs().square()
    missing = (1 - history / ideal).numpy()
    for k, curve in enumerate(missing.T):
        look: dict[str, Any] = {"color": THEORY} if k == 0 else {"color": FOUND, "linewidth": 0.8, "alpha": 0.7}
        ax.plot(curve, label=("flat plate", "random plates")[k] if k < 2 else None, **look)
    ax.set(title="Learning", yscale="log", ylim=(1e-5, 2))
    ax.set(xlabel="steps of the gradient", ylabel=r"1 $-$ Strehl ratio")
    ax.legend(loc="upper right")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--steps", type=int, default=30, help="of the gradient")
    parser.add_argument("--random", type=int, default=4, help="random plates to start from, beside the flat one")
    parser.add_argument("--out", type=Path, default=Path("airy-lens.svg"))
    options = parser.parse_args()
    print(f"D = {1e6 * DIAMETER:g} um, f = {1e6 * FOCAL_LENGTH:g} um, NA = {NA:.3f}, {1e9 * WAVELENGTH:g} nm")
    phases, history = learn(starts(options.random), options.steps)
    found = measured(plate(phases[0]))
    show(found, debye(found.radii), airy(found.radii))
    compare(phases)
    with matplotlib.rc_context(LOOK):
        figure = Figure(figsize=(9.3, 6), layout="constrained")
        above, below = figure.subfigures(2, 1, squeeze=False).flat
        first, way = above.subplots(1, 2, width_ratios=(1, 1.95))
        focus, near, learning = below.subplots(1, 3)
        draw_plate(first, phases[0])
        draw_way(way, near, plate(phases[0]))
        draw_focus(focus, found)
        draw_starts(learning, history)
        figure.write(options.out)
    print(f"figure: {options.out}")


if __name__ == "__main__":
    main()
