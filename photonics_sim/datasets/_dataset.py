"""What a data set is: three parts, what they are for, and where they come from."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from torch import Tensor

Task = Literal["classification", "regression", "next-token"]

CHUNK = 1 << 16  # samples that are hashed at a time


@dataclass(frozen=True, eq=False, repr=False)
class Part:
    """Samples that are used together, for training, for validation or for the test.

    Attributes:
        inputs: raw samples, float32, (n, features), (n, ny, nx) or (n, channels, ny, nx), pixels of the named sets
            in 0..1; of a text, character numbers (n, longest window), windows that share their memory.
        targets: class numbers, int64, shape (n,), or values to predict in the user's units, float32, (n, k); of a
            text, the character that follows each window, int64, (n,).
    """

    inputs: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.inputs)

    def __repr__(self) -> str:
        return f"Part({len(self)} samples of {tuple(self.inputs.shape[1:])})"


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A data set in three parts, each with raw samples; a `Pipeline` turns these into what a device takes.

    Attributes:
        name: what the data set is called in reports.
        task: "classification", "regression" or "next-token".
        train: what the weights and the pipeline are fitted on.
        validation: what choices during training may look at.
        test: what only the final figure looks at.
        classes: names of the classes, of the target columns for regression, or of the characters of a text.
        licence: under what terms the data may be used; empty where not stated.
        citation: what to cite (BibTeX); empty where not stated.
        pooled_side: side in pixels to which images are pooled unless a width is asked for; None keeps all.
    """

    name: str
    task: Task
    train: Part
    validation: Part
    test: Part
    classes: tuple[str, ...]
    licence: str = ""
    citation: str = ""
    pooled_side: int | None = None

    @property
    def parts(self) -> dict[str, Part]:
        """The three parts by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one raw sample: (features,), (ny, nx), (channels, ny, nx), or (longest window,) for a text."""
        return tuple(self.train.inputs.shape[1:])

    @property
    def features(self) -> int:
        """Numbers in one raw sample."""
        return math.prod(self.shape)

    @property
    def outputs(self) -> int:
        """Numbers a device has to give: one per class, target column or character."""
        return len(self.classes)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over types, shapes and values of all parts, taken once; names do not count."""
        hasher = hashlib.sha256()
        for name, part in self.parts.items():
            for tensor in (part.inputs, part.targets):
                array = tensor.detach().cpu().numpy()
                hasher.update(f"{name} {array.dtype.str} {array.shape};".encode())
                for start in range(0, len(array), CHUNK):  # windows of a text share memory; a copy would not
                    hasher.update(np.ascontiguousarray(array[start : start + CHUNK]).data)
        return hasher.hexdigest()

    def __repr__(self) -> str:
        sizes = " + ".join(str(len(part)) for part in self.parts.values())
        kind = {"classification": "classes", "regression": "target columns", "next-token": "characters"}[self.task]
        return f"Dataset({self.name!r}, {self.task}: {sizes} samples of {self.shape}, {self.outputs} {kind})"
