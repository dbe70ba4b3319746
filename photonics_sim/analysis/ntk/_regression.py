"""Regression with a kernel, with the time of training as a parameter."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from photonics_sim.analysis.ntk._unlearnable import unlearnable_words
from photonics_sim.errors import PhotonicsError, PhotonicsWarning

Kernel = Callable[[Tensor, Tensor], Tensor]

_ASYMMETRIC = 1e-6  # of the largest entry; closed forms and sums in float64 stay far below
_NEGATIVE = 1e-6  # of the largest eigenvalue
_SAID = 1e-8  # share of the targets' energy that is worth a warning


class KernelRegression:
    r"""What gradient flow on squared errors has learnt after a time t, where the kernel K stays as it is.

    .. math::
        f_t(x) = K(x, X)\,(K + \rho)^{-1}\left(1 - e^{-(K + \rho)\,t}\right) y

    through one eigendecomposition for all times; `time=inf` gives the interpolant, or the ridge solution. Time is that
    of gradient flow on half the sum of squares, d theta / dt = -grad [ 1/2 sum_i |f(x_i) - y_i|^2 + rho/2
    |theta - theta_0|^2 ]; `flow_time` tells what steps of gradient descent come to. Targets are what is to be added to
    the function at the start: give y - f_0(X) and add f_0(x) to predictions, or y where f_0 is 0.

    Wide networks under gradient descent follow it (Jacot, Gabriel and Hongler, 2018, arXiv:1806.07572; Lee et al.,
    2019, arXiv:1902.06720), all their outputs with the same kernel. A direction whose eigenvalue is 0 to rounding is
    never learnt and is left at the start (the pseudo-inverse); `unlearnable` says what that means for the targets.

    Args:
        kernel: Takes two sets of samples to `(n, m)`, such as those of this page; or the matrix `(n, n)` itself.
        x: Training samples, `(n, ...)`; None with a matrix.
        targets: `(n)` or `(n, outputs)`.
        ridge: rho, in units of the kernel.

    Raises:
        PhotonicsError: where shapes do not fit, for values that are not finite, a kernel that is not symmetric or has a
            negative eigenvalue, and a negative ridge.

    Warns:
        PhotonicsWarning: without a ridge, where part of the targets cannot be learnt.
    """

    def __init__(self, kernel: Kernel | Tensor, x: Tensor | None, targets: Tensor, ridge: float = 0.0) -> None:
        if isinstance(kernel, Tensor) == (x is not None):
            raise PhotonicsError("give a kernel that takes samples together with x, or a matrix and None for x")
        self._kernel, self._x, self.ridge = None if isinstance(kernel, Tensor) else kernel, x, _checked_ridge(ridge)
        matrix = kernel if isinstance(kernel, Tensor) else kernel(x, x)  # type: ignore[arg-type]
        matrix = _checked(matrix.detach())
        self._single = targets.ndim == 1
        self._targets = _columns(targets, len(matrix))
        values, vectors = torch.linalg.eigh(matrix)
        if values[0] < -_NEGATIVE * values[-1].abs():
            raise PhotonicsError(
                f"the kernel has the eigenvalue {float(values[0]):.3g} beside {float(values[-1]):.3g}: it is not "
                "positive semi-definite. Compute it in float64, or check the formula"
            )
        rounding = len(values) * torch.finfo(torch.float64).eps * float(values[-1])
        self._learnt = values > rounding
        self._values, self._vectors = values.clamp_min(0), vectors
        self._amplitudes = vectors.T @ self._targets
        self.unlearnable = unlearnable_words(matrix, self._targets, self.unlearnable_share, rounding)
        if not self.ridge and self.unlearnable_share > _SAID:
            warnings.warn("; ".join(self.unlearnable), PhotonicsWarning, stacklevel=2)

    def with_ridge(self, ridge: float) -> KernelRegression:
        """The same with another ridge, from the same eigendecomposition."""
        twin = copy.copy(self)
        twin.ridge = _checked_ridge(ridge)
        return twin

    @property
    def eigenvalues(self) -> Tensor:
        """Of the matrix without ridge, largest first, `(n)`; 0 to rounding is rounding."""
        values: Tensor = self._values.flip(0)
        return values

    @property
    def rank(self) -> int:
        """Eigenvalues above the rounding of the largest, n eps of it: the directions that are learnt."""
        return int(self._learnt.sum())

    @property
    def condition_number(self) -> float:
        """Largest over smallest eigenvalue, with the ridge in both; inf where the matrix is singular."""
        if not self.ridge and self.rank < len(self._values):
            return math.inf
        return float((self._values[-1] + self.ridge) / (self._values[0] + self.ridge))

    @property
    def effective_rank(self) -> float:
        """exp of the entropy of the eigenvalues over their sum: 1 for a single one, n where all are alike.

        Roy and Vetterli, EUSIPCO 2007.
        """
        shares = self._values / self._values.sum()
        return float(torch.special.entr(shares).sum().exp())

    @property
    def alignment(self) -> Tensor:
        """Share of the targets' energy along each eigenvector, the one of the largest eigenvalue first, `(n)`."""
        energy = self._amplitudes.square().sum(1).flip(0)
        total = energy.sum()
        share: Tensor = energy / total.clamp_min(torch.finfo(total.dtype).tiny)
        return share

    @property
    def unlearnable_share(self) -> float:
        """Share of the targets' energy along directions whose eigenvalue is 0 to rounding."""
        return float(self.alignment.flip(0)[~self._learnt].sum())

    @property
    def unlearnable_directions(self) -> Tensor:
        """These directions in the space of the training samples, orthonormal, `(n, n - rank)`."""
        directions: Tensor = self._vectors[:, ~self._learnt]
        return directions

    def predict(self, x: Tensor, time: float = math.inf) -> Tensor:
        """Predictions after a time of training.

        Args:
            x: Samples `(m, ...)`; of a regression on a matrix the kernel K(x, X) of theirs, `(m, n)`.
            time: Of gradient flow, from 0.

        Returns:
            `(m)` or `(m, outputs)`, as the targets are; float64.

        Raises:
            PhotonicsError: for a negative time, rows of another length, and a kernel that is complex or not finite.
        """
        cross = x if self._kernel is None else self._kernel(x, self._x)  # type: ignore[arg-type]
        if cross.ndim != 2 or cross.shape[1] != len(self._values):
            raise PhotonicsError(f"K(x, X) has shape {tuple(cross.shape)}; expected (m, {len(self._values)})")
        if cross.is_complex() or not torch.isfinite(cross).all():
            raise PhotonicsError("K(x, X) is complex or not finite; a prediction takes real numbers, all finite")
        found: Tensor = cross.double() @ (self._vectors @ (self._filter(time)[:, None] * self._amplitudes))
        return found[:, 0] if self._single else found

    def fitted(self, time: float = math.inf) -> Tensor:
        """Predictions at the training samples."""
        found: Tensor = self._vectors @ ((self._values * self._filter(time))[:, None] * self._amplitudes)
        return found[:, 0] if self._single else found

    def learning_time(self, share: float = 0.9) -> float:
        """When this share of the targets' energy is fitted without a ridge: the rest is |y - f_t(X)|^2 / |y|^2.

        inf where more than the rest cannot be learnt. In steps of gradient descent half as large as those that diverge
        it is `learning_time() * eigenvalues[0]`.

        Raises:
            PhotonicsError: for a share that is not between 0 and 1.
        """
        if not 0 < share < 1:
            raise PhotonicsError(f"share = {share:g} of what is learnt lies between 0 and 1")
        energy = self.alignment.flip(0)
        if float(energy[~self._learnt].sum()) >= 1 - share or not energy.any():
            return math.inf if energy.any() else 0.0
        rates = torch.where(self._learnt, self._values, 0.0)
        low, high = 0.0, 1 / float(rates[-1])
        while float((energy * torch.exp(-2 * rates * high)).sum()) > 1 - share:
            low, high = high, 2 * high
        for _ in range(60):
            middle = (low + high) / 2
            left = float((energy * torch.exp(-2 * rates * middle)).sum())
            low, high = (middle, high) if left > 1 - share else (low, middle)
        return high

    def _filter(self, time: float) -> Tensor:
        """(1 - exp(-(lambda + rho) t)) / (lambda + rho); 0 along what is never learnt."""
        if not time >= 0:
            raise PhotonicsError(f"time = {time:g}: training starts at 0; inf is its end")
        rates = torch.where(self._learnt, self._values + self.ridge, 1.0)
        gained = torch.ones_like(rates) if math.isinf(time) else -torch.expm1(-rates * time)
        return torch.where(self._learnt, gained / rates, 0.0)


def flow_time(
    steps: int,
    learning_rate: float,
    samples: int,
    outputs: int = 1,
    *,
    reduction: Literal["mean", "sum"] = "mean",
) -> float:
    """The time of gradient flow that steps of plain full-batch gradient descent come to.

    The gradient of `mse_loss(..., reduction="sum")` is twice that of half the sum of squares, that of "mean" is that
    over samples x outputs: t = 2 lr steps, or 2 lr steps / (samples outputs). Descent follows the flow where steps are
    small, (t / steps) times the largest eigenvalue far below 1; from 2 on it diverges.

    Args:
        steps: Of all samples at once, without momentum.
        learning_rate: lr.
        samples, outputs: Over which the loss is a mean.
        reduction: Of the loss, as torch calls it.

    Raises:
        PhotonicsError: for another reduction, and numbers that no training has.
    """
    if reduction not in {"mean", "sum"}:
        raise PhotonicsError(f"reduction = {reduction!r}; choose mean or sum, as in torch's mse_loss")
    if steps < 0 or not (learning_rate > 0 and math.isfinite(learning_rate)) or samples < 1 or outputs < 1:
        raise PhotonicsError(
            f"steps = {steps}, learning_rate = {learning_rate:g}, samples = {samples}, outputs = {outputs}: expected "
            "steps from 0 on, a positive rate, and at least one sample and output"
        )
    return 2 * learning_rate * steps / (samples * outputs if reduction == "mean" else 1)


def _checked_ridge(ridge: float) -> float:
    if not (ridge >= 0 and math.isfinite(ridge)):
        raise PhotonicsError(f"ridge = {ridge:g} must be 0 or a positive number; 0 interpolates")
    return float(ridge)


def _checked(matrix: Tensor) -> Tensor:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise PhotonicsError(f"the kernel of the training samples has shape {tuple(matrix.shape)}; expected (n, n)")
    if matrix.is_complex():
        raise PhotonicsError("the kernel of the training samples is complex; one of real outputs is real")
    matrix = matrix.double()
    if not torch.isfinite(matrix).all():
        raise PhotonicsError("the kernel of the training samples is not finite; scale the samples down")
    size = float(matrix.abs().max())
    if size == 0:
        raise PhotonicsError("the kernel of the training samples is 0 throughout: nothing can be learnt with it")
    apart = float((matrix - matrix.T).abs().max())
    if apart > _ASYMMETRIC * size:
        raise PhotonicsError(f"the kernel is not symmetric: K - K^T has {apart:.3g} beside {size:.3g}")
    return (matrix + matrix.T) / 2


def _columns(targets: Tensor, count: int) -> Tensor:
    if targets.is_complex():
        raise PhotonicsError("targets are complex; give their two parts as columns")
    found = targets.detach().double()
    if found.ndim not in {1, 2} or len(found) != count:
        raise PhotonicsError(f"targets have shape {tuple(targets.shape)}; expected ({count}) or ({count}, outputs)")
    if not torch.isfinite(found).all():
        raise PhotonicsError("targets must be finite")
    return found.reshape(count, -1)
