"""The share of its neighbours' phases that each shifter picks up."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch import Tensor, nn

from photonics_sim.device import to_si
from photonics_sim.errors import PhotonicsError
from photonics_sim.weights._shifter_card import PhaseShifterCard

CUT_OFF = 1e-4
MAX_ENTRIES = 2**26  # 1 GiB of indices and shares
ONE_GATHER = 2**24  # entries gathered at once; beyond that memory is dearer than a loop


class Crosstalk(nn.Module):
    """The matrix K of the shares, kept as the neighbours of each shifter: its cost is that of the neighbours alone.

    K[i, j] = crosstalk * exp(-(d_ij - pitch) / decay), 0 on the diagonal. Shares below 1e-4 of the largest are left
    out.

    Attributes:
        neighbours: Indices of the shifters that heat each one, `(shifters, most neighbours)`; short rows are filled up.
        shares: Their shares, the same shape, 0 where filled up.
    """

    neighbours: Tensor
    shares: Tensor

    def __init__(self, neighbours: Tensor, shares: Tensor) -> None:
        super().__init__()
        self.register_buffer("neighbours", neighbours, persistent=False)
        self.register_buffer("shares", shares, persistent=False)

    @classmethod
    def from_positions(cls, positions: Tensor | NDArray[Any], card: PhaseShifterCard) -> Self:
        """The crosstalk of shifters at these places.

        Args:
            positions: In metres, `(shifters, 2)`.
            card: Gives the share at one pitch and how it decays.

        Returns:
            A module in double precision; `.to(...)` moves it.

        Raises:
            PhotonicsError: where the positions do not fit, two shifters share a place or are so close that one would
                take all of the other's phase, crosstalk decays so slowly that a shifter picks up 1 or more in all, or
                it reaches more neighbours than memory has room for.
        """
        places = _checked(positions)
        n = len(places)
        if not card.crosstalk or n < 2:
            return cls(torch.zeros(n, 0, dtype=torch.int64), torch.zeros(n, 0, dtype=torch.float64))
        decay = to_si("crosstalk_decay_um", card.crosstalk_decay_um)
        pitch = to_si("crosstalk_pitch_um", card.crosstalk_pitch_um)
        tree = cKDTree(places)
        distance, nearest = tree.query(places, k=2)
        closest = int(distance[:, 1].argmin())
        shortest = float(distance[closest, 1])
        _check_share(card, closest, int(nearest[closest, 1]), shortest, (pitch - shortest) / decay)
        radius = shortest - decay * math.log(CUT_OFF)
        counts = tree.query_ball_point(places, radius, return_length=True) - 1
        _check_memory(counts)
        rows, slots, columns, lengths = _pairs(tree, radius)
        neighbours = np.repeat(np.arange(n)[:, None], counts.max(), axis=1)
        shares = np.zeros(neighbours.shape)
        neighbours[rows, slots] = columns
        shares[rows, slots] = card.crosstalk * np.exp((pitch - lengths) / decay)
        _check_sums(card, shares.sum(-1))
        return cls(torch.from_numpy(neighbours), torch.from_numpy(shares))

    def forward(self, phases: Tensor) -> Tensor:
        """K times the phases `(..., shifters)`: what each shifter picks up, in rad, the same shape.

        Raises:
            PhotonicsError: where the number of shifters is another one.
        """
        n, width = self.neighbours.shape
        if phases.ndim == 0 or phases.shape[-1] != n:
            raise PhotonicsError(
                f"crosstalk was built from the positions of {n} shifters; found phases of shape {tuple(phases.shape)}. "
                "Build it from the positions of all shifters, in the order of their phases"
            )
        shares = self.shares.to(phases)
        if phases.numel() * width <= ONE_GATHER:
            gathered = phases.index_select(-1, self.neighbours.flatten()).unflatten(-1, (n, width))
            picked_up: Tensor = (gathered * shares).sum(-1)
            return picked_up
        total = torch.zeros_like(phases)
        for neighbour, share in zip(self.neighbours.T.contiguous(), shares.T.contiguous(), strict=True):
            total = total + phases.index_select(-1, neighbour) * share
        return total

    def spectral_radius(self) -> float:
        """The largest eigenvalue of K, from below, by power iteration until a step changes it by less than 1e-6."""
        if not self.shares.numel():
            return 0.0
        vector = torch.ones_like(self.neighbours[:, 0], dtype=torch.float64)
        value = 0.0
        for _ in range(1000):
            heated = self(vector)
            previous, value = value, float(vector @ heated / (vector @ vector))
            if abs(value - previous) <= 1e-6 * value:
                break
            # the shift keeps chains, whose eigenvalues come in pairs of opposite sign, from swinging
            vector = torch.nn.functional.normalize(heated + value * vector, dim=0)
        return value


def _checked(positions: Tensor | NDArray[Any]) -> NDArray[np.float64]:
    places = torch.as_tensor(positions).detach().cpu().double().numpy()
    if places.ndim != 2 or places.shape[1] != 2 or not np.isfinite(places).all():
        raise PhotonicsError(
            f"positions must be finite metres of shape (shifters, 2); found shape {places.shape}"
            + ("" if np.isfinite(places).all() else " with values that are not finite")
        )
    return np.ascontiguousarray(places)


def _check_share(card: PhaseShifterCard, first: int, second: int, distance: float, exponent: float) -> None:
    if distance == 0:
        raise PhotonicsError(f"shifters {first} and {second} are 0 um apart; give each a place of its own")
    if math.log(card.crosstalk) + exponent >= 0:
        raise PhotonicsError(
            f"shifters {first} and {second} are {distance * 1e6:.4g} um apart, where the crosstalk of "
            f"{card.crosstalk:g} at {card.crosstalk_pitch_um:g} um would be 1 or more; move them apart, or give "
            "crosstalk_pitch_um, the distance at which crosstalk was measured"
        )


def _check_sums(card: PhaseShifterCard, sums: NDArray[np.float64]) -> None:
    most = int(sums.argmax())
    if sums[most] >= 1:
        raise PhotonicsError(
            f"crosstalk that does not decay: shifter {most} would pick up {float(sums[most]):.3g} times its "
            f"neighbours' phase in all, which must stay below 1; lower crosstalk ({card.crosstalk:g}) or "
            f"crosstalk_decay_um ({card.crosstalk_decay_um:g}), or move the shifters apart"
        )


def _check_memory(counts: NDArray[np.int64]) -> None:
    entries = len(counts) * int(counts.max())
    if entries > MAX_ENTRIES:
        raise PhotonicsError(
            f"crosstalk reaches {int(counts.max())} neighbours of {len(counts)} shifters: {entries:.2g} shares, of "
            f"which {MAX_ENTRIES:.2g} can be kept; lower crosstalk_decay_um, or simulate a part of the chip"
        )


def _pairs(
    tree: cKDTree, radius: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Both directions of every pair within the radius: row, place in the row, neighbour, distance."""
    pairs = tree.query_pairs(radius, output_type="ndarray")
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    rows, columns = both[:, 0], both[:, 1]
    slots = np.arange(len(rows)) - np.searchsorted(rows, rows)
    lengths = np.linalg.norm(tree.data[rows] - tree.data[columns], axis=1)
    return rows, slots, columns, lengths
