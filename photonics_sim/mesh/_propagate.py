"""Which way light is taken through a mesh: swept cell by cell, through the matrix, or by plain operations."""

from __future__ import annotations

import importlib.util
from typing import Any, Literal

import torch
from torch import Tensor

from photonics_sim.device import forward_mode_active
from photonics_sim.errors import PhotonicsError
from photonics_sim.mesh._faults import IDEAL, Faults
from photonics_sim.mesh._plain import plain_pass
from photonics_sim.mesh._topology import Topology

Method = Literal["auto", "sweep", "matrix", "plain"]

COMPILED = importlib.util.find_spec("numba") is not None
"""Whether the compiled sweep is there."""


def propagate(
    topology: Topology,
    phases: Tensor,
    field: Tensor,
    faults: Faults = IDEAL,
    *,
    per_chip: bool = False,
    method: Method = "auto",
) -> Tensor:
    """The field behind a mesh.

    Args:
        topology: Where its parts are.
        phases: Actual phase of every shifter in rad, `([chips,] shifters)`, float32 or float64.
        field: Complex amplitudes at the inputs, `(*batch, modes)`; |a|^2 in watts.
        faults: What the parts are like; see `Faults`.
        per_chip: Whether `field` is `(chips, *batch, modes)`, one for each chip.
        method: `sweep` takes every sample through every cell: best for fewer samples than modes. `matrix` builds the
            matrix once, then multiplies: best for more. `plain` uses torch operations alone. `auto` chooses.

    Returns:
        `([chips,] *batch, modes)`.

    Raises:
        PhotonicsError: for shapes or number types that do not fit, and for `sweep` where it cannot run.
    """
    lead = _check(topology, phases, field, faults, per_chip)
    batch = field.shape[len(lead) if per_chip else 0 : -1]
    flat = field.reshape(*(lead if per_chip else ()), -1, topology.modes)
    chosen = _method(method, phases, flat.shape[-2], topology.modes)
    if chosen == "plain":
        out = plain_pass(topology, phases, flat, faults)
    elif chosen == "matrix":
        out = flat @ _transposed(topology, phases, faults, lead)
    else:
        from photonics_sim.mesh._sweep import sweep

        out = sweep(topology, *_with_chips(phases, faults, lead, flat))
        out = out if lead else out.squeeze(0)
    return out.reshape(*lead, *batch, topology.modes)


def mesh_matrix(topology: Topology, phases: Tensor, faults: Faults = IDEAL, *, method: Method = "auto") -> Tensor:
    """The matrix `([chips,] modes, modes)` that takes input to output amplitudes, S[out, in].

    `method` is `plain`, or anything else for the compiled sweep of the identity where it can run; see `propagate`.
    """
    lead = _check(topology, phases, None, faults, False)
    if _method("sweep" if method == "matrix" else method, phases, 1, topology.modes) == "plain":
        eye = torch.eye(topology.modes, dtype=phases.dtype.to_complex(), device=phases.device)
        return plain_pass(topology, phases, eye, faults).mT
    return _transposed(topology, phases, faults, lead).mT


def _transposed(topology: Topology, phases: Tensor, faults: Faults, lead: tuple[int, ...]) -> Tensor:
    from photonics_sim.mesh._sweep import sweep

    phases, _, faults = _with_chips(phases, faults, lead, None)
    out = sweep(topology, phases, None, faults)
    return out if lead else out.squeeze(0)  # not [0], whose derivative fills a new tensor


def _with_chips(
    phases: Tensor, faults: Faults, lead: tuple[int, ...], field: Tensor | None
) -> tuple[Tensor, Tensor | None, Faults]:
    """Everything with an axis of chips, of length 1 where there is one chip."""
    chips = lead[0] if lead else 1

    def widen(values: Tensor) -> Tensor:
        return values.expand(chips, values.shape[-1]) if lead else values.unsqueeze(0)

    if field is not None and field.ndim == 2:
        field = field[None]
    return widen(phases), field, faults.map(widen)


def _method(method: Method, phases: Tensor, samples: int, modes: int) -> Method:
    if method not in {"auto", "sweep", "matrix", "plain"}:
        raise PhotonicsError(f"no method {method!r} for a mesh; choose auto, sweep, matrix or plain")
    able = COMPILED and phases.device.type == "cpu"
    if method == "plain" or not able or forward_mode_active():
        if method in {"sweep", "matrix"} and not able:
            raise PhotonicsError(f"method {method!r} needs numba and tensors on the CPU; install numba, or use auto")
        return "plain"
    if method == "auto":
        return "matrix" if samples > modes else "sweep"
    return method


def check_phases(topology: Topology, phases: Any) -> None:
    """Refuse what cannot be the phases of a mesh, whatever their values.

    Raises:
        PhotonicsError: for what is no float32 or float64 tensor `([chips,] shifters)`.
    """
    if not isinstance(phases, Tensor) or phases.dtype not in {torch.float32, torch.float64}:
        found = phases.dtype if isinstance(phases, Tensor) else type(phases).__name__
        raise PhotonicsError(f"{topology.name}: phases are a float32 or float64 tensor in rad; found {found}")
    if phases.ndim not in {1, 2} or phases.shape[-1] != topology.shifters:
        raise PhotonicsError(
            f"{topology!r} has {topology.shifters} shifters: phases are ([chips,] {topology.shifters}); found "
            f"{tuple(phases.shape)}"
        )


def _check(topology: Topology, phases: Tensor, field: Tensor | None, faults: Faults, per_chip: bool) -> tuple[int, ...]:
    """The axis of chips, if there is one; refuses what does not fit."""
    check_phases(topology, phases)
    counts = {len(phases)} if phases.ndim == 2 else set()
    if faults.chips is not None:
        counts.add(faults.chips)
    if len(counts) > 1:
        raise PhotonicsError(f"phases are for {len(phases)} chips, faults for {faults.chips}; make them equal")
    lead = tuple(counts)
    if field is not None:
        wanted = phases.dtype.to_complex()
        if field.shape[-1:] != (topology.modes,) or field.dtype != wanted:
            raise PhotonicsError(
                f"{topology.name} takes fields (*batch, {topology.modes}) of type {wanted}, that of its phases; found "
                f"{tuple(field.shape)}, {field.dtype}"
            )
        if per_chip and (not lead or field.ndim < 2 or field.shape[0] != lead[0]):
            raise PhotonicsError(f"per_chip: the field {tuple(field.shape)} has no leading axis of {lead} chips")
    return lead
