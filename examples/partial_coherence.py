"""How coherent must the light of a diffractive network be, and does training under the light it will have help?

Two phase masks of 16 x 16 pixels (card diffractive-visible) are trained on the bundled digits with a laser, and then
for some epochs more either with the laser still or with a source of some extent: a disc of angular radius alpha, seen
from the data panel, whose points do not interfere. Each network is read under every source. Two points of the panel
0.61 lambda / alpha apart are not coherent at all (first zero of 2 J1(v) / v; van Cittert, Zernike), and half coherent
at 0.35 lambda / alpha. A source is as many modes as keep the degree of coherence within 1e-3 over the panel; the beam
stays as strong, which no lamp behind a pinhole does. Networks are judged as designed, without faults of fabrication.

Found with three networks (mean and standard error, in brackets 95 % after Student): trained with the laser they read
95.4 +- 0.9 % with it, much the same up to 2 mrad, and 62.0 +- 2.6 % at 5 mrad, where the light is coherent over 65 um
or half of the panel. Four epochs under that source bring back 32.3 points (21.8 to 42.8), to 94.3 +- 0.9 %: the loss
was one of masks that counted on other light, not of the light. It costs 12.7 points (9.2 to 16.2) with the laser.
A source of 3 mrad wins 5.5 points (1.3 to 9.7); at 2 mrad whether training wins anything is open. On the right, the
first digit that the source loses and training wins back.

    python examples/partial_coherence.py     # five minutes of one core; --help has a short way
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from _paired import compared, interval, mean_error
from _strengths import LOOK
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

import photonics_sim as ps
from photonics_sim.datasets import fit_pipeline
from photonics_sim.optics import extended_source
from photonics_sim.plots import Figure

PIXELS, PITCH_UM, WAVELENGTH_UM = 16, 8.0, 0.532
BENCH: dict[str, Any] = {
    "inputs": 64, "pixels": PIXELS, "pitch_um": PITCH_UM, "laser.wavelength_nm": 1e3 * WAVELENGTH_UM,
    "data_share": 1.0, "masks": 2, "spacing_mm": 4.0, "region_px": 3,
}  # fmt: skip
READ_MRAD = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)
TRAINED_MRAD = (2.0, 3.0, 5.0)
FIRST_ZERO, HALF = 0.6098, 0.3526  # of 2 J1(v) / v, v = 2 pi alpha r / lambda: r in units of lambda / alpha
COLOURS = ("#22262b", "#3a8f6b", "#d99a2b", "#c8553d", "#7a5ea8")
RED = "#c8553d"
Scores = dict[float, np.ndarray]  # by the source that a network was trained under: (seeds, sources it is read under)


def modes(radius_mrad: float) -> int:
    """How many points of the source its coherence over the panel needs."""
    bench: Any = {"pitch": PITCH_UM * 1e-6, "wavelength": WAVELENGTH_UM * 1e-6}
    return len(extended_source((PIXELS, PIXELS), angular_radius=radius_mrad * 1e-3, **bench))


def source(radius_mrad: float) -> dict[str, Any]:
    """Fields of the card for a source of this extent; 0 is the laser."""
    if not radius_mrad:
        return {"source_extent.angular_radius_mrad": 0.0}
    return {"source_extent.angular_radius_mrad": radius_mrad, "source_extent.modes": modes(radius_mrad)}


def networks(folder: Path, seed: int, trained_mrad: list[float], options: argparse.Namespace) -> dict[float, ps.Run]:
    """One network with the laser, and from there one for each source; all with as many epochs."""
    more: dict[str, Any] = {"seed": seed, "chips": 0, "progress": False}
    device = ps.load_device("diffractive-visible", seed=seed, **BENCH)
    first = ps.train(device, "digits", epochs=options.epochs, batch_size=32, out=folder / f"{seed}", **more)
    found = {}
    for radius in trained_mrad:
        lit = ps.load_trained(first, source(radius))
        place = folder / f"{seed}-{radius:g}"
        found[radius] = ps.train(lit, "digits", epochs=options.retrain, batch_size=16, out=place, **more)
    return found


def study(folder: Path, options: argparse.Namespace) -> tuple[Scores, list[tuple[str, Any]]]:
    """Accuracies, and what arrives at the detectors of the first network of its kind."""
    digits, trained = ps.datasets.load("digits"), [0.0, *options.trained]
    scores: dict[float, list[list[float]]] = {radius: [] for radius in trained}
    images: list[tuple[str, Any]] = []
    for seed in range(options.seeds):
        runs = networks(folder, seed, trained, options)
        for radius, run in runs.items():
            lit = [ps.load_trained(run, source(other)) for other in options.read]
            scores[radius].append([ps.evaluate(device, digits, seed=seed).score for device in lit])
        images = images or pictures(runs, options.trained[-1])
    return {radius: 100 * np.array(found) for radius, found in scores.items()}, images


def pictures(runs: dict[float, ps.Run], radius: float) -> list[tuple[str, Any]]:
    """Power at the detectors of three networks and sources, for the first digit that is lost and won back."""
    digits = ps.datasets.load("digits")
    x = fit_pipeline(digits, 64).inputs(digits.test.inputs)
    ways = {
        "laser": (0.0, 0.0),
        f"{radius:g} mrad": (0.0, radius),
        "trained for it": (radius, radius),
    }
    devices: list[Any] = [ps.load_trained(runs[trained], source(lit)) for trained, lit in ways.values()]
    with torch.no_grad():
        answers = torch.stack([device(x).argmax(-1) for device in devices])
        wanted = (answers == digits.test.targets) == torch.tensor([[True], [False], [True]])
        digit = int(wanted.all(0).int().argmax())
        light = [device.planes(x[digit], 0)["light at the detectors"].abs().square().numpy() for device in devices]
    squares = devices[0].detectors().numpy()
    read = [int(answer[digit]) for answer in answers]
    return [(f"{way}: reads {one}", (seen, squares, one)) for way, seen, one in zip(ways, light, read, strict=True)]


def show(scores: Scores, options: argparse.Namespace) -> None:
    """Accuracy under each source; and for those trained under, what that wins."""
    print("source          coherence radius         trained with the laser   trained under this source, and the gain")
    print("(mrad)  modes   1st zero    half (um)    accuracy (%)             accuracy (%)    (points, 95 % of Student)")
    for at, radius in enumerate(options.read):
        mean, error = mean_error(scores[0.0][:, at])
        zero, half = (part * WAVELENGTH_UM / radius * 1e3 if radius else np.inf for part in (FIRST_ZERO, HALF))
        count = modes(radius) if radius else 1
        line = f"{radius:6.1f} {count:6d}   {zero:8.0f}    {half:9.0f}    {mean:5.1f} +- {error:4.1f}"
        if radius in scores and radius:
            own, spread = mean_error(scores[radius][:, at])
            gain = scores[radius][:, at] - scores[0.0][:, at]
            low, high = interval(gain)
            line += f"            {own:5.1f} +- {spread:3.1f}"
            line += f"    {gain.mean():5.1f} ({low:.1f} to {high:.1f}), {compared(gain)}"
        print(line)
    if options.read[0] == 0.0:
        for radius in options.trained:
            lost = scores[radius][:, 0] - scores[0.0][:, 0]
            low, high = interval(lost)
            print(
                f"trained at {radius:g} mrad, read with the laser: {lost.mean():+.1f} points ({low:.1f} to {high:.1f})"
            )


def draw(scores: Scores, images: list[tuple[str, Any]], read: list[float]) -> Figure:
    figure = Figure(figsize=(7.8, 4.3), layout="constrained")
    grid = figure.add_gridspec(3, 2, width_ratios=(4.2, 1))
    draw_scores(figure.add_subplot(grid[:, 0]), scores, np.array(read))
    for row, (title, content) in enumerate(images):
        draw_image(figure.add_subplot(grid[row, 1]), title, *content)
    return figure


def draw_scores(ax: Axes, scores: Scores, read: np.ndarray) -> None:
    for colour, (radius, found) in zip(COLOURS, scores.items(), strict=False):
        mean, error = mean_error(found)
        label = f"source of {radius:g} mrad" if radius else "laser"
        look: dict[str, Any] = {"color": colour, "marker": "o", "markersize": 3.5, "linewidth": 1.4}
        ax.errorbar(read, mean, error, capsize=2, elinewidth=0.8, label=label, **look)
        if radius in read:
            ax.plot(radius, mean[list(read).index(radius)], "o", color=colour, markersize=9, fillstyle="none")
    ax.legend(
        title="trained under (ring: read as trained),\nmean and standard error over networks",
        loc="lower left",
        title_fontsize=8,
    )
    ax.set(xlabel=r"angular radius $\alpha$ of the source (mrad)", ylabel="test accuracy (%)", ylim=(None, 100))
    top = ax.secondary_xaxis("top")
    shown = [radius for radius in read if radius and float(radius).is_integer()]
    lengths = [FIRST_ZERO * WAVELENGTH_UM / radius * 1e3 for radius in shown]
    labels = [f"{length:.0f}\n({length / PITCH_UM:.0f})" for length in lengths]
    top.set_xticks([0.0, *shown], [r"$\infty$" + "\n", *labels])
    top.set_xlabel(rf"coherence radius $0.61\,\lambda/\alpha$ (µm; in pixels, of a panel of {PIXELS})")


def draw_image(ax: Axes, title: str, light: Any, detectors: Any, answer: int) -> None:
    """Power on each pixel, with the detectors; the brightest in red."""
    ax.imshow(light, cmap="Greys", vmin=0)
    for number, square in enumerate(detectors):
        rows, columns = np.nonzero(square)
        look: dict[str, Any] = (
            {"color": RED, "linewidth": 1.3} if number == answer else {"color": "0.6", "linewidth": 0.6}
        )
        corner = (columns.min() - 0.5, rows.min() - 0.5)
        ax.add_patch(Rectangle(corner, float(np.ptp(columns)) + 1, float(np.ptp(rows)) + 1, fill=False, **look))
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, fontsize=8, fontweight="normal")
    ax.spines[["top", "right"]].set_visible(True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--epochs", type=int, default=16, help="with the laser")
    parser.add_argument("--retrain", type=int, default=4, help="epochs from there, with the laser or another source")
    parser.add_argument("--seeds", type=int, default=3, help="networks, at least 2")
    parser.add_argument("--read", type=float, nargs="+", default=list(READ_MRAD), help="sources to read under, mrad")
    parser.add_argument("--trained", type=float, nargs="+", default=list(TRAINED_MRAD), help="to train under, mrad")
    parser.add_argument("--out", type=Path, default=Path("partial-coherence.svg"))
    options = parser.parse_args()
    if options.seeds < 2:
        parser.error(f"--seeds {options.seeds}: error bars need at least 2")
    if min(options.trained) <= 0:
        parser.error("--trained: the laser, 0, is always there; sources have a radius above 0")
    with tempfile.TemporaryDirectory() as folder:
        scores, images = study(Path(folder), options)
    show(scores, options)
    with matplotlib.rc_context(LOOK):
        draw(scores, images, options.read).write(options.out)
    print(f"figure: {options.out}")


if __name__ == "__main__":
    main()
