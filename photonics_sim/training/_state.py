"""Everything that the next training step depends on, and its way to the disk and back."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from photonics_sim.device import Ages, Device
from photonics_sim.errors import PhotonicsError
from photonics_sim.files import read_tensors, write_tensors

HISTORY = ("train_loss", "train_score", "validation_loss", "validation_score", "learning_rate", "seconds")


@dataclass
class TrainState:
    """Weights, optimiser, place in the schedule and history of a training.

    Attributes:
        epoch: Finished epochs.
        step: Finished steps of the current epoch.
        sums: Training loss and hits of the current epoch so far, each times or over its samples.
        seconds: Time spent in the current epoch so far.
        history: One number per finished epoch and quantity.
        best: (validation score, validation loss) of the best epoch so far.
        best_epoch: Its number, from 1.
        best_weights: Its weights.
    """

    device: Device
    optimiser: torch.optim.Adam
    epoch: int = 0
    step: int = 0
    sums: list[float] = field(default_factory=lambda: [0.0, 0.0])
    seconds: float = 0.0
    history: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in HISTORY})
    best: tuple[float, float] | None = None
    best_epoch: int = 0
    best_weights: dict[str, Tensor] = field(default_factory=dict)

    def keep_as_best(self, validation: tuple[float, float]) -> None:
        self.best, self.best_epoch = validation, self.epoch
        self.best_weights = {name: value.detach().clone() for name, value in self.device.state_dict().items()}

    def save(self, path: Path) -> None:
        """Write the whole state to `path`, atomically."""
        tensors = {f"model/{name}": value for name, value in self.device.state_dict().items()}
        tensors |= {f"best/{name}": value for name, value in self.best_weights.items()}
        for number, values in self.optimiser.state_dict()["state"].items():
            tensors |= {f"adam/{number}/{name}": torch.as_tensor(value) for name, value in values.items()}
        notes = {
            "epoch": self.epoch,
            "step": self.step,
            "sums": self.sums,
            "seconds": self.seconds,
            "history": self.history,
            "best": self.best,
            "best_epoch": self.best_epoch,
            "device": history_of(self.device),
        }
        write_tensors(path, {name: value.detach().cpu().numpy() for name, value in tensors.items()}, notes)

    def load(self, path: Path) -> None:
        """Take the state that `save` wrote.

        Raises:
            PhotonicsError: where the file is damaged or belongs to a device of another shape; nothing changes then.
        """
        arrays, notes = read_tensors(path, "the checkpoint of a run")
        groups: dict[str, dict[str, Tensor]] = {"model": {}, "best": {}, "adam": {}}
        for name, array in arrays.items():
            group, _, rest = name.partition("/")
            groups.setdefault(group, {})[rest] = torch.from_numpy(array)
        load_weights(self.device, groups["model"], path)
        adam: dict[int, dict[str, Tensor]] = {}
        for name, value in groups["adam"].items():
            number, _, key = name.partition("/")
            adam.setdefault(int(number), {})[key] = value
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": adam})
        self.best_weights = groups["best"]
        self.epoch, self.step = notes["epoch"], notes["step"]
        self.sums, self.seconds, self.history = notes["sums"], notes["seconds"], notes["history"]
        self.best = tuple(notes["best"]) if notes["best"] else None
        self.best_epoch = notes["best_epoch"]
        restore_history(self.device, notes.get("device"), path)


def history_of(device: Device) -> dict[str, Any] | None:
    """What a device with slow weights has been through; None for others."""
    return device.history() if isinstance(device, Ages) else None


def restore_history(device: Device, history: dict[str, Any] | None, path: Path) -> None:
    """Let a device go on from a history; one without weights that age has none.

    Raises:
        PhotonicsError: where the history is missing or damaged.
    """
    if not isinstance(device, Ages):
        return
    try:
        device.restore(history or {})
    except (LookupError, TypeError, ValueError) as error:
        raise PhotonicsError(
            f"{path} does not say what its slow weights have been through, or wrongly ({error}); the file is damaged"
        ) from error


def load_weights(device: Device, weights: dict[str, Tensor], path: Path) -> None:
    """Put weights into a device, which takes over their precision, or say which of them does not fit."""
    own = device.state_dict()
    for name in sorted(set(own) | set(weights)):
        here = tuple(own[name].shape) if name in own else None
        there = tuple(weights[name].shape) if name in weights else None
        if here != there:
            raise PhotonicsError(
                f"{path} does not fit the card: {name} is {there or 'missing'} in the file and "
                f"{here or 'missing'} in the device; use the card it was trained with"
            )
    for name, value in weights.items():
        if value.is_floating_point() and not math.isfinite(float(value.sum())):
            raise PhotonicsError(f"{path}: {name} holds values that are not finite; the file is damaged")
    precision = next((value.dtype for value in weights.values() if value.is_floating_point()), None)
    device.to(precision)
    try:
        device.load_state_dict(weights)
    except PhotonicsError as error:
        raise PhotonicsError(f"{path} does not fit the card: {error}") from None
