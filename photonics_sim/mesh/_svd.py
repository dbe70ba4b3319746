"""Any matrix on two meshes with attenuators between them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.mesh._decompose import decompose
from photonics_sim.mesh._faults import IDEAL, Faults
from photonics_sim.mesh._mesh import Mesh


@dataclass(frozen=True)
class MeshPair:
    """M = scale * left diag(transmission) right: two meshes, and what is lost or thrown away between them.

    Attributes:
        right: Mesh at the inputs, N modes.
        transmission: Amplitude transmission of the paths between the meshes, `(min(M, N))`, each from 0 to 1.
        left: Mesh at the outputs, M modes.
        scale: Largest singular value of the matrix: what an amplifier or the read-out must multiply by.
    """

    right: Mesh
    transmission: Tensor
    left: Mesh
    scale: float

    def matrix(self) -> Tensor:
        """`([chips,] M, N)`, with the scale."""
        k = len(self.transmission)
        middle = self.transmission.to(self.right.phases.dtype.to_complex())[:, None] * self.right.matrix()[..., :k, :]
        return self.scale * (self.left.matrix()[..., :, :k] @ middle)


def svd_meshes(
    M: Tensor, topology: str = "clements", *, right_faults: Faults = IDEAL, left_faults: Faults = IDEAL
) -> MeshPair:
    """The pair of meshes for an arbitrary real or complex matrix, by its singular value decomposition.

    Args:
        M: `(outputs, inputs)`, at least 2 by 2.
        topology: Of both meshes; one that can make every unitary matrix.
        right_faults, left_faults: Of the meshes at the inputs and at the outputs; splitter errors are corrected.

    Raises:
        PhotonicsError: where M is no finite matrix in single or double precision, or zero.
    """
    if M.ndim != 2 or min(M.shape) < 2:
        raise PhotonicsError(f"svd_meshes takes a matrix of at least 2 x 2; found {tuple(M.shape)}")
    if M.dtype not in {torch.float32, torch.float64, torch.complex64, torch.complex128}:
        raise PhotonicsError(f"svd_meshes takes float32, float64 or their complex types; found {M.dtype}")
    if not bool(torch.isfinite(M.abs()).all()) or not bool((M != 0).any()):
        raise PhotonicsError("svd_meshes takes a finite matrix that is not zero")
    wide = M.detach().to(torch.complex128).resolve_conj()
    U, S, Vh = torch.linalg.svd(wide, full_matrices=True)
    wanted = M.dtype if M.is_complex() else M.dtype.to_complex()
    return MeshPair(
        right=decompose(Vh.to(wanted), topology, faults=right_faults),
        transmission=(S / S[0]).to(wanted.to_real()),
        left=decompose(U.to(wanted), topology, faults=left_faults),
        scale=float(S[0]),
    )
