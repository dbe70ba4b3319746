"""Learning speed of each frequency: predicted from the spectrum, measured in kernel flow and in a trained network."""

from __future__ import annotations

import json
import math
from functools import partial

import pytest
import torch
from torch import Tensor

from photonics_sim import PhotonicsError
from photonics_sim.analysis import ntk
from photonics_sim.analysis.spectral import (
    gegenbauer,
    harmonics,
    learning_speeds,
    learning_times,
    mercer_spectrum,
    residual_by_degree,
    sphere_points,
)
from photonics_sim.networks import ProductNet

DEGREES = (1, 2, 4)
KERNEL = partial(ntk.product, degree=2, branch="relu")


def flow(K: Tensor, residual: Tensor, times: Tensor) -> Tensor:
    """exp(-2 K t / n) r, `(T, n)`: gradient flow of the mean square."""
    values, vectors = torch.linalg.eigh(K)
    decay = torch.exp(-2 * times[:, None] * values / len(K))
    found: Tensor = (decay * (vectors.mT @ residual)) @ vectors.mT
    return found


def measured(x: Tensor, degree: int, rate: float, seeds: range) -> Tensor:
    """Speeds at which harmonics of this degree in several directions start to fall, over the predicted rate."""
    n, d = x.shape
    values, vectors = torch.linalg.eigh(KERNEL(x))
    times = torch.linspace(0, 0.01 / rate, 5, dtype=torch.float64)
    speeds = []
    for seed in seeds:
        zeta = sphere_points(1, d, seed=100 + seed)
        start = harmonics(x, zeta, [degree])[:, 0]
        residual = (torch.exp(-2 * times[:, None] * values / n) * (vectors.mT @ start)) @ vectors.mT
        speeds.append(learning_speeds(times, residual_by_degree(x, zeta, residual, [degree])))
    return torch.cat(speeds) / rate


@pytest.mark.parametrize(("degree", "dimension"), [(1, 3), (2, 3), (4, 3), (5, 10)])
def test_each_degree_starts_at_its_eigenvalue_and_what_points_learn_of_themselves(degree: int, dimension: int) -> None:
    """In five of ten dimensions harmonics outnumber the points, and the eigenvalue tells next to nothing."""
    x = sphere_points(400, dimension, seed=1)
    spectrum = mercer_spectrum(KERNEL, dimension, [degree])
    rate, alone = (learning_times(spectrum, samples=n).first_rates[0] for n in (400, None))
    assert (spectrum.multiplicities[0] > 400) == (rate > 100 * alone)
    ratios = measured(x, degree, rate, range(12))
    error = float(ratios.std()) / 12**0.5
    assert float(ratios.mean()) == pytest.approx(1, abs=min(0.1, 0.03 + 2 * error))


def test_few_samples_learn_high_degrees_by_heart_at_the_rate_of_what_they_do_not_tell_apart() -> None:
    """Until the norm of a harmonic has fallen by e: the rate of the start alone would be wrong by three and more."""
    n, d = 600, 10
    x, (K, spectrum) = sphere_points(n, d, seed=1), (KERNEL, mercer_spectrum(KERNEL, d, range(13)))
    found = learning_times(spectrum, share=math.exp(-1), samples=n)
    values, vectors = torch.linalg.eigh(K(x))
    for k in (1, 2, 5, 8, 12):
        start = harmonics(x, sphere_points(1, d, seed=2 + k), [k])[:, 0]
        parts = (vectors.mT @ start).square()
        times = torch.linspace(0, 3 * found.times[k], 400, dtype=torch.float64)
        left = torch.exp(-2 * times[:, None] * values / n) @ parts / parts.sum()
        fallen = float(times[int((left < math.exp(-1)).double().argmax())])
        assert 0.5 < fallen / found.times[k] < 1.1
        assert k < 5 or found.first_rates[k] * fallen > 2


def test_degrees_learned_by_heart_are_not_learned_between_the_points() -> None:
    n, d, degree = 300, 10, 5
    x, zeta, fresh = sphere_points(n, d, seed=1), sphere_points(1, d, seed=2), sphere_points(1000, d, seed=3)
    at, wanted = (harmonics(points, zeta, [degree])[:, 0] for points in (x, fresh))
    learned = KERNEL(fresh, x) @ torch.linalg.solve(KERNEL(x), at)
    assert float((learned - wanted).norm() / wanted.norm()) > 0.95


def test_a_trained_wide_network_learns_as_fast_as_its_kernel_says() -> None:
    """One network of width m is off its kernel by some 4.4 / sqrt(m) at degree two: 7 % here."""
    n, d, rate, steps = 300, 4, 0.02, 12
    x, zeta = sphere_points(n, d, seed=1), sphere_points(2, d, seed=2)
    target = 0.1 * harmonics(x, zeta, [1, 2]).sum(1)
    net = ProductNet(d, degree=2, width=4096, branch="relu", seed=0).double()
    before = net(x).detach()[:, 0]  # the first function is taken off: flow starts at 0
    optimiser = torch.optim.SGD(net.parameters(), lr=rate)
    residuals = []
    for _ in range(steps):
        residual = net(x)[:, 0] - before - target
        residuals.append(residual.detach())
        optimiser.zero_grad()
        residual.square().mean().backward()
        optimiser.step()
    times = rate * torch.arange(steps, dtype=torch.float64)
    trained, kernel = (
        learning_speeds(times, residual_by_degree(x, zeta, found, [1, 2])).tolist()
        for found in (torch.stack(residuals), flow(KERNEL(x), residuals[0], times))
    )
    predicted = learning_times(mercer_spectrum(KERNEL, d, [1, 2]), samples=n).first_rates
    assert kernel == pytest.approx(predicted, rel=0.06)
    assert trained == pytest.approx(kernel, rel=0.1)


def test_times_and_steps() -> None:
    spectrum = mercer_spectrum(partial(ntk.product, degree=1, branch="relu"), 5, (1, 2, 3))
    found = learning_times(spectrum, share=0.1, learning_rate=0.5)
    assert found.rates == pytest.approx([2 * spectrum.eigenvalues[0], 2 * spectrum.eigenvalues[1], 0])
    assert math.exp(-found.rates[1] * found.times[1]) == pytest.approx(0.1)
    assert found.times[2] == math.inf
    assert found.steps is not None
    assert (1 - 0.5 * found.rates[1]) ** found.steps[1] == pytest.approx(0.1)
    assert learning_times(spectrum, learning_rate=2.1 / found.rates[0]).steps[0] == math.inf  # type: ignore[index]
    assert json.loads(json.dumps(found.to_dict()))["times"][2] is None
    halves = learning_times(spectrum, samples=100, loss="half_sum")
    assert halves.rates == pytest.approx([50 * rate for rate in learning_times(spectrum, samples=100).rates])
    assert halves.first_rates == pytest.approx(
        [50 * rate for rate in learning_times(spectrum, samples=100).first_rates]
    )


def test_the_metric_is_that_of_the_published_code() -> None:
    x, zeta = sphere_points(40, 10), sphere_points(2, 10, seed=1)
    residual = torch.randn(3, 40, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = residual_by_degree(x, zeta, residual, [1, 3], alpha=4.5)
    assert found.shape == (3, 2)
    first = 9 * (x @ zeta[0]) / math.sqrt(40) @ residual[1]  # C_1^(4.5)(t) = 9 t
    assert float(found[1, 0]) == pytest.approx(float(first))
    aligned = residual_by_degree(x, zeta, torch.from_numpy(gegenbauer(3, (x @ zeta[1]).numpy(), 10)), [1, 3])
    assert aligned[1] > 0


def test_bad_questions() -> None:
    spectrum = mercer_spectrum(KERNEL, 3, (1, 2))
    x, zeta = sphere_points(5, 3), sphere_points(2, 3)
    times, falls = torch.arange(6.0), torch.exp(-torch.arange(6.0))[:, None]
    for options, message in (
        ({"share": 1.0}, "share = 1"),
        ({"learning_rate": 0.0}, "learning_rate = 0"),
        ({"samples": 0}, "samples = 0"),
        ({"loss": "half_sum"}, "give samples"),
        ({"loss": "mean_squares"}, r"did you mean mean_square\?"),
    ):
        with pytest.raises(PhotonicsError, match=message):
            learning_times(spectrum, **options)  # type: ignore[arg-type]
    with pytest.raises(PhotonicsError, match=r"residual is \(4,\); expected \(..., 5\)"):
        residual_by_degree(x, zeta, torch.zeros(4), [1, 2])
    with pytest.raises(PhotonicsError, match="training has diverged"):
        residual_by_degree(x, zeta, torch.full((5,), torch.inf), [1, 2])
    with pytest.raises(PhotonicsError, match=r"falls to 0\.5 within 1 readings"):
        learning_speeds(times, falls)
    with pytest.raises(PhotonicsError, match="start off 0"):
        learning_speeds(times, 0 * falls)
    with pytest.raises(PhotonicsError, match="increasing times"):
        learning_speeds(-times, falls)
