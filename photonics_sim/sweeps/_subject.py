"""The device of a sweep, at any point."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from photonics_sim.device import Card, Device, build_device, parse_card
from photonics_sim.errors import PhotonicsError
from photonics_sim.files import read_tensors
from photonics_sim.runs import Run, find_run
from photonics_sim.sweeps._job import Job
from photonics_sim.training import load_trained


class Subject:
    """The device of a sweep, at any point.

    Args:
        job: Names the card, the run or the weights.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self._last: tuple[dict[str, Any], Device] | None = None

    @cached_property
    def card(self) -> Card:
        """The card that is varied."""
        return parse_card(self.job.card, where="the card of the sweep")

    @cached_property
    def run(self) -> Run:
        """The run that was trained.

        Raises:
            PhotonicsError: where the sweep is of a card.
        """
        if not self.job.run:
            raise PhotonicsError(
                f"--trial {self.job.trial} is for a trained run; train the card first, or take --trial fidelity"
            )
        return find_run(self.job.run)

    def device(self, fields: Mapping[str, Any]) -> Device:
        """The device with these fields of its card replaced; points come in runs, so the last one is kept.

        Raises:
            PhotonicsError: where the card refuses a value, or the settings do not fit the device that it makes.
        """
        asked = dict(fields)
        if self._last is None or self._last[0] != asked:
            self._last = (asked, self._build(asked))
        return self._last[1]

    def _build(self, fields: Mapping[str, Any]) -> Device:
        if self.job.run:
            changed = {path: value for path, (value, _) in self.card.changes(self.run.card).items()}
            return load_trained(self.run, overrides=changed | dict(fields))
        device = build_device(self.card.override(fields, where="sweep"), seed=self.job.seed)
        if self.job.weights:
            arrays, _ = read_tensors(Path(self.job.weights), "the settings of the swept device")
            try:
                device.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
            except RuntimeError as error:
                raise PhotonicsError(f"the settings of the device do not fit its card any more: {error}") from error
        return device
