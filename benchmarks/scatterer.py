"""How fast is a training step of the free-space scatterer, against the published formulation?

The reference is written here as its authors publish it: the symmetric unitary by `torch.matrix_exp`, and for every
sample its own dense linear system through `torch.linalg.solve`, differentiated by autograd; also, for whoever
suspects the comparison, as a loop over systems, which is kinder to the caches and faster. Both sides take the same
weights and data, in one process, one thread, single precision. Printed are medians, ratios, peak memory of a step above
the weights, and the largest difference of loss and gradients.

    python benchmarks/scatterer.py            # about 5 minutes
    python benchmarks/scatterer.py --quick    # R = 1 alone
"""

from __future__ import annotations

import argparse
import copy
import gc
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from _measure import peak_memory_mb
from torch import Tensor
from torch.nn import functional

from photonics_sim import load_device
from photonics_sim.device import Device
from photonics_sim.optics import resolvent, symmetric_unitary

CLASSES, WIDTH, BATCH = 10, 196, 32


def published_outputs(device: Any, x: Tensor) -> Tensor:
    """The published equations for all systems at once: one matrix exponential each, one dense system per sample."""
    d, (c, r) = x.shape[1], device.scale.shape[:2]
    generator = device.generator.reshape(-1, d, d)
    S = torch.matrix_exp(1j * (generator + generator.mT) / 2)
    T = torch.exp(1j * (device.scale.reshape(-1, 1, d) * x + device.bias.reshape(-1, 1, d)))
    source = torch.view_as_complex(device.illumination).reshape(-1, 1, d)
    return _power(_dense(T, S, source).sum(-1).reshape(c, r, -1).sum(1), device)


def looped_outputs(device: Any, x: Tensor) -> Tensor:
    """The same, one system after the other: easier on the caches than the published form."""
    columns = []
    for c in range(device.out_features):
        total = torch.zeros(len(x), dtype=torch.complex64)
        for r in range(device.card.copies):
            generator = device.generator[c, r]
            S = torch.matrix_exp(1j * (generator + generator.T) / 2)
            T = torch.exp(1j * (device.scale[c, r] * x + device.bias[c, r]))
            total = total + _dense(T, S, torch.view_as_complex(device.illumination[c, r])).sum(-1)
        columns.append(total)
    return _power(torch.stack(columns), device)


def _dense(T: Tensor, S: Tensor, source: Tensor) -> Tensor:
    """[2 (I - T S T / 2)]^{-1} source by one dense solve per sample."""
    S = S.unsqueeze(-3) if S.ndim == 3 else S
    system = 2 * (torch.eye(T.shape[-1], dtype=T.dtype) - 0.5 * T.unsqueeze(-1) * S * T.unsqueeze(-2))
    return torch.linalg.solve(system, source.expand(T.shape).unsqueeze(-1)).squeeze(-1)


def _power(focus: Tensor, device: Any) -> Tensor:
    return (focus / math.sqrt(device.card.copies * device.in_features)).abs().square().T


def step(device: Device, outputs: Callable[[Tensor], Tensor], x: Tensor, y: Tensor) -> tuple[float, list[Tensor]]:
    """Loss and gradients of one training step."""
    device.zero_grad(set_to_none=True)
    loss = functional.cross_entropy(outputs(x), y)
    loss.backward()  # type: ignore[no-untyped-call]
    return float(loss.detach()), [p.grad.clone() for p in device.parameters() if p.grad is not None]


def seconds(run: Callable[[], object], repeats: int) -> float:
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def problem(copies: int, batch: int = BATCH, width: int = WIDTH) -> tuple[Any, Tensor, Tensor]:
    device = load_device("free-space-scatterer", inputs=width, classes=CLASSES, copies=copies, seed=0)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(batch, width, generator=generator)
    return device, x, torch.randint(CLASSES, (batch,), generator=generator)


def compare_steps(copies: int) -> None:
    device, x, y = problem(copies)
    fast = seconds(lambda: step(device, device, x, y), 7)
    slow = seconds(lambda: step(device, lambda v: published_outputs(device, v), x, y), 3)
    loop = seconds(lambda: step(device, lambda v: looped_outputs(device, v), x, y), 3)
    small, large = peak_memory("ours", copies), peak_memory("published", copies)
    print(
        f"R = {copies}: training step {1e3 * fast:7.1f} ms, published {1e3 * slow:8.1f} ms: {slow / fast:5.1f}x faster "
        f"({loop / fast:.1f}x than its loop over systems, {1e3 * loop:.1f} ms) | "
        f"peak memory {small:6.0f} MB, published {large:6.0f} MB: {small / large:.3f} of it"
    )


def compare_results() -> None:
    """Both against the published equations in double precision, for R = 1."""
    device, x, y = problem(1)
    double = copy.deepcopy(device).double()
    double.card = device.card.override({"tolerance": 1e-14})
    truth = step(double, lambda v: published_outputs(double, v), x.double(), y)
    for name, found in (
        ("ours, double precision", step(double, double, x.double(), y)),
        ("ours, single precision", step(device, device, x, y)),
        ("published, single precision", step(device, lambda v: published_outputs(device, v), x, y)),
    ):
        gradient = max(float((a - b).norm() / b.norm()) for a, b in zip(found[1], truth[1], strict=True))
        print(
            f"against the published equations in double precision, {name}: loss differs by "
            f"{abs(found[0] - truth[0]) / truth[0]:.1e}, gradients by {gradient:.1e}"
        )


def compare_resolvent() -> None:
    device, x, _ = problem(1)
    with torch.no_grad():
        S = symmetric_unitary(device.generator[:, 0])
    T = torch.exp(1j * (device.scale[:, 0, None] * x + device.bias[:, 0, None])).detach().requires_grad_()
    S = S.requires_grad_()
    s = torch.view_as_complex(device.illumination[:, 0].detach()).requires_grad_()

    def dense() -> Tensor:
        return _dense(T, S, s[:, None])

    def both(field: Callable[[], Tensor]) -> None:
        torch.autograd.grad(field().abs().square().sum(), [T, S, s])

    for name, wrap in (("forward", lambda f: f()), ("forward and backward", both)):
        fast, slow = (
            seconds(lambda w=wrap: w(lambda: resolvent(T, S, s)), 9),
            seconds(lambda w=wrap: w(dense), 3),
        )
        print(f"resolvent alone, {name}: {1e3 * fast:.1f} ms, dense solve {1e3 * slow:.1f} ms: {fast / slow:.3f} of it")
    product = torch.bmm(T.detach(), S.detach())
    floor = seconds(lambda: torch.bmm(T.detach(), S.detach(), out=product), 21)
    print(f"floor: one product with S takes {1e3 * floor:.2f} ms; the tolerance 1e-6 needs 19 forward and 19 backward")


def growth() -> None:
    for name, values in (("d", (49, 100, 196, 400)), ("R", (1, 2, 4, 8)), ("batch", (8, 32, 128, 512))):
        cells = []
        for value in values:
            sizes = {"d": 196, "R": 1, "batch": BATCH} | {name: value}
            device, x, y = problem(sizes["R"], sizes["batch"], sizes["d"])
            cells.append(f"{value}: {1e3 * seconds(lambda d=device, a=x, b=y: step(d, d, a, b), 3):.0f} ms")
        print(f"training step over {name}:  " + "   ".join(cells))


def peak_memory(side: str, copies: int) -> float:
    """Peak resident memory of one step above that of the loaded problem, in MB, in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--memory", side, "--copies", str(copies)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def print_peak_memory(side: str, copies: int) -> None:
    device, x, y = problem(copies)
    small, a, b = problem(1, 2, 9)  # loads the libraries' own code and buffers first
    step(small, small, a, b)
    step(small, lambda v: published_outputs(small, v), a, b)
    gc.collect()
    outputs = device if side == "ours" else lambda v: published_outputs(device, v)
    print(peak_memory_mb(lambda: step(device, outputs, x, y)))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="R = 1 alone")
    parser.add_argument("--memory", choices=["ours", "published"], help=argparse.SUPPRESS)
    parser.add_argument("--copies", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.memory:
        print_peak_memory(options.memory, options.copies)
        return
    print(f"torch {torch.__version__}, one thread, batch {BATCH}, d = {WIDTH}, {CLASSES} classes, complex64")
    compare_resolvent()  # first: its dense solve is up to three times faster in memory that an earlier one has warmed
    compare_results()
    compare_steps(1)
    if not options.quick:
        compare_steps(4)
    if not options.quick:
        growth()


if __name__ == "__main__":
    main()
