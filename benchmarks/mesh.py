"""How near is a mesh to a matrix product, and how far ahead of plain torch columns?

Every line is a ratio measured side by side in one process. The floor is torch's complex matrix product of the same size
and batch, with gradients for the input and for all its parameters, as for the mesh.

    python benchmarks/mesh.py            # all, some two minutes
    python benchmarks/mesh.py --quick    # N = 64 alone
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys

import torch
from _measure import peak_memory_mb, seconds
from torch import Tensor

from photonics_sim.mesh import Faults, haar_phases, mesh_matrix, propagate, topology

SIZES = (64, 128, 256, 512)


def field(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.complex64, generator=torch.Generator().manual_seed(1))


def start(modes: int) -> Tensor:
    """Phases of a random unitary matrix; uniform ones where that takes long, which localise the light."""
    plan = topology("clements", modes)
    if modes <= 128:
        return haar_phases(plan, 0).float()
    return 2 * math.pi * torch.rand(plan.shifters, generator=torch.Generator().manual_seed(0))


def columns(modes: int, phases: Tensor, x: Tensor) -> Tensor:
    """The same rectangle in plain vectorised torch: one step per column, fields as (modes, batch)."""
    plan = topology("clements", modes)
    numbers = torch.from_numpy(plan.cell_shifters)
    phi, theta = phases[numbers[:, 0]], phases[numbers[:, 1]]
    common = torch.polar(torch.ones_like(theta), theta / 2 + math.pi / 2)
    arm = torch.polar(torch.ones_like(phi), phi)
    s, c = common * (theta / 2).sin(), common * (theta / 2).cos()
    blocks = torch.stack([arm * s, c, arm * c, -s], -1)[..., None]
    y, first = x.mT, 0
    for place, column in enumerate(plan.columns):
        top = place % 2
        T = blocks[first : first + len(column)]
        first += len(column)
        pairs = y[top : top + 2 * len(column)].unflatten(0, (-1, 2))
        upper, lower = pairs[:, 0], pairs[:, 1]
        mixed = torch.stack([T[:, 0] * upper + T[:, 1] * lower, T[:, 2] * upper + T[:, 3] * lower], 1).flatten(0, 1)
        y = torch.cat([y[:top], mixed, y[top + 2 * len(column) :]])
    out = phases[plan.output_shifters]
    return y.mT * torch.polar(torch.ones_like(out), out)


def against_the_product(modes: int, batch: int, *, with_columns: bool = False) -> None:
    plan, x, g = topology("clements", modes), field(batch, modes).requires_grad_(), field(batch, modes)
    phases, U = start(modes).requires_grad_(), field(modes, modes).requires_grad_()

    def both(y: Tensor, parameter: Tensor) -> None:
        torch.autograd.grad(y, [x, parameter], g)

    floor, ours = zip(
        seconds(lambda: x.detach() @ U.detach().mT, lambda: propagate(plan, phases.detach(), x.detach())),
        seconds(lambda: both(x @ U.mT, U), lambda: both(propagate(plan, phases, x), phases)),
        strict=True,
    )
    line = (
        f"N = {modes:3d}, batch {batch:5d}: product {1e3 * floor[0]:7.3f} / {1e3 * floor[1]:8.3f} ms, mesh "
        f"{1e3 * ours[0]:7.3f} / {1e3 * ours[1]:8.3f} ms: forward {ours[0] / floor[0]:5.2f}x, forward and backward "
        f"{ours[1] / floor[1]:5.2f}x of the product"
    )
    if with_columns:
        (slow,) = seconds(lambda: both(columns(modes, phases, x), phases))
        line += f"; {slow / ours[1]:.0f}x faster than plain torch columns ({1e3 * slow:.0f} ms)"
    print(line)


def build(modes: int) -> None:
    plan, phases, U = topology("clements", modes), start(modes), field(modes, modes)
    floor, ours = seconds(lambda: U @ U, lambda: mesh_matrix(plan, phases))
    print(f"N = {modes:3d}, building the matrix: {1e3 * ours:7.3f} ms, {ours / floor:5.2f}x of a product of two")


def many_chips(modes: int = 64, batch: int = 256, chips: int = 64) -> None:
    plan, phases, x = topology("clements", modes), start(modes), field(batch, modes)
    errors = torch.randn(chips, plan.splitters, generator=torch.Generator().manual_seed(2))
    angles = math.pi / 4 + 0.02 * errors
    together, apart = seconds(
        lambda: propagate(plan, phases, x, Faults(angle=angles), method="sweep"),
        lambda: [propagate(plan, phases, x, Faults(angle=angle), method="sweep") for angle in angles],
    )
    print(
        f"{chips} chips with splitter errors, N = {modes}, batch {batch}: one call {1e3 * together:.0f} ms, {chips} "
        f"calls {1e3 * apart:.0f} ms: {together / apart:.2f} of them"
    )


def threads(modes: int = 256, batch: int = 1024) -> None:
    plan, phases = topology("clements", modes), start(modes).requires_grad_()
    x, g = field(batch, modes).requires_grad_(), field(batch, modes)
    times = {}
    for count in (1, 2):
        torch.set_num_threads(count)
        times[count] = seconds(
            lambda: torch.autograd.grad(propagate(plan, phases, x, method="sweep"), [x, phases], g),
            lambda: g.detach() @ g.detach().mT,
        )
    torch.set_num_threads(1)
    mesh, product = (one / two for one, two in zip(times[1], times[2], strict=True))
    print(
        f"N = {modes}, batch {batch}, swept forward and backward: {mesh:.2f}x as fast on two threads as on one (a "
        f"matrix product {product:.2f}x)"
    )


def memory(modes: int) -> None:
    """Peak of one forward and backward pass above the loaded problem, in processes of their own."""
    batch_mb = 256 * modes * 8 / 2**20
    found = {}
    for side in ("mesh", "columns"):
        command = [sys.executable, __file__, "--memory", side, "--modes", str(modes)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found[side] = float(done.stdout)
    print(
        f"N = {modes:3d}, batch 256: extra peak memory {found['mesh']:.1f} MB, {found['mesh'] / batch_mb:.1f}x the "
        f"batch; plain torch columns {found['columns'] / batch_mb:.0f}x"
    )


def print_peak_memory(side: str, modes: int) -> None:
    plan, phases = topology("clements", modes), start(modes).requires_grad_()
    way = {"mesh": lambda x: propagate(plan, phases, x), "columns": lambda x: columns(modes, phases, x)}[side]

    def both(batch: int) -> None:
        x = field(batch, modes).requires_grad_()
        y = way(x)
        torch.autograd.grad(y, [x, phases], torch.ones_like(y))

    x = field(256, modes).requires_grad_()
    y_grad = torch.ones_like(x)
    both(256 if side == "mesh" else 2)  # compiles, and fills the allocator's caches
    print(peak_memory_mb(lambda: torch.autograd.grad(way(x), [x, phases], y_grad)))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="N = 64 alone")
    parser.add_argument("--memory", choices=["mesh", "columns"], help=argparse.SUPPRESS)
    parser.add_argument("--modes", type=int, default=64, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.memory:
        print_peak_memory(options.memory, options.modes)
        return
    print(f"torch {torch.__version__}, one thread, complex64, rectangle of Mach-Zehnder cells")
    sizes = (64,) if options.quick else SIZES
    for modes in sizes:
        against_the_product(modes, 256, with_columns=modes <= 256)
    for modes in sizes[:3]:
        against_the_product(modes, 16 * modes)
    for modes in sizes:
        against_the_product(modes, 1)
    for modes in sizes:
        build(modes)
    many_chips()
    for modes in sizes:
        memory(modes)
    threads()


if __name__ == "__main__":
    main()
