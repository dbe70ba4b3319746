"""The compiled pass through a mesh and its reverse, as one differentiable function. Needs numba."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from photonics_sim.mesh._faults import Faults
from photonics_sim.mesh._kernel_backward import make_backward
from photonics_sim.mesh._kernel_forward import make_forward
from photonics_sim.mesh._plain import NEPER_PER_DB, plain_pass
from photonics_sim.mesh._program import Array, Cells, Program, cells_of
from photonics_sim.mesh._push import pull
from photonics_sim.mesh._threads import in_parallel
from photonics_sim.mesh._topology import Topology

_Tape = tuple[Cells, Array]  # and the fields kept on the way forward


def sweep(topology: Topology, phases: Tensor, field: Tensor | None, faults: Faults) -> Tensor:
    """The field behind the mesh `(chips, batch, modes)`, for phases `(chips, shifters)` and faults with that axis.

    Args:
        topology: Where the parts are.
        phases: Phase of every shifter in rad, float32 or float64.
        field: `(chips or 1, batch, modes)` complex, or None for the identity: then the result is the transposed matrix.
        faults: Each tensor None or with an axis of chips.
    """
    parts = faults.angle, faults.phase, faults.shifter_loss_db, faults.splitter_loss_db, faults.path_loss_db
    watched = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (field, phases, *parts))
    if not watched and not torch._C._are_functorch_transforms_active():
        return _forward(topology, field, phases, faults)[0]  # what surrounds it costs as much as a small mesh
    out: Tensor = _Sweep.apply(topology, field, phases, *parts)[0]  # type: ignore[no-untyped-call]
    return out


class _Sweep(torch.autograd.Function):
    """Backward runs the mesh in reverse: only the output is kept. Higher derivatives come from the plain pass."""

    @staticmethod
    def forward(*inputs: Any) -> tuple[Tensor, _Tape]:
        topology, field, phases, *parts = inputs
        return _forward(topology, field, phases, Faults(*parts))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, _Tape]) -> None:
        ctx.topology = inputs[0]
        ctx.tape = output[1]
        ctx.save_for_backward(*inputs[1:], output[0])

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Any) -> tuple[Tensor | None, ...]:
        *inputs, out = ctx.saved_tensors
        if torch.is_grad_enabled():
            return None, *_plain_vjp(ctx.topology, inputs, grad)
        return None, *_backward(ctx.topology, inputs, ctx.tape, out, grad)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *inputs: Any) -> tuple[Any, Any]:
        def plain(field: Tensor | None, phases: Tensor, *parts: Tensor | None) -> Tensor:
            return _plain(inputs[0], field, phases, *parts)

        return (torch.func.vmap(plain, in_dims[1:])(*inputs[1:]), None), (0, None)


# torch inspects the signature at every call, which costs more than a small mesh: here it is, ready
_Sweep.forward.__signature__ = inspect.signature(_Sweep.forward)  # type: ignore[attr-defined]


def _plain(topology: Topology, field: Tensor | None, phases: Tensor, *parts: Tensor | None) -> Tensor:
    if field is None:
        field = torch.eye(topology.modes, dtype=phases.dtype.to_complex(), device=phases.device)[None]
    return plain_pass(topology, phases, field, Faults(*parts))


def _plain_vjp(topology: Topology, inputs: list[Tensor | None], grad: Tensor) -> list[Tensor | None]:
    given = [tensor for tensor in inputs if tensor is not None]

    def plain(*tensors: Tensor) -> Tensor:
        values = iter(tensors)
        field, phases, *parts = (None if tensor is None else next(values) for tensor in inputs)
        assert phases is not None
        return _plain(topology, field, phases, *parts)

    found = iter(torch.func.vjp(plain, *given)[1](grad))
    return [None if tensor is None else next(found) for tensor in inputs]


def _lanes(samples: int) -> int:
    """Samples in a block: many for long loops, few where most would stay empty."""
    return 64 if samples > 32 else 16


def _forward(topology: Topology, field: Tensor | None, phases: Tensor, faults: Faults) -> tuple[Tensor, _Tape]:
    chips, modes = len(phases), topology.modes
    real = phases.dtype
    cells = cells_of(topology, phases, faults)
    samples = modes if field is None else field.shape[-2]
    out = torch.empty(chips, samples, modes, dtype=real.to_complex())
    planes = torch.view_as_real(out).numpy()
    source = (
        planes[:1]
        if field is None
        else torch.view_as_real(field.detach().resolve_conj().resolve_neg().contiguous()).numpy()
    )
    lanes = _lanes(samples)
    tasks = chips * math.ceil(samples / lanes)
    kept = np.empty((len(cells.marks), tasks, modes * 2 * lanes), planes.dtype)
    kernel = make_forward(lanes)

    def part(first: int, last: int) -> None:
        kernel(
            source, planes, cells.program.cell_top, cells.program.cell_bottom, cells.cos, cells.sin, cells.z,
            cells.screen, cells.marks, kept, field is None, first, last,
        )  # fmt: skip

    in_parallel(part, tasks)
    return out, (cells, kept)


def _backward(
    topology: Topology, inputs: list[Tensor | None], tape: _Tape, out: Tensor, grad: Tensor
) -> list[Tensor | None]:
    field, phases, *parts = inputs
    assert phases is not None
    cells, kept = tape
    chips, samples, modes = out.shape
    planes = torch.view_as_real(out.detach()).numpy()
    adjoint = torch.view_as_real(grad.resolve_conj().resolve_neg().contiguous()).numpy()
    by_field = torch.empty_like(out) if field is not None else out
    by_field_planes = torch.view_as_real(by_field).numpy()
    lanes = _lanes(samples)
    kernel, program, inverse = make_backward(lanes, not cells.lossless), cells.program, cells.inverse
    sums: dict[int, tuple[Array, Array]] = {}

    def part(first: int, last: int) -> None:
        by_cell, by_screen = np.zeros((chips, len(program.cell_top), 3)), np.zeros((chips, modes, 2))
        kernel(
            planes, adjoint, by_field_planes, program.cell_top, program.cell_bottom, cells.cos, cells.sin, cells.z,
            inverse, cells.screen, cells.marks, kept, by_cell, by_screen, field is None, first, last,
        )  # fmt: skip
        sums[first] = by_cell, by_screen

    in_parallel(part, chips * math.ceil(samples / lanes))
    # in the order of the parts, whichever thread was first: sums must not depend on that
    ordered = [sums[first] for first in sorted(sums)]
    by_cell, by_screen = ordered[0] if len(ordered) == 1 else (np.sum(s, axis=0) for s in zip(*ordered, strict=True))
    gradients = _by_parts(topology, program, by_cell, by_screen, Faults(*parts))
    by_input = None
    if field is not None:
        by_input = by_field.sum(0, keepdim=True) if len(field) < chips else by_field
    return [by_input, *(None if g is None else torch.from_numpy(g).to(phases.dtype) for g in gradients)]


def _by_parts(
    topology: Topology, program: Program, by_cell: Array, by_screen: Array, faults: Faults
) -> list[Array | None]:
    """Derivatives by phases and by each of the faults, None where there is none."""
    chips = len(by_cell)
    widths = (topology.shifters, topology.splitters)
    by_phase, by_angle = (np.zeros((chips, n)) for n in widths)
    by_decay, by_splitter_decay = (np.zeros((chips, 0 if faults.lossless else n)) for n in widths)
    by_path = by_screen[..., 1].copy()
    pull(
        program.kinds, program.top, program.bottom, program.numbers, by_cell, by_screen,
        by_phase, by_angle, by_decay, by_splitter_decay,
    )  # fmt: skip
    return [
        by_phase,
        None if faults.angle is None else by_angle,
        None if faults.phase is None else by_phase,
        None if faults.shifter_loss_db is None else -NEPER_PER_DB * by_decay,
        None if faults.splitter_loss_db is None else -NEPER_PER_DB * by_splitter_decay,
        None if faults.path_loss_db is None else -NEPER_PER_DB * by_path,
    ]
