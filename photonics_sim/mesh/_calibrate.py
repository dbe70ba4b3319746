"""What the parts of a mesh are really like, found from matrices measured at known settings of its phases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.optimize import least_squares
from torch import Tensor
from torch.func import jacfwd

from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.mesh._cell_fit import Real
from photonics_sim.mesh._faults import IDEAL, Faults
from photonics_sim.mesh._propagate import mesh_matrix
from photonics_sim.mesh._topology import Topology

FITTED = {"angle": "angle", "phase": "phase", "loss": "shifter_loss_db", "splitter loss": "splitter_loss_db"}
"""What can be fitted, and the tensor of `Faults` that it is."""

LOSS_START_DB = 0.05
"""Losses begin off their bound at 0 dB, where the solver moves slowly."""


@dataclass(frozen=True)
class Calibration:
    """Faults that explain what was measured.

    Attributes:
        faults: As far as they can be told; what nothing shows stays near its start.
        residual: Root mean square of measured minus explained elements (amplitudes, or powers).
        standard_error: Of each fitted tensor, in its unit, from the scatter of the residual; infinite for a parameter
            that cannot be told alone.
        blind: Number of independent combinations of parameters that these measurements do not show.
    """

    faults: Faults
    residual: float
    standard_error: Faults
    blind: int


def calibrate(
    topology: Topology,
    settings: Tensor,
    measured: Tensor,
    *,
    fit: Sequence[str] = ("angle", "phase", "loss"),
    powers: bool = False,
    start: Faults | None = None,
) -> Calibration:
    """Fit the faults of a chip to K measured matrices by least squares; they then predict settings not measured.

    What cannot be told, although the prediction is right without it:

    - Powers show no phase at the outputs, nor one in front of each input: 2N - 1 combinations of phase offsets are
      blind. Amplitudes show all phases, if the measurement keeps one phase reference for all settings.
    - The losses of the two splitters of a cell show as their sum only, as do those of whole columns that leave no mode
      alone. A loss on both waveguides can be moved to the shifters behind: fit `loss` (of shifters) or `splitter loss`,
      not both.
    - An angle of opposite sign with shifters around it turned by pi is the same chip: angles are kept in 0 .. pi/2. The
      transmission of a cell alone shows the sum of its two splitter errors and the size of their difference; several
      values of theta and phi show which splitter is which.

    Far from the start there are wrong minima: the residual is then far above the noise, and a better `start` is needed.
    Tried from an ideal start: amplitudes bear any phase offset at 4 or 5 modes and about 1 rad at 8, powers 0.1 rad.

    Args:
        topology: Where the parts are.
        settings: Phases that were asked for in rad, `(K, shifters)`.
        measured: Complex amplitudes `(K, modes, modes)`, [out, in], or powers |V|^2 with `powers`.
        fit: Which kinds of faults, of `angle`, `phase`, `loss` (of shifters), `splitter loss`; others stay at `start`.
        powers: Whether `measured` are powers.
        start: First guess, and the value of what is not fitted; None is an ideal chip.

    Raises:
        PhotonicsError: for shapes that do not fit, unknown names, numbers that are not finite, equal settings, fewer
            equations than unknowns, or a fit that breaks down.
    """
    start = IDEAL if start is None else start
    names = _check(topology, settings, measured, fit, powers, start)
    phases = settings.detach().double().resolve_neg()
    plain = measured.detach().resolve_conj().resolve_neg()
    wanted = _flat(plain.to(torch.float64 if powers else torch.complex128), powers)
    first, bounds, rebuild = _unknowns(topology, start, names)

    def misfit(x: Tensor) -> Tensor:
        V = mesh_matrix(topology, phases, rebuild(x))
        return _flat(V.abs().square() if powers else V, powers) - wanted

    slope = jacfwd(misfit)
    try:
        solved = least_squares(
            lambda x: misfit(torch.from_numpy(x)).numpy(),
            first,
            jac=lambda x: slope(torch.from_numpy(x)).numpy(),
            bounds=bounds,
            **dict.fromkeys(("xtol", "ftol", "gtol"), 1e-15),
            max_nfev=100,
        )
    except np.linalg.LinAlgError as error:
        raise PhotonicsError(
            f"calibrate: the fit does not converge ({error}); give a `start` nearer the chip"
        ) from error
    errors, blind = _standard_errors(solved)
    kept = {**start.map(lambda t: t.detach().double()).tensors(), **_only(rebuild(torch.from_numpy(solved.x)), names)}
    residual = float(np.sqrt(2 * solved.cost / (len(solved.fun) / (1 if powers else 2))))
    return Calibration(Faults(**kept), residual, Faults(**_only(rebuild(torch.from_numpy(errors)), names)), blind)


def _check(
    topology: Topology, settings: Tensor, measured: Tensor, fit: Sequence[str], powers: bool, start: Faults
) -> list[str]:
    """The tensors to be fitted; refuses what cannot be."""
    n = topology.modes
    if isinstance(fit, str) or not fit:
        wrong = "one name alone" if fit else "nothing"
        raise PhotonicsError(f"calibrate: fit is a list of faults, such as ('angle',); found {wrong}, {fit!r}")
    for name in fit:
        if name not in FITTED:
            raise PhotonicsError(f"calibrate: no fault {name!r}{did_you_mean(name, FITTED)}; fit {', '.join(FITTED)}")
    if settings.ndim != 2 or settings.shape[1] != topology.shifters or measured.shape != (len(settings), n, n):
        raise PhotonicsError(
            f"calibrate: settings must be (K, {topology.shifters}) and measured (K, {n}, {n}); found "
            f"{tuple(settings.shape)} and {tuple(measured.shape)}"
        )
    if measured.is_complex() == powers:
        kind = "real powers with powers=True" if powers else "complex amplitudes, or powers=True given"
        raise PhotonicsError(f"calibrate: measured must be {kind}; found {measured.dtype}")
    if not bool(torch.isfinite(settings).all() and torch.isfinite(measured).all()):
        raise PhotonicsError("calibrate: settings and measured matrices must be finite")
    start.check(topology)
    if start.chips is not None:
        raise PhotonicsError(f"calibrate fits one chip; start is for {start.chips}. Take start.chip(number)")
    names = [FITTED[name] for name in dict.fromkeys(fit)]
    unknowns = sum(_width(topology, name) for name in names)
    equations = measured.numel() * (1 if powers else 2)
    if equations < unknowns:
        least = -(-unknowns // (equations // len(settings))) if len(settings) else 1
        raise PhotonicsError(
            f"calibrate: {len(settings)} settings give {equations} equations for {unknowns} unknowns; measure at least "
            f"{least} settings, twice that to be robust"
        )
    if len(settings) > 1 and bool((settings == settings[0]).all()):
        raise PhotonicsError(f"calibrate: all {len(settings)} settings are equal; draw each phase at random")
    return names


def _width(topology: Topology, name: str) -> int:
    return topology.shifters if name in {"phase", "shifter_loss_db"} else topology.splitters


def _unknowns(topology: Topology, start: Faults, names: list[str]) -> tuple[Real, Real, Callable[[Tensor], Faults]]:
    """First guess and bounds (2, unknowns) of all unknowns in one row, and the way from such a row to faults."""
    widths = [_width(topology, name) for name in names]
    given = start.map(lambda t: t.detach().double().resolve_neg()).tensors()
    ideal = {"angle": torch.pi / 4, "phase": 0.0}
    first = [
        given.get(name, torch.full((width,), ideal.get(name, LOSS_START_DB), dtype=torch.float64))
        for name, width in zip(names, widths, strict=True)
    ]
    first = [value.clamp(min=1e-6) if name.endswith("_db") else value for name, value in zip(names, first, strict=True)]
    ends = {"angle": (0.0, np.pi / 2), "phase": (-np.inf, np.inf)}
    bounds = np.concatenate(
        [np.tile(ends.get(name, (0.0, np.inf)), (width, 1)) for name, width in zip(names, widths, strict=True)]
    ).T

    def rebuild(x: Tensor) -> Faults:
        return Faults(**{**given, **dict(zip(names, x.split(widths), strict=True))})

    return torch.cat(first).numpy(), bounds, rebuild


def _only(faults: Faults, names: list[str]) -> dict[str, Tensor]:
    return {name: getattr(faults, name) for name in names}


def _flat(values: Tensor, powers: bool) -> Tensor:
    return (values if powers else torch.view_as_real(values)).flatten()


def _standard_errors(solved: Any) -> tuple[Real, int]:
    """Standard error of each unknown and the number of directions that change nothing measured."""
    _, sizes, ways = np.linalg.svd(solved.jac, full_matrices=False)
    seen = sizes > 1e-9 * sizes[0]
    freedom = max(len(solved.fun) - int(seen.sum()), 1)
    errors = np.sqrt(2 * solved.cost / freedom * ((ways[seen] / sizes[seen, None]) ** 2).sum(0))
    alone = (ways[~seen] ** 2).sum(0) < 1e-9
    return np.where(alone, errors, np.inf), int((~seen).sum())
