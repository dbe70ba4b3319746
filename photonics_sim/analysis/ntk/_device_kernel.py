"""The kernel of a device on data: how well it learns them, how fast, and what it makes of the world outside them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from photonics_sim.analysis.extrapolation import FarRays, far_ray_degree
from photonics_sim.analysis.ntk._choice import Predictor, Targets, Task, chosen_ridge
from photonics_sim.analysis.ntk._empirical import Progress, empirical, prepare
from photonics_sim.analysis.ntk._kernel_report import LIMIT, KernelReport
from photonics_sim.analysis.ntk._regression import KernelRegression
from photonics_sim.device import Device, derive_key
from photonics_sim.errors import PhotonicsError

_RAYS, _DEGREES = 6, 8
_RAY_POINTS = _RAYS * 2 * (_DEGREES + 2)  # as few on each as tell these degrees: each costs as much as a sample
_TIMES = 41
_TIMED = 4  # samples of an estimate
_LATEST = 1e9  # in units of 1 / the largest eigenvalue
_LEAST = 8  # training samples


def kernel_report(
    device: Device,
    x_train: Tensor,
    y_train: Tensor,
    x_test: Tensor,
    y_test: Tensor,
    *,
    task: Task = "classification",
    memory_mb: float = 1024.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> KernelReport:
    """Judge a device by its neural tangent kernel at its present settings, the mean over its outputs.

    Regression with the kernel is what training by small steps finds (Jacot, Gabriel and Hongler, 2018,
    arXiv:1806.07572). It stands beside ridge regression on the inputs themselves: a device whose kernel does no better
    adds nothing here to a linear layer. Both ridges are chosen on a part of the training samples. Far from the data the
    regression is followed along rays, after Wu et al., 2022, arXiv:2209.07736.

    Steps of converters and of weights count as in training: derivatives pass straight through them.

    Args:
        device: Any, of one chip.
        x_train: Inputs as the device takes them, `(n, inputs)`.
        y_train: Class numbers `(n)`, or values `(n)` or `(n, columns)`.
        x_test, y_test: The same of test samples; nothing is chosen by them.
        task: "classification" or "regression".
        memory_mb: For derivatives; see `empirical`.
        seed: Of the part by which ridges are chosen, and of the rays.
        progress: Called with passes done and passes in all; see `empirical`.

    Raises:
        PhotonicsError: for too few samples, inputs and targets that do not fit, and as in `empirical`.
    """
    _check(device, x_train, y_train, x_test, y_test)
    targets = Targets.of(task, y_train, y_test)
    n, m = len(x_train), len(x_test)
    rays = _Rays(device.in_features, float(x_train.double().norm(dim=1).max()), derive_key(seed, "kernel", "rays"))
    samples = torch.cat([x_train.double(), x_test.double(), rays.points])
    kernel = empirical(device, samples, memory_mb=memory_mb, progress=progress).cpu()
    matrix, cross = kernel[:n, :n], kernel[n : n + m, :n]
    part = derive_key(seed, "kernel", "ridge")
    predictor, ridge, score = _judged(matrix, cross, targets, part)
    linear, linear_cross = _linear(x_train, x_test)
    _, linear_ridge, linear_score = _judged(linear, linear_cross, targets, part)
    times, curves = _curves(predictor, matrix, cross, targets)
    found, along = rays.followed(predictor(kernel[n + m :, :n], ridge))
    regression = predictor.regression
    return KernelReport(
        task=task,
        train_samples=n,
        test_samples=m,
        inputs=device.in_features,
        outputs=device.out_features,
        parameters=sum(value.numel() for value in device.parameters() if value.requires_grad),
        score=score,
        linear_score=linear_score,
        chance=int(targets.test.bincount().max()) / m if task == "classification" else 0.0,
        ridge=ridge / float(matrix.diagonal().mean()),
        linear_ridge=linear_ridge / float(linear.diagonal().mean()),
        **_spectrum(regression),
        times=tuple(times),
        train_curve=curves[0],
        test_curve=curves[1],
        rays=found,
        distances=rays.distances.numpy(),
        along=along.numpy(),
        matrix=matrix.numpy(),
        labels=(targets.train if task == "classification" else targets.train[:, 0]).numpy(),
        caveats=(*regression.unlearnable, LIMIT),
    )


@dataclass(frozen=True)
class KernelEstimate:
    """What `kernel_report` would take.

    Attributes:
        passes: Of one sample and one output each.
        low_s, high_s: Between which its time lies, in seconds.
    """

    passes: int
    low_s: float
    high_s: float


def estimate_kernel(device: Device, x: Tensor, samples: int, *, memory_mb: float = 1024.0) -> KernelEstimate:
    """Time a few passes and tell what all would take.

    Args:
        device: Any, of one chip.
        x: Some of its inputs, `(n, inputs)`.
        samples: Of training and test together; points outside the data are added.
        memory_mb: As `kernel_report` will get it.

    Raises:
        PhotonicsError: As in `kernel_report`.
    """
    few = x[:_TIMED]
    passes = prepare(device, x[:1].expand(samples + _RAY_POINTS, -1), memory_mb=memory_mb).passes
    times = []
    for _ in range(3):  # the first of them compiles
        began = time.perf_counter()
        empirical(device, few)
        times.append((time.perf_counter() - began) / (len(few) * device.out_features))
    return KernelEstimate(passes, passes * min(times), 2 * passes * min(times))


def _check(device: Device, x_train: Tensor, y_train: Tensor, x_test: Tensor, y_test: Tensor) -> None:
    for name, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
        if x.ndim != 2 or x.shape[1] != device.in_features:
            raise PhotonicsError(f"x_{name} has shape {tuple(x.shape)}; expected (n, {device.in_features})")
        if len(x) != len(y):
            raise PhotonicsError(f"x_{name} has {len(x)} samples and y_{name} {len(y)}")
    if len(x_train) < _LEAST or not len(x_test):
        raise PhotonicsError(
            f"{len(x_train)} training and {len(x_test)} test samples; at least {_LEAST} and 1 are needed"
        )


def _judged(matrix: Tensor, cross: Tensor, targets: Targets, part: int) -> tuple[Predictor, float, float]:
    """Regression with a kernel, its ridge, and its score on the test samples."""
    predictor, ridge = Predictor.of(matrix, targets.numbers(targets.train)), chosen_ridge(matrix, targets, part)
    return predictor, ridge, targets.score(predictor(cross, ridge), targets.test)


def _spectrum(regression: KernelRegression) -> dict[str, Any]:
    """What a report says of the eigenvalues and of the targets along the eigenvectors."""
    above = regression.eigenvalues[: regression.rank]
    return {
        "eigenvalues": tuple(regression.eigenvalues.tolist()),
        "rank": regression.rank,
        "condition_number": regression.condition_number,
        "condition_above_rounding": float(above[0] / above[-1]),
        "effective_rank": regression.effective_rank,
        "alignment": tuple(regression.alignment.tolist()),
        "learning_time": regression.learning_time(0.9) * float(above[0]),
    }


def _linear(x_train: Tensor, x_test: Tensor) -> tuple[Tensor, Tensor]:
    """Inner products of inputs around their mean; targets are around theirs, so that there is no offset to fit."""
    centre = x_train.double().mean(0)
    train, test = x_train.double() - centre, x_test.double() - centre
    return train @ train.T, test @ train.T


def _curves(
    predictor: Predictor, matrix: Tensor, cross: Tensor, targets: Targets
) -> tuple[list[float], tuple[tuple[float, ...], tuple[float, ...]]]:
    """Scores of train and test part over the time of training without ridge."""
    values = predictor.regression.eigenvalues[: predictor.regression.rank]
    latest = min(10 * float(values[0] / values[-1]), _LATEST)
    times = torch.logspace(-1, math.log10(latest), _TIMES, dtype=torch.float64).tolist()
    train, test = [], []
    for moment in times:
        at = moment / float(values[0])
        train.append(targets.score(predictor(matrix, time=at), targets.train))
        test.append(targets.score(predictor(cross, time=at), targets.test))
    return times, (tuple(train), tuple(test))


class _Rays:
    """Points along rays out of the data, which are known before the kernel is, and what they say afterwards."""

    def __init__(self, dimension: int, radius: float, seed: int) -> None:
        if not radius > 0:
            raise PhotonicsError("all training samples are 0: there is no scale to leave them by")
        self._dimension, self._radius, self._seed = dimension, radius, seed
        asked: list[Tensor] = []

        def ask(x: Tensor) -> Tensor:
            asked.append(x)
            return x[:, 0]

        self._fit(ask)
        self.points = torch.cat(asked)
        norms = self.points.norm(dim=1).reshape(_RAYS, -1)
        self.distances = norms[0] / radius

    def followed(self, values: Tensor) -> tuple[FarRays, Tensor]:
        """Of values `(points, columns)`: the fits of all columns, and the first column along each ray."""
        return self._fit(lambda _: values), values[:, 0].reshape(_RAYS, -1)

    def _fit(self, function: Callable[[Tensor], Tensor]) -> FarRays:
        count = _RAY_POINTS // _RAYS
        return far_ray_degree(
            function, self._dimension, radius=self._radius, degrees=_DEGREES, rays=_RAYS, points=count, seed=self._seed
        )
