"""The gradient of a loss by the phases, as the chip measures it: light forward, light back, their interference."""

from __future__ import annotations

import torch
from torch import Tensor

from photonics_sim.device import derive_key, normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.mesh._faults import IDEAL, Faults
from photonics_sim.mesh._plain import NEPER_PER_DB, couplings, plain_fields, shifter_transmission
from photonics_sim.mesh._topology import Topology


def in_situ_gradient(
    topology: Topology,
    phases: Tensor,
    source: Tensor,
    adjoint: Tensor,
    faults: Faults = IDEAL,
    *,
    through_inputs: bool = False,
    noise: float = 0.0,
    seed: int = 0,
) -> Tensor:
    r"""dL/dphase of every shifter from three intensities at each (Hughes et al., Optica 5, 864 (2018)).

    With the forward field a behind a shifter and the field b there of light sent back from the outputs with the
    amplitudes g*,

    .. math::
        \frac{dL}{d\phi} = -\mathrm{Im}(a b) = \tfrac12 \left(|a - i b^*|^2 - |a|^2 - |b|^2\right)

    A reciprocal chip sends light back by the transpose of its matrix, loss or not, and the phase turns both ways alike:
    the formula is exact with loss and with any splitters.

    The first intensity needs a and the conjugate of b in one place. On a chip (Pai et al., Science 380, 398 (2023);
    `through_inputs`) the light b that arrives at the inputs is measured there, conjugated and sent in together with the
    source. This runs time backward, so without loss it is the same. With loss the conjugate light is attenuated again
    on a way on which it should be amplified: it comes as b* times the power transmission from the inputs to the shifter
    if that is equal on all paths, and the gradient is too small by this factor; with unequal paths it is biased.

    Args:
        topology: Where the parts are.
        phases: Of every shifter in rad, `(shifters,)`.
        source: Amplitudes at the inputs, `(*batch, modes)`.
        adjoint: g = dL/dRe(y) + i dL/dIm(y) at the outputs y, `(*batch, modes)`: what `y.grad` is after
            `L.backward()` in torch (twice dL/dy*).
        faults: What the parts of one chip are like.
        through_inputs: Whether the conjugate light takes its way through the chip.
        noise: Standard deviation of each measured intensity, as a share of itself.
        seed: Of the noise.

    Returns:
        Real, `(shifters,)`, summed over the batch.

    Raises:
        PhotonicsError: for several chips, shapes that do not fit, or noise below 0.
    """
    if phases.ndim != 1 or faults.chips is not None:
        raise PhotonicsError("in_situ_gradient measures one chip: give phases (shifters,) and faults.chip(number)")
    if source.shape != adjoint.shape or not noise >= 0:
        raise PhotonicsError(
            f"in_situ_gradient: source and adjoint must have one shape, (*batch, {topology.modes}), and noise must be "
            f"0 or more; found {tuple(source.shape)}, {tuple(adjoint.shape)}, {noise}"
        )
    with torch.no_grad():
        # sent back as bright as the source, where the interference is clearest
        scale = source.norm(dim=-1, keepdim=True) / adjoint.norm(dim=-1, keepdim=True)
        scale = torch.where(scale.isfinite() & (scale > 0), scale, 1)
        ahead = shifter_fields(topology, phases, source, faults)
        back, inputs = _backward_fields(topology, phases, scale * adjoint.conj(), faults)
        if through_inputs:
            back = shifter_fields(topology, phases, inputs.conj(), faults).conj()
            both = shifter_fields(topology, phases, source - 1j * inputs.conj(), faults)
        else:
            both = ahead - 1j * back.conj()
        measured = torch.stack([both, ahead, back]).abs().square()
        if noise:
            measured = measured * (1 + noise * normal(derive_key(seed, "intensity"), *measured.shape, like=measured))
        gradient = (measured[0] - measured[1] - measured[2]) / (2 * scale[..., 0])
        return gradient.reshape(topology.shifters, -1).sum(1)


def shifter_fields(topology: Topology, phases: Tensor, field: Tensor, faults: Faults = IDEAL) -> Tensor:
    """The field behind each shifter for light from the inputs, `(shifters, [chips,] *batch)`.

    Args:
        topology: Where the parts are.
        phases: Of every shifter in rad, `([chips,] shifters)`.
        field: Amplitudes at the inputs, `(*batch, modes)`, complex of the precision of the phases.
        faults: What the parts are like.

    Raises:
        PhotonicsError: for shapes that do not fit.
    """
    _check(topology, phases, field, faults)
    seen: list[Tensor] = []
    plain_fields(topology, phases, field.reshape(-1, topology.modes), faults, seen)
    return _by_shifter(topology, seen, field.shape[:-1])


def _backward_fields(topology: Topology, phases: Tensor, field: Tensor, faults: Faults) -> tuple[Tensor, Tensor]:
    """For light from the outputs: its field at the same places, `(shifters, *batch)`, and at the inputs."""
    _check(topology, phases, field, faults)
    transmission = shifter_transmission(phases, faults)
    cosine, sine, through = couplings(topology, phases, faults)
    x = field.reshape(-1, topology.modes)
    if faults.path_loss_db is not None:
        x = x * torch.exp(-NEPER_PER_DB * faults.path_loss_db)
    seen: list[Tensor] = []
    for layer in reversed(topology.layers):
        shifter, splitter, partner = (
            torch.from_numpy(index).to(x.device) for index in (layer.shifter, layer.splitter, layer.partner)
        )
        x = cosine[splitter] * x + 1j * sine[splitter] * x[:, partner]
        if through is not None:
            x = x * through[splitter]
        seen.append(x)
        x = x * transmission[shifter]
    return _by_shifter(topology, seen[::-1], field.shape[:-1]), x.reshape(field.shape)


def _by_shifter(topology: Topology, seen: list[Tensor], batch: torch.Size) -> Tensor:
    """From the fields of all modes at each layer, `([chips,] batch, modes)`, to the field of each shifter."""
    places = [
        (int(number), layer, mode)
        for layer, part in enumerate(topology.layers)
        for mode, number in enumerate(part.shifter)
        if number != topology.shifters
    ]
    fields = torch.stack([seen[layer][..., mode] for _, layer, mode in sorted(places)])
    return fields.reshape(*fields.shape[:-1], *batch)


def _check(topology: Topology, phases: Tensor, field: Tensor, faults: Faults) -> None:
    faults.check(topology)
    wanted = phases.dtype.to_complex() if phases.is_floating_point() else None
    if phases.shape[-1:] != (topology.shifters,) or field.shape[-1:] != (topology.modes,) or field.dtype != wanted:
        raise PhotonicsError(
            f"{topology.name}: phases must be ([chips,] {topology.shifters}) and fields (*batch, {topology.modes}), "
            f"complex of the same precision; found {tuple(phases.shape)}, {phases.dtype} and {tuple(field.shape)}, "
            f"{field.dtype}"
        )
