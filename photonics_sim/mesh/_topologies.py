"""The arrangements of cells that have names."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import lru_cache

from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.mesh._topology import Pair, Topology, whole_modes


def topology(name: str | Topology, modes: int) -> Topology:
    """The arrangement of this name for N modes; a `Topology` of one's own is passed through.

    One name and number give one object, whose tables are then worked out once.

    - `clements`: rectangle of N columns (Clements et al., Optica 3, 1460 (2016)).
    - `reck`: triangle of 2N - 3 columns (Reck et al., PRL 73, 58 (1994)).
    - `three-splitter`: the rectangle, each cell with a third splitter (Hamerly et al., Nat. Commun. 13, 6831
      (2022)).
    - `fldzhyan`: 2N + 2 columns of one splitter and one shifter (after Fldzhyan et al., Opt. Lett. 45, 2632 (2020)).
      With the 2N columns that a count of parameters asks for, fits stall short of most Haar-distributed matrices.
    - `bell`: the rectangle with shifters in both arms and none outside (Bell and Walmsley, APL Photon. 6, 070804
      (2021)).
    - `butterfly`: log2 N columns that join modes 1, 2, 4 ... apart, as a fast Fourier transform; not universal.
    - `permuting`: the rectangle cut into log2 N blocks with a perfect shuffle between them, so that light spreads
      sooner (after Pai et al., Phys. Rev. Applied 11, 064044 (2019)); universality is not guaranteed.

    Raises:
        PhotonicsError: for an unknown name (near ones are suggested) or a number of modes that it cannot have.
    """
    modes = whole_modes(modes, name.name if isinstance(name, Topology) else str(name))
    if isinstance(name, Topology):
        if name.modes != modes:
            raise PhotonicsError(f"{name.name} has {name.modes} modes; {modes} were asked for")
        return name
    if str(name) not in TOPOLOGIES:
        raise PhotonicsError(no_topology(str(name)))
    if modes < 2:
        raise PhotonicsError(f"{name}: a mesh of cells joins at least 2 modes; found {modes}")
    return _named(str(name), modes)


def no_topology(name: str) -> str:
    """What to say of a name that is none: the near ones, or what it is called here."""
    near = _NAMED_ELSEWHERE.get(name.lower())
    hint = f"; {name} is called {near} here" if near else did_you_mean(name, TOPOLOGIES)
    return f"no topology {name!r}{hint}; there are {', '.join(TOPOLOGIES)}"


@lru_cache(maxsize=16)
def _named(name: str, modes: int) -> Topology:
    return TOPOLOGIES[name](modes)


def brick(modes: int, depth: int) -> list[list[Pair]]:
    """Columns of cells between neighbours, starting at mode 0 in even and at mode 1 in odd columns."""
    return [[(top, top + 1) for top in range(column % 2, modes - 1, 2)] for column in range(depth)]


def as_soon_as_possible(cells: Iterable[Pair], modes: int) -> tuple[list[list[Pair]], list[int]]:
    """Columns for cells in the order of the light, and the number that each then has in its topology."""
    ready = [0] * modes
    placed: list[tuple[int, Pair]] = []
    for top, bottom in cells:
        column = max(ready[top], ready[bottom])
        ready[top] = ready[bottom] = column + 1
        placed.append((column, (top, bottom)))
    order = sorted(range(len(placed)), key=lambda n: placed[n])
    numbers = [0] * len(placed)
    for number, n in enumerate(order):
        numbers[n] = number
    columns: list[list[Pair]] = [[] for _ in range(max(ready, default=0))]
    for n in order:
        columns[placed[n][0]].append(placed[n][1])
    return columns, numbers


def _clements(modes: int) -> Topology:
    return Topology("clements", modes, brick(modes, modes))


def _reck(modes: int) -> Topology:
    rows = ((top, top + 1) for width in range(modes - 1, 0, -1) for top in range(width))
    return Topology("reck", modes, as_soon_as_possible(rows, modes)[0])


def _three_splitter(modes: int) -> Topology:
    return Topology("three-splitter", modes, brick(modes, modes), cell="three-splitter")


def _fldzhyan(modes: int) -> Topology:
    return Topology("fldzhyan", modes, brick(modes, 2 * modes + 2), cell="one-splitter")


def _bell(modes: int) -> Topology:
    columns = brick(modes, modes)
    return Topology("bell", modes, columns, cell="symmetric", edge_phases=True, input_phases=True)


def _butterfly(modes: int) -> Topology:
    levels = modes.bit_length() - 1
    if 2**levels != modes:
        raise PhotonicsError(
            f"butterfly: the number of modes must be a power of 2; found {modes}. Take {2**levels} or "
            f"{2 ** (levels + 1)}"
        )
    columns = [[(m, m ^ (1 << level)) for m in range(modes) if not m & (1 << level)] for level in range(levels)]
    return Topology("butterfly", modes, columns)


def _permuting(modes: int) -> Topology:
    blocks = max(1, math.ceil(math.log2(modes)))
    depth = math.ceil(modes / blocks)
    lanes = list(range(modes))  # lanes[k]: mode that runs in place k
    half = (modes + 1) // 2
    shuffle = [place // 2 + half * (place % 2) for place in range(modes)]
    columns: list[list[Pair]] = []
    for _ in range(blocks):
        for column in brick(modes, depth):
            pairs = ((lanes[top], lanes[bottom]) for top, bottom in column)
            columns.append([(min(pair), max(pair)) for pair in pairs])
        lanes = [lanes[place] for place in shuffle]
    return Topology("permuting", modes, columns)


TOPOLOGIES: dict[str, Callable[[int], Topology]] = {
    "clements": _clements,
    "reck": _reck,
    "three-splitter": _three_splitter,
    "fldzhyan": _fldzhyan,
    "bell": _bell,
    "butterfly": _butterfly,
    "permuting": _permuting,
}

_NAMED_ELSEWHERE = {
    "rectangle": "clements",
    "rectangular": "clements",
    "triangle": "reck",
    "triangular": "reck",
    "fft": "butterfly",
}
