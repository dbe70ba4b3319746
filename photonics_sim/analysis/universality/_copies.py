"""How many copies of an encoding bring a function within an error."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from photonics_sim.analysis.universality._certificate import TARGETS, Target, span_residuals
from photonics_sim.analysis.universality._device_response import device_response
from photonics_sim.analysis.universality._probe import Encoder, Probe, Readout, Response
from photonics_sim.device import Device
from photonics_sim.errors import PhotonicsError, did_you_mean

_FALLEN = 0.5  # of the residual over the last four-fold of copies: above, it has stopped falling
_TREND = 4.0  # the last so many-fold of copies carries the trend


@dataclass(frozen=True)
class RequiredCopies:
    """How many randomly drawn copies approximate a function, and how surely that is known.

    Attributes:
        error: The relative residual that was asked for.
        copies: Geometric mean over the draws; None where the residual stopped falling above the error.
        low, high: 95 % interval of that mean over the draws; None likewise.
        extrapolated: Whether the error lies beyond the sizes that were tried. The trend over the last four-fold of
            copies n is continued twice, as a power of n (kinks) and as exp(-c n), which smooth encodings come near;
            the interval spans both.
        sizes: Copies that were tried.
        residuals: Held-out relative residual, a row for each draw, a column for each size.
    """

    error: float
    copies: float | None
    low: float | None
    high: float | None
    extrapolated: bool
    sizes: tuple[int, ...]
    residuals: tuple[tuple[float, ...], ...]

    def __str__(self) -> str:
        reached = math.exp(sum(math.log(row[-1]) for row in self.residuals) / len(self.residuals))
        if self.copies is None:
            return (
                f"not reached: the residual is {reached:.2g} with {self.sizes[-1]} copies and hardly falls; the "
                "function is out of reach, or takes more copies than were tried"
            )
        beyond = f", extrapolated from {self.sizes[-1]} (residual {reached:.2g})" if self.extrapolated else ""
        if self.high is not None and round(self.high) <= self.sizes[0]:
            return f"{self.sizes[0]} copies or fewer for {self.error:g}"
        if self.high is not None and self.low is not None and self.high > 30 * self.low:
            return f"some {self.low:,.2g} to {self.high:,.2g} copies (95 %) for {self.error:g}{beyond}"
        return f"{self.copies:,.0f} copies (95 %: {self.low:,.0f} to {self.high:,.0f}) for {self.error:g}{beyond}"


def required_copies(
    device: Response | Device,
    target: Target | str,
    error: float,
    *,
    inputs: int = 2,
    largest: int = 256,
    draws: int = 5,
    domain: tuple[float, float] = (-2.0, 2.0),
    encoder: Encoder = "diagonal",
    readout: Readout = "coherent",
    seed: int = 0,
) -> RequiredCopies:
    """Copies with random scales and biases whose weighted sum approximates a function on [-1, 1]^d.

    Weights are least squares, residuals held out; scales and biases that are trained need fewer.

    Args:
        device: A response `(batch, inputs)` to `(batch,)`, or a device, whose encoder and read-out are taken.
        target: Function of points `(n, inputs)`, or the name of one: "x1 ... xd", "cos(2 sum x)".
        error: Relative to the target's deviation, root mean square.
        inputs: How many; those of a device beyond them are frozen at random.
        largest: Copies up to which it is tried.
        draws: Independent draws of scales, biases and points, for the error bar.
        domain, encoder, readout: As in `check_universality`.
        seed: Of all draws.

    Raises:
        PhotonicsError: for an error outside (0, 1), fewer than two draws, 32 copies or a target that is not known.
    """
    if inputs < 1 or not 0 < error < 1 or draws < 2 or largest < 32:
        raise PhotonicsError(
            f"inputs = {inputs}, error = {error:g}, draws = {draws}, largest = {largest}: ask for an error between 0 "
            "and 1 with at least one input, from at least 2 draws of up to at least 32 copies"
        )
    if isinstance(target, str):
        if target not in TARGETS:
            raise PhotonicsError(
                f"no target {target!r}{did_you_mean(target, TARGETS)}; choose {', '.join(TARGETS)}, or pass a function"
            )
        target = TARGETS[target]
    steps = int(2 * math.log2(largest / 8)) + 1
    sizes = tuple(round(largest / 2 ** (k / 2)) for k in reversed(range(steps)))
    rows = []
    for draw in range(draws):
        if isinstance(device, Device):
            asked = device_response(device, inputs, seed)
            probe = Probe(asked.response, inputs, encoder=asked.encoder, readout=asked.readout, seed=seed + draw)
        else:
            probe = Probe(device, inputs, encoder=encoder, readout=readout, domain=domain, seed=seed + draw)
        rows.append(span_residuals(probe, sizes, {"target": target})["target"])
    return _required(np.log(np.maximum(rows, 1e-300)), sizes, error)


def _required(logs: NDArray[np.float64], sizes: tuple[int, ...], error: float) -> RequiredCopies:
    """From log residuals `(draws, sizes)`."""
    residuals = tuple(tuple(row) for row in np.exp(logs).tolist())
    beyond = bool((logs[:, -1] > math.log(error)).any())
    counts = np.asarray(sizes, dtype=np.float64)
    late = counts >= counts[-1] / _TREND
    if beyond and logs[:, -1].mean() - logs[:, late].mean(0)[0] > math.log(_FALLEN):
        return RequiredCopies(error, None, None, None, beyond, sizes, residuals)
    found = [
        _mean_interval(_log_copies(logs, counts, late, law, math.log(error)))
        for law in (("power", "exponential") if beyond else ("power",))
    ]
    middle, low, high = np.exp([np.mean(found, 0)[0], np.min(found, 0)[1], np.max(found, 0)[2]]).tolist()
    return RequiredCopies(error, middle, low, high, beyond, sizes, residuals)


def _mean_interval(values: list[float]) -> tuple[float, float, float]:
    """Mean, and both ends of its 95 % interval (Student)."""
    mean, deviation = float(np.mean(values)), float(np.std(values, ddof=1))
    half = float(stats.t.ppf(0.975, len(values) - 1)) * deviation / math.sqrt(len(values))
    return mean, mean - half, mean + half


def _log_copies(
    logs: NDArray[np.float64], counts: NDArray[np.float64], late: NDArray[np.bool_], law: str, log_error: float
) -> list[float]:
    """Log of the copies of each draw: between sizes that enclose the error, or beyond the last along the common trend.

    The trend is a line over the copies for the law "exponential", over their logarithm for a power.
    """
    scale = counts if law == "exponential" else np.log(counts)
    slope = np.polyfit(scale[late], logs.mean(0)[late], 1)[0]
    found = []
    for row in logs:
        below = np.flatnonzero(row <= log_error)
        if len(below):
            last = max(int(below[0]), 1)
            pair = slice(last - 1, last + 1)
            found.append(float(np.interp(-log_error, -row[pair], np.log(counts[pair]))))
        else:
            reached = scale[-1] + (log_error - row[-1]) / slope
            found.append(float(np.log(reached) if law == "exponential" else reached))
    return found
