"""Can a chip be programmed if nobody knows its faults? Self-configuration by powers against programming it blindly.

Draws chips with random splitters and phase offsets, programs a random unitary matrix on each of them, cell by cell from
measured powers, and draws how much light goes astray against the number of cells that are configured: as programmed for
ideal splitters, as configured by powers, and as corrected with known faults (10 s for 16 modes and 20 chips).

    python examples/self_configuration.py
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import torch
from torch import Tensor

from photonics_sim.device import derive_key, normal
from photonics_sim.mesh import (
    ConfigurationStep,
    Faults,
    VirtualChip,
    decompose,
    haar_unitary,
    matrix_error,
    mesh_matrix,
    self_configure,
    topology,
)
from photonics_sim.plots import Figure

WAYS = ("programmed for ideal splitters", "configured by powers alone", "corrected with known faults")

COLOURS = ("#c8553d", "#2a6f97", "#3a8f6b")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--modes", type=int, default=16)
    parser.add_argument("--sigma", type=float, default=0.03, help="error of the splitter angles, rms (rad)")
    parser.add_argument("--chips", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("self-configuration.svg"))
    options = parser.parse_args()
    chips = [one_chip(options.modes, options.sigma, derive_key(options.seed, chip)) for chip in range(options.chips)]
    astray = torch.stack([chip[0] for chip in chips]).mean(0).sqrt()
    errors = torch.stack([chip[1] for chip in chips]).square().mean(0).sqrt()
    draw(astray, errors, options.modes, options.sigma).write(options.out)
    plain, itself, known = errors.tolist()
    print(
        f"{options.modes} modes, splitters off by {options.sigma:g} rad: programmed for ideal splitters the matrix is "
        f"off by {plain:.2g}; configured by {chips[0][2]} powers, with no fault known, by {itself:.2g}; corrected with "
        f"known faults by {known:.2g}."
    )
    print(f"figure: {options.out}")


def one_chip(modes: int, sigma: float, key: int) -> tuple[Tensor, Tensor, int]:
    """Light astray over cells `(3, cells)`, error of the whole matrix `(3,)`, powers measured."""
    U, mesh = haar_unitary(modes, seed=key), topology("clements", modes)
    offsets = 2 * math.pi * torch.rand(mesh.shifters, generator=torch.Generator().manual_seed(key)).double()
    faults = Faults(math.pi / 4 + sigma * normal(key, mesh.splitters), offsets)
    found = self_configure(VirtualChip(mesh, faults), U)
    steps = [step for step in found.steps if step.cell >= 0]
    # with its unknown offsets the chip would be a random matrix: blind programming is told them
    blind = mesh_matrix(mesh, decompose(U).phases.detach(), Faults(angle=faults.angle))
    corrected = decompose(U, faults=faults).matrix().detach()
    itself = [mesh_matrix(mesh, step.phases, faults) for step in steps]
    ways = ([blind] * len(steps), itself, [corrected] * len(steps))
    errors = [matrix_error(V, U) for V in (blind, mesh_matrix(mesh, found.phases, faults), corrected)]
    return torch.stack([astray(way, steps) for way in ways]), torch.stack(errors), found.measurements


def astray(matrices: list[Tensor], steps: list[ConfigurationStep]) -> Tensor:
    """Square of the error that the first 1, 2, 3 ... nulls show, doubled: of a unitary matrix they see one half."""
    amplitudes = [(step.receiver.conj() @ V @ step.source).abs() for V, step in zip(matrices, steps, strict=True)]
    return 2 / len(matrices[0]) * torch.stack(amplitudes).square().cumsum(0)


def draw(astray: Tensor, errors: Tensor, modes: int, sigma: float) -> Figure:
    figure = Figure(figsize=(5.6, 3.4), layout="constrained")
    ax = figure.add_subplot()
    cells = astray.shape[1]
    laws = (sigma * math.sqrt(2 * (modes - 1)), math.sqrt(2 / 3) * modes * sigma**2)
    texts = (r"law: $\sigma\,\sqrt{2(N-1)}$", r"law: $\sqrt{2/3}\,N\sigma^2$")
    for law, text, above in zip(laws, texts, (4, 13), strict=True):
        ax.axhline(law, color="0.55", linestyle="--", linewidth=0.9, zorder=0)
        ax.annotate(text, (0.5 * cells, law), xytext=(0, above), textcoords="offset points", color="0.4", fontsize=8)
    for curve, error, way, colour, place in zip(astray, errors, WAYS, COLOURS, (1.07, 1.055, 1.085), strict=True):
        ax.plot(range(1, cells + 1), curve, color=colour, label=way)
        ax.plot(place * cells, error, marker="o", markersize=5, color=colour, linestyle="none")
    ax.annotate("whole\nmatrix", (1.07 * cells, 0), xycoords=("data", "axes fraction"), xytext=(0, 5),
                textcoords="offset points", ha="center", color="0.4", fontsize=8)  # fmt: skip
    ax.set_yscale("log")
    ax.set_ylim(laws[1] / 20, laws[0] * 2)
    ax.set_xlim(0, 1.12 * cells)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlabel("cells configured")
    ax.set_ylabel("amplitude astray, rms")
    ax.legend(loc="lower right", bbox_to_anchor=(0.9, 0.02), edgecolor="none", framealpha=1)
    return figure


if __name__ == "__main__":
    main()
