"""ReLaX processors: a network of many layers on a few slow banks behind fast switches."""

from __future__ import annotations

import copy
import math
import warnings
from abc import abstractmethod
from typing import Any, Literal, Self, cast

from torch import Tensor

from photonics_devices.relax._relax_cards import ReLaXCard
from photonics_devices.relax._relax_costs import Light, Reading, around, relax_costs, step_energies, step_times
from photonics_sim.device import Alternative, Costs, Device, Timeline, check_chips, derive_key, format_si
from photonics_sim.errors import PhotonicsWarning
from photonics_sim.reuse import Compensation, ReLaXNet, SlowBanks, StepTimes, compare, timelines
from photonics_sim.weights import Clock, Ledger, Switch


class ReLaXProcessor(Device):
    """A `ReLaXNet` whose banks are slow physical weights; a kind of bank is a final subclass.

    The electronics scales each state to the full swing of the modulators, reads the product, adds bias and residual and
    applies the nonlinearity; both projections are electronic. What is trained are the settings of the banks, their
    gains and biases, and the projections.

    Lasers and modulators rest while nothing is multiplied; slow weights are held all the time.

    A pass reads the banks as they are at the clock's time and changes nothing. `write`, `spend` and `wait` move the
    clock and fill the ledger.

    Args:
        card: The numbers.
        seed: Of the initial weights.

    Attributes:
        network: The network, with its banks, switch and schedule.
        clock: Simulated time.
        ledger: What has been spent.
        encoder: "dense": the electronics mixes inputs freely before light meets them.
        readout: "coherent": the states of the last layer are combined linearly, with weights of either sign.
    """

    encoder: Literal["diagonal", "dense"] = "dense"
    readout: Literal["coherent", "intensity_sum"] = "coherent"

    def __init__(self, card: Any, *, seed: int | None = 0) -> None:
        super().__init__()
        self.card: ReLaXCard = card
        self.in_features, self.out_features = card.inputs, card.outputs
        self.clock = Clock()
        self.ledger = Ledger(endurance=card.write.endurance)
        schedule = card.schedule.schedule()
        self.network = ReLaXNet(
            card.inputs // card.pieces,
            card.width,
            card.outputs,
            weight_sets=schedule.weight_sets,
            layers=schedule.layers,
            nonlinearity=card.network.nonlinearity,
            residual=card.network.residual,
            inject=card.network.inject,
            bank=self._make_banks(seed),
            switch=Switch(card.switch),
            schedule=schedule,
            seed=seed or 0,
        )
        by, readout = card.compensation.by, card.compensation.readout
        self.banks.compensation = Compensation(by, readout, reference_s=self._write_s)
        self.clock.advance(self._write_s)  # the banks were written at time 0, off the ledger, and have settled
        if not self.times.reuse_pays:
            warnings.warn(
                f"{card.name}: the switch takes {format_si(self.times.switch_s, 's')} and writing a bank anew "
                f"{format_si(self.times.update_s, 's')}: reuse cannot pay in time; take a faster switch",
                PhotonicsWarning,
                stacklevel=1,  # one place, so that a device that is built again does not say it again
            )

    @abstractmethod
    def _make_banks(self, seed: int | None) -> SlowBanks:
        """The banks of the card, of initial weights from the seed; None leaves them to be loaded."""

    @abstractmethod
    def _reading(self) -> Reading:
        """How one output is read, at the present settings."""

    @property
    @abstractmethod
    def _light(self) -> Light:
        """All sources of light."""

    @abstractmethod
    def _hold_w(self) -> float:
        """Power to hold one bank at the present settings, in W."""

    @property
    def banks(self) -> SlowBanks:
        """The slow weights."""
        return cast(SlowBanks, self.network.banks)

    @property
    def times(self) -> StepTimes:
        """T_MM, T_swt, T_upd and T_state."""
        return step_times(self.card, self.banks.cells, self._reading())

    def measure(self, x: Tensor, key: int | None) -> Tensor:
        out: Tensor = self.network(self._pieces(x), key=key)
        return out

    def response(self, x: Tensor) -> Tensor:
        """The real state behind the last layer, `([chips,] *batch, width)`, noiseless."""
        return self.network.hidden(self._pieces(x))

    @property
    def crossings(self) -> None:
        """None: what light carries into a bank is a number that may depend on all inputs."""
        return None

    @property
    def period(self) -> None:
        """None: states are not periodic."""
        return None

    def _pieces(self, x: Tensor) -> Tensor:
        """A sequence as the pieces that its layers take, `(*batch, layers, features)`; else x as it is."""
        return x.unflatten(-1, (self.card.pieces, -1)) if self.card.network.inject == "sequence" else x

    def costs(self) -> Costs:
        return relax_costs(self.card, self.banks.cells, self._reading(), self._light, self._hold_w())

    def ideal(self) -> Self:
        twin = type(self)(self.card.ideal(), seed=None)
        twin.load_state_dict(self.state_dict())
        return twin.to(self.banks.gain)

    def as_built(self, seed: int, chips: int | None = None) -> Self:
        check_chips(chips)
        twin = copy.deepcopy(self)
        twin.banks.build(derive_key(seed, "banks"), chips)
        return twin

    def alternatives(self) -> list[Alternative]:
        """The same network reused, rewritten and fully built: seconds, joules, cells, endurance of a pass."""
        energies = step_energies(self.card, self.banks.cells, self._reading(), self._light, self._hold_w())
        around_s, around_j = around(self.card)
        return compare(
            self.network.schedule,
            self.times,
            energies,
            cells=self.banks.cells,
            endurance=self.card.write.endurance,
            around_s=around_s,
            around_j=around_j,
        )

    def timelines(self) -> list[Timeline]:
        """One pass in time, reused and rewritten."""
        return timelines(self.network.schedule, self.times)

    def write(self) -> None:
        """Write the present settings into all banks, one bank after the other, each cell from rest: dark, or cold.

        Raises:
            PhotonicsError: where the cells are worn out; nothing changes then.
        """
        self.ledger.count_write()
        for slow in self.banks.slow():
            slow.write()
        self.clock.advance(self._write_s)
        written = self.card.schedule.weight_sets * self.card.write.bank_energy_j(self.banks.cells)
        self.ledger.add("writing", self._write_s, written + self._held_j(self._write_s))

    def spend(self, passes: int) -> None:
        """Let so many passes take their time."""
        costs = self.costs()
        for part in {**costs.latency_s, **costs.energy_j}:
            self.ledger.add(part, passes * costs.latency_s.get(part, 0.0), passes * costs.energy_j.get(part, 0.0))
        self.ledger.passes += passes
        self.ledger.switch_events += passes * self.network.schedule.changes_per_pass
        self.clock.advance(passes * costs.total_latency_s)

    def wait(self, seconds: float) -> None:
        """Let time pass, powered: the weights age and are held.

        Raises:
            PhotonicsError: for a time that is negative or not finite.
        """
        self.clock.advance(seconds)
        self.ledger.add("waiting", seconds, self._held_j(seconds))

    def _held_j(self, seconds: float) -> float:
        """Energy to hold all banks for a while."""
        return self.card.schedule.weight_sets * self._hold_w() * seconds

    def history(self) -> dict[str, Any]:
        """Clock, ledger and writes, as plain numbers; `restore` takes them back."""
        banks = [bank.history() for bank in self.banks.slow()]
        return {"now_s": self.clock.now_s, "ledger": self.ledger.to_dict(), "banks": banks}

    def restore(self, history: dict[str, Any]) -> None:
        """Go on from what `history` wrote down."""
        self.clock.now_s = history["now_s"]
        self.ledger = Ledger.from_dict(history["ledger"])
        for bank, past in zip(self.banks.slow(), history["banks"], strict=True):
            bank.restore(past)

    @property
    def _write_s(self) -> float:
        return self.card.schedule.weight_sets * self.card.write.bank_time_s(self.banks.cells)

    def extra_repr(self) -> str:
        card = self.card
        loss = math.fsum(self._reading().losses_db.values())
        return f"{card.name}: {card.inputs} -> {card.outputs}, {loss:.1f} dB to the banks"
