"""How good a device is: ideal, and as built."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photonics_sim.datasets import Dataset, Part, Pipeline, fit_pipeline
from photonics_sim.device import Ages, Device, derive_key
from photonics_sim.errors import PhotonicsError
from photonics_sim.runs import Measure, measure_of
from photonics_sim.training._samples import Samples
from photonics_sim.training._tasks import confusion, hits, loss, outcomes, predictions, score

BATCH = 256
LONGEST_H = 1e6  # a century, and more than any drift was measured over


@dataclass(frozen=True)
class AsBuilt:
    """Scores of fabricated chips: the mean and the range that holds the middle 95 % of them."""

    scores: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.scores))

    @property
    def interval(self) -> tuple[float, float]:
        low, high = np.percentile(self.scores, [2.5, 97.5])
        return float(low), float(high)

    def to_dict(self) -> dict[str, Any]:
        return {
            "chips": len(self.scores),
            "mean": self.mean,
            "low": self.interval[0],
            "high": self.interval[1],
        }


@dataclass(frozen=True)
class Evaluation:
    """A device on one part of a data set.

    Attributes:
        task: "classification", "regression" or "next-token".
        loss: Mean loss.
        score: Accuracy (0..1), R^2 or bits per character.
        predictions: Class numbers `(n)`, or values in the user's units `(n, k)`.
        targets: Likewise.
        confusion: Counts `(classes, classes)`, true by predicted; None but for classification.
        bits: What each character takes, `(n)`; None but for next-token.
        as_built: Scores of fabricated chips; None where none were asked for.
    """

    task: str
    loss: float
    score: float
    predictions: NDArray[Any]
    targets: NDArray[Any]
    confusion: NDArray[Any] | None
    bits: NDArray[Any] | None
    as_built: AsBuilt | None

    @property
    def measure(self) -> Measure:
        """What the score is."""
        return measure_of(self.task)


def evaluate(
    device: Device,
    dataset: Dataset,
    *,
    part: str = "test",
    pipeline: Pipeline | None = None,
    chips: int = 0,
    seed: int = 0,
    after_hours: float = 0.0,
) -> Evaluation:
    """Judge a device on a part of a data set.

    Args:
        device: Reads with its own noise where its card switches noise on, by keys derived from the seed.
        dataset: Data and task.
        part: "train", "validation" or "test".
        pipeline: How samples become inputs; by default fitted on the train part.
        chips: Fabricated chips to judge as well, each by `device.as_built`.
        seed: Of the chips and of the readings.
        after_hours: Time in hours for which the weights have stood since they were written. The device itself is left
            as it was.

    Raises:
        PhotonicsError: for a time before the write, and for one after it where nothing in the device ages.
    """
    device = aged(device, after_hours)
    pipeline = pipeline or fit_pipeline(dataset, device.in_features)
    samples: Part = dataset.parts[part]
    inputs, targets = _prepared(device, samples, pipeline)
    outputs = read_all(device, inputs, derive_key(seed, "evaluate"))
    found = outcomes(outputs, targets, dataset.task)
    predicted = predictions(outputs, dataset.task)
    return Evaluation(
        task=dataset.task,
        loss=float(loss(outputs, targets, dataset.task)),
        score=score(float(found.sum()), targets, dataset.task),
        predictions=pipeline.restore(predicted).cpu().numpy(),
        targets=samples.targets.numpy(),
        confusion=confusion(predicted, targets, dataset.outputs).cpu().numpy()
        if dataset.task == "classification"
        else None,
        bits=found.cpu().numpy() if dataset.task == "next-token" else None,
        as_built=_chips(device, inputs, targets, dataset, chips, seed) if chips else None,
    )


def judge_chips(
    device: Device, dataset: Dataset, *, pipeline: Pipeline, chips: int, seed: int, after_hours: float = 0.0
) -> AsBuilt:
    """Fabricated chips alone, on the test part; arguments as `evaluate`, whose chips these are."""
    device = aged(device, after_hours)
    return _chips(device, *_prepared(device, dataset.test, pipeline), dataset, chips, seed)


def _prepared(device: Device, samples: Part, pipeline: Pipeline) -> tuple[Samples, Tensor]:
    """Inputs and targets where the device is."""
    place = next(device.parameters())
    return Samples.of(samples.inputs, pipeline, place), pipeline.targets(samples.targets).to(place.device)


def aged(device: Device, hours: float) -> Device:
    """The device as it is so many hours later; at 0 hours the device itself.

    Raises:
        PhotonicsError: as `evaluate`.
    """
    if not hours:
        return device
    if not 0 < hours < LONGEST_H:
        raise PhotonicsError(
            f"drift is asked for {-hours:g} h before the last write; weights are read after it: give 0 hours or more"
            if hours < 0
            else f"after {hours:g} hours: drift is known for {LONGEST_H:g} h at most"
        )
    if not isinstance(device, Ages):
        name = device.card.name if device.card else type(device).__name__
        raise PhotonicsError(f"{name} has no weights that age; leave the hours out, or take a card of family relax")
    later = copy.deepcopy(device)
    later.wait(3600 * hours)
    return later


@torch.no_grad()
def read_all(device: Device, inputs: Samples, key: int) -> Tensor:
    """Outputs `(n, out)` of all inputs, in batches that fit the caches."""
    starts = range(0, len(inputs), BATCH)
    batches = (inputs[start : start + BATCH] for start in starts)
    return torch.cat([device(batch, key=derive_key(key, number)) for number, batch in enumerate(batches)], dim=-2)


def _chips(device: Device, inputs: Samples, targets: Tensor, dataset: Dataset, chips: int, seed: int) -> AsBuilt:
    scores = []
    for number in range(chips):  # one at a time: memory stays that of one device, whatever the number
        built = device.as_built(derive_key(seed, "chip", number))
        outputs = read_all(built, inputs, derive_key(seed, "chip reading", number))
        scores.append(score(hits(outputs, targets, dataset.task), targets, dataset.task))
    return AsBuilt(tuple(scores))
