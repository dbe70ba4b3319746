"""What the kernel of a device can learn, told."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # a page is drawn from a report without torch
    from photonics_sim.analysis.extrapolation import FarRays

LIMIT = (
    "the kernel is that of these settings: it tells what training finds while they move little, and neither what "
    "training that moves them far could find nor what noise leaves of it"
)
_NEAR, _LOW = 0.99, 2  # R^2 from which a function is near a polynomial of a low degree, which it need not be
_LEADING = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True, kw_only=True, eq=False)
class KernelReport:
    """Regression with the neural tangent kernel of a device, and what the kernel is like.

    Attributes:
        task: "classification" or "regression".
        train_samples, test_samples: How many.
        inputs, outputs, parameters: Of the device; the kernel is the mean over its outputs.
        score: Accuracy (0..1) or R^2 of ridge regression with the kernel on the test samples.
        linear_score: The same of ridge regression on the inputs themselves.
        chance: Share of the largest class among the test samples; 0 for R^2.
        ridge, linear_ridge: As chosen on a part of the training samples, over the mean diagonal of each kernel.
        eigenvalues: Of the kernel of the training samples, largest first.
        rank: How many of them are above rounding.
        condition_number: Largest over smallest; inf where the kernel is singular.
        condition_above_rounding: Largest over the smallest above rounding.
        effective_rank: exp of the entropy of the spectrum.
        alignment: Share of the energy of the targets, around their mean, along each eigenvector.
        learning_time: Until 90 % of that energy is fitted without ridge, in units of 1 / the largest eigenvalue: steps
            of gradient descent half as large as those that diverge. inf where it never is.
        times: Of the learning curve, in the same units.
        train_curve, test_curve: Scores at these times.
        rays: The regression far from the data.
        distances: Points of the rays, over the largest norm of a training sample.
        along: Values of the first target along each ray, `(rays, points)`.
        matrix: Kernel of the training samples, `(n, n)`.
        labels: Class numbers, or values of the first target, of the training samples.
        caveats: In plain words.
    """

    task: Literal["classification", "regression"]
    train_samples: int
    test_samples: int
    inputs: int
    outputs: int
    parameters: int
    score: float
    linear_score: float
    chance: float
    ridge: float
    linear_ridge: float
    eigenvalues: tuple[float, ...]
    rank: int
    condition_number: float
    condition_above_rounding: float
    effective_rank: float
    alignment: tuple[float, ...]
    learning_time: float
    times: tuple[float, ...]
    train_curve: tuple[float, ...]
    test_curve: tuple[float, ...]
    rays: FarRays
    distances: NDArray[np.float64] = field(repr=False)
    along: NDArray[np.float64] = field(repr=False)
    matrix: NDArray[np.float64] = field(repr=False)
    labels: NDArray[Any] = field(repr=False)
    caveats: tuple[str, ...] = ()

    @property
    def score_error(self) -> float:
        """Standard error of an accuracy, by the number of test samples; NaN for R^2."""
        if self.task == "regression":
            return math.nan
        return math.sqrt(self.score * (1 - self.score) / self.test_samples)

    @property
    def trace_shares(self) -> dict[int, float]:
        """Share of the trace in so many leading eigenvalues."""
        return _leading(np.array(self.eigenvalues) / sum(self.eigenvalues))

    @property
    def target_shares(self) -> dict[int, float]:
        """Share of the targets' energy along so many leading eigenvectors."""
        return _leading(np.array(self.alignment))

    @property
    def extrapolation_degree(self) -> int | None:
        """Of the polynomial that the regression becomes far from the data; None where it becomes none."""
        return self.rays.degree

    @property
    def extrapolation(self) -> str:
        """The same in words, with how much of the variance along the rays is explained."""
        degree, explained = self.rays.degree, [1 - left for left in self.rays.unexplained]
        if degree == 0:
            return "constant: the inputs clip, or the device saturates"
        if degree is not None:
            return f"a polynomial of degree {degree} (R² {explained[degree]:.4f})"
        most = len(explained) - 1
        near = next((g for g in range(1, _LOW + 1) if explained[g] >= _NEAR), None)
        if near is None:  # any smooth curve comes near some degree: that one takes many is what tells
            shares = f"R² {explained[_LOW]:.3f} of degree {_LOW}, {explained[-1]:.3f} of degree {most}"
            return f"no polynomial up to degree {most}: bounded, periodic, or partly so ({shares})"
        return f"near one of degree {near} (R² {explained[near]:.4f}), but none: the rest is of no degree up to {most}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; the matrix and what lies along the rays are left out."""
        plain = (
            "task", "train_samples", "test_samples", "inputs", "outputs", "parameters", "score", "score_error",
            "linear_score", "chance", "ridge", "linear_ridge", "rank", "condition_number", "condition_above_rounding",
            "effective_rank", "learning_time", "extrapolation_degree", "extrapolation",
        )  # fmt: skip
        lists = ("eigenvalues", "alignment", "times", "train_curve", "test_curve", "caveats")
        return {
            **{name: getattr(self, name) for name in plain},
            "trace_shares": self.trace_shares,
            "target_shares": self.target_shares,
            "rays": self.rays.to_dict(),
            **{name: list(getattr(self, name)) for name in lists},
        }

    def __str__(self) -> str:
        return "\n".join([self.sentence, *self._evidence(), *(f"- {caveat}" for caveat in self.caveats)])

    @property
    def sentence(self) -> str:
        """The result in one line."""
        error = "" if math.isnan(self.score_error) else f" ± {100 * self.score_error:.1f}"
        chance = f", chance {self.shown(self.chance)}" if self.task == "classification" else ""
        return (
            f"kernel regression: {self.measure} {self.shown(self.score)}{error} on {self.test_samples} test samples "
            f"from {self.train_samples} · linear regression on the inputs {self.shown(self.linear_score)}{chance}"
        )

    @property
    def measure(self) -> str:
        """What the score is called."""
        return "accuracy" if self.task == "classification" else "R²"

    def shown(self, score: float) -> str:
        """A score as people read it."""
        return f"{100 * score:.1f} %" if self.task == "classification" else f"{score:.3f}"

    def _evidence(self) -> list[str]:
        singular = f"rank {self.rank} of {self.train_samples}, "
        singular = "" if self.rank == self.train_samples else singular
        share = {k: f"{100 * v:.3g} %" for k, v in self.trace_shares.items() if k <= 20}
        held = {k: f"{100 * v:.3g} %" for k, v in self.target_shares.items() if k <= 20}
        return [
            f"spectrum: {singular}condition number {self.condition_above_rounding:.2g}"
            + (" above rounding" if singular else "")
            + f", effective rank {self.effective_rank:.3g}",
            "  trace in the first " + ", ".join(f"{k}: {v}" for k, v in share.items()),
            "  targets along the first " + ", ".join(f"{k}: {v}" for k, v in held.items()),
            f"90 % of the targets are fitted after {self.learning_time:.3g} steps of 1 / the largest eigenvalue"
            if math.isfinite(self.learning_time)
            else "90 % of the targets are never fitted: too much of them lies where the kernel is 0",
            f"far from the data: {self.extrapolation}",
        ]


def _leading(shares: NDArray[np.float64]) -> dict[int, float]:
    total = np.minimum(np.cumsum(shares), 1.0)
    return {k: float(total[k - 1]) for k in _LEADING if k <= len(total)}
