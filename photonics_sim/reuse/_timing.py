"""Seconds, joules, cells and endurance of layers that are reused, rewritten, or all built. Free of torch."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from itertools import accumulate

from photonics_sim.device import Alternative, Span, Timeline
from photonics_sim.errors import PhotonicsError
from photonics_sim.reuse._schedule import LayerSchedule


@dataclass(frozen=True)
class StepTimes:
    """Times of one layer in seconds, after the timing model of ReLaX-Net (arXiv:2511.00044).

    Attributes:
        product_s: T_MM, one matrix product, from modulator to number.
        switch_s: T_swt, sending light to another bank.
        update_s: T_upd, writing a bank anew.
        state_s: T_state, computing and latching the next state; overlaps with switching and writing.

    Raises:
        PhotonicsError: for a time that is not positive and finite.
    """

    product_s: float
    switch_s: float
    update_s: float
    state_s: float

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 < value < math.inf:
                raise PhotonicsError(f"{field.name} = {value:g}: a time of a layer is positive and finite")

    @property
    def switching_s(self) -> float:
        """A layer behind which another bank is lit: T_MM + max(T_swt, T_state)."""
        return self.product_s + max(self.switch_s, self.state_s)

    @property
    def rewriting_s(self) -> float:
        """A layer behind which the bank is written anew: T_MM + max(T_upd, T_state)."""
        return self.product_s + max(self.update_s, self.state_s)

    @property
    def staying_s(self) -> float:
        """A layer behind which the same bank stays lit: T_MM + T_state."""
        return self.product_s + self.state_s

    @property
    def reuse_pays(self) -> bool:
        """Whether switching is faster than writing."""
        return self.switch_s < self.update_s


@dataclass(frozen=True)
class StepEnergies:
    """Joules of one layer.

    Attributes:
        product_j: Lasers, modulators, converters and electronics of one product; the lasers rest between products.
        switch_j: One switch event, of all channels.
        write_j: Writing a bank.
        hold_w: Power to hold one bank, in watts; it burns for as long as a pass lasts.
        switch_w: Power of the switch while it stands, in watts; only reuse has one.
    """

    product_j: float
    switch_j: float = 0.0
    write_j: float = 0.0
    hold_w: float = 0.0
    switch_w: float = 0.0


def compare(
    schedule: LayerSchedule,
    times: StepTimes,
    energies: StepEnergies,
    *,
    cells: int,
    endurance: float = math.inf,
    around_s: float = 0.0,
    around_j: float = 0.0,
) -> list[Alternative]:
    """The same network three ways: L_W banks behind a switch, one bank that is rewritten, L_T banks in a row.

    Where all layers are built each has light of its own, and nothing is switched.

    Samples follow each other: behind the last layer the first bank is lit or written again.

    Args:
        schedule: Which bank each layer visits.
        times, energies: Of one layer.
        cells: Slow elements of one bank.
        endurance: Writes that a cell survives.
        around_s, around_j: What a pass takes besides its layers, such as projections in electronics.

    Returns:
        Reuse, rewriting, full instantiation.
    """
    layers, changes = schedule.layers, schedule.changes_per_pass
    stay = layers - changes

    def joules(banks: int, latency_s: float) -> float:
        return around_j + layers * energies.product_j + banks * energies.hold_w * latency_s

    reuse_s = around_s + changes * times.switching_s + stay * times.staying_s
    rewrite_s = around_s + changes * times.rewriting_s + stay * times.staying_s
    full_s = around_s + layers * times.staying_s
    reuse_j = joules(schedule.weight_sets, reuse_s) + changes * energies.switch_j + energies.switch_w * reuse_s
    rewrite_j = joules(1, rewrite_s) + changes * energies.write_j
    worn_h = endurance * rewrite_s / changes / 3600 if changes and math.isfinite(endurance) else None
    return [
        Alternative("reuse", reuse_s, reuse_j, schedule.weight_sets * cells, 0, None),
        Alternative("rewriting", rewrite_s, rewrite_j, cells, changes, worn_h),
        Alternative("full instantiation", full_s, joules(layers, full_s), layers * cells, 0, None),
    ]


def timelines(schedule: LayerSchedule, times: StepTimes) -> list[Timeline]:
    """One pass, reused and rewritten: which bank is lit when, and what goes on meanwhile."""
    return [_reused(schedule, times), _rewritten(schedule, times)]


def _starts(schedule: LayerSchedule, staying_s: float, changing_s: float) -> list[float]:
    steps = [changing_s if changes else staying_s for changes in schedule.changes]
    return [0.0, *accumulate(steps)]


def _reused(schedule: LayerSchedule, times: StepTimes) -> Timeline:
    starts = _starts(schedule, times.staying_s, times.switching_s)
    spans: list[Span] = []
    for layer, bank in enumerate(schedule.banks):
        done = starts[layer] + times.product_s
        spans += [
            Span(f"bank {bank}", "product", starts[layer], done),
            Span("electronics", "state", done, done + times.state_s),
        ]
        if schedule.changes[layer]:
            spans.append(Span("switch", "switch", done, done + times.switch_s))
    lanes = [*(f"bank {k}" for k in range(schedule.weight_sets)), "switch", "electronics"]
    return Timeline("Reuse: fast switches between slow banks", tuple(lanes), tuple(spans))


def _rewritten(schedule: LayerSchedule, times: StepTimes) -> Timeline:
    starts = _starts(schedule, times.staying_s, times.rewriting_s)
    spans: list[Span] = []
    for layer in range(schedule.layers):
        done = starts[layer] + times.product_s
        spans += [
            Span("the bank", "product", starts[layer], done),
            Span("electronics", "state", done, done + times.state_s),
        ]
        if schedule.changes[layer]:
            spans.append(Span("the bank", "write", done, done + times.update_s))
    name = "Rewriting: one bank, written whenever another set is due"
    return Timeline(name, ("the bank", "electronics"), tuple(spans))
