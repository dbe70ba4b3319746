"""Whether a sweep may go on: as it was planned, under the conditions it was begun under, with room for what comes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from photonics_sim.device import load_card, machine_memory_bytes, parse_card
from photonics_sim.errors import PhotonicsError
from photonics_sim.files import MAX_BYTES
from photonics_sim.runs import Run
from photonics_sim.sweeps._job import Job, Outcome
from photonics_sim.sweeps._plan import Plan
from photonics_sim.sweeps._planning import weights_digest
from photonics_sim.sweeps._provenance import conditions, differences, place_of
from photonics_sim.sweeps._result import ERROR, MISSING, OK
from photonics_sim.sweeps._store import Store

_BYTES_OF_ROW = 64


def check_unchanged(plan: Plan, run: str, *, allow_mixed: bool) -> None:
    """Refuse to go on where the card or the weights are no longer those of the plan."""
    planned = parse_card(plan.job.card, where="the card of the plan")
    if run:
        found = Run(Path(run))
        if not found.config_path.is_file():
            raise PhotonicsError(f"{run}: the run that is swept is not there any more; put it back")
        if weights_digest(found) != plan.weights:
            raise PhotonicsError(f"{run} has been trained on since the sweep was planned; start a new sweep")
        return
    if allow_mixed or not plan.origin:
        return
    try:
        now = load_card(plan.origin).override(plan.overrides)
    except PhotonicsError:  # renamed, or moved: the plan has a card of its own
        return
    changes = now.changes(planned)
    if changes:
        told = ", ".join(f"{path} = {new} (planned {old})" for path, (new, old) in changes.items())
        raise PhotonicsError(
            f"{plan.origin} has changed since the sweep was planned: {told}. Start a new sweep, or go on with the card "
            "as it was planned (--allow-mixed)"
        )


def check_conditions(plan: Plan, job: Job, store: Store, *, allow_mixed: bool) -> int:
    """The number of today's conditions among those that rows were made under.

    Args:
        plan: Of the sweep.
        job: Of the plan, with its paths absolute.
        store: Holds the rows.
        allow_mixed: Whether new conditions may join the others.

    Raises:
        PhotonicsError: where they are new, and rows must not be mixed.
    """
    now = conditions(job, str(plan.conditions.get("command", "")))
    if not (store.status != MISSING).any():
        store.provenance = [now]
        return 0
    first, known = store.provenance[0], len(store.provenance)
    place = place_of(now, store.provenance)
    if place == known and not allow_mixed:
        told = ", ".join(f"{name} {old} -> {new}" for name, (old, new) in differences(first, now).items())
        raise PhotonicsError(
            f"{store.folder} was begun under other conditions ({told}), and its numbers may not go together with new "
            "ones: go on as it was begun, or with --allow-mixed, which notes for each row how it was made"
        )
    return place


def row_bytes(plan: Plan, outcome: Outcome) -> int:
    """Bytes that a trial like this one takes in results.h5."""
    return _BYTES_OF_ROW + 8 * len(plan.axes) + sum(v.nbytes for v in outcome.values.values()) // outcome.chips


class Expectation:
    """Holds every outcome to the first good one, and the disk and memory to what all of them will take.

    Args:
        plan: Of the sweep.
        store: What earlier calls have stored is expected of the others too.
    """

    def __init__(self, plan: Plan, store: Store) -> None:
        self._plan, self._store = plan, store
        self._shapes = dict(store.shapes)
        self._missing = plan.trials_of(plan.missing_tasks(store.status))
        self._has_room = False

    def __call__(self, outcome: Outcome) -> Outcome:
        """The outcome, or an error in its place where it returns other numbers than those before it.

        Raises:
            PhotonicsError: where the disk, the memory or one file cannot hold the sweep.
        """
        if outcome.status != OK:
            return outcome
        shapes = {name: values.shape[1:] for name, values in outcome.values.items()}
        self._shapes = self._shapes or shapes
        if shapes != self._shapes:
            text = f"returned {_told(shapes)}; the first trial returned {_told(self._shapes)}"
            return replace(outcome, status=ERROR, values={}, error=text)
        if not self._has_room:
            self._check_room(outcome)
        return outcome

    def _check_room(self, outcome: Outcome) -> None:
        row = row_bytes(self._plan, outcome)
        whole, parts = row * self._plan.trials, row * self._missing  # both lie there while they are merged
        free = shutil.disk_usage(self._store.folder).free
        for needed, there, what in (
            (whole + parts, free, "are free on the disk"),
            (3 * whole, int(0.8 * machine_memory_bytes()), "of memory can be used"),  # copies of it as they are joined
            (whole, MAX_BYTES, "is the most that results.h5 may hold"),
        ):
            if needed > there:
                raise PhotonicsError(
                    f"{self._plan.trials:,} trials of {row:,} bytes need {needed / 2**30:.1f} GiB, and "
                    f"{there / 2**30:.1f} GiB {what}; return fewer numbers, or sweep fewer points"
                )
        self._has_room = True


def _told(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name}{list(shape) if shape else ''}" for name, shape in sorted(shapes.items()))
