"""The empirical kernel of a wide network against stacked Jacobians of its samples, and that of cards."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from _measure import peak_memory_mb, seconds
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap

from photonics_sim import load_device
from photonics_sim.analysis.ntk import empirical
from photonics_sim.device import normal
from photonics_sim.networks import MLP, NestedNet, ProductNet, SkipNet

LIMIT = 10.0  # times faster than stacked Jacobians
WIDTH, DEGREE, POINTS, INPUTS = 1024, 4, 256, 64
CARDS = (
    "mzi-thermo-optic", "ring-bank-silicon", "structural-visible", "relax-slm", "diffractive-visible",
    "free-space-scatterer", "time-multiplexed-electro-optic",
)  # fmt: skip


def stacked(net: nn.Module, x: Tensor) -> Tensor:
    """What people write: Jacobians of all samples, stacked, times their transpose."""
    weights = {name: value.detach() for name, value in net.named_parameters()}

    def alone(values: dict[str, Tensor], sample: Tensor) -> Tensor:
        found: Tensor = functional_call(net, values, (sample,))
        return found[0]

    parts = vmap(jacrev(alone), (None, 0))(weights, x)
    rows = torch.cat([part.flatten(1) for part in parts.values()], 1)
    return rows @ rows.T


def networks() -> None:
    """One row for each network and number type."""
    print(f"\nempirical kernel, width {WIDTH}, degree {DEGREE}, {POINTS} points of {INPUTS} inputs")
    print(
        f"{'':26s} {'ours':>9s} {'stacked':>9s} {'ratio':>7s} {'difference':>11s} {'memory: ours':>15s} {'theirs':>9s}"
    )
    nets: dict[str, Callable[[], nn.Module]] = {
        "product": lambda: ProductNet(INPUTS, degree=DEGREE, width=WIDTH),
        "skip": lambda: SkipNet(INPUTS, degree=DEGREE, width=WIDTH),
        "nested": lambda: NestedNet(INPUTS, degree=2, width=WIDTH),
        "layers": lambda: MLP(INPUTS, depth=2, width=WIDTH),
    }
    for name, make in nets.items():
        for kind in (torch.float32, torch.float64):
            net, x = make().to(kind), (normal(1, POINTS, INPUTS) / 8).to(kind)
            few = x if name in {"product", "skip"} else x[:64]  # a million weights: their Jacobians fill gigabytes
            ours, theirs = seconds(lambda n=net, x=few: empirical(n, x), lambda n=net, x=few: stacked(n, x))
            expected = stacked(net, few)
            apart = float((empirical(net, few) - expected).abs().max() / expected.abs().max())
            memory = [peak_memory_mb(lambda f=f, n=net, x=few: f(n, x)) for f in (empirical, stacked)]
            said = f"{name}, {str(kind)[6:]}" + ("" if len(few) == POINTS else f", {len(few)} points")
            told = "" if name != "product" else f"  (at least {LIMIT:.0f}x asked)"
            print(
                f"{said:26s} {1e3 * ours:6.1f} ms {1e3 * theirs:6.0f} ms {theirs / ours:6.1f}x {apart:11.1e} "
                f"{memory[0]:12.0f} MB {memory[1]:6.0f} MB{told}"
            )


def cards() -> None:
    """Seconds on cards of the size of the digits, by a loop of backward passes and by function transforms."""
    print("\nempirical kernel of cards with 64 inputs and 10 outputs, 16 samples: looped, by torch.func, and by itself")
    for name in CARDS:
        device = load_device(name, inputs=64)
        x = normal(2, 16, 64).float()
        times = []
        for way in ("loop", "transforms", "auto"):
            empirical(device, x[:2], way=way)  # compiles
            start = time.perf_counter()
            empirical(device, x, way=way)
            times.append(time.perf_counter() - start)
        print(f"  {name:24s} {device.out_features:3d} outputs: " + "".join(f"{found:8.2f} s" for found in times))


if __name__ == "__main__":
    torch.set_num_threads(1)
    networks()
    cards()
