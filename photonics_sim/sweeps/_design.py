"""From values of each axis to points: grids, zipped lists, quasi-random samples."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError, PhotonicsWarning, did_you_mean
from photonics_sim.sweeps._result import Design
from photonics_sim.sweeps._vary import Varied

DESIGNS = get_args(Design)
SAMPLED = ("sobol", "latin-hypercube", "saltelli")
MOST_POINTS = 10_000_000


def make_points(
    design: str, varied: Mapping[str, Varied], *, samples: int | None = None, seed: int = 0
) -> dict[str, NDArray[Any]]:
    """The value of every axis at every point, `(points,)` by path.

    "grid" takes every combination, the last axis fastest; "zip" the first values together, then the second, and so on;
    "sobol" and "latin-hypercube" spread `samples` points over the ranges (scipy.stats.qmc, scrambled by the seed);
    "saltelli" makes samples x (axes + 2) points for Sobol' indices: two Sobol samples A and B, then for each axis A
    with that column of B (Saltelli et al., Comput. Phys. Commun. 181, 259 (2010)).

    Raises:
        PhotonicsError: for lists of different lengths, a range in a grid, a value twice, or too many points.
    """
    if design not in DESIGNS:
        raise PhotonicsError(f"no design {design!r}{did_you_mean(design, DESIGNS)}; choose {', '.join(DESIGNS)}")
    for path, axis in varied.items():
        if design != "zip" and len(np.unique(axis.values)) < len(axis.values):
            raise PhotonicsError(f"{path} has a value twice; give each once")
    if design in SAMPLED:
        return _sampled(design, varied, samples, seed)
    for path, axis in varied.items():
        if axis.is_range:
            low, high = axis.values.tolist()
            raise PhotonicsError(
                f"{path}={low:g}:{high:g} is a range without a count; write {path}={low:g}:{high:g}:11, or sample it "
                "with --design sobol --points 256"
            )
    if samples is not None:
        raise PhotonicsError(f"--points is for sampled designs; a {design} has as many points as its lists say")
    lengths = [len(axis.values) for axis in varied.values()]
    if design == "zip":
        if len(set(lengths)) > 1:
            told = ", ".join(f"{path} has {length}" for path, length in zip(varied, lengths, strict=True))
            raise PhotonicsError(f"zipped lists are of one length; {told}")
        return {path: axis.values for path, axis in varied.items()}
    _check_count(math.prod(lengths))
    places = np.unravel_index(np.arange(math.prod(lengths)), lengths)
    return {path: axis.values[place] for (path, axis), place in zip(varied.items(), places, strict=True)}


def _sampled(design: str, varied: Mapping[str, Varied], samples: int | None, seed: int) -> dict[str, NDArray[Any]]:
    if samples is None or samples < 1:
        raise PhotonicsError(f"--design {design}: say how many with --points, e.g. --points 256")
    axes = len(varied)
    _check_count(samples * (axes + 2) if design == "saltelli" else samples)
    balanced = samples & (samples - 1) == 0
    if design == "saltelli" and not balanced:
        raise PhotonicsError(f"--points {samples}: Sobol' indices need a power of 2; give {1 << samples.bit_length()}")
    if design == "latin-hypercube":
        from scipy.stats import qmc  # late, since it takes most of a second

        unit = qmc.LatinHypercube(axes, rng=np.random.default_rng(seed)).random(samples)
    else:
        if not balanced:
            warnings.warn(
                f"{samples} points of a Sobol sequence are not balanced; a power of 2 is: {1 << samples.bit_length()}",
                PhotonicsWarning,
                stacklevel=2,
            )
        unit = _sobol(axes * (2 if design == "saltelli" else 1), samples, seed)
        unit = _saltelli(unit, axes) if design == "saltelli" else unit
    return {path: _spread(path, axis, unit[:, n]) for n, (path, axis) in enumerate(varied.items())}


def _sobol(columns: int, samples: int, seed: int) -> NDArray[np.float64]:
    from scipy.stats import qmc

    engine = qmc.Sobol(columns, rng=np.random.default_rng(seed))
    whole = engine.random_base2((samples - 1).bit_length())
    return np.asarray(whole[:samples], dtype=np.float64)


def _saltelli(unit: NDArray[np.float64], axes: int) -> NDArray[np.float64]:
    """A, B, then A with column i of B for each axis i."""
    first, second = unit[:, :axes], unit[:, axes:]
    mixed = [np.where(np.arange(axes) == axis, second, first) for axis in range(axes)]
    return np.concatenate([first, second, *mixed])


def _spread(path: str, axis: Varied, unit: NDArray[np.float64]) -> NDArray[Any]:
    """Places in 0 .. 1 as values: between the ends of a range, or one of a list, each as often."""
    values = axis.values
    if not axis.is_range:
        return values[np.minimum((unit * len(values)).astype(np.int64), len(values) - 1)]
    low, high = sorted(values.tolist())
    whole = values.dtype.kind == "i"
    end = high + 1 if whole else high  # each whole number as often, the ends too
    spread = np.exp(math.log(low) + unit * (math.log(end) - math.log(low))) if axis.is_log else low + unit * (end - low)
    return np.asarray(np.clip(np.floor(spread).astype(np.int64) if whole else spread, low, high))


def _check_count(points: int) -> None:
    if points > MOST_POINTS:
        raise PhotonicsError(f"{points:,} points are more than {MOST_POINTS:,}; vary fewer fields, or sample them")
