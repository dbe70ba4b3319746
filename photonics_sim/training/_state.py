"""Everything that the next training step depends on, and its way to the disk and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from photonics_sim.device import Ages, Device
from photonics_sim.errors import PhotonicsError
from photonics_sim.files import read_tensors, write_tensors
from photonics_sim.training._checkpoint import HISTORY, Notes, Shapes, check_numbers, require_shapes, shapes_of


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
        arrays, table = read_tensors(path, "the checkpoint of a run", lambda found: self._require_shapes(found, path))
        notes = Notes.read(table, path)
        groups: dict[str, dict[str, Tensor]] = {"model": {}, "best": {}, "adam": {}}
        own = self.device.state_dict()
        for name, array in arrays.items():
            group, _, rest = name.partition("/")
            groups[group][rest] = value = torch.from_numpy(array)
            check_numbers(name, value, own.get(rest, torch.tensor(0.0)), path)
        load_weights(self.device, groups["model"], path)
        adam: dict[int, dict[str, Tensor]] = {}
        for name, value in groups["adam"].items():
            number, _, key = name.partition("/")
            adam.setdefault(int(number), {})[key] = value
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": adam})
        self.best_weights = groups["best"]
        self.epoch, self.step = notes.epoch, notes.step
        self.sums, self.seconds, self.history = notes.sums, notes.seconds, notes.history
        self.best = None if notes.best is None else (notes.best[0], notes.best[1])
        self.best_epoch = notes.best_epoch
        restore_history(self.device, notes.device, path)

    def _require_shapes(self, found: Shapes, path: Path) -> None:
        """Refuse the arrays of another device. The best weights, and what Adam knows of a parameter, may be missing."""
        own = shapes_of(self.device.state_dict())
        parts = ["model", *(["best"] if any(name.startswith("best/") for name in found) else [])]
        wanted = {f"{part}/{name}": shape for part in parts for name, shape in own.items()}
        for number, parameter in enumerate(self.optimiser.param_groups[0]["params"]):
            if f"adam/{number}/step" in found:
                wanted |= {f"adam/{number}/{name}": tuple(parameter.shape) for name in ("exp_avg", "exp_avg_sq")}
                wanted[f"adam/{number}/step"] = ()
        require_shapes(found, wanted, path)


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
    require_shapes(shapes_of(weights), shapes_of(own), path)
    for name, value in weights.items():
        check_numbers(name, value, own[name], path)
    precision = next((value.dtype for value in weights.values() if value.is_floating_point()), None)
    device.to(precision)
    try:
        device.load_state_dict(weights)
    except PhotonicsError as error:
        raise PhotonicsError(f"{path} does not fit the card: {error}") from None
