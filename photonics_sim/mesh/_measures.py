"""How near one matrix is to another, and random unitary matrices to try it with."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photonics_sim.device import derive_key, normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.mesh._topology import whole_modes


def matrix_error(V: Tensor, U: Tensor, *, global_phase: bool = False) -> Tensor:
    """E = ||V - U||_F / sqrt(N): root mean square, over the inputs, of the amplitude that goes astray.

    Args:
        V, U: Real or complex, `(*batch, N, N)`; batches are broadcast.
        global_phase: Whether a phase common to all of V counts as an error. Without it E is the least over that phase,
            which no power shows.

    Returns:
        Real, `(*batch)`.

    Raises:
        PhotonicsError: for matrices that are not square or not of one size.
    """
    overlap = _overlap(V, U)
    if not global_phase:
        turn = torch.sgn(overlap)
        U = U * torch.where(turn == 0, 1, turn)[..., None, None]
    distance: Tensor = torch.linalg.matrix_norm(V - U)
    return distance / math.sqrt(V.shape[-1])


def fidelity(V: Tensor, U: Tensor) -> Tensor:
    """F = |tr(U^H V) / N|^2, 1 where V is U up to a global phase; near 1, 1 - F is about `matrix_error` squared.

    Args:
        V, U: Real or complex, `(*batch, N, N)`; batches are broadcast.

    Returns:
        Real, `(*batch)`.

    Raises:
        PhotonicsError: for matrices that are not square or not of one size.
    """
    return (_overlap(V, U).abs() / V.shape[-1]).square()


def haar_unitary(
    modes: int, *, seed: int = 0, count: int | None = None, dtype: torch.dtype = torch.complex128
) -> Tensor:
    """Unitary matrices that no basis prefers (Haar measure), `([count,] modes, modes)`; the same for the same seed.

    From the QR decomposition of normal numbers with its phases made unique (Mezzadri, Notices AMS 54, 592 (2007)).

    Raises:
        PhotonicsError: for less than one mode, a number of modes or matrices that is no int, or a number type that is
            not complex.
    """
    modes = whole_modes(modes, "haar_unitary")
    if count is not None and (not isinstance(count, int) or count < 0):
        raise PhotonicsError(f"haar_unitary: count is None or an int of 0 or more; found {count!r}")
    if modes < 1 or not dtype.is_complex:
        raise PhotonicsError(f"haar_unitary: modes must be 1 or more and dtype complex; found {modes}, {dtype}")
    shape = (2, *(() if count is None else (count,)), modes, modes)
    Q, R = torch.linalg.qr(torch.complex(*normal(derive_key(seed, "haar", modes), *shape)))
    unique: Tensor = Q * torch.sgn(R.diagonal(dim1=-2, dim2=-1))[..., None, :]
    return unique.to(dtype)


def check_unitary(U: Tensor) -> None:
    if U.dtype not in {torch.complex64, torch.complex128}:
        raise PhotonicsError(f"unitary matrices are taken as complex64 or complex128; found {U.dtype}")
    if not U.numel():
        raise PhotonicsError(f"there is no matrix in a batch of shape {tuple(U.shape)}; give one or more")
    wide = U.detach().to(torch.complex128)
    eye = torch.eye(U.shape[-1], dtype=wide.dtype, device=U.device)
    away = (wide.mH @ wide - eye).abs().amax((-1, -2))
    allowed = 1e3 * torch.finfo(U.dtype).eps * max(1.0, U.shape[-1] ** 0.5)
    if not bool((away <= allowed).all()):
        worst = int(torch.nan_to_num(away, torch.inf).argmax())
        which = f"matrix {worst} of the batch" if U.ndim == 3 else "the matrix"
        raise PhotonicsError(
            f"{which} is not unitary: an element of U^H U - 1 is {float(away.flatten()[worst]):.2g}, {allowed:.1g} is "
            f"allowed in {U.dtype}. Use svd_meshes for a matrix that is not unitary, or orthonormalise it "
            "(torch.linalg.qr)"
        )


def _overlap(V: Tensor, U: Tensor) -> Tensor:
    if V.ndim < 2 or V.shape[-1] != V.shape[-2] or V.shape[-2:] != U.shape[-2:]:
        raise PhotonicsError(
            f"two square matrices of one size are compared, (*batch, N, N); found {tuple(V.shape)}, {tuple(U.shape)}"
        )
    return (U.conj() * V).sum((-2, -1))
