"""A weight bank: a target, and what is really there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from photonics_sim.device import check_chips
from photonics_sim.errors import PhotonicsError
from photonics_sim.weights._clock import Clock
from photonics_sim.weights._model import Moment, WeightModel


class WeightBank(nn.Module):
    """An array of slow weights: what they are set to, when they were written, and what is there now.

    A reading moves nothing. `write` marks the present target as written at the clock's time; the weights age from then
    on. A gradient reaches the target through whatever the element makes of it.

    Args:
        target: Initial targets, `(...)`, in the unit of the model.
        model: What the element makes of a target.
        clock: Simulated time, shared with whatever else ages; None for a clock of its own.
        seed: Of these weights on their chip, one for each bank: banks of one seed and shape draw the same numbers. None
            reads the nominal chip.

    Attributes:
        target: Trainable, `(...)`.
        moment: Which write of which chip, as a `Moment` of age 0.
        written_at_s: Time of the last write in seconds of the clock.
    """

    def __init__(
        self, target: Tensor, model: WeightModel, *, clock: Clock | None = None, seed: int | None = None
    ) -> None:
        super().__init__()
        self.target = nn.Parameter(target.detach().clone())
        self.model = model
        self.clock = clock or Clock()
        self.written_at_s = self.clock.now_s
        self.moment = Moment(seed=seed)

    def now(self, age_s: float | None = None) -> Moment:
        """The moment of a reading now, or at another age of the last write.

        Raises:
            PhotonicsError: where the clock stands before the last write.
        """
        return replace(self.moment, age_s=self.clock.now_s - self.written_at_s if age_s is None else age_s)

    def actual(self, age_s: float | None = None) -> Tensor:
        """What is there now, or at another age, without the noise of one reading: `([chips,] ...)`."""
        return self.model.actual(self.target, self.now(age_s))

    def reading_rms(self, age_s: float | None = None) -> Tensor | None:
        """Rms of the noise of one reading; None where there is none."""
        return self.model.reading_rms(self.target, self.now(age_s))

    def write(self, previous: Tensor | None = None) -> None:
        """Mark the target as written now.

        Args:
            previous: What had been there, for elements that relax; None at rest. It is copied, without its gradient.
        """
        kept = None if previous is None else previous.detach().clone()
        self.moment = replace(self.moment, writes=self.moment.writes + 1, previous=kept)
        self.written_at_s = self.clock.now_s

    def on_chip(self, seed: int | None, chips: int | None = None) -> None:
        """Make this the bank of one chip, or of an ensemble; None is the nominal chip. What had been before is at rest.

        Raises:
            PhotonicsError: for an ensemble without a seed, or of no chips.
        """
        check_chips(chips)
        if chips is not None and seed is None:
            raise PhotonicsError("an ensemble of chips needs a seed; give one, or leave chips out")
        self.moment = replace(self.moment, seed=seed, chips=chips, previous=None)

    def extra_repr(self) -> str:
        return f"{tuple(self.target.shape)}, {type(self.model).__name__}, written {self.moment.writes} times"

    def history(self) -> dict[str, Any]:
        """What `restore` needs besides the target, as plain numbers: the last write, and what had been there before.

        Which chip it is, is not part of it: `on_chip` says.
        """
        before = self.moment.previous
        return {
            "writes": self.moment.writes,
            "written_at_s": self.written_at_s,
            "previous": None if before is None else before.tolist(),
        }

    def restore(self, history: dict[str, Any]) -> None:
        """Take over what `history` wrote down; after `on_chip`, which forgets what had been before."""
        before = history["previous"]
        kept = None if before is None else torch.tensor(before, dtype=self.target.dtype, device=self.target.device)
        self.moment = replace(self.moment, writes=history["writes"], previous=kept)
        self.written_at_s = history["written_at_s"]
