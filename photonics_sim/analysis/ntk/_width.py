"""How far the kernel of one network of finite width is from its closed form."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, get_args

import torch
from numpy.polynomial import polynomial
from torch import Tensor

from photonics_sim.analysis.ntk._closed import Branches
from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.networks import Branch, check_count, injections

Family = Literal["product", "skip", "nested", "mlp"]
_Moment = Callable[[int, int, Tensor], Tensor]  # E phi^i phi'^j at a variance


def finite_width_error(
    family: Family,
    *,
    degree: int,
    width: int,
    branch: Branches = "relu",
    injection: float | Sequence[float] = 1.0,
    squared_norm: float = 1.0,
    bias: float = 0.0,
) -> float:
    r"""Relative standard deviation of Theta(x, x), from one random network of this width to the next.

    .. math:: \sigma(\Theta_m) / \Theta = c / \sqrt m

    For "product", "skip" and one hidden layer it is exact at every width: the m neurons are independent, and c^2 is the
    variance of what one adds. It grows as 3^(N/2) for identity and 6^(N/2) for ReLU branches: at N = 9 a kernel within
    1 % takes 4e10 neurons with ReLU. For "nested" and deeper "mlp" it is the leading order in 1 / sqrt(m): sums
    over the neurons of each layer fluctuate independently, and what they do to Theta is linear. It is meant for widths
    at which it is small; what is left out is of the size of its square.

    Args:
        family: "product", "skip", "nested" or "mlp".
        degree: N; of "mlp" the depth.
        width: m.
        branch: phi, as in `product`.
        injection: beta_n of "nested".
        squared_norm: |x|^2; without influence on products of identity or ReLU branches.
        bias: beta of the constant entry, which adds its square.

    Raises:
        PhotonicsError: for an unknown family, sizes below 1 and a squared norm that is not positive.
    """
    if not isinstance(width, int) or isinstance(width, bool) or width < 1:
        raise PhotonicsError(f"width = {width}: give a whole number of neurons, at least 1")
    return _coefficient(family, degree, Branch.of(branch), injection, squared_norm + bias**2) / math.sqrt(width)


def width_for(
    error: float,
    family: Family,
    *,
    degree: int,
    branch: Branches = "relu",
    injection: float | Sequence[float] = 1.0,
    squared_norm: float = 1.0,
    bias: float = 0.0,
) -> int:
    """The least width at which `finite_width_error`, whose arguments these are, is at most `error`.

    Raises:
        PhotonicsError: for an error that is not positive, and as there.
    """
    if not (math.isfinite(error) and error > 0):
        raise PhotonicsError(f"error = {error:g}: give a relative error above 0, e.g. 0.01")
    coefficient = _coefficient(family, degree, Branch.of(branch), injection, squared_norm + bias**2)
    neurons = coefficient / error * (coefficient / error)
    if math.isinf(neurons):
        raise PhotonicsError(f"error = {error:g}: no finite width is within it; give a larger one, e.g. 0.01")
    return max(1, math.ceil(neurons))


def _coefficient(family: str, degree: int, branch: Branch, injection: float | Sequence[float], square: float) -> float:
    """c of c / sqrt(m)."""
    if family not in get_args(Family):
        names = get_args(Family)
        raise PhotonicsError(f"no family {family!r}{did_you_mean(str(family), names)}; choose {', '.join(names)}")
    check_count("degree", degree)
    if not (math.isfinite(square) and square > 0):
        raise PhotonicsError(f"|x|^2 = {square:g}: the kernel of a zero vector has no relative error; give a length")
    variance = torch.tensor(square, dtype=torch.float64)
    betas = injections(injection, degree) if family == "nested" else ()
    try:
        with torch.enable_grad():
            if family == "nested":
                found = _nested(_moments(branch), betas, variance)
            elif family == "mlp" and degree > 1:
                found = _layers(_moments(branch), degree, variance)
            else:
                factors = [_moments(branch), *[_moments(branch, 1.0 if family == "skip" else 0.0)] * (degree - 1)]
                found = _neurons(factors, variance)
    except (ZeroDivisionError, OverflowError):  # of squares of moments
        found = math.nan
    if not math.isfinite(found):
        raise PhotonicsError(
            f"the variance of the kernel leaves the range of double precision at degree {degree} and |x|^2 = "
            f"{square:g}; ask at a norm near 1, or for less than degree {degree}"
        )
    return found


def _neurons(factors: list[_Moment], s: Tensor) -> float:
    r"""Independent neurons, each of which adds Z = \prod p + c^2 s \sum_n q_n \prod p, p = f^2, q = f'^2, c ~ N(0, 1).

    \prod (p + e q)(p + d q) has E \prod p^2 beside 1, E \prod p \sum q \prod p beside e, and E (\sum q \prod p)^2
    beside e d; a factor is multiplied in at a time, in units of its E p.
    """
    slope, squares, mixed, slopes = 0.0, 1.0, 0.0, 0.0
    for moment in factors:
        p, q, pp, pq, qq = (float(moment(i, j, s)) for i, j in ((2, 0), (0, 2), (4, 0), (2, 2), (0, 4)))
        slope, pp, pq, qq = slope + q / p, pp / p**2, pq / p**2, qq / p**2
        squares, mixed, slopes = squares * pp, mixed * pp + squares * pq, slopes * pp + 2 * mixed * pq + squares * qq
    size = float(s)
    square = squares + 2 * size * mixed + 3 * size**2 * slopes  # E c^4 = 3
    return math.sqrt(max(0.0, square / (1 + size * slope) ** 2 - 1))  # rounding: branches that are nearly constant


def _nested(moment: _Moment, betas: tuple[float, ...], s: Tensor) -> float:
    r"""Layer n has means over neurons of A = p z^2, B = p e^2, C = q z^2 e^2 with z, e ~ N(0, 1) of light and gradient.

    They turn the powers v of the light and w of the gradient: v_{n+1} = A_n v_n + \beta_{n+1}^2, w_{n-1} = B_n w_n;
    \Theta = A_N v_N + \sum_n w_n v_n (s C_n + B_n).
    """
    p, q, pp, pq, qq = (moment(i, j, s) for i, j in ((2, 0), (0, 2), (4, 0), (2, 2), (0, 4)))
    covariance = torch.stack([
        torch.stack([3 * pp - p * p, pp - p * p, 3 * pq - p * q]),
        torch.stack([pp - p * p, 3 * pp - p * p, 3 * pq - p * q]),
        torch.stack([3 * pq - p * q, 3 * pq - p * q, 9 * qq - q * q]),
    ])  # fmt: skip
    means = torch.stack([p, p, q]).repeat(len(betas), 1).detach().requires_grad_()
    light = [means.new_tensor(betas[0] ** 2)]
    for beta, (a, _, _) in zip(betas[1:], means[:-1], strict=True):
        light.append(a * light[-1] + beta**2)
    theta, back = means[-1, 0] * light[-1], means.new_tensor(1.0)
    for v, (_, b, c) in reversed(list(zip(light, means, strict=True))):
        theta = theta + back * v * (s * c + b)
        back = back * b
    return _spread(theta, means, covariance.expand(len(betas), 3, 3))


def _layers(moment: _Moment, depth: int, s: Tensor) -> float:
    r"""Layer l has means over neurons of p and of q e^2, e ~ N(0, 1) of the gradient, both at the variance K_{l-1}.

    K_l = E p + \epsilon, D_l = w_l (E q + \epsilon'), w_{l-1} = D_l, and \Theta = K_L + \sum_l D_l K_{l-1}.
    """
    means = torch.zeros(depth, 2, dtype=torch.float64, requires_grad=True)
    sizes, covariances = [s], []
    for noise, _ in means:
        p, q, pp, pq, qq = (moment(i, j, sizes[-1]) for i, j in ((2, 0), (0, 2), (4, 0), (2, 2), (0, 4)))
        row = torch.stack([pq - p * q, 3 * qq - q * q])
        covariances.append(torch.stack([torch.stack([pp - p * p, pq - p * q]), row]).detach())
        sizes.append(p + noise)
    theta, back = sizes[-1], means.new_tensor(1.0)
    for size, (_, noise) in reversed(list(zip(sizes[:-1], means, strict=True))):
        back = back * (moment(0, 2, size) + noise)
        theta = theta + back * size
    return _spread(theta, means, torch.stack(covariances))


def _spread(theta: Tensor, means: Tensor, covariances: Tensor) -> float:
    """Relative deviation of theta, from its slopes by the means `(n, k)` and their covariances `(n, k, k)`."""
    (slopes,) = torch.autograd.grad(theta, means)
    variance = torch.einsum("ni,nij,nj->", slopes, covariances, slopes)
    return math.sqrt(max(0.0, float(variance))) / float(theta.detach())


def _moments(branch: Branch, shift: float = 0.0) -> _Moment:
    """E (shift + phi)^i phi'^j over N(0, variance), as a function of i, j and the variance, which keeps gradients."""
    if branch.coefficients is None:
        sides = [(shift,), (shift, 1.0)]
    else:
        sides = [(branch.coefficients[0] + shift, *branch.coefficients[1:])] * 2

    def moment(i: int, j: int, variance: Tensor) -> Tensor:
        total = torch.zeros_like(variance)
        for side, sign in zip(sides, (-1, 1), strict=True):
            slope = polynomial.polyder(side)
            product = polynomial.polymul(polynomial.polypow(side, i), polynomial.polypow(slope, j))
            for k, coefficient in enumerate(product.tolist()):
                if coefficient:
                    half = 2 ** (k / 2 - 1) * math.gamma((k + 1) / 2) / math.sqrt(math.pi)  # E u^k over u > 0
                    total = total + coefficient * sign**k * half * variance ** (k / 2)
        return total

    return moment
