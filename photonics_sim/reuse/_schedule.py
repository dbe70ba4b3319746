"""Which weight bank each layer of a network visits. Free of torch."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from photonics_sim.errors import PhotonicsError, did_you_mean


@dataclass(frozen=True)
class LayerSchedule:
    """The banks that a network of L_T layers visits, of L_W that exist (ReLaX-Net, arXiv:2511.00044).

    - `cyclic`: layer t visits bank t mod L_W, the published order; a last cycle may be partial.
    - `blocked`: each bank serves L_T / L_W layers in a row: as few switches as there can be.
    - `palindrome`: up and down again, 0 1 2 2 1 0 0 1 ...: no switch where it turns.
    - `random`: every cycle is a random permutation of the banks, drawn from the seed.
    - a sequence of L_T banks, each of them visited at least once.

    Args:
        weight_sets: L_W, the banks that are physically there.
        layers: L_T, the layers in all (not the number of cycles).
        order: As above.
        seed: Of the random order.

    Attributes:
        banks: Bank of each layer.

    Raises:
        PhotonicsError: for more banks than layers, an unknown order, and a list that names a bank that does not exist
            or leaves one unvisited.
    """

    weight_sets: int
    layers: int
    order: str | Sequence[int] = "cyclic"
    seed: int = 0
    banks: tuple[int, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        order = self.order if isinstance(self.order, str) else tuple(self.order)
        numbers = (self.weight_sets, self.layers, self.seed, *(() if isinstance(order, str) else order))
        for number in numbers:
            if not isinstance(number, int) or isinstance(number, bool):
                raise PhotonicsError(f"banks, layers, seed and order are whole numbers; found {number!r}")
        object.__setattr__(self, "order", order)
        if not 1 <= self.weight_sets <= self.layers:
            raise PhotonicsError(
                f"weight_sets = {self.weight_sets}, layers = {self.layers}: a schedule needs at least one bank, and a "
                "layer for each; lower weight_sets or raise layers"
            )
        if isinstance(self.order, str):
            if self.order not in _ORDERS:
                raise PhotonicsError(
                    f"no order {self.order!r}{did_you_mean(self.order, _ORDERS)}; choose {', '.join(_ORDERS)}, or list "
                    "the bank of each layer"
                )
            banks = _ORDERS[self.order](self)
        else:
            banks = self._listed(list(self.order))
        object.__setattr__(self, "banks", tuple(banks))

    def _listed(self, banks: list[int]) -> list[int]:
        if len(banks) != self.layers:
            raise PhotonicsError(f"order lists {len(banks)} banks for {self.layers} layers; list one for each layer")
        for layer, bank in enumerate(banks):
            if bank not in range(self.weight_sets):
                raise PhotonicsError(
                    f"order[{layer}] = {bank} names a bank that does not exist; there are 0 to {self.weight_sets - 1}"
                )
        unvisited = sorted(set(range(self.weight_sets)) - set(banks))
        if unvisited:
            raise PhotonicsError(f"bank {unvisited[0]} is never visited; lower weight_sets, or list it in order")
        return banks

    @property
    def visits(self) -> tuple[int, ...]:
        """How often each bank is visited."""
        return tuple(self.banks.count(bank) for bank in range(self.weight_sets))

    @property
    def changes(self) -> tuple[bool, ...]:
        """Whether another bank follows each layer; behind the last layer comes the first one of the next sample."""
        following = (*self.banks[1:], self.banks[0])
        return tuple(a != b for a, b in zip(self.banks, following, strict=True))

    @property
    def changes_per_pass(self) -> int:
        """How often a pass changes the bank, samples following each other."""
        return sum(self.changes)


def _cyclic(schedule: LayerSchedule) -> list[int]:
    return [layer % schedule.weight_sets for layer in range(schedule.layers)]


def _blocked(schedule: LayerSchedule) -> list[int]:
    return [layer * schedule.weight_sets // schedule.layers for layer in range(schedule.layers)]


def _palindrome(schedule: LayerSchedule) -> list[int]:
    there_and_back = [*range(schedule.weight_sets), *reversed(range(schedule.weight_sets))]
    return [there_and_back[layer % len(there_and_back)] for layer in range(schedule.layers)]


def _random(schedule: LayerSchedule) -> list[int]:
    drawn = random.Random(schedule.seed)
    banks: list[int] = []
    while len(banks) < schedule.layers:
        banks += drawn.sample(range(schedule.weight_sets), schedule.weight_sets)
    return banks[: schedule.layers]


_ORDERS: dict[str, Callable[[LayerSchedule], list[int]]] = {
    "cyclic": _cyclic,
    "blocked": _blocked,
    "palindrome": _palindrome,
    "random": _random,
}
