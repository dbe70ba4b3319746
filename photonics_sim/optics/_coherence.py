"""Partially coherent light as a whole: from modes to mutual coherence and back."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.optics._grid import complex_field

_SAMPLES = 2**14  # of a plane; its mutual coherence takes 4 GiB in double precision


def mutual_coherence(modes: Tensor) -> Tensor:
    r"""What modes without coherence among them tell of any two samples, :math:`J(x, x') = \sum_m u_m(x) u_m^*(x')`.

    Its diagonal is the intensity. An element P of a bench takes J to P J P^H, which propagates modes one by one, so
    keep modes wherever the plane is large. Wolf, Introduction to the Theory of Coherence and Polarization of Light.

    Args:
        modes: Complex, `(..., modes, ny, nx)`.

    Returns:
        J, complex, Hermitian, `(..., ny nx, ny nx)`, rows of the plane one after the other.

    Raises:
        PhotonicsError: for fields without an axis of modes, and planes too large.
    """
    modes = complex_field(modes)
    if modes.ndim < 3:
        raise PhotonicsError(f"modes {tuple(modes.shape)}: expected (..., modes, ny, nx)")
    ny, nx = modes.shape[-2:]
    if ny * nx > _SAMPLES:
        raise PhotonicsError(
            f"a mutual coherence of {ny} x {nx} samples has {(ny * nx) ** 2:.1e} entries; expected at most {_SAMPLES} "
            "samples: keep the modes, or crop the plane"
        )
    flat = modes.flatten(-2)
    return flat.mT @ flat.conj()


def coherent_modes(J: Tensor, shape: Sequence[int], *, count: int | None = None, share: float = 1.0) -> Tensor:
    r"""The fewest modes for a mutual coherence, :math:`u_m = \sqrt{p_m} v_m` of :math:`J v_m = p_m v_m` (Mercer).

    Modes are orthogonal, and no others of this number hold more of the power. Gradients are finite where powers differ,
    and mean something for what does not depend on the modes' phases, such as intensities.

    Args:
        J: Hermitian without negative eigenvalues, `(ny nx, ny nx)`; see `mutual_coherence`.
        shape: (ny, nx).
        count: Modes to keep at most; None for any number.
        share: Of the power to keep, above 0; as few modes as do. 1 leaves out rounding only.

    Returns:
        The modes, the strongest first, `(modes, ny, nx)`, complex of J's precision.

    Raises:
        PhotonicsError: for a J that is no mutual coherence, and numbers of modes that are none.
    """
    ny, nx = (int(n) for n in shape)
    if J.ndim != 2 or J.shape[0] != J.shape[1] or J.shape[0] != ny * nx:
        raise PhotonicsError(f"J {tuple(J.shape)} for a plane ({ny}, {nx}): expected ({ny * nx}, {ny * nx})")
    if not 0 < share <= 1 or (count is not None and count < 1):
        raise PhotonicsError(f"count = {count}, share = {share:g}: expected at least 1 mode, and a share in (0, 1]")
    J = complex_field(J)
    if not torch.isfinite(J.detach().abs()).all():
        raise PhotonicsError("J is not finite; a mutual coherence is")
    rounding = ny * nx * torch.finfo(J.dtype).eps
    largest, skew = float(J.detach().abs().max()), float((J - J.mH).detach().abs().max())
    powers, vectors = torch.linalg.eigh((J + J.mH) / 2)
    powers, vectors = powers.flip(-1), vectors.flip(-1)
    known = powers.detach()
    if largest == 0 or skew > rounding * largest or float(known[-1]) < -rounding * float(known[0]):
        raise PhotonicsError(
            f"J differs from its adjoint by {skew:g} of {largest:g} and has eigenvalues from {float(known[-1]):g} to "
            f"{float(known[0]):g}: a mutual coherence is Hermitian without negative eigenvalues, and not zero"
        )
    held = known.clamp_min(0).cumsum(0) / known.clamp_min(0).sum()
    enough = int((held < share - rounding).sum()) + 1
    keep = min(enough, int((known > rounding * known[0]).sum()), ny * nx if count is None else count)
    modes: Tensor = vectors[:, :keep] * powers[:keep].sqrt()
    return modes.mT.reshape(keep, ny, nx)
