"""How many inputs does light couple that bounces once, twice, three times, and does accuracy follow?

The free-space scatterer of arXiv:2509.05420, read when its source has burnt for n round trips. Light that went round n
times has met n + 1 pixels: the field couples n + 1 inputs at most, an intensity 2 n + 2. Those that no light couples
cannot be combined by any number of such features (the criterion of the paper); those that it does are coupled more or
less strongly: S is the share of the variance that needs all d inputs together.

Left and middle: S in resonators of 8 pixels whose phases are the inputs in rad, in [-2, 2], the other inputs frozen;
mean and standard error over random media. Right: test accuracy on the bundled digits, 64 pixels, one for each, in a
random medium that is not trained; settings are the defaults of the card, the epoch is chosen on the validation part.
Media and first settings are the same at every number of bounces. Three minutes on one core.

    python examples/resonator_bounces.py --out examples/figures/resonator-bounces.png
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path
from typing import Any, Literal

import matplotlib
import numpy as np
from _strengths import LOOK, NONE, draw_strengths
from matplotlib.lines import Line2D
from scipy.stats import t as students_t

import photonics_sim as ps
from photonics_sim.analysis import coupling_spectrum
from photonics_sim.plots import Figure

CARD, PIXELS, JUDGED = "free-space-scatterer", 8, 3
BOUNCES = (1, 2, 3, 4, 6, 8, 0)  # 0 is all
NAMES = [str(n) if n else "all" for n in BOUNCES]
INPUTS = (2, 3, 4, 5)
READOUTS: dict[Literal["coherent", "intensity_sum"], str] = {"coherent": "field", "intensity_sum": "intensity"}
COLOURS = ("#2a6f97", "#3a8f6b", "#b7862c", "#c8553d")


def resonator(bounces: int, seed: int, readout: Literal["coherent", "intensity_sum"]) -> Any:
    """A small resonator whose inputs are phases in rad; read as a field, or as powers that are summed."""
    device: Any = ps.load_device(CARD, inputs=PIXELS, classes=1, bounces=bounces, tolerance=1e-15, seed=seed)
    device.requires_grad_(False).scale.fill_(1.0)
    device.readout = readout
    return device


def strengths(bounces: int, media: int, readout: Literal["coherent", "intensity_sum"]) -> np.ndarray:
    """S of each random medium, `(media, INPUTS)`."""
    rows = []
    for seed in range(media):
        found = coupling_spectrum(resonator(bounces, seed, readout), max(INPUTS), seed=seed)
        rows.append([found[d].share for d in INPUTS])
    return np.array(rows)


def accuracy(bounces: int, seed: int, epochs: int) -> float:
    device = ps.load_device(CARD, bounces=bounces, train_scattering=False, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "run"
        run = ps.train(device, "digits", epochs=epochs, seed=seed, chips=0, progress=False, out=place)
        return float(run.summary["test_accuracy"])


def mean_error(values: np.ndarray) -> tuple[Any, Any]:
    """Mean and standard error over the first axis."""
    return values.mean(0), values.std(0, ddof=1) / math.sqrt(len(values))


def shown(values: np.ndarray) -> str:
    mean, error = mean_error(values)
    return f"{mean:.1e} +- {error:.0e}" if mean > NONE else "none"


def show(coupled: dict[str, list[np.ndarray]], scores: np.ndarray) -> None:
    """A table with what path counting says beside what was found."""
    at = INPUTS.index(JUDGED)
    print(
        f"\n{JUDGED} inputs together: how many may couple by path counting, what the check finds, and S\n"
        '("nondegenerate": sums of such features combine them in any way; "degenerate": some ways stay out of reach)'
    )
    print(f"{'bounces':>7s}" + 2 * f"  {'paths':>5s} {'verdict':13s} {'S':18s}" + "  accuracy")
    print(f"{'':7s}  {'field':38s}  {'intensity':38s}  {'%':>8s}")
    for place, bounces in enumerate(BOUNCES):
        row = f"{NAMES[place]:>7s}"
        for readout, name in READOUTS.items():
            verdict = ps.check_universality(resonator(bounces, 0, readout), JUDGED).verdict
            paths = str((bounces + 1) * (2 if name == "intensity" else 1)) if bounces else "any"
            row += f"  {paths:>5s} {verdict:13s} {shown(coupled[name][place][:, at]):18s}"
        print(row + "  {:.1f} +- {:.1f}".format(*mean_error(100 * scores[place])))


def conclude(coupled: dict[str, list[np.ndarray]], scores: np.ndarray) -> None:
    """Whether accuracy follows the coupling, from the numbers alone."""
    agree = all(
        (values.max(0)[k] > NONE) == (not n or d <= (n + 1) * (2 if name == "intensity" else 1))
        for name, found in coupled.items()
        for n, values in zip(BOUNCES, found, strict=True)
        for k, d in enumerate(INPUTS)
    )
    print(
        f"\ncoupled is {'exactly' if agree else 'NOT'} what path counting allows, for {INPUTS} inputs and all bounces"
    )
    at, few, many = INPUTS.index(JUDGED), 0, len(BOUNCES) - 1
    first, last = (shown(coupled["field"][k][:, at]) for k in (few, many))
    gain, error = mean_error(100 * (scores[many] - scores[few]))
    half = error * students_t.ppf(0.975, scores.shape[1] - 1)
    follows = "rises with it" if gain > half else "falls instead" if -gain > half else "is not seen to follow"
    print(
        f"from {NAMES[few]} bounce to {NAMES[many]}, the coupling of {JUDGED} inputs in the field goes from {first} to "
        f"{last};\naccuracy moves by {gain:+.1f} points (95 % interval {gain - half:+.1f} to {gain + half:+.1f}, "
        f"{scores.shape[1]} paired seeds): it {follows}, on digits and at this size"
    )


def draw(coupled: dict[str, list[np.ndarray]], scores: np.ndarray) -> Figure:
    figure = Figure(figsize=(9.3, 3), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    middle.sharey(left)
    places = np.arange(len(BOUNCES))
    found = {name: np.array([mean_error(values) for values in rows]) for name, rows in coupled.items()}
    lowest = min(values[:, 0][values[:, 0] > NONE].min() for values in found.values())
    floor = 10 ** math.floor(math.log10(lowest) - 0.5)
    for ax, (name, values) in zip((left, middle), found.items(), strict=True):
        for k, colour in enumerate(COLOURS):
            mean, error = values[:, 0, k], values[:, 1, k]
            draw_strengths(ax, places + 0.1 * (k - 1.5), mean, np.stack([error, error]), floor, color=colour)
        ax.set(title=f"Coupled in the {name}", yscale="log", ylim=(floor, 1))
    left.set_ylabel("share of the variance that needs all")
    middle.tick_params(labelleft=False)
    labels = zip(COLOURS, INPUTS, strict=True)
    lines = [Line2D([], [], color=colour, marker="o", markersize=3.5, label=f"{d} inputs") for colour, d in labels]
    lines.append(Line2D([], [], color="0.4", marker="x", markersize=5, linestyle="", label="not coupled"))
    middle.legend(handles=lines, loc="lower right", ncols=2, columnspacing=1)
    mean, error = mean_error(100 * scores.T)
    right.errorbar(places, mean, error, color="#22262b", marker="o", markersize=3.5, capsize=2, elinewidth=0.8)
    right.set(title="Digits", ylabel="test accuracy (%)")
    for ax in (left, middle, right):
        ax.set_xticks(places, NAMES)
        ax.set_xlabel("round trips of the light")
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seeds", type=int, default=5, help="trainings at each number of bounces, at least 2")
    parser.add_argument("--media", type=int, default=20, help="random media in which coupling is asked, at least 2")
    parser.add_argument("--out", type=Path, default=Path("resonator-bounces.svg"))
    options = parser.parse_args()
    if min(options.seeds, options.media) < 2:
        parser.error("errors need at least 2 seeds and 2 media")
    coupled: dict[str, list[np.ndarray]] = {name: [] for name in READOUTS.values()}
    scores = []
    for name, bounces in zip(NAMES, BOUNCES, strict=True):
        for readout, kind in READOUTS.items():
            coupled[kind].append(strengths(bounces, options.media, readout))
        scores.append([accuracy(bounces, seed, options.epochs) for seed in range(options.seeds)])
        print(
            f"bounces: {name:3s}  test accuracy {' '.join(f'{100 * score:.1f}' for score in scores[-1])} %", flush=True
        )
    show(coupled, np.array(scores))
    conclude(coupled, np.array(scores))
    with matplotlib.rc_context(LOOK):
        draw(coupled, np.array(scores)).write(options.out)
    print(f"figure: {options.out}")


if __name__ == "__main__":
    main()
