"""How fast and how exact is light over a distance, against raw transforms and against the packages that do the same?

python benchmarks/free_space.py            # some three minutes; the peers come with pip install -e '.[bench]'
python benchmarks/free_space.py --quick    # fewer rounds
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

import torch
from _free_space_peers import peers
from _measure import peak_memory_mb, seconds
from torch import Tensor

from photonics_sim.optics import Propagator, relay

WAVELENGTH, PITCH, DISTANCE = 532e-9, 8e-6, 0.06
Step = Callable[[], object]


def light(*shape: int) -> Tensor:
    return torch.view_as_complex(torch.randn(*shape, 2, generator=torch.Generator().manual_seed(0)))


def both_ways(run: Callable[[Tensor], Tensor], field: Tensor, grad: Tensor) -> Step:
    """Forward, and back to the field."""
    leaf = field.clone().requires_grad_()

    def step() -> None:
        leaf.grad = None
        run(leaf).backward(grad)  # type: ignore[no-untyped-call]

    return step


def error(run: Callable[[Tensor], Tensor], field: Tensor, exact: Tensor) -> float:
    """Rms error of the field against double precision; a phase that is the same everywhere does not count."""
    found = run(field).to(torch.complex128)
    turn = torch.vdot(found.flatten(), exact.flatten())
    return float((found * turn / turn.abs() - exact).norm() / exact.norm())


def single(batch: int, n: int, limits: tuple[float, float], budget_s: float) -> None:
    print(f"\n{batch} x {n} x {n} complex64, padded to twice the width: time over the raw transforms")
    field, grad = light(batch, n, n), light(batch, n, n)
    padded = torch.nn.functional.pad(field, (0, n, 0, n))
    way = Propagator((n, n), pitch=PITCH, wavelength=WAVELENGTH, distance=DISTANCE, method="angular-spectrum")
    (transfer,) = way.operator(field.dtype, field.device).tensors
    H = transfer.contiguous()
    exact = way(field.to(torch.complex128))
    runs: dict[str, Callable[[Tensor], Tensor]] = {
        "photonics_sim": way, **peers(n, PITCH, WAVELENGTH, DISTANCE, field.dtype),
    }  # fmt: skip

    def floor() -> Tensor:
        return torch.fft.ifft2(torch.fft.fft2(padded) * H)

    steps: list[Step] = [floor]
    for run in runs.values():
        steps += [lambda run=run: run(field), both_ways(run, field, grad)]  # type: ignore[misc]
    base, *times = seconds(*steps, budget_s=budget_s)
    print(f"  {'raw fft2 * H, ifft2':26s} 1.00 ({1e3 * base:.0f} ms)")
    for place, (name, run) in enumerate(runs.items()):
        there, back = times[2 * place] / base, times[2 * place + 1] / (2 * base)
        asked = f"  (limits {limits[0]}, {limits[1]})" if not place else ""
        print(f"  {name:26s} forward {there:5.2f}, both {back:5.2f}, field error {error(run, field, exact):.1e}{asked}")


def precision() -> None:
    """Of one field, by distance: the phase of a kernel made in single precision is soon lost."""
    n, field = 128, light(1, 128, 128)
    print("\nfield error of single precision against double, 128 x 128")
    for distance in (1e-3, 1e-2, 0.06, 0.3, 1.0):
        way = Propagator((n, n), pitch=PITCH, wavelength=WAVELENGTH, distance=distance, method="angular-spectrum")
        exact = way(field.to(torch.complex128))
        runs = {"photonics_sim": way, **peers(n, PITCH, WAVELENGTH, distance, field.dtype)}
        shown = ", ".join(f"{name.split()[0]} {error(run, field, exact):.1e}" for name, run in runs.items())
        print(f"  {distance:5.3f} m: {shown}")


def training_step(budget_s: float) -> None:
    n, batch, masks = 200, 32, 5
    way = Propagator((n, n), pitch=PITCH, wavelength=WAVELENGTH, distance=0.03, method="angular-spectrum")
    (transfer,) = way.operator(torch.complex64, torch.device("cpu")).tensors
    phases = torch.zeros(masks, n, n, requires_grad=True)
    optimiser = torch.optim.Adam([phases], lr=0.01)
    x, y = torch.rand(batch, n, n), torch.arange(batch) % 10
    squares = torch.zeros(10, n * n)
    for place in range(10):
        squares[place, 4000 * place : 4000 * place + 400] = 1 / 400

    def step() -> None:
        optimiser.zero_grad()
        masks = torch.complex(phases.cos(), phases.sin())
        sent = relay(torch.complex(x, torch.zeros_like(x)), masks, (transfer,) * 6)
        power = torch.view_as_real(sent).square().sum(-1).flatten(1)
        torch.nn.functional.cross_entropy(power @ squares.mT, y).backward()
        optimiser.step()

    padded, H = light(batch, 2 * n, 2 * n), transfer.contiguous()
    took, base = seconds(step, lambda: torch.fft.ifft2(torch.fft.fft2(padded) * H), budget_s=budget_s)
    print(
        f"\ntraining step, {masks} masks of {n} x {n}, {batch} samples: {took / (12 * base):.2f} of 12 raw passes "
        f"(limit 0.45), peak {peak_memory_mb(step):.0f} MB (limit 160)"
    )
    assert math.isfinite(float(phases.detach().sum()))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    budget = 3.0 if parser.parse_args().quick else 25.0
    torch.set_num_threads(1)
    training_step(budget)
    single(32, 256, (0.45, 0.50), budget)
    single(1, 1024, (0.75, 0.80), budget)
    precision()


if __name__ == "__main__":
    main()
