"""One description of a mesh: columns of two-by-two cells between parallel waveguides."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError, did_you_mean

Pair = tuple[int, int]
Index = NDArray[np.int64]

CELLS: dict[str, tuple[str, ...]] = {
    "mzi": ("top", "split", "top", "split"),
    "one-splitter": ("top", "split"),
    "three-splitter": ("split", "top", "split", "top", "split"),
    "symmetric": ("split", "top", "bottom", "split"),
}
"""What light meets in a cell: a phase shifter on its top or bottom waveguide, a splitter of both.

`mzi`: BS P(theta) BS P(phi), the Mach-Zehnder interferometer. `one-splitter`: BS P(phi) (Fldzhyan et al., Opt. Lett.
45, 2632 (2020)). `three-splitter`: an MZI with one more splitter in front (Hamerly et al., Nat. Commun. 13, 6831
(2022)).
`symmetric`: an MZI with a shifter in both arms and none outside (Bell and Walmsley, arXiv:2104.07561).
"""


@dataclass(frozen=True)
class Layer:
    """Phase shifters side by side, then splitters side by side; index arrays over all modes.

    Attributes:
        shifter: Shifter on each mode; one past the last where there is none.
        partner: Mode that the splitter couples each mode to; the mode itself where there is none.
        splitter: Splitter at each mode; one past the last where there is none.
    """

    shifter: Index
    partner: Index
    splitter: Index


@dataclass(frozen=True, eq=False)
class Topology:
    """Where the cells of a mesh are.

    Light runs through the columns in order; the cells of one column touch different modes. Shifters are numbered in the
    order that light meets them (cell by cell within a column, from the top), then come N at the outputs, one per mode.

    Args:
        name: For messages.
        modes: Number of waveguides N.
        columns: Pairs (top, bottom) of modes that the cells of each column join; kept as tuples.
        cell: Kind of the cells, a key of `CELLS`.
        edge_phases: Whether a mode that a column leaves alone has a shifter there.
        input_phases: Whether each mode has a shifter at the input.

    Raises:
        PhotonicsError: for columns that are no lists of pairs of modes, pairs outside the modes, or two cells of a
            column on one mode.
    """

    name: str
    modes: int
    columns: Sequence[Sequence[Pair]]
    cell: str = "mzi"
    edge_phases: bool = False
    input_phases: bool = False

    def __post_init__(self) -> None:
        if self.cell not in CELLS:
            raise PhotonicsError(f"{self.name}: no kind of cell {self.cell!r}{did_you_mean(self.cell, CELLS)}")
        object.__setattr__(self, "modes", whole_modes(self.modes, self.name))
        if self.modes < 1:
            raise PhotonicsError(f"{self.name}: a mesh has at least one mode; found {self.modes}")
        object.__setattr__(self, "columns", _columns(self.name, self.modes, self.columns))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self  # nothing in it changes

    @property
    def depth(self) -> int:
        """Number of columns."""
        return len(self.columns)

    @cached_property
    def cells(self) -> list[Pair]:
        """All cells in the order of the light."""
        return [pair for column in self.columns for pair in column]

    @cached_property
    def parts(self) -> list[Part]:
        """Every shifter and splitter in the order of the light."""
        return list(_parts(self))

    @cached_property
    def cell_shifters(self) -> Index:
        """Shifters of each cell, `(cells, shifters per cell)`."""
        return self._numbers(0)

    @cached_property
    def cell_splitters(self) -> Index:
        """Splitters of each cell, `(cells, splitters per cell)`."""
        return self._numbers(1)

    @property
    def output_shifters(self) -> slice:
        """The shifters at the outputs, one per mode."""
        return slice(self.shifters - self.modes, self.shifters)

    @cached_property
    def shifters(self) -> int:
        """Number of phase shifters, those at the outputs included."""
        return sum(not part.is_splitter for part in self.parts)

    @cached_property
    def splitters(self) -> int:
        """Number of splitters."""
        return sum(part.is_splitter for part in self.parts)

    @cached_property
    def shifter_places(self) -> Index:
        """Column and mode of each shifter, `(shifters, 2)`; inputs are in column -1, outputs in column `depth`."""
        return np.array([(p.column, p.top) for p in self.parts if not p.is_splitter], dtype=np.int64).reshape(-1, 2)

    @cached_property
    def splitter_places(self) -> Index:
        """Column and top mode of each splitter, `(splitters, 2)`."""
        return np.array([(p.column, p.top) for p in self.parts if p.is_splitter], dtype=np.int64).reshape(-1, 2)

    @cached_property
    def layers(self) -> list[Layer]:
        """What light meets, side by side where it can be."""
        return _layers(self)

    def _numbers(self, wanted: int) -> Index:
        numbers = [part.number for part in self.parts if part.is_splitter == wanted and part.cell >= 0]
        return np.array(numbers, dtype=np.int64).reshape(len(self.cells), -1)

    def __repr__(self) -> str:
        return f"{self.name}: {self.modes} modes, {self.depth} columns, {len(self.cells)} {self.cell} cells"


@dataclass(frozen=True)
class Part:
    """A phase shifter on mode `top`, or a splitter of modes `top` and `bottom`; `cell` is -1 outside of cells."""

    column: int
    cell: int
    number: int
    top: int
    bottom: int

    @property
    def is_splitter(self) -> bool:
        return self.bottom >= 0


def whole_modes(modes: Any, what: str) -> int:
    """The number of modes as an int; refuses what is none, 8.0 and "8" included."""
    if not isinstance(modes, bool):
        try:
            return operator.index(modes)
        except TypeError:
            pass
    raise PhotonicsError(f"{what}: the number of modes is an int, such as 8; found {modes!r}")


def _columns(name: str, modes: int, columns: Iterable[Iterable[Iterable[Any]]]) -> tuple[tuple[Pair, ...], ...]:
    try:
        listed = list(columns)
    except TypeError:
        raise PhotonicsError(f"{name}: columns are a list of lists of (top, bottom); found {columns!r}") from None
    return tuple(_column(f"{name}, column {place}", modes, column) for place, column in enumerate(listed))


def _column(where: str, modes: int, column: Iterable[Iterable[Any]]) -> tuple[Pair, ...]:
    try:
        found = [tuple(pair) for pair in column]
    except TypeError:
        raise PhotonicsError(
            f"{where}: a column is a list of (top, bottom), one for each cell; found {column!r}. One column of one "
            "cell is [[(0, 1)]]"
        ) from None
    for pair in found:
        if len(pair) != 2:
            raise PhotonicsError(f"{where}: a cell joins two modes, (top, bottom); found {pair}")
    try:
        pairs = tuple((operator.index(top), operator.index(bottom)) for top, bottom in found)
    except TypeError:
        raise PhotonicsError(f"{where}: modes are ints that count from 0; found {found}") from None
    if any(not 0 <= top < bottom < modes for top, bottom in pairs):
        raise PhotonicsError(f"{where}: cells are (top, bottom) with 0 <= top < bottom < {modes}; found {list(pairs)}")
    touched = [mode for pair in pairs for mode in pair]
    if len(set(touched)) != len(touched):
        raise PhotonicsError(f"{where}: two cells meet on one mode in {list(pairs)}")
    return pairs


def _parts(topology: Topology) -> Iterator[Part]:
    shifters, splitters, cells = count(), count(), count()
    everywhere = range(topology.modes)
    if topology.input_phases:
        yield from (Part(-1, -1, next(shifters), mode, -1) for mode in everywhere)
    for place, column in enumerate(topology.columns):
        for top, bottom in column:
            cell = next(cells)
            for step in CELLS[topology.cell]:
                if step == "split":
                    yield Part(place, cell, next(splitters), top, bottom)
                else:
                    yield Part(place, cell, next(shifters), top if step == "top" else bottom, -1)
        if topology.edge_phases:
            alone = set(everywhere) - {mode for pair in column for mode in pair}
            yield from (Part(place, -1, next(shifters), mode, -1) for mode in sorted(alone))
    yield from (Part(topology.depth, -1, next(shifters), mode, -1) for mode in everywhere)


def _layers(topology: Topology) -> list[Layer]:
    layers: list[Layer] = []
    ready = [0] * topology.modes  # first layer that a mode has not yet left

    def layer(place: int) -> Layer:
        while len(layers) <= place:
            alone = np.arange(topology.modes)
            none = np.full_like(alone, topology.shifters), alone, np.full_like(alone, topology.splitters)
            layers.append(Layer(*none))
        return layers[place]

    for part in topology.parts:
        if part.is_splitter:
            pair = [part.top, part.bottom]
            place = max(ready[part.top], ready[part.bottom])
            here = layer(place)
            here.partner[pair], here.splitter[pair] = pair[::-1], part.number
            ready[part.top] = ready[part.bottom] = place + 1
        else:
            if layer(ready[part.top]).shifter[part.top] != topology.shifters:
                ready[part.top] += 1
            layer(ready[part.top]).shifter[part.top] = part.number
    return layers
