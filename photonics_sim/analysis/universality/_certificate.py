"""What a degenerate encoding can never do, and what a non-degenerate one does with few features."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from photonics_sim.analysis.universality._findings import Certificate
from photonics_sim.analysis.universality._probe import Probe
from photonics_sim.analysis.universality._stencil import tensor_stencil
from photonics_sim.errors import PhotonicsError

Target = Callable[[Tensor], Tensor]


def annihilator(probe: Probe, alpha: tuple[int, ...], features: int = 256) -> Certificate:
    """A signed measure mu of mass 1 on corners of [-1, 1]^d that is 0 on all features sigma(a x + b).

    Any sum of features misses x^alpha by |mu(x^alpha)| at least: |mu(f - sum)| <= max |f - sum|.
    """
    corners, weights = tensor_stencil(alpha)
    orders = torch.tensor(alpha, dtype=torch.float64)
    nodes = torch.where(orders > 0, 2 * corners / orders.clamp_min(1) - 1, torch.zeros_like(corners))
    measure = weights / weights.abs().sum()
    values = feature_matrix(probe, nodes, features)
    scale = values.abs().amax(0).clamp_min(torch.finfo(torch.float64).tiny)
    leak = float(((measure.to(values) @ values).abs() / scale).max())
    target = nodes.pow(orders).prod(-1)
    return Certificate(alpha, abs(float(measure @ target)), leak)


def feature_matrix(probe: Probe, points: Tensor, features: int) -> Tensor:
    """sigma(a x + b) of random features at points `(n, inputs)`, `(n, features)`: a matrix a for a dense encoder."""
    d = probe.inputs
    a = torch.randn(features, d, generator=probe.generator("a"), dtype=torch.float64)
    low, high = probe.domain
    b = low + (high - low) * torch.rand(a.shape, generator=probe.generator("b"), dtype=torch.float64)
    if probe.encoder == "dense":
        mixed = torch.randn(features, d, d, generator=probe.generator("mixing"), dtype=torch.float64)
        arguments = torch.einsum("fij,nj->nfi", mixed / math.sqrt(d), points) + b
    else:
        arguments = points.unsqueeze(1) * a + b
    values: Tensor = probe(arguments.flatten(0, 1)).unflatten(0, arguments.shape[:2])
    return values


TARGETS: dict[str, Target] = {
    "x1 ... xd": lambda x: x.prod(-1),
    "cos(2 sum x)": lambda x: (2 * x.sum(-1)).cos(),
}


def span_residuals(
    probe: Probe, sizes: Sequence[int], targets: Mapping[str, Target] = TARGETS
) -> dict[str, list[float]]:
    """Held-out relative residual of least squares on random features, by target and number of features.

    Args:
        probe: The response.
        sizes: Numbers of features.
        targets: Functions of points `(n, inputs)` in [-1, 1]^d, by name.
    """
    rows = 2 * max(sizes)
    low, high = probe.domain
    train, test = (2 * (probe.points(f"span {part}", rows) - low) / (high - low) - 1 for part in ("train", "test"))
    at_train, at_test = (feature_matrix(probe, x, max(sizes)) for x in (train, test))
    found: dict[str, list[float]] = {}
    for name, target in targets.items():
        wanted, held = target(train).to(at_train), target(test).to(at_train)
        _check_target(name, held)
        found[name] = []
        for size in sizes:
            weights = torch.linalg.lstsq(at_train[:, :size], wanted.unsqueeze(-1), rcond=1e-12, driver="gelsd").solution
            missed = at_test[:, :size] @ weights.squeeze(-1) - held
            found[name].append(float(missed.norm() / (held - held.mean()).norm()))
    return found


def _check_target(name: str, values: Tensor) -> None:
    if not bool(torch.isfinite(values.abs()).all()) or not bool((values != values[0]).any()):
        raise PhotonicsError(f"the function {name!r} is not finite, or constant: there is nothing to approximate")
