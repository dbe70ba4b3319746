"""The training loop: every step is a function of the state and the seed, so that a resumed run is the same run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from photonics_sim.datasets import Dataset, Pipeline, augment
from photonics_sim.device import Ages, Device, derive_key
from photonics_sim.errors import PhotonicsError, WornOutError
from photonics_sim.runs import TrainSettings, measure_of
from photonics_sim.training._evaluate import read_all
from photonics_sim.training._progress import Progress
from photonics_sim.training._samples import Samples
from photonics_sim.training._state import TrainState
from photonics_sim.training._tasks import hits, is_better, loss, score

CHECKPOINT_INTERVAL_S = 30.0


@dataclass(frozen=True)
class TrainingData:
    """A data set and its parts as the training takes them, on the accelerator."""

    dataset: Dataset
    pipeline: Pipeline
    inputs: Samples
    targets: Tensor
    validation_inputs: Samples
    validation_targets: Tensor

    @classmethod
    def prepare(cls, dataset: Dataset, pipeline: Pipeline, settings: TrainSettings, device: Device) -> TrainingData:
        place = next(device.parameters())
        augmented = _augments(settings)
        if augmented and (dataset.task == "next-token" or len(dataset.shape) != 2):
            raise PhotonicsError(
                f"shift, rotation and zoom need images (ny, nx); {dataset.name} has samples {dataset.shape}"
            )
        return cls(
            dataset,
            pipeline,
            Samples.of(dataset.train.inputs, pipeline, place, lazy=augmented),
            pipeline.targets(dataset.train.targets).to(place.device),
            Samples.of(dataset.validation.inputs, pipeline, place),
            pipeline.targets(dataset.validation.targets).to(place.device),
        )

    def batch(self, index: Tensor, settings: TrainSettings, key: int) -> Tensor:
        """Prepared inputs of these training samples, freshly augmented where that is asked for."""
        if not _augments(settings):
            return self.inputs[index]
        images = augment(
            self.dataset.train.inputs[index],
            shift_px=settings.shift_px,
            rotate_deg=settings.rotate_deg,
            scale=settings.zoom,
            generator=torch.Generator().manual_seed(key),
        )
        return self.pipeline.inputs(images).to(self.inputs.like)


def _augments(settings: TrainSettings) -> bool:
    return bool(settings.shift_px or settings.rotate_deg or settings.zoom)


def make_optimiser(device: Device, settings: TrainSettings) -> torch.optim.Adam:
    trained = [parameter for parameter in device.parameters() if parameter.requires_grad]
    return torch.optim.Adam(trained, lr=settings.learning_rate)


def learning_rate(settings: TrainSettings, step: int, total: int) -> float:
    """Linear warm-up over the first `warmup` of all steps, then half a cosine down to zero."""
    warm = max(1, round(settings.warmup * total))
    rise = min(1.0, (step + 1) / warm)
    return settings.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * step / total))


def run_epochs(
    state: TrainState,
    data: TrainingData,
    settings: TrainSettings,
    *,
    save: Callable[[], None],
    finish_epoch: Callable[[], None],
    stop: Callable[[], bool],
    callbacks: Sequence[Callable[[Progress], Any]],
) -> bool:
    """Train until the last epoch or until `stop` says so; False where it was stopped.

    `save` is called every 30 s, at a stop and, through `finish_epoch`, after each epoch.
    """
    clock = _Clock(state, data, settings)
    while state.epoch < settings.epochs:
        for _ in _guarded(_steps(state, data, settings), state, save):
            now = clock.tick(state)
            if not now.epoch_done:  # the last step is told together with the validation that follows it
                for callback in callbacks:
                    callback(now)
            if stop():
                save()
                return False
            if clock.checkpoint_due():
                save()
        for _ in _guarded(_closing(state, data, settings), state, save):
            finish_epoch()
        for callback in callbacks:
            callback(clock.after_epoch(state))
    return True


def _guarded(steps: Iterator[None], state: TrainState, save: Callable[[], None]) -> Iterator[None]:
    """The steps; where the slow weights wear out, the state is saved and the message says when that was."""
    try:
        yield from steps
    except WornOutError as error:
        save()
        raise PhotonicsError(
            f"epoch {state.epoch + 1}, step {state.step + 1}: {error}. The run is kept as it was before that write"
        ) from None


def _steps(state: TrainState, data: TrainingData, settings: TrainSettings) -> Iterator[None]:
    """The steps of the current epoch that are still to do."""
    n, size, seed = len(data.targets), settings.batch_size, settings.seed
    order = torch.randperm(n, generator=torch.Generator().manual_seed(derive_key(seed, "order", state.epoch)))
    steps = math.ceil(n / size)
    for step in range(state.step, steps):
        started = time.monotonic()
        index = order[step * size : (step + 1) * size]
        key = derive_key(seed, "step", state.epoch, step)
        train_step(state, data, settings, index, key, state.epoch * steps + step, settings.epochs * steps)
        state.step = step + 1
        state.seconds += time.monotonic() - started
        yield


def train_step(
    state: TrainState,
    data: TrainingData,
    settings: TrainSettings,
    index: Tensor,
    key: int,
    step: int,
    total: int,
) -> None:
    """One step of Adam on the training samples `index`."""
    task = data.dataset.task
    if settings.on_device:
        cast(Ages, state.device).write()
    inputs = data.batch(index, settings, derive_key(key, "augment"))
    targets = data.targets[index]
    outputs = state.device(inputs, key=derive_key(key, "read"))
    value = loss(outputs, targets, task, label_smoothing=settings.label_smoothing)
    if not math.isfinite(float(value.detach())):
        raise PhotonicsError(
            f"the loss is not finite in epoch {state.epoch + 1}; the run is kept at its last checkpoint. "
            "Train again with a lower --lr"
        )
    state.optimiser.param_groups[0]["lr"] = learning_rate(settings, step, total)
    state.optimiser.zero_grad(set_to_none=True)
    value.backward()
    if settings.clip_norm:
        torch.nn.utils.clip_grad_norm_(state.device.parameters(), settings.clip_norm)
    state.optimiser.step()
    if settings.on_device:
        cast(Ages, state.device).spend(len(index))
    state.sums[0] += float(value.detach()) * len(index)
    state.sums[1] += hits(outputs.detach(), targets, task)


def _closing(state: TrainState, data: TrainingData, settings: TrainSettings) -> Iterator[None]:
    """The validation behind the last step of an epoch."""
    task, n = data.dataset.task, len(data.targets)
    if settings.on_device:
        cast(Ages, state.device).write()  # what the last step has left
        cast(Ages, state.device).spend(len(data.validation_targets))
    outputs = read_all(state.device, data.validation_inputs, derive_key(settings.seed, "validation", state.epoch))
    targets = data.validation_targets
    validation = (score(hits(outputs, targets, task), targets, task), float(loss(outputs, targets, task)))
    state.epoch += 1
    row = {
        "train_loss": state.sums[0] / n,
        "train_score": score(state.sums[1], data.targets, task),
        "validation_loss": validation[1],
        "validation_score": validation[0],
        "learning_rate": state.optimiser.param_groups[0]["lr"],
        "seconds": state.seconds,
    }
    for name, value in row.items():
        state.history[name].append(value)
    if is_better(validation, state.best, task):
        state.keep_as_best(validation)
    state.step, state.sums, state.seconds = 0, [0.0, 0.0], 0.0
    yield


class _Clock:
    """Speed and time left, from the steps of this call but its first: that one also compiles what runs afterwards."""

    def __init__(self, state: TrainState, data: TrainingData, settings: TrainSettings) -> None:
        self._n, self._size = len(data.targets), settings.batch_size
        self._steps, self._epochs = math.ceil(self._n / self._size), settings.epochs
        self._task = data.dataset.task
        self._saved = time.monotonic()
        self._start: float | None = None
        self._first = state.epoch * self._steps + state.step + 1

    def checkpoint_due(self) -> bool:
        due = time.monotonic() - self._saved > CHECKPOINT_INTERVAL_S
        if due:
            self._saved = time.monotonic()
        return due

    def tick(self, state: TrainState) -> Progress:
        if self._start is None:
            self._start = time.monotonic()
        return self._progress(state, state.epoch + 1, state.step, *state.sums)

    def after_epoch(self, state: TrainState) -> Progress:
        loss_sum = state.history["train_loss"][-1] * self._n
        return self._progress(state, state.epoch, self._steps, loss_sum, state.history["train_score"][-1] * self._n)

    def _progress(self, state: TrainState, epoch: int, step: int, loss_sum: float, hit_sum: float) -> Progress:
        done = (epoch - 1) * self._steps + step
        counted, left = done - self._first, self._epochs * self._steps - done
        seconds = 0.0 if self._start is None else time.monotonic() - self._start
        per_step = max(seconds, 1e-9) / counted if counted > 0 else math.nan
        samples = min(step * self._size, self._n)
        validation = state.history["validation_score"]
        return Progress(
            epoch=epoch,
            epochs=self._epochs,
            step=step,
            steps=self._steps,
            loss=loss_sum / samples,
            task=self._task,
            score=hit_sum / samples if measure_of(self._task).is_mean else math.nan,
            validation=validation[-1] if validation else math.nan,
            samples_per_s=self._size / per_step,
            left_s=per_step * left if left else 0.0,
        )
