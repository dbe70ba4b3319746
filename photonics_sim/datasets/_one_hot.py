"""Text as inputs: the last characters before the one to predict, each as a row of zeros with a single one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from photonics_sim.datasets._dataset import Dataset
from photonics_sim.errors import PhotonicsError

DEFAULT_WINDOW = 16


@dataclass(frozen=True)
class OneHot:
    """The last `window` characters of a sample, oldest first; values are 0 and 1.

    Reshaped to (window, vocabulary), an input is the sequence.

    Attributes:
        window: how many characters a device sees.
        vocabulary: how many characters there are.
    """

    # inputs take some 260 times the memory of a window of bytes
    expands: ClassVar[bool] = True

    window: int
    vocabulary: int

    @property
    def features(self) -> int:
        return self.window * self.vocabulary

    def __call__(self, raw: Tensor) -> Tensor:
        """Character numbers (n, longest window) as inputs (n, window * vocabulary), float32."""
        if raw.is_floating_point():
            raise PhotonicsError(f"the pipeline takes character numbers, not {raw.dtype}; use encode_text")
        if raw.numel() and int(raw.max()) >= self.vocabulary:
            raise PhotonicsError(
                f"character number {int(raw.max())} is beyond the vocabulary of {self.vocabulary}; encode the text "
                "with the vocabulary of the data set that the pipeline was fitted on"
            )
        last = raw[:, -self.window :].long().unsqueeze(-1)
        empty = torch.zeros((len(raw), self.window, self.vocabulary), device=raw.device)
        return empty.scatter_(-1, last, 1.0).flatten(1)

    def table(self) -> dict[str, Any]:
        return {"window": self.window, "vocabulary": self.vocabulary}

    def arrays(self) -> dict[str, Tensor]:
        return {}


def window_widths(dataset: Dataset) -> list[int]:
    """Widths that a text gives, widest first: the vocabulary times 64, 63, ... 1 characters."""
    return [length * dataset.outputs for length in range(dataset.shape[0], 0, -1)]


def fit_one_hot(dataset: Dataset, features: int | None = None) -> OneHot:
    """As many characters as a device of `features` inputs sees; 16 where None.

    Raises:
        PhotonicsError: where `features` is no multiple of the vocabulary, or beyond the longest window.
    """
    vocabulary, longest = dataset.outputs, dataset.shape[0]
    if features is None:
        return OneHot(min(DEFAULT_WINDOW, longest), vocabulary)
    if features not in window_widths(dataset):
        raise PhotonicsError(
            f"data set {dataset.name} cannot give {features} features: each character before the one to predict takes "
            f"{vocabulary}; choose a device that takes {vocabulary}, {2 * vocabulary}, ... {longest * vocabulary} "
            f"(1 to {longest} characters)"
        )
    return OneHot(features // vocabulary, vocabulary)
