"""Which phase error may a modulator have? Accuracy of fabricated chips against the static phase error of their pixels.

Trains the free-space scatterer on the bundled digits (about half a minute), then judges 50 virtual chips at each error,
the same chips at every point, and draws the mean with the range that holds 95 % of them.

    python examples/phase_error_tolerance.py
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import photonics_sim as ps
from photonics_sim.plots import Figure

ERRORS_RAD = (0.01, 0.03, 0.0628, 0.1, 0.2, 0.3, 0.5, 0.8)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--chips", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("phase-error-tolerance.svg"))
    options = parser.parse_args()
    digits = ps.datasets.load("digits")
    run = ps.train(ps.load_device("free-space-scatterer"), digits, epochs=options.epochs, chips=0)
    points = []
    for error in ERRORS_RAD:
        device = ps.load_trained(run, {"modulator.phase_error_rad": error})
        built = ps.evaluate(device, digits, chips=options.chips, seed=1).as_built
        assert built is not None
        points.append((built.mean, *built.interval))
        print(f"{error:6.4f} rad: {100 * built.mean:5.1f} % ({100 * points[-1][1]:.1f} .. {100 * points[-1][2]:.1f})")
    draw(np.array(points), run.summary["test_accuracy"]).write(options.out)
    print(f"figure: {options.out}")


def draw(points: np.ndarray, ideal: float) -> Figure:
    figure = Figure(figsize=(4.5, 3), layout="constrained")
    ax = figure.add_subplot()
    mean, low, high = 100 * points.T
    ax.fill_between(ERRORS_RAD, low, high, alpha=0.25, label="95 % of the chips")
    ax.plot(ERRORS_RAD, mean, marker="o", label="mean of the chips")
    ax.axhline(100 * ideal, color="0.4", linestyle=":", label="ideal")
    ax.axvline(0.0628, color="0.7", linewidth=1)
    ax.annotate("lambda/100", (0.0628, ax.get_ylim()[0]), xytext=(3, 4), textcoords="offset points", color="0.4")
    ax.set_xscale("log")
    ax.set_xlabel("static phase error of a pixel, rms (rad)")
    ax.set_ylabel("test accuracy (%)")
    ax.legend(loc="center left", edgecolor="none", framealpha=1)
    return figure


if __name__ == "__main__":
    main()
