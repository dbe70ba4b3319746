"""What do kernels cost: closed forms over the inner products they are made of, and empirical ones over Jacobians?

The floor of the closed forms is the Gram matrix of the inputs' directions and one pass of arccos over it, in place.

    python benchmarks/ntk.py                          # all, some five minutes
    python benchmarks/ntk.py --only closed            # closed forms alone, two minutes; or empirical
    python benchmarks/ntk.py --peer-python PYTHON     # and neural-tangents, by a Python that has it
    python benchmarks/ntk.py --large                  # and 20,000 x 20,000, which takes 3.3 GB

neural-tangents 0.6.5 needs an old JAX, in an environment of its own:
`pip install jax==0.4.30 jaxlib==0.4.30 neural-tangents==0.6.5 tf2jax==0.3.6 "numpy<2"`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import _ntk_empirical
import numpy as np
import torch
from _measure import peak_memory_mb, seconds
from torch import Tensor

from photonics_sim.analysis import ntk

POINTS, FEATURES = 4096, 64
MATRIX_MB = 8 * POINTS**2 / 2**20
ASKED = 2.5  # times the floor


def inputs(seed: int, count: int = POINTS) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, FEATURES, dtype=torch.float64, generator=generator) / FEATURES**0.5


def floor(x: Tensor, y: Tensor) -> Tensor:
    u, v = (part / part.norm(dim=1, keepdim=True) for part in (x, y))
    return (u @ v.mT).acos_()


def row(name: str, kernel: Callable[..., Tensor], budget_s: float) -> None:
    """Time over the floor and peak memory in matrices, of two sets of inputs and of one."""
    x, y = inputs(0), inputs(1)
    runs: list[Callable[[], object]] = [partial(floor, x, y), partial(kernel, x, y), partial(kernel, x)]
    base, both, one = seconds(*runs, budget_s=budget_s)
    memory = [peak_memory_mb(run) / MATRIX_MB for run in runs[1:]]
    print(
        f"  {name:28s} x, y {both / base:5.2f}x, {memory[0]:.2f} matrices; x alone {one / base:5.2f}x, {memory[1]:.2f} "
        f"(floor {base:.2f} s)"
    )


def closed_forms(budget_s: float) -> None:
    print(f"\n{POINTS} x {POINTS}, d = {FEATURES}: time over Gram matrix and arccos (asked {ASKED}x, 3 matrices)")
    for branch in ("relu", "identity"):
        for degree in (3, 4):
            row(f"product {degree}, {branch}", partial(ntk.product, degree=degree, branch=branch), budget_s)
    row("product 3, (0, 1, 0.5)", partial(ntk.product, degree=3, branch=(0, 1, 0.5)), budget_s)
    for kernel in (ntk.skip, ntk.nested):
        row(f"{kernel.__name__} 3, relu", partial(kernel, degree=3), budget_s)
    for depth in (1, 3):
        row(f"relu_mlp {depth}", partial(ntk.relu_mlp, depth=depth), budget_s)


class Peer:
    """neural-tangents in a process of its own, one thread, which computes a kernel whenever it is asked to."""

    def __init__(self, python: str, folder: str, x: Tensor, y: Tensor, degree: int, branch: str) -> None:
        np.savez(Path(folder) / "asked.npz", x=x.numpy(), y=y.numpy(), degree=degree, branch=branch)
        lone = {
            "OMP_NUM_THREADS": "1",
            "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
        }
        command = [python, str(Path(__file__).with_name("_ntk_peer.py")), folder]
        self.process = subprocess.Popen(
            command, env=os.environ | lone, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True,
        )  # fmt: skip
        self.version = self._answer()
        with np.load(Path(folder) / "given.npz") as given:
            self.kernel = torch.as_tensor(given["kernel"])

    def _answer(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        if not line:
            raise SystemExit(f"{self.process.args!r} has ended: has that Python neural-tangents?")
        return line

    def compute(self, what: str) -> None:
        assert self.process.stdin is not None
        print(what, file=self.process.stdin, flush=True)
        self._answer()

    def close(self) -> None:
        self.process.communicate()


@contextmanager
def one_core() -> Iterator[None]:
    """For this process and those it starts: XLA computes on all cores, whatever it is told of threads."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


@one_core()
def peer(python: str, budget_s: float) -> None:
    """Equality and time of the product form, in turns, on one core."""
    x, y = inputs(0), inputs(1)
    for branch in ("relu", "identity"):
        for degree in (3, 4):
            kernel = partial(ntk.product, degree=degree, branch=branch)
            with tempfile.TemporaryDirectory() as folder:
                other = Peer(python, folder, x, y, degree, branch)
                runs: list[Callable[[], object]] = [
                    partial(kernel, x, y), partial(kernel, x),
                    partial(other.compute, "x, y"), partial(other.compute, "x alone"),
                ]  # fmt: skip
                both, one, their_both, their_one = seconds(*runs, budget_s=budget_s)
                other.close()
            off = float((kernel(x, y) - other.kernel).abs().max() / other.kernel.abs().max())
            print(
                f"  product {degree}, {branch:8s}: it takes {their_both / both:.1f}x our time for x, y and "
                f"{their_one / one:.1f}x for x alone; {off:.0e} of the largest entry apart ({other.version})"
            )


def large(count: int = 20_000) -> None:
    x = inputs(0, count)
    start = time.perf_counter()
    peak = peak_memory_mb(lambda: ntk.product(x, degree=3))
    took = time.perf_counter() - start
    print(f"\n{count:,} x {count:,}, relu, degree 3: {took:.0f} s, peak {peak / 1024:.2f} GiB of memory", end="")
    print(f", of which the result is {8 * count**2 / 2**30:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--large", action="store_true", help="20,000 x 20,000 too")
    parser.add_argument("--only", choices=["closed", "empirical"], help="one part of it")
    parser.add_argument("--peer-python", metavar="PYTHON", help="an interpreter with neural-tangents")
    options = parser.parse_args()
    budget = 3.0 if options.quick else 12.0
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, one thread")
    if options.only != "empirical":
        closed_forms(budget)
        if options.peer_python:
            print(f"\n{POINTS} x {POINTS}, d = {FEATURES}, against neural-tangents, both on one core")
            peer(options.peer_python, budget)
        else:
            print("\n(neural-tangents: give --peer-python, an interpreter that has it)")
    if options.large:
        large()
    if options.only != "closed":
        _ntk_empirical.networks()
        _ntk_empirical.cards()


if __name__ == "__main__":
    main()
