"""Light over a distance."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from photonics_sim.errors import PhotonicsError, PhotonicsWarning
from photonics_sim.optics._grid import Pair, Scalar, complex_field, number
from photonics_sim.optics._judge import judge
from photonics_sim.optics._operators import Operator, check_method, make_operator
from photonics_sim.optics._plan import PropagationPlan
from photonics_sim.optics._space import check_wavelengths, geometry
from photonics_sim.optics._transfer import sampled_transfer


def propagate(
    field: Tensor,
    *,
    pitch: Pair,
    wavelength: Scalar,
    distance: Scalar,
    method: str = "auto",
    tilt: Pair = 0.0,
    offset: Pair = 0.0,
    output_pitch: Pair | None = None,
    output_shape: Sequence[int] | None = None,
    accuracy: float = 1e-3,
) -> Tensor:
    r"""The field on a parallel plane, differentiable in the field and in every number of the geometry.

    Light is exp(-i omega t) and told against its carrier :math:`e^{i (k_t \cdot x + k_z z)}`: at normal incidence the
    phase k z of the distance itself is left out, everywhere and for every method. Wavelengths, modes of partially
    coherent light, polarisations and frames are leading axes of the field.

    Args:
        field: Complex or real, `(..., ny, nx)`; sample i of n is at (i - (n - 1) / 2) pitch.
        pitch: Of the samples in metres, or (y, x).
        wavelength: In the medium, in metres; of a shape that broadcasts against the leading axes of the field.
        distance: In metres; a negative one leads back.
        method: "auto", by `plan_propagation`; "angular-spectrum", exact; "band-limited", exact without what the grid
            does not resolve (Matsushima and Shimobaba 2009); "rayleigh-sommerfeld", the exact impulse response, for far
            planes; "fresnel", paraxial by Fourier transforms; "fresnel-products", paraxial as two matrix products, to
            any grid; "fraunhofer", the far field, to any grid.
        tilt: Angle of the carrier against z in rad, or (y, x).
        offset: Of the middle of the plane that is read, in metres, or (y, x); z tan(tilt) follows a tilted beam.
        output_pitch, output_shape: Of the plane that is read; those of the field where they are not given.
        accuracy: For "auto": largest share of the power that may be wrong.

    Returns:
        The complex field, `(..., my, mx)`, in the precision of the field.

    Raises:
        PhotonicsError: for a geometry or a method that is none.

    Warns:
        PhotonicsWarning: where "auto" cannot meet the accuracy, with the numbers.
    """
    field = complex_field(field)
    space, planes = geometry(
        (field.shape[-2], field.shape[-1]), pitch=pitch, wavelength=wavelength, distance=distance, tilt=tilt,
        offset=offset, output_pitch=output_pitch, output_shape=output_shape,
    )  # fmt: skip
    check_wavelengths(field, space)
    if method == "auto":
        plan = judge(space, planes, field, "auto", accuracy)
        method = plan.method
        for warning in plan.warnings:
            warnings.warn(warning, PhotonicsWarning, stacklevel=2)
    check_method(method, planes)
    operator = make_operator(space, planes, method, field.dtype, field.device)
    return operator.apply(field, operator.tensors)


def plan_propagation(
    field: Tensor | tuple[int, int],
    *,
    pitch: Pair,
    wavelength: Scalar,
    distance: Scalar,
    method: str = "auto",
    tilt: Pair = 0.0,
    offset: Pair = 0.0,
    output_pitch: Pair | None = None,
    output_shape: Sequence[int] | None = None,
    accuracy: float = 1e-3,
) -> PropagationPlan:
    """Choose how to propagate, and say what it will cost in accuracy and memory.

    Args:
        field: The light itself `(..., ny, nx)`, whose spectrum counts, or (ny, nx) alone: light of every direction.
        pitch, wavelength, distance, tilt, offset, output_pitch, output_shape: As for `propagate`; of several
            wavelengths the longest, which spreads most.
        method: To judge; "auto" chooses.
        accuracy: Largest share of the power that may be wrong.

    Returns:
        The plan; `print` it.

    Raises:
        PhotonicsError: for a geometry that is none.
    """
    shape = (field.shape[-2], field.shape[-1]) if isinstance(field, Tensor) else (int(field[0]), int(field[1]))
    space, planes = geometry(
        shape, pitch=pitch, wavelength=wavelength, distance=distance, tilt=tilt, offset=offset,
        output_pitch=output_pitch, output_shape=output_shape,
    )  # fmt: skip
    return judge(space, planes, field if isinstance(field, Tensor) else None, method, accuracy)


def focus(
    field: Tensor,
    *,
    pitch: Pair,
    wavelength: Scalar,
    focal_length: Scalar,
    output_pitch: Pair,
    output_shape: Sequence[int],
    tilt: Pair = 0.0,
    offset: Pair = 0.0,
) -> Tensor:
    r"""The field in a lens's back focal plane of that in its front focal plane: their Fourier transform.

    .. math:: u(x') = \frac{1}{i\lambda f} \int u(x)\, e^{-2\pi i x x' / \lambda f}\, dx

    Paraxial and exact in the samples, on any grid. Goodman, Introduction to Fourier Optics, 5.2.

    Args:
        field, pitch, wavelength, tilt, offset, output_pitch, output_shape: As for `propagate`.
        focal_length: In metres.

    Raises:
        PhotonicsError: for a geometry that is none.
    """
    return propagate(
        field, pitch=pitch, wavelength=wavelength, distance=focal_length, method="lens", tilt=tilt, offset=offset,
        output_pitch=output_pitch, output_shape=output_shape,
    )  # fmt: skip


class Propagator(nn.Module):
    """A distance that is gone again and again: what it does to light is worked out once and kept.

    Args:
        shape: Samples of the fields, (ny, nx).
        pitch, wavelength, distance, method, tilt, offset, output_pitch, output_shape, accuracy: As for `propagate`, as
            numbers: for one that is trained, call `propagate`. "auto" plans for light of every direction.

    Raises:
        PhotonicsError: for a geometry or a method that is none.

    Warns:
        PhotonicsWarning: where "auto" cannot meet the accuracy for such light, with the numbers.
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        pitch: Pair,
        wavelength: Scalar,
        distance: Scalar,
        method: str = "auto",
        tilt: Pair = 0.0,
        offset: Pair = 0.0,
        output_pitch: Pair | None = None,
        output_shape: Sequence[int] | None = None,
        accuracy: float = 1e-3,
    ) -> None:
        super().__init__()
        self.shape = (int(shape[0]), int(shape[1]))
        self.space, self.planes = geometry(
            self.shape, pitch=pitch, wavelength=wavelength, distance=distance, tilt=tilt, offset=offset,
            output_pitch=output_pitch, output_shape=output_shape,
        )  # fmt: skip
        if self.space.needs_grad:
            raise PhotonicsError("a Propagator keeps its geometry; for one that is trained, call propagate")
        self.plan = judge(self.space, self.planes, None, method, accuracy)
        self.method = self.plan.method
        for warning in self.plan.warnings if method == "auto" else ():
            warnings.warn(warning, PhotonicsWarning, stacklevel=2)
        self._operators: dict[tuple[torch.dtype, torch.device], Operator] = {}

    def forward(self, field: Tensor) -> Tensor:
        """Fields `(..., ny, nx)` to `(..., my, mx)`.

        Raises:
            PhotonicsError: for fields of another shape.
        """
        field = complex_field(field)
        if tuple(field.shape[-2:]) != self.shape:
            raise PhotonicsError(f"field {tuple(field.shape)}: this propagator is for (..., ny, nx) = {self.shape}")
        operator = self.operator(field.dtype, field.device)
        return operator.apply(field, operator.tensors)

    def operator(self, dtype: torch.dtype, device: torch.device) -> Operator:
        """What it does to fields of this type, worked out at the first one."""
        key = (dtype, device)
        if key not in self._operators:
            # what is kept must be plain tensors, whatever the first call is inside of
            with torch._C._DisableFuncTorch(), torch.inference_mode(False), torch.no_grad():
                self._operators[key] = make_operator(self.space, self.planes, self.method, dtype, device)
        return self._operators[key]

    def extra_repr(self) -> str:
        return f"{self.shape}, {self.method}, z = {float(self.space.distance):g} m"


def misplaced_transfer(way: Propagator, transfer: Tensor, move: Tensor) -> Tensor:
    """A propagator's transfer function to a plane that is not where it should be, differentiable in by how much.

    Args:
        way: Says what the transfer function is sampled on.
        transfer: Of it, `(py, px)`.
        move: In metres, (y, x, z), `(3)`: beside the axis, and farther away.
    """
    y, x, z = number(move[0], "move (y)", "m"), number(move[1], "move (x)", "m"), number(move[2], "move (z)", "m")
    more = replace(way.space, distance=z, offset=(y, x))
    method = "fresnel" if way.method == "fresnel" else "angular-spectrum"
    return transfer * sampled_transfer(more, (transfer.shape[-2], transfer.shape[-1]), method).to(transfer)
