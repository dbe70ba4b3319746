"""What path counting says: a field couples no more inputs than one path of light meets."""

from __future__ import annotations

from collections.abc import Sequence

from photonics_sim.analysis.universality._findings import PathBound
from photonics_sim.errors import PhotonicsError


def path_bound(crossings: int | None, inputs: int, readout: str) -> PathBound | None:
    """The bound of a device that tells how many inputs a path meets; None for one that has no bound."""
    if crossings is None:
        return None
    if crossings < 1:
        raise PhotonicsError(f"crossings = {crossings}: a path of light meets at least one input")
    return PathBound(crossings, crossings * (2 if readout == "intensity_sum" else 1), inputs)


def most_crossings(
    columns: Sequence[Sequence[tuple[int, int]]], carried: Sequence[Sequence[int | None]], output: int | None = None
) -> int:
    """Most inputs that one path of light meets in a mesh; each input is carried once.

    Args:
        columns: Of each column of cells the pairs of waveguides that they couple (`Topology.columns`).
        carried: In front of each column, and behind the last one, the input that each waveguide carries, or None:
            `len(columns) + 1` rows of as many entries as there are waveguides.
        output: Waveguide at whose end paths are counted; None for the best of all.

    Raises:
        PhotonicsError: for rows that do not fit the mesh, and inputs that are carried twice.
    """
    modes = len(carried[0]) if carried else 0
    if len(carried) != len(columns) + 1 or any(len(row) != modes for row in carried):
        raise PhotonicsError(
            f"carried has {len(carried)} rows for {len(columns)} columns; give one in front of each column and one "
            "behind the last, an entry per waveguide"
        )
    inputs = [k for row in carried for k in row if k is not None]
    twice = sorted({k for k in inputs if inputs.count(k) > 1})
    if twice:
        raise PhotonicsError(f"input {twice[0]} is carried by several shifters; count paths for inputs carried once")
    longest = [0] * modes
    for column, row in zip([*columns, ()], carried, strict=True):
        longest = [n + (k is not None) for n, k in zip(longest, row, strict=True)]
        for pair in column:
            longest[pair[0]] = longest[pair[1]] = max(longest[mode] for mode in pair)
    return max(longest) if output is None else longest[output]
