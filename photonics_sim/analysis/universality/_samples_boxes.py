"""Boxes among measured points: those of a plan, in whatever order, or those that a full grid holds."""

from __future__ import annotations

import itertools
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from photonics_sim.analysis.universality._stencil import tensor_stencil
from photonics_sim.errors import PhotonicsError

Points = NDArray[np.float64]  # (rows, inputs)
Rows = NDArray[np.int64]

FEWEST = 8  # boxes whose spread still tells an error
_TOLERANCE = 1e-6  # of the range of an input: coordinates may have been kept in single precision


def find_boxes(path: Path, inputs: Points, order: int | None) -> tuple[Rows, Rows | None]:
    """Rows of the corners of each box, `(boxes, (order + 1)^inputs)`, in the order of `tensor_stencil`.

    No row serves in two boxes, so that the noise of one is independent of the others'. In a full grid the levels of
    each input are paired at random.

    Args:
        path: For messages.
        inputs: Points, `(rows, inputs)`.
        order: Of the stencils that were planned; None for a grid of one's own, in which boxes of order 1 are found.

    Returns:
        The rows; and for boxes in grids which pair of levels each has, `(boxes, inputs)`, from 0 in each input; else
        None.

    Raises:
        PhotonicsError: for points that appear twice, and where there are fewer than 8 boxes.
    """
    rows, d = inputs.shape
    planned, order = order is not None, order or 1
    size = (order + 1) ** d
    found: Rows = np.empty((0, 1), np.int64)
    shared: Rows | None = None
    if size <= rows:
        corners = tensor_stencil((order,) * d)[0].numpy()
        found = _as_written(inputs, corners) if planned else found
        twice = _twice(inputs) if found.size < rows else None
        if twice is not None and len(found) < FEWEST:
            raise PhotonicsError(
                f"{path}: rows {twice[0]} and {twice[1]} have the same inputs; repeated readings of a point belong "
                "into one row of outputs, (rows, repeats)"
            )
        if found.size < rows and twice is None:  # mixed, or a grid
            others = _anywhere(inputs, corners, order)
            if len(others) > len(found):
                found, shared = others, _shared(inputs, others)
    if len(found) < FEWEST:
        raise PhotonicsError(
            f"{path}: its {rows:,} rows of {d} inputs hold {len(found)} whole boxes of {size:,} corners, of which "
            f"{FEWEST} are the fewest; measure the points that plan_measurement writes, or a full grid"
        )
    return found, shared


def _shared(inputs: Points, boxes: Rows) -> Rows | None:
    """Which boxes have a lowest corner in common, by input; None where none do."""
    columns = inputs[boxes[:, 0]].T  # of disjoint pairs one end tells which
    labels = [np.unique(column, return_inverse=True)[1].reshape(-1) for column in columns]
    alone = all(label.max() + 1 == len(boxes) for label in labels)
    return None if alone else np.stack(labels, -1).astype(np.int64)


def _as_written(inputs: Points, corners: Points) -> Rows:
    """Whole boxes where a plan has them, one after the other."""
    rows = np.arange(len(inputs) // len(corners) * len(corners)).reshape(-1, len(corners))
    return rows[_fits(inputs[rows], corners)]


def _fits(boxes: Points, corners: Points) -> NDArray[np.bool_]:
    """Which of `(boxes, corners, inputs)` are stencils with these corners, `(boxes,)`."""
    low, span = boxes[:, :1], boxes[:, -1:] - boxes[:, :1]
    scale = np.ptp(boxes.reshape(-1, boxes.shape[-1]), axis=0)
    missed = np.abs(boxes - (low + span * corners / corners.max()))
    whole: NDArray[np.bool_] = ((missed <= _TOLERANCE * scale) & (span != 0)).all((1, 2))
    return whole


def _twice(inputs: Points) -> tuple[int, int] | None:
    """Two rows with the same inputs, where there are any."""
    order = np.lexsort(inputs.T)
    same = (inputs[order[1:]] == inputs[order[:-1]]).all(-1)
    if not same.any():
        return None
    at = int(same.argmax())
    one, other = sorted((int(order[at]), int(order[at + 1])))
    return one, other


def _anywhere(inputs: Points, corners: Points, order: int) -> Rows:
    """Rows that share coordinates belong together: to one box of a plan, or to one grid."""
    label = _together(inputs)
    sorted_rows = np.lexsort((*inputs.T[::-1], label))
    counts = np.bincount(label)
    starts = np.cumsum(counts) - counts
    found = []
    alone = starts[counts == len(corners)]
    if len(alone):
        rows = sorted_rows[alone[:, None] + np.arange(len(corners))]
        found.append(rows[_fits(inputs[rows], corners)])
    if order == 1:
        generator = np.random.default_rng(zlib.crc32(inputs.tobytes()))  # another pairing for another grid
        for k in np.flatnonzero(counts > len(corners)):
            found.append(_in_grid(inputs, sorted_rows[starts[k] : starts[k] + counts[k]], generator))
    return np.concatenate([np.empty((0, len(corners)), np.int64), *found])


def _together(inputs: Points) -> Rows:
    """A number for each row, equal for rows that are joined by equal coordinates."""
    n, d = inputs.shape
    codes = [np.unique(column, return_inverse=True)[1].reshape(-1) for column in inputs.T]
    starts = n + np.concatenate([[0], np.cumsum([code.max() + 1 for code in codes])])
    ends = np.concatenate([start + code for start, code in zip(starts[:-1], codes, strict=True)])
    rows = np.tile(np.arange(n), d)
    graph = coo_array((np.ones(n * d, np.int8), (rows, ends)), shape=(int(starts[-1]),) * 2)
    label = np.unique(connected_components(graph, directed=False)[1][:n], return_inverse=True)[1]
    return label.reshape(-1).astype(np.int64)


def _in_grid(inputs: Points, rows: Rows, generator: np.random.Generator) -> Rows:
    """Disjoint boxes of a full grid between pairs of levels; none where a point of it is missing."""
    d = inputs.shape[1]
    levels = [len(np.unique(column)) for column in inputs[rows].T]
    if math.prod(levels) != len(rows) or min(levels) < 2:
        return np.empty((0, 2**d), np.int64)
    places = rows.reshape(levels)  # sorted by coordinates
    # random pairs: pairs of neighbours would see only what varies from one level to the next
    pairs = [generator.permutation(count)[: count // 2 * 2].reshape(-1, 2) for count in levels]
    boxes = []
    for corner in itertools.product(range(2), repeat=d):
        ends = [pair[:, end] for pair, end in zip(pairs, corner, strict=True)]
        boxes.append(places[np.ix_(*ends)].reshape(-1))
    return np.stack(boxes, -1)
