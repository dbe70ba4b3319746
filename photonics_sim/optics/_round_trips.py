"""Light that has been round the loop of a modulator and a scattering medium so many times and no more."""

from __future__ import annotations

import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.optics._chunks import in_chunks


def round_trips(
    transmission: Tensor, scattering: Tensor, source: Tensor, *, coupling: float = 0.5, bounces: int
) -> Tensor:
    r"""The field between a modulator and a scattering medium when the source has burnt for n round trips.

    .. math:: E_n = (1 - c) \sum_{m=0}^{n} (c\,T S T)^m\,s

    where T = diag(transmission), S the scattering matrix, s the source, c the coupling and n the bounces. The field
    builds up towards that of `resolvent`: with |T| = 1 and unitary S it misses it by c^(n + 1) of its norm, exactly.
    It is never active: the norm of E_n is at most 1 - c^(n + 1) times that of s for passive T and S.

    Light that has gone round m times has met m + 1 pixels at most. So each term of E_n depends on n + 1 entries of the
    transmission at most, a field couples n + 1 inputs where each is on a pixel of its own, and an intensity 2 n + 2.

    Args:
        transmission: Complex amplitude transmission of each pixel, `(g, b, d)`: g independent systems, b samples.
        scattering: Complex scattering matrices, `(g, d, d)`, symmetric for a reciprocal medium.
        source: Complex illumination of each system, `(g, d)`.
        coupling: Fraction of the amplitude that stays in the loop, from 0 (none) to below 1.
        bounces: n, at least 1.

    Returns:
        The complex field E_n, `(g, b, d)`.

    Raises:
        PhotonicsError: where the shapes or types do not fit, the coupling is outside [0, 1), or bounces below 1.
    """
    check_loop(transmission, scattering, source, coupling, "round_trips")
    if bounces < 1:
        raise PhotonicsError(f"bounces = {bounces}: light goes round once at least; for all round trips use resolvent")

    def build_up(T: Tensor, S: Tensor, s: Tensor) -> Tensor:
        return go_round(T, S, s.unsqueeze(-2), coupling, bounces)[0]

    _, b, d = transmission.shape
    used = scattering.element_size() * (d * d + 3 * b * d)  # S, and three fields at a time
    return (1 - coupling) * in_chunks(build_up, transmission, scattering, source, bytes_each=used)


def go_round(T: Tensor, S: Tensor, rhs: Tensor, coupling: float, products: int) -> tuple[Tensor, Tensor, Tensor]:
    """(y, S T y, last change of T y) after `products` products, for y = rhs + coupling T S T y.

    Plain operations, which every function transform can differentiate.
    """
    feed = (T * rhs).resolve_conj()
    gain = coupling * T * T
    transposed = S.mT  # fields are rows: S z is z S^T
    z = feed
    for _ in range(products - 1):
        z = torch.addcmul(feed, gain, torch.bmm(z, transposed))
    w = torch.bmm(z, transposed)
    y = torch.addcmul(rhs.expand_as(T), T, w, value=coupling)
    return y, w, T * y - z


def check_loop(T: Tensor, S: Tensor, s: Tensor, coupling: float, name: str) -> None:
    """Refuse what is no loop: shapes or types that do not fit, and a coupling that lets nothing out."""
    if T.ndim != 3 or S.shape != (T.shape[0], T.shape[2], T.shape[2]) or s.shape != (T.shape[0], T.shape[2]):
        raise PhotonicsError(
            f"{name} needs transmission (g, b, d), scattering (g, d, d) and source (g, d); found "
            f"{tuple(T.shape)}, {tuple(S.shape)} and {tuple(s.shape)}"
        )
    if not (T.is_complex() and T.dtype == S.dtype == s.dtype):
        raise PhotonicsError(f"{name} needs one complex type throughout; found {T.dtype}, {S.dtype} and {s.dtype}")
    if not 0 <= coupling < 1:
        raise PhotonicsError(f"coupling = {coupling} is outside [0, 1): nothing would leave the loop")
