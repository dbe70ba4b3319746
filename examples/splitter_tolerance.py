"""Which splitter error may a mesh have? Matrix error and accuracy, three kinds of cell, with and without correction.

Left: the error of a random 16 x 16 unitary matrix on fabricated chips, against the laws: sigma sqrt(2 (N - 1)) as it
is, sqrt(2/3) N sigma^2 when each Mach-Zehnder cell corrects its own splitters. Right: test accuracy on the bundled
digits, pooled to 16 pixels, of one mesh per topology, mean and standard deviation over chips (a minute in all). Chips
are the same at every point of a curve; the correction knows the splitters, as after a calibration.

    python examples/splitter_tolerance.py
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.lines import Line2D

import photonics_sim as ps
from photonics_sim.mesh import Faults, decompose, haar_unitary, matrix_error, topology
from photonics_sim.plots import Figure

MODES = 16
ERRORS_RAD = (0.003, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12)
TOPOLOGIES = {"clements": "Mach-Zehnder cells", "three-splitter": "three splitters", "fldzhyan": "one splitter"}
COLOURS = {"clements": "#2a6f97", "three-splitter": "#3a8f6b", "fldzhyan": "#c8553d"}
Curves = dict[tuple[str, bool], list[Any]]


def matrix_errors(name: str, chips: int) -> tuple[list[float], list[float]]:
    """Rms error over chips at each splitter error: programmed for ideal splitters, and corrected."""
    plan, U = topology(name, MODES), haar_unitary(MODES, seed=1)
    drawn = torch.randn(chips, plan.splitters, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    plain = decompose(U, plan)
    uncorrected, corrected = [], []
    for error in ERRORS_RAD:
        faults = Faults(angle=math.pi / 4 + error * drawn)
        for found, mesh in (
            (uncorrected, plain.with_faults(faults)),
            (corrected, decompose(U, plan, faults=faults)),
        ):
            found.append(float(matrix_error(mesh.matrix().detach(), U).square().mean().sqrt()))
    return uncorrected, corrected


def accuracies(name: str, chips: int, epochs: int) -> tuple[list[Any], list[Any]]:
    """Test accuracy of each chip at each splitter error, as they are and corrected."""
    digits = ps.datasets.load("digits")
    fields: dict[str, Any] = {"inputs": MODES, "mesh.topology": name}
    card = ps.load_card("mzi-thermo-optic", fields).ideal()
    run = ps.train(ps.device.build_device(card), digits, epochs=epochs, chips=0)
    uncorrected: list[Any] = []
    corrected: list[Any] = []
    for error in ERRORS_RAD:
        device: Any = ps.load_trained(run, {"mesh.splitter.error_rad": error})
        built = [device.as_built(seed) for seed in range(chips)]
        for found, instances in ((uncorrected, built), (corrected, [chip.corrected() for chip in built])):
            found.append([ps.evaluate(chip, digits).score for chip in instances])
    return uncorrected, corrected


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--chips", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--out", type=Path, default=Path("splitter-tolerance.svg"))
    options = parser.parse_args()
    errors: Curves = {}
    scores: Curves = {}
    for name, label in TOPOLOGIES.items():
        errors[name, False], errors[name, True] = matrix_errors(name, options.chips)
        scores[name, False], scores[name, True] = accuracies(name, options.chips, options.epochs)
        for corrected in (False, True):
            at = ERRORS_RAD.index(0.02)
            print(
                f"{label:18s} {'corrected' if corrected else 'as built':9s}, 0.02 rad: matrix error "
                f"{errors[name, corrected][at]:.1e}, accuracy {100 * np.mean(scores[name, corrected][at]):.1f} %"
            )
    draw(errors, scores).write(options.out)
    print(f"figure: {options.out}")


def draw(errors: Curves, scores: Curves) -> Figure:
    figure = Figure(figsize=(7, 3.3), layout="constrained")
    left, right = figure.subplots(1, 2)
    sigma = np.array(ERRORS_RAD)
    for (name, corrected), found in errors.items():
        style = {"color": COLOURS[name], "marker": "o", "markersize": 3, "linestyle": "-" if corrected else "--"}
        left.plot(sigma, np.maximum(found, 1e-9), **style)
        score = 100 * np.array(scores[name, corrected])
        right.errorbar(sigma, score.mean(1), score.std(1), elinewidth=0.8, capsize=2, **style)
    laws = {r"$\sigma\sqrt{2(N-1)}$": sigma * math.sqrt(2 * (MODES - 1)), r"$\sqrt{2/3}\,N\sigma^2$": (
        math.sqrt(2 / 3) * MODES * sigma**2
    )}  # fmt: skip
    for label, law in laws.items():
        left.plot(sigma, law, color="0.6", linewidth=3, alpha=0.5, zorder=0)
        left.annotate(label, (sigma[0], law[0]), xytext=(2, -14), textcoords="offset points", color="0.4", fontsize=8)
    note = f"one splitter, corrected:\nat most {max(errors['fldzhyan', True]):.1e}"
    left.annotate(note, (0.97, 0.03), xycoords="axes fraction", ha="right", color=COLOURS["fldzhyan"], fontsize=7)
    left.set_yscale("log")
    left.set_ylim(1e-5, 3)
    left.set_ylabel(f"error of a random {MODES} x {MODES} matrix")
    right.set_ylabel("test accuracy (%)")
    for ax in (left, right):
        ax.set_xscale("log")
        ax.set_xlabel("error of the splitting angle, rms (rad)")
    kinds = [Line2D([], [], color=COLOURS[name], label=label) for name, label in TOPOLOGIES.items()]
    ways = [
        Line2D([], [], color="0.3", linestyle=line, label=label)
        for line, label in (("--", "as built"), ("-", "corrected"))
    ]
    right.legend(handles=[*kinds, *ways], loc="lower left", fontsize=7)
    return figure


if __name__ == "__main__":
    main()
