"""What a checkpoint may hold, looked at before any of it is used: it may be damaged, or another device's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from torch import Tensor

from photonics_sim.device import explain_invalid
from photonics_sim.errors import PhotonicsError

HISTORY = ("train_loss", "train_score", "validation_loss", "validation_score", "learning_rate", "seconds")
Shapes = Mapping[str, tuple[int, ...]]

_REAL = (torch.float32, torch.float64)


class Notes(BaseModel):
    """What a checkpoint says besides its arrays; see `TrainState`."""

    model_config = ConfigDict(strict=True, extra="forbid")

    epoch: int = Field(ge=0, le=100_000)
    step: int = Field(ge=0, le=2**62)
    sums: list[float] = Field(min_length=2, max_length=2)
    seconds: float = Field(ge=0, allow_inf_nan=False)
    history: dict[str, list[float]]
    best: list[float] | None = Field(min_length=2, max_length=2)
    best_epoch: int = Field(ge=0, le=100_000)
    device: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if set(self.history) != set(HISTORY) or any(len(row) != self.epoch for row in self.history.values()):
            raise ValueError(f"history has not one number of each kind for {self.epoch} epochs")
        if self.best_epoch > self.epoch or (self.best is None) != (self.best_epoch == 0):
            raise ValueError(f"best_epoch = {self.best_epoch} does not go with best and {self.epoch} epochs")
        return self

    @classmethod
    def read(cls, table: Mapping[str, Any], path: Path) -> Self:
        """Raises PhotonicsError where the notes are not those of a checkpoint."""
        try:
            return cls.model_validate(dict(table))
        except ValidationError as error:
            said = explain_invalid(error, cls, where=str(path), text="")
            raise PhotonicsError(f"{said}; the checkpoint is damaged, restore it from a copy or train anew") from None


def shapes_of(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor by its name."""
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def require_shapes(found: Shapes, wanted: Shapes, path: Path) -> None:
    """Refuse arrays of another name or shape than those of the device.

    Raises:
        PhotonicsError: names the first that does not fit.
    """
    for name in sorted(set(found) | set(wanted), key=lambda name: (not name.startswith("model/"), name)):
        if found.get(name) != wanted.get(name):
            raise PhotonicsError(
                f"{path} does not fit the card: {name.removeprefix('model/')} is {found.get(name, 'missing')} in the "
                f"file and {wanted.get(name, 'missing')} in the device; use the card it was trained with"
            )


def check_numbers(name: str, value: Tensor, like: Tensor, path: Path) -> None:
    """Refuse numbers of another kind than those of the device, or such as are not finite.

    Raises:
        PhotonicsError: with the name.
    """
    if value.dtype != like.dtype and not (value.dtype in _REAL and like.dtype in _REAL):
        raise PhotonicsError(
            f"{path}: {name} holds {value.dtype}, which the device has as {like.dtype}; the file is damaged"
        )
    if not bool(torch.isfinite(value).all()):
        raise PhotonicsError(f"{path}: {name} holds values that are not finite; the file is damaged")
