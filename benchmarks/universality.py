"""What does a universality check cost, and what do nested derivatives cost and give against finite differences?

Derivatives are compared at the best that each way can do: steps and extrapolations of the finite differences are those
that come nearest to the derivative that is known in closed form.

    python benchmarks/universality.py            # all, some fifty seconds
    python benchmarks/universality.py --quick    # up to 3 inputs and order 2
"""

from __future__ import annotations

import argparse
import itertools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from _measure import seconds
from torch import Tensor

from photonics_sim import load_device
from photonics_sim.analysis import check_universality
from photonics_sim.analysis.universality._probe import Probe
from photonics_sim.analysis.universality._tower import derivative

CARDS = ("free-space-scatterer", "mzi-thermo-optic")
LIMIT_S = {"analytic": 5.0, "card": 20.0}
STEPS = [2.0**-k for k in range(1, 40)]
LEVELS = 5  # of Richardson's extrapolation
POINTS = 64  # as a check takes them


def waves(x: Tensor) -> Tensor:
    return torch.exp(1j * x.sum(-1))


def bent(x: Tensor) -> Tensor:
    return x.sum(-1).tanh()


def waves_derived(x: Tensor, order: int) -> Tensor:
    return 1j**order * waves(x)


def bent_derived(x: Tensor, order: int) -> Tensor:
    """Each derivative of tanh is a polynomial of it: P becomes (1 - t^2) P'."""
    polynomial = [0.0, 1.0]  # coefficients of t^0, t^1, ...
    for _ in range(order):
        slope = [k * c for k, c in enumerate(polynomial)][1:]
        polynomial = [a - b for a, b in itertools.zip_longest([*slope, 0, 0], [0, 0, *slope], fillvalue=0)]
    t = bent(x)
    return sum((c * t**k for k, c in enumerate(polynomial)), torch.zeros_like(t))


ENCODINGS = {"exp(i sum x)": (waves, waves_derived), "tanh(sum x)": (bent, bent_derived)}


def once(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def checks(largest: int, orders: int) -> None:
    for name, (encoding, _) in ENCODINGS.items():
        print(f"\ncheck_universality of {name} in s, by inputs d (down) and order K (across)")
        print("  d " + "".join(f"{f'K = {order}':>9s}" for order in range(1, orders + 1)))
        for inputs in range(1, largest + 1):
            row = [
                once(lambda d=inputs, K=K, f=encoding: check_universality(f, d, order=K)) for K in range(1, orders + 1)
            ]
            print(f"{inputs:3d} " + "".join(f"{found:9.2f}" for found in row))
    print("\ncheck_universality at its defaults, 3 inputs, order 2")
    asked: dict[str, tuple[str, object]] = {name: ("analytic", f) for name, (f, _) in ENCODINGS.items()}
    asked |= {name: ("card", load_device(name)) for name in CARDS}
    for name, (kind, response) in asked.items():
        found = min(once(lambda r=response: check_universality(r, 3)) for _ in range(2))
        print(f"  {name:24s} {found:6.2f} s, {found / LIMIT_S[kind]:5.1%} of the {LIMIT_S[kind]:.0f} s it may take")


@dataclass(frozen=True)
class Differences:
    """Central differences at steps h, h / 2, ..., combined so that even powers of h cancel."""

    alpha: tuple[int, ...]
    step: float
    levels: int

    def __call__(self, encoding: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """The derivative at points `(n, inputs)`, `(n,)`, all values in one call."""
        axes = [((-1, -0.5), (1, 0.5)) if order == 1 else ((-1, 1.0), (0, -2.0), (1, 1.0)) for order in self.alpha]
        corners = list(itertools.product(*axes))
        places = torch.tensor([[place for place, _ in corner] for corner in corners], dtype=x.dtype)
        weights = torch.tensor([math.prod(weight for _, weight in corner) for corner in corners], dtype=x.dtype)
        h = self.step / 2.0 ** torch.arange(self.levels, dtype=x.dtype)
        values = encoding((x[:, None, None] + h[:, None, None] * places).flatten(0, 2))
        table = list(
            (values.unflatten(0, (len(x), self.levels, -1)) @ weights.to(values) / h ** sum(self.alpha)).unbind(-1)
        )
        for k in range(1, self.levels):
            table = [(4**k * fine - coarse) / (4**k - 1) for coarse, fine in itertools.pairwise(table)]
        return table[0]


def nearest(
    encoding: Callable[[Tensor], Tensor], x: Tensor, truth: Tensor, alpha: tuple[int, ...]
) -> list[Differences]:
    """For each number of levels the step whose differences miss the truth least."""
    tried = [[Differences(alpha, step, levels) for step in STEPS] for levels in range(1, LEVELS + 1)]
    return [min(row, key=lambda one: error(one(encoding, x), truth)) for row in tried]


def error(found: Tensor, truth: Tensor) -> float:
    return float((found - truth).abs().max() / truth.abs().max())


def derivatives() -> None:
    print(f"\nmixed derivatives at {POINTS} points; errors are the largest over the largest derivative")
    for (name, (encoding, exact)), alpha in itertools.product(ENCODINGS.items(), [(1, 1, 1), (2, 2, 2)]):
        probe = Probe(encoding, len(alpha))
        x = probe.points("benchmark", POINTS)
        truth = exact(x, sum(alpha))
        best = nearest(encoding, x, truth, alpha)
        runs: list[Callable[[], object]] = [lambda p=probe, a=alpha, x=x: derivative(p, a, x)]
        runs += [lambda one=one, f=encoding, x=x: one(f, x) for one in best]
        nested, *times = seconds(*runs)
        exactly = error(derivative(probe, alpha, x), truth)
        print(f"{name}, order {alpha}: nested forward mode {1e3 * nested:.2f} ms, error {exactly:.1e}")
        for one, found in zip(best, times, strict=True):
            missed = error(one(encoding, x), truth)
            levels = f"{one.levels} step{'s' if one.levels > 1 else ' '} from {one.step:7.1e}"
            cost = f"{1e3 * found:5.2f} ms, {found / nested:6.3f}x of it"
            print(f"  differences, {levels}: {cost}; error {missed:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="up to 3 inputs and order 2")
    parser.add_argument("--threads", type=int, default=1, help="of the checks; on busy cores a second one only waits")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"torch {torch.__version__}, {options.threads} thread{'s' if options.threads > 1 else ''}")
    check_universality(waves, 2)  # loads and compiles
    checks(3, 2) if options.quick else checks(5, 4)
    torch.set_num_threads(1)
    derivatives()


if __name__ == "__main__":
    main()
