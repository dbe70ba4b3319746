"""Does visiting a bank again couple inputs that one visit leaves apart? ReLaX-Nets under the universality check.

S is the share of a state's variance that needs three inputs together. It is asked twice: with the dense encoder that
the devices have (electronics mixes all inputs before light meets them, so that any f that is no polynomial is enough),
and as if it were diagonal: each input drives one mode, and only banks and f can bring it together with others.

Left and middle: heated meshes and heated rings of width 8 with the same random matrices (elements of rms 0.5 / sqrt(8))
at all numbers of visits; inputs in [-2, 2], five of eight frozen at random. Right: ideal phase-change cells that couple
neighbours in pairs, the second bank across the pairs of the first; three modes side by side are driven. Geometric
mean and standard error over seeds of matrices and points. Two minutes on one core.

    python examples/reuse_coupling.py --out examples/figures/reuse-coupling.png
"""

from __future__ import annotations

import argparse
import itertools
import math
from pathlib import Path
from typing import Any, Literal

import matplotlib
import numpy as np
import torch
from _strengths import LOOK, NONE, draw_strengths
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from torch import Tensor

import photonics_sim as ps
from photonics_sim.analysis import coupling_spectrum
from photonics_sim.plots import Figure

WIDTH, JUDGED, RMS = 8, 3, 0.5
VISITS, BANKS = (1, 2, 4, 8, 16), (1, 2)
INJECT = {"once": "before the first visit", "every": "at every visit"}
MESHES, RINGS, PAIRS = "relax-mzi-thermo-optic", "relax-mrr", "relax-pcm"
TITLES = {MESHES: "Heated meshes", RINGS: "Heated rings", PAIRS: "Banks of neighbouring pairs"}
COLOURS = {"once": "#2a6f97", "every": "#c8553d"}
LINES: dict[int, Literal["-", "--"]] = {1: "-", 2: "--"}
Encoder = Literal["diagonal", "dense"]
Cell = tuple[str, Encoder, str, int, int]  # card, encoder, inject, banks, visits
Shares = dict[Cell, np.ndarray]


def random_matrices(banks: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(max(BANKS), WIDTH, WIDTH, generator=generator, dtype=torch.float64)
    return RMS / math.sqrt(WIDTH) * drawn[:banks]


def paired_matrices(banks: int, seed: int) -> Tensor:
    """Blocks of 2 x 2 whose rows are as strong: modes 0-1, 2-3, ... in the first bank, 1-2, 3-4, ... in the second."""
    kept = torch.eye(WIDTH, dtype=torch.float64).repeat(max(BANKS), 1, 1)
    for bank in range(max(BANKS)):
        for mode in range(bank, WIDTH, 2):
            pair = [mode, (mode + 1) % WIDTH]
            kept[bank][pair, pair[::-1]] = 1.0
    return math.sqrt(WIDTH / 2) * random_matrices(banks, seed) * kept[:banks]


def processor(name: str, encoder: Encoder, inject: str, banks: int, visits: int, seed: int) -> Any:
    """A device that has not been trained; with banks of pairs, three inputs on modes that lie side by side."""
    fields = {"schedule.weight_sets": banks, "schedule.layers": visits, "network.inject": inject}
    driven = [WIDTH - 1, 0, 1] if name == PAIRS else [*range(WIDTH)]
    device: Any = ps.load_device(name, inputs=len(driven), outputs=1, width=WIDTH, seed=seed, **fields)
    device = (device.ideal() if name == PAIRS else device).double().requires_grad_(False)
    device.banks.program((paired_matrices if name == PAIRS else random_matrices)(banks, seed))
    if encoder == "diagonal":
        device.network.input.weight.copy_(torch.eye(WIDTH)[:, driven])
        device.encoder = encoder
    return device


def cells(visits: list[int]) -> list[Cell]:
    """What is asked: that pairs stay pairs is seen where nothing else mixes."""
    encoders: tuple[Encoder, ...] = ("diagonal", "dense")
    every = itertools.product(TITLES, encoders, INJECT, BANKS, visits)
    return [cell for cell in every if cell[4] >= cell[3] and not (cell[0] == PAIRS and cell[1] == "dense")]


def share(cell: Cell, seed: int) -> float:
    return coupling_spectrum(processor(*cell, seed), JUDGED, seed=seed)[JUDGED].share


def mean_error(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard error of the logarithms (base 10): strengths of several seeds spread over decades."""
    logs = np.log10(values)
    return float(logs.mean()), float(logs.std(ddof=1)) / math.sqrt(len(logs))


def shown(values: np.ndarray) -> str:
    if values.max() < NONE:
        return "none"
    mean, error = mean_error(values)
    return f"{10**mean:.1e} (x/: {10**error:.1f})"


def show(shares: Shares) -> None:
    """Verdict (of one seed) and strength (of all) against visits."""
    print(f'\n{JUDGED} inputs: "yes" where the check finds them coupled up to order 2 each (dense: where f is no')
    print("polynomial), and S: geometric mean over the seeds, with the factor that is its standard error")
    for name, title in TITLES.items():
        columns = list(dict.fromkeys(cell[1:3] for cell in shares if cell[0] == name))
        heads = [f"{encoder}, {inject}" for encoder, inject in columns]
        print(f"\n{title}\nbanks visits" + "".join(f"   {head:23s}" for head in heads))
        for banks, visits in dict.fromkeys(cell[3:] for cell in shares if cell[0] == name):
            row = [asked(shares, (name, *column, banks, visits)) for column in columns]
            print(f"{banks:5d} {visits:6d}" + "".join(f"   {text:23s}" for text in row))


def asked(shares: Shares, cell: Cell) -> str:
    verdict = ps.check_universality(processor(*cell, 0), JUDGED).verdict
    word = {"nondegenerate": "yes", "degenerate": "no"}.get(verdict, "?")
    return f"{word:4s}{shown(shares[cell])}"


def conclude(shares: Shares) -> None:
    """A sentence for each way to use a device, and one for all, from the numbers alone."""
    outcomes = []
    for encoder in dict.fromkeys(cell[1] for cell in shares):
        print(f"\nWith a {encoder} encoder:")
        for name, inject, banks in dict.fromkeys((c[0], *c[2:4]) for c in shares if c[1] == encoder):
            outcome, text = told({c[4]: v for c, v in shares.items() if c[:4] == (name, encoder, inject, banks)})
            outcomes.append(outcome)
            print(f"  {TITLES[name].lower()}, {banks} bank{'s' * (banks > 1)}, input {INJECT[inject]}: {text}")
    counted = ", ".join(f"{outcome} in {outcomes.count(outcome)}" for outcome in dict.fromkeys(outcomes))
    print(f"\nIn short: of {len(outcomes)} ways to use them, visiting banks again {counted}.")


def told(found: dict[int, np.ndarray]) -> tuple[str, str]:
    """What more visits do to the coupling of three inputs, in a word and in a sentence."""
    first, last = min(found), max(found)
    coupled = [visits for visits, values in found.items() if values.max() > NONE]
    if not coupled:
        return "never couples three inputs", f"apart, however many visits (up to {last})"
    log, error = mean_error(found[last] / found[coupled[0]])  # the same seeds: their spread cancels in part
    text = f"{last} visits instead of {coupled[0]} multiply S by {float(f'{10**log:.2g}'):,g}"
    if coupled[0] > first:
        return "couples what the first visits leave apart", f"apart after {first}, coupled from {coupled[0]}; {text}"
    if abs(log) <= 2 * error:
        return "does not surely change the coupling", f"{text}, within chance"
    return f"{'strengthens' if log > 0 else 'weakens'} a coupling that is there", text


def draw(shares: Shares) -> Figure:
    figure = Figure(figsize=(9.3, 3), layout="constrained")
    axes = figure.subplots(1, len(TITLES), sharey=True)
    lowest = min(mean_error(v)[0] for cell, v in shares.items() if cell[1] == "diagonal" and v.max() > NONE)
    floor = 10 ** (math.floor(lowest) - 0.5)
    for ax, (name, title) in zip(axes, TITLES.items(), strict=True):
        draw_device(ax, {cell[2:]: v for cell, v in shares.items() if cell[:2] == (name, "diagonal")}, floor)
        ax.set_title(title)
    axes[0].set_ylabel(f"share of the variance that needs\nall {JUDGED} inputs")
    lines = [Line2D([], [], color=COLOURS[inject], label=f"input {when}") for inject, when in INJECT.items()]
    lines += [Line2D([], [], color="0.4", linestyle=LINES[n], label=f"{n} bank{'s' * (n > 1)}") for n in BANKS]
    lines.append(Line2D([], [], color="0.4", marker="x", markersize=5, linestyle="", label="not coupled"))
    axes[-1].legend(handles=lines, loc="upper left")
    return figure


def draw_device(ax: Axes, found: dict[tuple[Any, ...], np.ndarray], floor: float) -> None:
    for k, (inject, banks) in enumerate(itertools.product(INJECT, BANKS)):
        visits = np.array([cell[2] for cell in found if cell[:2] == (inject, banks)])
        mean, bars = np.zeros(len(visits)), np.zeros((2, len(visits)))
        for place, n in enumerate(visits):
            if (values := found[inject, banks, n]).max() > NONE:
                log, error = mean_error(values)
                mean[place] = 10**log
                bars[:, place] = mean[place] * (1 - 10**-error), mean[place] * (10**error - 1)
        look: Any = {"color": COLOURS[inject], "linestyle": LINES[banks]}
        draw_strengths(ax, visits * 2 ** (0.06 * (k - 1.5)), mean, bars, floor, **look)
    ax.set(xscale="log", yscale="log", ylim=(floor, 1), xlabel="visits of banks, L$_T$")
    ticks = sorted({cell[2] for cell in found})
    ax.set_xticks(ticks, [str(n) for n in ticks])
    ax.minorticks_off()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--seeds", type=int, default=12, help="random matrices and points, at least 2")
    parser.add_argument("--visits", type=int, nargs="+", default=VISITS, help="layers L_T, from few to many")
    parser.add_argument("--out", type=Path, default=Path("reuse-coupling.svg"))
    options = parser.parse_args()
    if options.seeds < 2:
        parser.error("errors need at least 2 seeds")
    shares: Shares = {}
    for cell in cells(options.visits):
        shares[cell] = np.array([share(cell, seed) for seed in range(options.seeds)])
        if cell[3:] == (BANKS[-1], options.visits[-1]):
            print(f"asked: {TITLES[cell[0]].lower()}, {cell[1]} encoder, input {cell[2]}", flush=True)
    show(shares)
    conclude(shares)
    with matplotlib.rc_context(LOOK):
        draw(shares).write(options.out)
    print(f"figure: {options.out}")


if __name__ == "__main__":
    main()
