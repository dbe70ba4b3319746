"""The factor that undoes a drift which all weights share."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from photonics_sim.errors import PhotonicsError, did_you_mean

_AXES = {"global": (-2, -1), "output": (-1,)}
_FLOOR = 1e-4  # of the largest entry: a read-out below it is taken for it


def drift_scale(before: Tensor, now: Tensor, by: Literal["global", "output"] = "global") -> Tensor:
    """How much weaker weights answer than before: what to multiply outputs by to undo a common drift.

    The read-out before over the read-out now, where a read-out is the mean |y| over inputs that are 1 on one channel
    and 0 on all others (Joshi et al., Nat. Commun. 11, 2473 (2020); aihwkit's global drift compensation). It corrects
    what the weights have in common, not their spread. Read-outs below 1e-4 of the largest weight before count as that
    much, so an output whose weights are all 0 keeps the scale 1, as does a matrix of zeros. Whether the read-outs are
    ideal or noisy is a matter of the matrices: as they are, or as one reading has them.

    Args:
        before: Matrices at the reference time, real or complex, `(..., outputs, inputs)`.
        now: The same matrices later; leading axes broadcast.
        by: One scale for each matrix, or one for each output (the column line of a crossbar).

    Returns:
        Real scales without a gradient, `(..., 1, 1)`, or `(..., outputs, 1)` by output: `scale * now` is compensated.

    Raises:
        PhotonicsError: for matrices of different shapes, or another `by`.
    """
    if by not in _AXES:
        raise PhotonicsError(f"by = {by!r}{did_you_mean(by, _AXES)}; drift is undone by {', or by '.join(_AXES)}")
    _check_shapes(before, now)
    first, last = (matrix.detach().abs() for matrix in (before, now))
    largest = first.amax((-2, -1), keepdim=True)
    floor = _FLOOR * largest
    reference, reading = (matrix.mean(_AXES[by], keepdim=True).maximum(floor) for matrix in (first, last))
    return torch.where(floor > 0, reference / reading, 1.0)


def _check_shapes(before: Tensor, now: Tensor) -> None:
    fits = before.ndim >= 2 and before.shape[-2:] == now.shape[-2:]
    try:
        torch.broadcast_shapes(before.shape, now.shape)
    except RuntimeError:
        fits = False
    if not fits:
        raise PhotonicsError(
            f"before has shape {tuple(before.shape)}, now {tuple(now.shape)}; a drift is seen between matrices "
            "(..., outputs, inputs) of one size, pass the same weights at two times"
        )
