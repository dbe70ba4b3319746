"""What every worker must know of a sweep, and what it is sent and gives back. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

DTYPES = ("float32", "float64", "float16", "bfloat16")


@dataclass(frozen=True)
class Job:
    """All that a trial depends on but the point and the chip; it is sent to the workers.

    Attributes:
        trial: "fidelity", "evaluate", "train", "universality" or "module:function".
        card: TOML text of the card.
        run: Folder of the trained run; empty for a card.
        weights: File with the settings of a device that was given as an object; empty for none.
        settings: Of the trial.
        seed: Of the settings that an untrained device starts from.
        threads: Torch threads of a worker.
        dtype: torch's number type there, of `DTYPES`.
        paths: Folders in which a module with a trial of the user's own is looked for.
    """

    trial: str
    card: str
    run: str = ""
    weights: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    threads: int = 1
    dtype: str = "float32"
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """Chips of one point that are computed in one call: the unit that is sent, retried and blamed.

    Attributes:
        point: Number of the point.
        first: Number of the first chip.
        params: Value of each varied path.
        seeds: Of the chips.
    """

    point: int
    first: int
    params: Mapping[str, Any]
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Attributes:
        point, first, chips: Which task it was.
        status: A place in `STATUSES`.
        seconds: Time of the call.
        values: `(chips, ...)` by name; empty where it failed.
        error: What went wrong.
    """

    point: int
    first: int
    chips: int
    status: int
    seconds: float
    values: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    error: str = ""
