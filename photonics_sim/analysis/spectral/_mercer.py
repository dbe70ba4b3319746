"""Mercer spectrum of a kernel that depends on the angle alone."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photonics_sim.analysis.spectral._harmonics import check_degrees, check_dimension, gegenbauer, multiplicity
from photonics_sim.errors import PhotonicsError

Kernel = Callable[[Tensor, Tensor], Tensor]
Profile = Callable[[Tensor], Tensor]
Array = NDArray[np.float64]

_MOST_NODES = 2048
_FRAMES = 6  # random pairs of points, at each of the angles
_ANGLES = (0.0, 0.4, 1.1, 1.9, 2.8, math.pi)
_ZONAL = 1e-8  # of the largest value: rounding of arccos near 1 stays below
_SEEN = 1e3  # times the noise: what counts as far above it


@dataclass(frozen=True)
class MercerSpectrum:
    """Eigenvalues of a zonal kernel kappa(cos t) on S^(d-1), under the uniform distribution of mass 1.

    kappa = sum_k mu_k sum_j Y_kj(x) Y_kj(x'), with as many harmonics Y_kj of degree k as its multiplicity.

    Attributes:
        dimension: d.
        degrees: k.
        eigenvalues: mu_k of one harmonic, in the units of the kernel.
        multiplicities: How many harmonics have this eigenvalue.
        noise: What rounding and quadrature leave uncertain of each eigenvalue.
        trace: kappa(1), the sum of all eigenvalues with their multiplicities.
    """

    dimension: int
    degrees: tuple[int, ...]
    eigenvalues: tuple[float, ...]
    multiplicities: tuple[int, ...]
    noise: tuple[float, ...]
    trace: float

    @property
    def normalised(self) -> tuple[float, ...]:
        """Eigenvalues of the kernel that is 1 on the diagonal: those of different kernels can be compared."""
        return tuple(mu / self.trace for mu in self.eigenvalues)

    @property
    def shares(self) -> tuple[float, ...]:
        """Of the trace, by degree; 0 where only noise is seen, which ever more harmonics would multiply."""
        rows = zip(self.multiplicities, self.eigenvalues, self.resolved, strict=True)
        return tuple(count * mu / self.trace if seen else 0.0 for count, mu, seen in rows)

    @property
    def captured(self) -> float:
        """Share of the trace that these degrees have: tends to 1 with ever more of them."""
        return math.fsum(self.shares)

    @property
    def resolved(self) -> tuple[bool, ...]:
        """Whether an eigenvalue stands above its noise."""
        return tuple(abs(mu) > floor for mu, floor in zip(self.eigenvalues, self.noise, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON."""
        return {
            "dimension": self.dimension,
            "degrees": list(self.degrees),
            "eigenvalues": list(self.eigenvalues),
            "multiplicities": list(self.multiplicities),
            "noise": list(self.noise),
            "shares": list(self.shares),
            "trace": self.trace,
            "captured": self.captured,
        }

    def __str__(self) -> str:
        lines = [f"on S^{self.dimension - 1}: {100 * self.captured:.4g} % of the trace {self.trace:.4g}"]
        lines.append(f"{'degree':>6s} {'harmonics':>12s} {'eigenvalue':>12s} {'of the trace':>12s}")
        rows = zip(self.degrees, self.multiplicities, self.eigenvalues, self.shares, self.noise, strict=True)
        for k, count, mu, share, noise in rows:
            value = f"{mu:12.3e} {share:12.3e}" if abs(mu) > noise else f"{f'< {noise:.0e}':>12s} {'':12s}"
            lines.append(f"{k:6d} {count:12d} {value}".rstrip())
        return "\n".join(lines)


def mercer_spectrum(
    kernel: Kernel | Profile,
    dimension: int,
    degrees: Sequence[int] = tuple(range(25)),
    *,
    profile: bool = False,
    seed: int = 0,
) -> MercerSpectrum:
    """Eigenvalues of a kernel on the unit sphere by degree of its harmonics (Funk-Hecke).

    mu_k = Z int_0^pi kappa(cos t) P_k(cos t) sin^(d-2) t dt, Z = Gamma(d/2) / (sqrt(pi) Gamma((d-1)/2)), by
    Clenshaw-Curtis in the angle, where the kernels of ReLU are smooth, not in its cosine, where they are not. Nodes are
    doubled until the eigenvalues stand still; what still moves is their noise.

    Args:
        kernel: `(x, y)` to the matrix of all pairs, `(n, d)` and `(m, d)` to `(n, m)`, in float64, as those of
            `photonics_sim.analysis.ntk`; with `profile`, cos t to kappa, `(n)` to `(n)`.
        dimension: d of the points.
        degrees: k, each from 0 on.
        profile: Whether the kernel is given as a function of cos t.
        seed: Of the rotations that a kernel must not notice.

    Raises:
        PhotonicsError: for kernels that are not zonal, finite, or positive on the diagonal, what is no degree, and
            degrees and dimensions that take too many angles.
    """
    d, orders = check_dimension(dimension), check_degrees(degrees)
    values = _of_cosine(kernel) if profile else _of_angle(kernel, d)  # type: ignore[arg-type]
    trace = float(values(np.zeros(1))[0])
    if not trace > 0:
        raise PhotonicsError(f"the kernel is {trace:g} on the diagonal: expected a positive number")
    if not profile:
        _check_zonal(kernel, values, d, seed)  # type: ignore[arg-type]
    counts = tuple(multiplicity(k, d) for k in orders)
    scale = np.sqrt(np.array([float(count) for count in counts]))
    # in many dimensions nearly all pairs stand within 1 / sqrt(d) of a right angle: between coarse nodes
    first = max(64, 4 * max(orders), math.ceil(8 * math.sqrt(d)))
    if first >= _MOST_NODES:
        raise PhotonicsError(
            f"degrees up to {max(orders)} in {d} dimensions take more than {_MOST_NODES} angles; ask for degrees below "
            f"{_MOST_NODES // 4} in less than {(_MOST_NODES // 8) ** 2} dimensions"
        )
    found, moved = _settled(lambda nodes: _project(values, d, orders, nodes), first, scale)
    # rounding is white: what it does to one degree is told by all; that one stood still by chance says nothing
    typical = max(4 * _rms(moved * scale), 16 * sys.float_info.epsilon * trace) / scale
    return MercerSpectrum(d, orders, tuple(found.tolist()), counts, tuple(np.maximum(typical, 4 * moved)), trace)


def _settled(project: Callable[[int], Array], nodes: int, scale: Array) -> tuple[Array, Array]:
    """Eigenvalues, and what they moved at the last doubling of the nodes: the doubling after which they stood still."""
    before, moved = project(nodes), np.full_like(scale, math.inf)
    while nodes < _MOST_NODES:
        nodes *= 2
        found = project(nodes)
        now = np.abs(found - before)
        if _rms(now * scale) > _rms(moved * scale) / 2:
            break
        before, moved = found, now
    return before, moved


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))


def parity_gaps(spectrum: MercerSpectrum) -> tuple[int, ...]:
    """Degrees whose eigenvalue vanishes: functions of these degrees stay outside whatever is trained, at any width.

    An eigenvalue vanishes where it lies within its noise although one of the two degrees before it, or any after it,
    stands far above. Where a spectrum has sunk into its noise gradually, nothing is said.
    """
    rows = list(zip(spectrum.degrees, spectrum.eigenvalues, spectrum.noise, strict=True))
    gaps = []
    for k, mu, noise in rows:
        near = [abs(other) / noise for j, other, _ in rows if k - 2 <= j < k]
        after = any(abs(other) > _SEEN * floor for j, other, floor in rows if j > k)
        if abs(mu) <= noise and (after or max(near, default=0.0) > _SEEN**2):
            gaps.append(k)
    return tuple(sorted(gaps))


def tail_slope(spectrum: MercerSpectrum, first: int, last: int | None = None) -> float:
    """Slope of log mu_k against log k, between two degrees: the exponent with which high frequencies die out there.

    Degrees whose eigenvalue does not stand above its noise, or vanishes, are left out. A bounded zonal kernel has a sum
    of multiplicity x mu_k that converges, so that no exponent above 1 - d can hold for all k.

    Args:
        spectrum: With three eigenvalues or more above their noise there.
        first, last: Degrees at both ends, from 1 on; up to the highest by default.

    Raises:
        PhotonicsError: for fewer than three such eigenvalues.
    """
    last = max(spectrum.degrees) if last is None else last
    rows = zip(spectrum.degrees, spectrum.eigenvalues, spectrum.resolved, strict=True)
    kept = np.log([(k, mu) for k, mu, seen in rows if seen and mu > 0 and max(first, 1) <= k <= last])
    if len(kept) < 3:
        raise PhotonicsError(
            f"{len(kept)} eigenvalues from degree {first} to {last} are above noise; a slope takes three"
        )
    return float(np.polyfit(kept[:, 0], kept[:, 1], 1)[0])


def _project(values: Callable[[Array], Array], d: int, degrees: tuple[int, ...], nodes: int) -> Array:
    angles, weights = _nodes(nodes)
    measure = weights * np.sin(angles) ** (d - 2)
    # its sum is Gamma's quotient to rounding: dividing by it takes the rounding of the weights with it
    weighted = measure / math.fsum(measure) * values(angles)
    return np.array([math.fsum(weighted * gegenbauer(k, np.cos(angles), d)) for k in degrees])


@cache
def _nodes(count: int) -> tuple[Array, Array]:
    """Angles and weights of Clenshaw-Curtis, for an even count of intervals.

    Its weights are right to rounding; those of Gauss-Legendre, from eigenvectors, lose two digits at both ends, where
    the measure of the circle does not hide it.
    """
    j, m = np.arange(count + 1), np.arange(1, count // 2 + 1)
    half = np.where(m == count // 2, 1.0, 2.0) / (4.0 * m**2 - 1)
    weights = 1 - np.cos(2 * math.pi / count * (np.outer(j, m) % count)) @ half
    weights[[0, -1]] /= 2
    return (1 - np.cos(math.pi * j / count)) * (math.pi / 2), weights


def _of_cosine(kernel: Profile) -> Callable[[Array], Array]:
    return lambda angles: _checked(kernel(torch.from_numpy(np.cos(angles))), (len(angles),))


def _of_angle(kernel: Kernel, d: int) -> Callable[[Array], Array]:
    """The kernel between the pole and a meridian."""

    def values(angles: Array) -> Array:
        meridian = torch.zeros(len(angles), d, dtype=torch.float64)
        meridian[:, 0], meridian[:, 1] = (torch.from_numpy(f(angles)) for f in (np.cos, np.sin))
        pole = torch.eye(1, d, dtype=torch.float64)
        return _checked(kernel(pole, meridian), (1, len(angles))).ravel()

    return values


def _check_zonal(kernel: Kernel, values: Callable[[Array], Array], d: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    frames = torch.randn(_FRAMES, d, 2, generator=generator, dtype=torch.float64)
    x, aside = torch.linalg.qr(frames).Q.unbind(-1)
    for angle, expected in zip(_ANGLES, values(np.array(_ANGLES)), strict=True):
        found = _checked(kernel(x, math.cos(angle) * x + math.sin(angle) * aside), (_FRAMES, _FRAMES)).diagonal()
        off = float(np.abs(found - expected).max())
        if off > _ZONAL * max(abs(expected), float(np.abs(found).max()), float(values(np.zeros(1))[0])):
            raise PhotonicsError(
                f"the kernel is not zonal: at {math.degrees(angle):.0f} degrees it is {expected:.6g} for one pair of "
                f"points and off by {off:.2g} for a rotated one; ask a kernel of the angle alone, in float64 (the "
                "limit kernel of a network, not one network's)"
            )


def _checked(values: object, shape: tuple[int, ...]) -> Array:
    """What a kernel returned, as numbers of the shape that it should have.

    Raises:
        PhotonicsError: for another shape, complex numbers, and numbers that are not finite.
    """
    if not isinstance(values, Tensor) or tuple(values.shape) != shape or values.is_complex():
        found = tuple(values.shape) if isinstance(values, Tensor) else type(values).__name__
        raise PhotonicsError(f"the kernel returned {found}; expected a real tensor {shape}")
    if not bool(torch.isfinite(values).all()):
        raise PhotonicsError("the kernel is not finite on the unit sphere")
    return np.asarray(values.detach().double().cpu())
