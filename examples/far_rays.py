"""As which function does a polynomial network leave its data? Sets of Wu et al., NeurIPS 2022 (arXiv:2209.07736).

Kernels of infinitely wide networks, trained to the end on 2,000 points of a cube in 1, 2 and 8 dimensions: a network
of two layers with ReLU (the product of one branch), products of two and three ReLU branches, networks with skip
connections of degree 2 and 3, all with biases, and a product of two branches without any nonlinearity. Targets:
linear, x^T A x, |x|^2, the sum of |x_i|, of their roots and of cos pi x_i; the cube reaches to 1, the test to 10. The
authors' nets are of finite width and see 20,000 points of |x| and of cosines; their helix is left out. The ridge is
chosen on 1,000 points within the cube.

The published measure: along straight rays out of the data, the share of rays on which a polynomial of degree g has R^2
< 0.9; and the lowest degree that leaves little beside what the next power would leave.

Found with three seeds: far out all that was learnt, 54 functions of each kernel, becomes a polynomial of just the
degree of the network (a straight line with two layers; of at most 2 without ReLU). Leaving the data as the right kind
of function is another matter: at ten times the cube only the product without ReLU is right, to rounding, where the
target is a polynomial of its degree; products of two ReLU branches are 7 to 58 % off on quadratic targets, two layers
84 to 90 %. Where the target grows less than the network does (lines, |x|, roots, cosines) higher degrees make it
worse: on |x| in 8 dimensions two layers are 7 % off, a product of three 2,400 %. The claim that quadratic functions
are found exactly where data span the directions holds without ReLU; with ReLU branches and biases it was not seen, and
without biases only where data lie densely (d = 2).

    python examples/far_rays.py     # five minutes of one core
"""

from __future__ import annotations

import argparse
import itertools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import matplotlib
import numpy as np
import torch
from _strengths import LOOK
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from torch import Tensor

from photonics_sim.analysis.extrapolation import FarRays, QuadraticRecovery, far_ray_degree, recovers_quadratic
from photonics_sim.analysis.ntk import KernelRegression, product, skip
from photonics_sim.errors import PhotonicsWarning
from photonics_sim.plots import Figure

Kernel = Callable[[Tensor, Tensor], Tensor]
KERNELS: dict[str, Kernel] = {
    "ReLU, two layers": partial(product, degree=1, bias=1.0),
    "product 2": partial(product, degree=2, bias=1.0),
    "product 3": partial(product, degree=3, bias=1.0),
    "skip 2": partial(skip, degree=2, bias=1.0),
    "skip 3": partial(skip, degree=3, bias=1.0),
    "product 2, identity": partial(product, degree=2, branch="identity", bias=1.0),
}
DEGREE = {"ReLU, two layers": 1, "product 2": 2, "product 3": 3, "skip 2": 2, "skip 3": 3, "product 2, identity": 2}
COLOURS = dict(zip(KERNELS, ("#c8553d", "#2a6f97", "#3a8f6b", "#5fa3c7", "#7fbf9f", "#8a5a9e"), strict=True))
RIDGES = tuple(10.0**power for power in range(-12, 0, 2))  # over the mean diagonal of the kernel
FAR, GONE = 10.0, 100.0
WAY = np.linspace(0, 4, 81)  # along the diagonal
DENSE = "product 2, no bias, x^T A x from 500 points"
EXACT = 1e-3  # errors below it are drawn on the axis
FOLLOWED = (1, 3, 5)  # targets that the figure follows
TARGETS = ("linear", "x^T A x", "|x|^2", "sum |x|", "sum sqrt|x|", "sum cos pi x")


def targets(x: Tensor, seed: int) -> Tensor:
    """One column for each of TARGETS."""
    generator = torch.Generator().manual_seed(seed)
    d = x.shape[1]
    slope, bend = (2 * torch.rand(*shape, generator=generator, dtype=x.dtype) - 1 for shape in ((d,), (d, d)))
    quadratic = ((x @ bend) * x).sum(-1)
    sums = (x.abs().sum(-1), x.abs().sqrt().sum(-1), (torch.pi * x).cos().sum(-1))
    return torch.stack([x @ slope, quadratic, x.square().sum(-1), *sums], dim=-1)


@dataclass(frozen=True)
class Found:
    """Of one kernel and dimension, for each target.

    Attributes:
        inside, outside: Relative rms errors within the cube and far out.
        near, far: What rays say that begin at the cube, and far from it.
        followed: Prediction and target along the diagonal, at WAY, `(places, 2, targets)`, of variance 1 in the cube.
    """

    inside: np.ndarray
    outside: np.ndarray
    near: list[FarRays]
    far: list[FarRays]
    followed: np.ndarray


def learn(kernel: Kernel, dimension: int, seed: int, options: argparse.Namespace) -> Found:
    generator = torch.Generator().manual_seed(seed)
    cube = 2 * torch.rand(options.points + 2000, dimension, generator=generator, dtype=torch.float64) - 1
    x, held, fresh = cube.split([options.points, 1000, 1000])
    away = FAR * (2 * torch.rand(2000, dimension, generator=generator, dtype=torch.float64) - 1)
    y = targets(x, seed)
    middle, scale = y.mean(0), y.std(0)
    matrix = kernel(x, x)
    fit = KernelRegression(matrix, None, (y - middle) / scale)
    fits = [fit.with_ridge(ridge * float(matrix.diagonal().mean())) for ridge in RIDGES]

    def errors(at: Tensor) -> Tensor:
        """`(ridges, targets)`"""
        cross, expected = kernel(at, x), (targets(at, seed) - middle) / scale
        return torch.stack([(fit.predict(cross) - expected).norm(dim=0) / expected.norm(dim=0) for fit in fits])

    chosen, columns = errors(held).argmin(0), torch.arange(len(TARGETS))
    inside, outside = (errors(at)[chosen, columns].numpy() for at in (fresh, away))
    near, far = [], []
    for column, fit in enumerate(fits[choice] for choice in chosen):
        follow = partial(far_ray_degree, lambda at, c=column, fit=fit: fit.predict(kernel(at, x))[:, c], dimension)
        near.append(follow(far=10 * FAR, degrees=4, rays=options.rays, points=32, seed=seed))
        far.append(follow(start=GONE, far=10 * GONE, degrees=4, rays=options.rays, points=32, seed=seed))
    at = torch.from_numpy(WAY)[:, None] * torch.ones(dimension, dtype=torch.float64)
    cross = kernel(at, x)
    found = torch.stack([fits[choice].predict(cross)[:, c] for c, choice in enumerate(chosen)], dim=-1)
    followed = torch.stack([found, (targets(at, seed) - middle) / scale], dim=1)
    return Found(inside, outside, near, far, followed.numpy())


Results = dict[tuple[int, str], list[Found]]  # dimension and kernel; one for each seed


def show(found: Results) -> None:
    print("\nRelative rms error within the cube / at ten times its size, mean over seeds")
    for dimension, name in found:
        if name == next(iter(KERNELS)):
            print(f"\n{f'd = {dimension}':20s}" + "".join(f"{target:>17s}" for target in TARGETS))
        several = found[dimension, name]
        inside, outside = (np.mean([getattr(one, part) for one in several], axis=0) for part in ("inside", "outside"))
        cells = (f"{i:.0e} / {o:.2g}" for i, o in zip(inside, outside, strict=True))
        print(f"{name:20s}" + "".join(f"{cell:>17s}" for cell in cells))
    print("\nShare of rays out of the cube with R^2 < 0.9 for a polynomial of degree 1, 2, 3, all targets")
    for name in KERNELS:
        of_kernel = [one for (_, kernel), several in found.items() if kernel == name for one in several]
        poor = 100 * np.mean([rays.poor[1:4] for one in of_kernel for rays in one.near], axis=0)
        print(f"{name:20s}" + "".join(f"{share:7.1f} %" for share in poor))


def conclude(found: Results, seeds: int) -> None:
    """Each claim with its verdict, from the numbers alone."""
    print("\nClaims of the paper")
    for name, degree in DEGREE.items():
        seen = [
            rays.degree
            for (_, kernel), several in found.items()
            if kernel == name
            for one in several
            for rays in one.far
        ]
        within = sum(one is not None and one <= degree for one in seen)
        full = sum(one == degree for one in seen)
        word = "confirmed" if within == len(seen) else "not confirmed"
        print(
            f"  {name}: far rays are polynomials of degree at most {degree}: {word}, {within} of {len(seen)}; of just "
            f"this degree {full}"
        )
    print("  a quadratic target is found exactly where data span the directions it needs:")
    for name in ("ReLU, two layers", "product 2", "product 2, identity", DENSE):
        trials = [recovers(name, dimension, seed) for dimension in (2, 8) for seed in range(seeds)]
        outside, exact = [one.outside for one in trials], sum(one.recovered for one in trials)
        word = "confirmed" if exact == len(trials) else "not confirmed"
        error = float(np.median(outside))
        print(f"    {name}: {word}, {exact} of {len(trials)} within 1 % at ten radii; median error {error:.2g}")


def recovers(name: str, dimension: int, seed: int) -> QuadraticRecovery:
    """From four times as many points as coefficients; without biases from 500, and x^T A x alone."""
    dense = name == DENSE
    kernel = partial(product, degree=2) if dense else KERNELS[name]

    def fit(x: Tensor, y: Tensor) -> Callable[[Tensor], Tensor]:
        return KernelRegression(kernel, x, y).predict

    points = 500 if dense else 2 * (dimension + 1) * (dimension + 2)
    return recovers_quadratic(fit, dimension, points=points, affine=not dense, seed=seed)


def draw(found: Results) -> Figure:
    figure = Figure(figsize=(9.3, 5.4), layout="constrained")
    dimensions = sorted({dimension for dimension, _ in found})
    shown = dimensions[len(dimensions) // 2]
    upper, lower = figure.add_gridspec(2, 1)
    rays = upper.subgridspec(1, len(FOLLOWED)).subplots()
    for ax, column in zip(rays, FOLLOWED, strict=True):
        draw_ray(ax, {name: found[shown, name][0] for name in KERNELS}, column)
        ax.set_title(f"{TARGETS[column]}, d = {shown}")
    panels = lower.subgridspec(1, len(dimensions)).subplots(sharey=True, squeeze=False)[0]
    for dimension, ax in zip(dimensions, panels, strict=True):
        draw_errors(ax, {name: found[dimension, name] for name in KERNELS})
        ax.set_title(f"d = {dimension}, ten times as far out")
    panels[0].set_ylabel("relative rms error")
    handles = [Line2D([], [], color=colour, marker="o", markersize=4, label=name) for name, colour in COLOURS.items()]
    handles += [Line2D([], [], color="0.1", linestyle=(0, (2, 2)), label="target")]
    handles += [Line2D([], [], color="0.4", marker="v", linestyle="", label=f"below {EXACT:g}")]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles) // 2)
    return figure


def draw_ray(ax: Axes, found: dict[str, Found], column: int) -> None:
    """What kernels make of a target along the diagonal, out of the data."""
    target = next(iter(found.values())).followed[:, -1, column]
    for name, one in found.items():
        ax.plot(WAY, one.followed[:, 0, column], color=COLOURS[name], linewidth=1.2)
    ax.plot(WAY, target, color="0.1", linestyle=(0, (2, 2)), linewidth=1.2)
    low, high = min(target.min(), -3), max(target.max(), 3)
    ax.set_ylim(low - 0.3 * (high - low), high + 0.3 * (high - low))
    ax.axvspan(0, 1, color="#eef1f4", linewidth=0, zorder=0)
    ax.set_xlabel("way along the diagonal (grey: data)")


def draw_errors(ax: Axes, found: dict[str, list[Found]]) -> None:
    """Errors far out, a point for each seed; what is exact stands on the axis."""
    for place, (name, several) in enumerate(found.items()):
        values = np.array([one.outside for one in several])
        x = np.broadcast_to(np.arange(len(TARGETS)) + 0.13 * (place - 2.5), values.shape)
        seen = values > EXACT
        ax.plot(x[seen], values[seen], "o", color=COLOURS[name], markersize=3)
        if not seen.all():  # an empty line that is not clipped would upset the layout
            ax.plot(x[~seen], np.full((~seen).sum(), EXACT), "v", color=COLOURS[name], markersize=4, clip_on=False)
    ax.set(yscale="log", ylim=(EXACT, 3e3))
    ax.set_xticks(range(len(TARGETS)), TARGETS, rotation=30, ha="right", fontsize=7)
    ax.axhline(1, color="0.8", linewidth=0.6, zorder=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--seeds", type=int, default=3, help="of targets and points")
    parser.add_argument("--points", type=int, default=2000, help="of the training data")
    parser.add_argument("--rays", type=int, default=100, help="straight rays out of the data")
    parser.add_argument("--dimensions", type=int, nargs="+", default=[1, 2, 8])
    parser.add_argument("--out", type=Path, default=Path("far-rays.svg"))
    options = parser.parse_args()
    found: Results = {}
    warnings.simplefilter("ignore", PhotonicsWarning)  # of what no kernel without ReLU can learn: the errors tell it
    for dimension, name in itertools.product(options.dimensions, KERNELS):
        found[dimension, name] = [learn(KERNELS[name], dimension, seed, options) for seed in range(options.seeds)]
        print(f"learnt: {name}, {dimension} dimension{'s' * (dimension > 1)}", flush=True)
    show(found)
    conclude(found, options.seeds)
    with matplotlib.rc_context(LOOK):
        draw(found).write(options.out)
    print(f"\nfigure: {options.out}")


if __name__ == "__main__":
    main()
