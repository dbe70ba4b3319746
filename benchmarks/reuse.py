"""What do layers on reused banks cost, in time and in memory?

Every line is a ratio measured side by side in one process.

    python benchmarks/reuse.py
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import torch
from _measure import peak_memory_mb, seconds
from torch import Tensor

from photonics_sim import ReLaXNet
from photonics_sim.mesh import mesh_matrix
from photonics_sim.reuse import MeshBanks

N, BATCH = 64, 256


def inputs(batch: int) -> Tensor:
    return torch.randn(batch, N, generator=torch.Generator().manual_seed(1))


def step(net: ReLaXNet, x: Tensor) -> Callable[[], None]:
    """Forward and backward, for all parameters."""
    parameters = list(net.parameters())

    def run() -> None:
        torch.autograd.grad(net(x).square().mean(), parameters)

    return run


def mesh_banks(weight_sets: int = 2, layers: int = 16) -> None:
    """Against as many dense products, and building the meshes of the banks once; both with their gradients."""
    banks = MeshBanks(weight_sets, N, layers=layers)
    net = ReLaXNet(N, N, 10, weight_sets=weight_sets, layers=layers, bank=banks)
    x = inputs(BATCH)
    W = [torch.randn(N, N, requires_grad=True) for _ in range(layers)]
    leaf, g = x.clone().requires_grad_(), torch.randn(BATCH, N)
    phases = banks.phases.target.detach().flatten(0, 1).requires_grad_()
    cotangent = torch.randn(len(phases), N, N, dtype=torch.complex64)

    def products() -> None:
        for matrix in W:
            torch.autograd.grad(leaf @ matrix.T, [leaf, matrix], g)

    def build() -> None:
        torch.autograd.grad(mesh_matrix(banks.topology, phases), phases, cotangent)

    dense, built, ours = seconds(products, build, step(net, x), budget_s=10)
    print(
        f"mesh banks, N = {N}, L_W = {weight_sets}, L_T = {layers}, batch {BATCH}: {layers} dense products "
        f"{1e3 * dense:.2f} ms, {len(phases)} meshes built once {1e3 * built:.2f} ms, the network {1e3 * ours:.2f} ms: "
        f"{ours / (dense + built):.2f}x of both"
    )


def ideal_banks(layers: int = 16) -> None:
    """Against a plain torch loop of the same equation."""
    net, x = ReLaXNet(N, N, 10, weight_sets=2, layers=layers), inputs(BATCH)
    parameters = [p.detach().clone().requires_grad_() for p in net.parameters()]

    def plain() -> None:
        W, b, win, wout, bout = parameters
        h = x @ win.T
        for t in range(layers):
            h = h + torch.tanh(h @ W[t % 2].T + b[t % 2])
        torch.autograd.grad((h @ wout.T + bout).square().mean(), parameters)

    loop, ours = seconds(plain, step(net, x), budget_s=6)
    print(f"ideal banks, L_T = {layers}, batch {BATCH}: {1e3 * ours:.2f} ms, {ours / loop:.2f}x of a plain loop")


def replicas(layers: int = 16) -> None:
    """Three networks side by side against one."""
    x = inputs(BATCH)
    one, three = (ReLaXNet(N, N, 10, weight_sets=2, layers=layers, replicas=n) for n in (None, 3))
    alone, together = seconds(step(one, x), step(three, x), budget_s=6)
    print(f"three replicas, L_T = {layers}, batch {BATCH}: {together / alone:.2f}x of one")


def memory(layers: int, checkpoints: bool) -> float:
    net = ReLaXNet(N, N, 10, weight_sets=2, layers=layers, checkpoints=checkpoints)
    run = step(net, inputs(16384))
    step(net, inputs(16))()
    return peak_memory_mb(run)


def memories() -> None:
    """Each in a process of its own: what one has freed would be taken again by the next."""

    def peak(layers: int, checkpoints: bool) -> float:
        command = [sys.executable, __file__, "--memory", str(layers), str(int(checkpoints))]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    short, deep, kept = peak(4, True), peak(64, True), peak(64, False)
    print(
        f"peak memory of a step, batch 16384, with checkpoints: L_T = 4 {short:.0f} MB, L_T = 64 {deep:.0f} MB: "
        f"{deep / short:.2f}x (without them {kept:.0f} MB); the step takes {slowdown():.2f}x as long as without"
    )


def slowdown() -> float:
    x = inputs(4096)
    plain, thrifty = (ReLaXNet(N, N, 10, weight_sets=2, layers=64, checkpoints=c) for c in (False, True))
    without, with_ = seconds(step(plain, x), step(thrifty, x), budget_s=6)
    return with_ / without


if __name__ == "__main__":
    torch.set_num_threads(1)
    if "--memory" in sys.argv:
        print(memory(int(sys.argv[-2]), sys.argv[-1] == "1"))
    else:
        mesh_banks()
        ideal_banks()
        replicas()
        memories()
