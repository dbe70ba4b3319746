"""Regression with a kernel: limits in time, what cannot be learnt, and wide networks that follow it."""

from __future__ import annotations

import math
import warnings

import pytest
import torch
from torch import Tensor, nn

from photonics_sim import PhotonicsError
from photonics_sim.analysis.ntk import KernelRegression, empirical, flow_time, product
from photonics_sim.device import normal
from photonics_sim.errors import PhotonicsWarning
from photonics_sim.networks import ProductNet
from photonics_sim.testing import assert_close

X, NEW = normal(1, 12, 3), normal(2, 5, 3)
Y = normal(3, 12, 2)


def gaussian(x: Tensor, y: Tensor) -> Tensor:
    return torch.exp(-torch.cdist(x, y).square() / 4)


def linear(x: Tensor, y: Tensor) -> Tensor:
    return x @ y.T


def test_limits_in_time() -> None:
    found = KernelRegression(gaussian, X, Y)
    k, cross = gaussian(X, X), gaussian(NEW, X)
    assert_close(found.predict(X), Y, "law")
    assert_close(found.predict(NEW), cross @ torch.linalg.solve(k, Y), "law")
    assert_close(found.predict(NEW, 1e9), found.predict(NEW), "law")
    assert_close(found.predict(NEW, 1e-9) / 1e-9, cross @ Y, "gradient")
    assert float(found.predict(NEW, 0.0).abs().max()) == 0
    assert_close(found.fitted(3.0), found.predict(X, 3.0))
    single = KernelRegression(gaussian, X, Y[:, 0])
    assert_close(single.predict(NEW, 2.0), found.predict(NEW, 2.0)[:, 0])
    matrix = KernelRegression(k, None, Y)
    assert_close(matrix.predict(cross, 2.0), found.predict(NEW, 2.0))


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_the_flow_is_the_solution_of_its_equation(ridge: float) -> None:
    found, k = KernelRegression(gaussian, X, Y, ridge), gaussian(X, X)
    time, step = 1.7, 1e-4
    slope = (found.fitted(time + step) - found.fitted(time - step)) / (2 * step)
    f = found.fitted(time)
    assert_close(slope, k @ (Y - f) - ridge * f, "gradient")


def test_ridge_is_the_ridge_solution() -> None:
    found = KernelRegression(gaussian, X, Y, 0.2)
    eye = torch.eye(12, dtype=torch.float64)
    assert_close(found.predict(NEW), gaussian(NEW, X) @ torch.linalg.solve(gaussian(X, X) + 0.2 * eye, Y))
    values = torch.linalg.eigvalsh(gaussian(X, X))
    assert found.condition_number == pytest.approx(float((values[-1] + 0.2) / (values[0] + 0.2)))


def test_a_line_is_learnt_with_a_linear_kernel() -> None:
    y = X @ torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    found = KernelRegression(linear, X, y)  # rank 3 of 12, and the targets lie in it: nothing to warn of
    assert found.rank == 3
    assert found.condition_number == math.inf
    assert found.unlearnable == ()
    assert found.unlearnable_directions.shape == (12, 9)
    assert_close(found.predict(NEW), NEW @ torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64), "law")
    assert float((linear(X, X) @ found.unlearnable_directions).abs().max()) < 1e-12


def test_what_cannot_be_learnt_is_said() -> None:
    x = torch.cat([X[:4], X[:2], torch.zeros(1, 3, dtype=torch.float64)])
    k = linear(x, x) + 0.1 * linear(x, x) ** 2
    y = torch.tensor([1.0, 2.0, 0.0, 1.0, 3.0, 2.0, 0.5], dtype=torch.float64)
    with pytest.warns(PhotonicsWarning, match=r"sample 6 is a zero vector.*1 pair of samples \(0 and 4\)"):
        found = KernelRegression(k, None, y)
    assert_close(found.fitted()[[0, 4, 1, 6]], torch.tensor([2.0, 2.0, 2.0, 0.0], dtype=torch.float64), "law")
    assert found.learning_time(0.9999) == math.inf
    expected = (1.0 + 1.0 + 0.25) / float(y.square().sum())  # each of the two misses their mean by 1
    assert found.unlearnable_share == pytest.approx(expected, rel=1e-9)
    with pytest.warns(PhotonicsWarning, match="% of the targets' energy lies along directions"):
        KernelRegression(linear, X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        KernelRegression(k, None, y, ridge=1e-3)
        KernelRegression(k, None, y * 0)


def test_many_equal_targets_are_equal() -> None:
    x = X.repeat(4, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert KernelRegression(gaussian, x, Y.repeat(4, 1) + 100).unlearnable == ()


def test_spectrum_and_alignment() -> None:
    vectors = torch.linalg.qr(normal(5, 4, 4)).Q
    values = torch.tensor([8.0, 4.0, 2.0, 1.0], dtype=torch.float64)
    y = vectors @ torch.tensor([2.0, 1.0, 0.0, 0.0], dtype=torch.float64)
    found = KernelRegression(vectors * values @ vectors.T, None, y)
    assert_close(found.eigenvalues, values)
    assert_close(found.alignment, torch.tensor([0.8, 0.2, 0.0, 0.0], dtype=torch.float64))
    assert found.condition_number == pytest.approx(8)
    shares = [8 / 15, 4 / 15, 2 / 15, 1 / 15]
    assert found.effective_rank == pytest.approx(math.exp(-sum(p * math.log(p) for p in shares)))
    time = found.learning_time(0.9)
    assert 0.8 * math.exp(-16 * time) + 0.2 * math.exp(-8 * time) == pytest.approx(0.1)
    left = (y - found.fitted(time)).square().sum() / y.square().sum()
    assert float(left) == pytest.approx(0.1)
    one = KernelRegression(torch.eye(5, dtype=torch.float64), None, torch.ones(5))
    assert one.effective_rank == pytest.approx(5)


def trained(width: int, steps: int, lr: float, reduction: str) -> tuple[Tensor, Tensor]:
    """What a network learnt by gradient descent, and what its kernel at the start foretells, at new points."""
    x, y = X[:6] / 2, Y[:6]
    net = ProductNet(3, 2, degree=2, width=width, seed=4).double()
    regression = KernelRegression(lambda a, b: empirical(net, a, b), x, y - net(x).detach(), 0.0)
    start = net(NEW).detach()
    time = flow_time(steps, lr, 6, 2, reduction=reduction)  # type: ignore[arg-type]
    foretold = start + regression.predict(NEW, time)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.mse_loss(net(x), y, reduction=reduction).backward()
        optimizer.step()
    return net(NEW).detach() - start, foretold - start


@pytest.mark.parametrize(("reduction", "lr"), [("mean", 0.06), ("sum", 0.005)])
def test_a_wide_network_follows_its_kernel(reduction: str, lr: float) -> None:
    errors = []
    for width in (64, 1024, 16384):
        learnt, foretold = trained(width, 60, lr, reduction)
        errors.append(float((learnt - foretold).norm() / foretold.norm()))
    assert errors[-1] < 3 / math.sqrt(16384)
    # the kernel moves by 1 / sqrt(width): a sixteenth part of the width is a fourth of the error
    slope = math.log(errors[0] / errors[-1]) / math.log(256)
    assert slope == pytest.approx(0.5, abs=0.2)


def test_flow_time() -> None:
    assert flow_time(10, 0.1, 5, 2) == pytest.approx(0.2)
    assert flow_time(10, 0.1, 5, 2, reduction="sum") == pytest.approx(2)
    with pytest.raises(PhotonicsError, match="choose mean or sum"):
        flow_time(10, 0.1, 5, reduction="none")  # type: ignore[arg-type]
    with pytest.raises(PhotonicsError, match=r"samples = 0.*at least one sample"):
        flow_time(10, 0.1, 0)


def test_small_samples_are_learnt_and_not_called_zero() -> None:
    """Their kernel is a millionth of a millionth of the others', and far above rounding."""
    x = torch.cat([1e-3 * X[:3], X[3:6]])
    found = KernelRegression(lambda a, b: product(a, b, degree=2), x, Y[:6])
    assert found.unlearnable == ()
    assert found.rank == 6
    assert float((found.predict(x) - Y[:6]).abs().max()) < 0.05


def test_mistakes() -> None:
    k = gaussian(X, X)
    with pytest.raises(PhotonicsError, match="or a matrix and None for x"):
        KernelRegression(k, X, Y)
    with pytest.raises(PhotonicsError, match=r"shape \(12, 11\); expected \(n, n\)"):
        KernelRegression(k[:, :11], None, Y)
    with pytest.raises(PhotonicsError, match=r"targets have shape \(11, 2\); expected \(12\) or \(12, outputs\)"):
        KernelRegression(k, None, Y[:11])
    with pytest.raises(PhotonicsError, match="ridge = -1 must be 0 or a positive number"):
        KernelRegression(k, None, Y, -1)
    with pytest.raises(PhotonicsError, match="is not symmetric"):
        KernelRegression(k + torch.ones(12, 12, dtype=torch.float64).triu(1), None, Y)
    with pytest.raises(PhotonicsError, match="not positive semi-definite"):
        KernelRegression(k - 2 * torch.eye(12, dtype=torch.float64), None, Y)
    with pytest.raises(PhotonicsError, match="0 throughout"):
        KernelRegression(0 * k, None, Y)
    with pytest.raises(PhotonicsError, match="not finite"):
        KernelRegression(torch.inf * k, None, Y)
    with pytest.raises(PhotonicsError, match="targets must be finite"):
        KernelRegression(k, None, Y / 0)
    with pytest.raises(PhotonicsError, match="training samples is complex"):
        KernelRegression(k + 0j, None, Y)
    with pytest.raises(PhotonicsError, match="targets are complex"):
        KernelRegression(k, None, Y + 0j)
    found = KernelRegression(k, None, Y)
    for rows in (k / 0, k + 0j):
        with pytest.raises(PhotonicsError, match="complex or not finite"):
            found.predict(rows)
    with pytest.raises(PhotonicsError, match="time = -1: training starts at 0"):
        found.predict(k, -1)
    with pytest.raises(PhotonicsError, match=r"K\(x, X\) has shape \(12, 11\); expected \(m, 12\)"):
        found.predict(k[:, :11])
    with pytest.raises(PhotonicsError, match="share = 1 of what is learnt"):
        found.learning_time(1.0)
