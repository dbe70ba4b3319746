"""From what a user says of a geometry to planes and the distance between them; refused here or never."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.optics._grid import Pair, Scalar, number, pair
from photonics_sim.optics._operators import Planes
from photonics_sim.optics._transfer import Space


def geometry(
    shape: tuple[int, int],
    *,
    pitch: Pair,
    wavelength: Scalar,
    distance: Scalar,
    tilt: Pair = 0.0,
    offset: Pair = 0.0,
    output_pitch: Pair | None = None,
    output_shape: Sequence[int] | None = None,
) -> tuple[Space, Planes]:
    """The distance and its two planes; see `propagate`.

    Raises:
        PhotonicsError: for a pitch or wavelength that is not positive, a carrier that does not travel, and planes
            without samples.
    """
    steps = pair(pitch, "pitch", "m", positive=True)
    read = steps if output_pitch is None else pair(output_pitch, "output_pitch", "m", positive=True)
    samples = shape if output_shape is None else tuple(int(n) for n in output_shape)
    if len(samples) != 2 or min(*samples, *shape) < 1:
        raise PhotonicsError(
            f"output_shape = {samples} of a field {shape}: expected (ny, nx), at least one sample each"
        )
    space = Space(
        steps,
        number(wavelength, "wavelength", "m", positive=True),
        number(distance, "distance", "m"),
        pair(tilt, "tilt", "rad"),
        pair(offset, "offset", "m"),
    )
    sines = sum(float(angle.detach().sin()) ** 2 for angle in space.tilt)
    if sines >= 1:
        raise PhotonicsError(
            f"tilt = ({', '.join(f'{float(a.detach()):g}' for a in space.tilt)}) rad: light at this angle does not "
            "leave the plane; the squared sines of both angles must add up to less than 1"
        )
    return space, Planes((shape, steps), ((samples[0], samples[1]), read))


def check_wavelengths(field: Tensor, space: Space) -> None:
    """Refuse wavelengths that no leading axis of a field is for.

    Raises:
        PhotonicsError: names both, and the remedy.
    """
    lead, waves = tuple(field.shape[:-2]), tuple(space.wavelength.shape)
    try:
        torch.broadcast_shapes(lead, waves)
    except RuntimeError:
        raise PhotonicsError(
            f"wavelengths {waves} and a field {tuple(field.shape)}: its leading axes {lead} do not broadcast with "
            "them; give the field an axis of 1 for the wavelengths, field[..., None, :, :]"
        ) from None
