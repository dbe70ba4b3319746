"""How fast each frequency is learned: predicted from the spectrum, measured from a residual."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from photonics_sim.analysis.spectral._harmonics import harmonics
from photonics_sim.analysis.spectral._mercer import MercerSpectrum
from photonics_sim.errors import PhotonicsError, did_you_mean

Loss = Literal["mean_square", "half_sum"]


@dataclass(frozen=True)
class LearningTimes:
    """When the residual of each degree has fallen to a share of itself.

    Attributes:
        share: Of the amplitude of the residual.
        degrees: k.
        rates: Of the decay exp(-rate t), t = learning rate x steps; 0 where an eigenvalue lies within its noise.
        first_rates: At the very start, in the mean over the points: higher, where samples are few.
        times: ln(1 / share) / rate, infinite where nothing is learned.
        steps: Of gradient descent, infinite where nothing is learned or the step is too long to be stable; None where
            no learning rate was given.
    """

    share: float
    degrees: tuple[int, ...]
    rates: tuple[float, ...]
    first_rates: tuple[float, ...]
    times: tuple[float, ...]
    steps: tuple[float, ...] | None

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON: None where a time is infinite."""
        listed = {"times": self.times, "steps": self.steps}
        finite = {
            name: None if values is None else [value if math.isfinite(value) else None for value in values]
            for name, values in listed.items()
        }
        rates = {"rates": list(self.rates), "first_rates": list(self.first_rates)}
        return {"share": self.share, "degrees": list(self.degrees), **rates, **finite}


def learning_times(
    spectrum: MercerSpectrum,
    *,
    share: float = 0.1,
    learning_rate: float | None = None,
    samples: int | None = None,
    loss: Loss = "mean_square",
) -> LearningTimes:
    """Predict when gradient flow has brought the residual of each degree down to a share.

    With the loss mean (f - y)^2 ("mean_square", torch's MSELoss) the residual r on n samples obeys dr/dt = -(2/n) K r,
    so that degree k decays at 2 mu_k where samples abound; with sum (f - y)^2 / 2 ("half_sum") at n mu_k.

    On n samples the degrees whose n mu_k stands above all the rest are told apart; of the others, whose trace kappa_>
    is left, each sample learns itself: the rate becomes 2 (mu_k + kappa_> / n), which for high degrees is the second
    term alone. The training residual falls, and nothing of these degrees is learned between the points. The very start
    is faster, 2 [(1 - 1/n) mu_k + kappa(1) / n] in the mean over the points, as a few samples of a harmonic of high
    degree look in part like one of low degree. Where the two differ, times are too long by up to a factor of two.

    Args:
        spectrum: Of the kernel in its own scale, output scale of the network included; with `samples`, of all degrees
            from 0 on, up to where they are no longer told apart.
        share: Of the amplitude, between 0 and 1.
        learning_rate: Of full-batch gradient descent: gives steps, each of which multiplies by 1 - learning_rate rate.
        samples: n, of the training set; left out, the limit of many is told ("half_sum" needs it).
        loss: Convention of the loss.

    Raises:
        PhotonicsError: for a share outside (0, 1), a learning rate or a number of samples that is not positive.
    """
    if not 0 < share < 1:
        raise PhotonicsError(f"share = {share:g}: expected a share of the residual between 0 and 1, such as 0.1")
    if learning_rate is not None and not (learning_rate > 0 and math.isfinite(learning_rate)):
        raise PhotonicsError(f"learning_rate = {learning_rate:g}: expected a positive number")
    if samples is not None and samples < 1:
        raise PhotonicsError(f"samples = {samples}: expected at least one")
    factor = _factor(loss, samples)
    alone = 1 / samples if samples else 0.0
    known = [mu if seen else 0.0 for mu, seen in zip(spectrum.eigenvalues, spectrum.resolved, strict=True)]
    first = tuple(factor * ((1 - alone) * mu + alone * spectrum.trace) for mu in known)
    rates = tuple(factor * (mu + alone * _rest(spectrum, samples)) for mu in known)
    times = tuple(-math.log(share) / rate if rate > 0 else math.inf for rate in rates)
    steps = None if learning_rate is None else tuple(_steps(share, learning_rate * rate) for rate in rates)
    return LearningTimes(share, spectrum.degrees, rates, first, times, steps)


def _rest(spectrum: MercerSpectrum, samples: int | None) -> float:
    """kappa_>: trace of the degrees that so many samples do not tell apart."""
    left = spectrum.trace
    for mu, count in sorted(zip(spectrum.eigenvalues, spectrum.multiplicities, strict=True), reverse=True):
        if samples is not None and samples * mu < left:
            break
        left -= count * mu
    return max(left, 0.0)


def _factor(loss: Loss, samples: int | None) -> float:
    if loss not in (known := get_args(Loss)):
        raise PhotonicsError(f"no loss {loss!r}; choose {' or '.join(known)}{did_you_mean(loss, known)}")
    if loss == "mean_square":
        return 2.0
    if samples is None:
        raise PhotonicsError('with loss = "half_sum" speeds grow with the number of samples: give samples')
    return float(samples)


def _steps(share: float, fall: float) -> float:
    """Of which each multiplies by 1 - fall."""
    if not 0 < fall < 2:
        return math.inf
    return max(1.0, math.log(share) / math.log(abs(1 - fall))) if fall != 1 else 1.0


def residual_by_degree(
    x: Tensor, directions: Tensor, residual: Tensor, degrees: Sequence[int], *, alpha: float | None = None
) -> Tensor:
    """a_k = sum_i C_k^(alpha)(<x_i, zeta_k>) r_i / sqrt(n), the residual seen through one harmonic of each degree.

    This is the metric of the published spectral-bias experiment (arXiv:2209.07736), float64 `(..., degrees)`.

    Args:
        x: Points on the unit sphere, `(n, d)`.
        directions: zeta_k, unit vectors, `(degrees, d)`.
        residual: r = f(x) - y, `(..., n)`: leading axes may be steps or seeds.
        degrees: k.
        alpha: Index of the polynomials; (d - 2)/2 by default, (d - 1)/2 = 4.5 in the published code.

    Raises:
        PhotonicsError: for a residual that has not one finite value for each point, and what `harmonics` refuses.
    """
    columns = harmonics(x, directions, degrees, alpha)
    if residual.ndim < 1 or residual.shape[-1] != len(columns):
        raise PhotonicsError(
            f"residual is {tuple(residual.shape)}; expected (..., {len(columns)}), a value for each point"
        )
    if not bool(torch.isfinite(residual).all()):
        raise PhotonicsError("the residual is not finite: training has diverged; lower the learning rate")
    return residual.detach().double().cpu() @ columns / math.sqrt(len(columns))


def learning_speeds(times: Tensor, amplitudes: Tensor, *, above: float = 0.5) -> Tensor:
    """Measured rates of decay: minus the slope of log|a_k| against time, from the start until it falls to a share.

    Args:
        times: Of the readings, `(T)`, increasing; learning rate x steps to compare with `learning_times`.
        amplitudes: a_k at these times, `(T, degrees)`.
        above: Share of the first amplitude, down to which readings count.

    Returns:
        One rate for each degree, float64 `(degrees)`.

    Raises:
        PhotonicsError: for shapes that do not fit, an amplitude that starts at 0, and falls seen in fewer than three
            readings.
    """
    times, values = times.double(), amplitudes.double().abs()
    if times.ndim != 1 or values.ndim != 2 or len(values) != len(times) or not bool((times.diff() > 0).all()):
        raise PhotonicsError(
            f"times are {tuple(times.shape)}, amplitudes {tuple(values.shape)}: expected increasing times (T) and "
            "(T, degrees)"
        )
    if not bool((values[0] > 0).all()) or not bool(torch.isfinite(values).all()):
        raise PhotonicsError("amplitudes must be finite, and start off 0: there is nothing to fall")
    speeds = []
    for k, column in enumerate(values.unbind(1)):
        fallen = (column < above * column[0]).nonzero()
        count = int(fallen[0]) if len(fallen) else len(column)
        if count < 3:
            raise PhotonicsError(f"amplitude {k} falls to {above:g} within {count} readings; read more often")
        t, logs = times[:count], column[:count].log()
        speeds.append(-((t - t.mean()) @ (logs - logs.mean())) / (t - t.mean()).square().sum())
    return torch.stack(speeds)
