"""Training a device into a run folder, and going on with one."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch.utils.data import TensorDataset

from photonics_sim.datasets import Dataset, Pipeline, fit_pipeline
from photonics_sim.device import Ages, Card, Device, build_device, explain_invalid, render_card
from photonics_sim.errors import PhotonicsError
from photonics_sim.files import read_tensors, write_atomically, write_tensors
from photonics_sim.runs import (
    DataSource,
    Run,
    RunConfig,
    TrainSettings,
    find_run,
    lock_run,
    make_note,
    new_run_folder,
)
from photonics_sim.training._checkpoint import require_shapes, shapes_of
from photonics_sim.training._chip import as_trained, write_back
from photonics_sim.training._interrupt import stop_on_interrupt
from photonics_sim.training._loop import TrainingData, make_optimiser, run_epochs
from photonics_sim.training._progress import Progress, show_progress
from photonics_sim.training._record import finish_run, record_epoch
from photonics_sim.training._sources import (
    as_dataset,
    is_file_name,
    load_pipeline,
    load_run_dataset,
    require_fit,
    save_pipeline,
)
from photonics_sim.training._state import TrainState, history_of, load_weights, restore_history

Callback = Callable[[Progress], Any]


def train(
    device: Device,
    dataset: Dataset | TensorDataset | str,
    *,
    pipeline: Pipeline | None = None,
    root: str | Path | None = None,
    source: str | None = None,
    name: str | None = None,
    out: str | Path | None = None,
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
    command: Sequence[str] | None = None,
    **settings: Any,
) -> Run:
    """Train a device, which ends with the weights of the epoch that was best on the validation part.

    Everything is kept in a run folder: `card.toml`, `config.toml`, `metrics.h5` (renewed at every epoch), a checkpoint,
    `model.safetensors` and, where the pipeline has arrays, `pipeline.safetensors`. Ctrl-C ends it cleanly; `resume`
    goes on and reaches the same numbers as an unbroken run.

    Args:
        device: A device built from a card.
        dataset: A data set, the name of one, the path of a `.npz`, `.h5` or `.txt` file, or a torch `TensorDataset`.
        pipeline: How samples become inputs; by default fitted on the train part, to the device's width.
        root: Folder where files of a named data set lie.
        source: Name or file that `dataset` was loaded from, so that `resume` finds it again; by default its name.
        name: Of the run under `runs/`; by default the card's name and a number.
        out: Folder of the run, instead of `name`.
        progress: Whether to show progress on stderr.
        callbacks: Called with a `Progress` after every step and every epoch.
        command: What to note as the command that made the run.
        **settings: Fields of `TrainSettings`, such as `epochs=30, batch_size=64, learning_rate=0.1, seed=0`; others
            are those that the card's schema says suit its devices, and else the general ones.

    Returns:
        The run; `run.summary` has its results and `run.state` tells whether it finished.

    Raises:
        PhotonicsError: where device and data do not fit, a setting is out of range, or the folder is taken.
    """
    if device.card is None:
        raise PhotonicsError("train keeps the card of a device in the run; this device has none (use a torch loop)")
    chosen = training_settings(device.card, settings)
    data = as_dataset(dataset, root)
    pipeline = pipeline or fit_pipeline(data, device.in_features)
    require_fit(pipeline, data, device)
    if device.out_features != data.outputs:
        raise PhotonicsError(
            f"{device.card.name} has {device.out_features} outputs and {data.name} needs {data.outputs}; "
            f"build it with {device.card.output_field}={data.outputs}"
        )
    trained = _placed(as_trained(device, chosen), chosen)
    prepared = TrainingData.prepare(data, pipeline, chosen, trained)
    config = RunConfig(
        training=chosen,
        data=_source(data, pipeline, source or (dataset if isinstance(dataset, str) else data.name), root),
        made=make_note(command or sys.argv, torch.get_num_threads()),
    )
    run = Run(new_run_folder(device.card.name, name=name, out=Path(out) if out is not None else None))
    with ExitStack() as stack:
        state = TrainState(trained, make_optimiser(trained, chosen))
        try:
            stack.enter_context(lock_run(run.path))
            write_atomically(run.card_path, render_card(device.card))
            save_pipeline(run, pipeline)
            state.save(run.checkpoint_path)  # the settings it starts from are not the card's: they may be anything
            config.write(run.config_path)  # last: a folder with a configuration is a run that can be resumed
        except BaseException:
            shutil.rmtree(run.path, ignore_errors=True)
            raise
        _go_on(run, state, prepared, chosen, progress, callbacks)
        if trained is not device:
            device.load_state_dict(trained.state_dict())
        return run


def resume(
    run: Run | str | Path,
    *,
    epochs: int | None = None,
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
    dataset: Dataset | TensorDataset | None = None,
) -> Run:
    """Go on with a run where it stopped; one that is finished is returned as it is.

    Args:
        run: A run, its name or its folder.
        epochs: A new total: adds epochs to a finished run. The rate then follows the longer schedule from where it is,
            so the result is not that of one training of that length.
        progress: Whether to show progress on stderr.
        callbacks: As for `train`.
        dataset: The data, where the run was trained on tensors that no file holds.

    Raises:
        PhotonicsError: where the run is in use, its checkpoint is damaged or does not fit, or the data have changed.
    """
    run = run if isinstance(run, Run) else find_run(run)
    settings = run.config.training
    if epochs is not None:
        settings = _settings(settings.model_dump() | {"epochs": epochs})
        if epochs < _epochs_recorded(run):
            raise PhotonicsError(f"{run.path} has more than {epochs} epochs already; give a larger --epochs")
    if run.state == "finished" and settings.epochs == run.config.training.epochs:
        return run
    with lock_run(run.path), _threads(run.config.made.threads):
        data = load_run_dataset(run, dataset)
        device = _placed(as_trained(build_device(run.card, seed=settings.seed), settings), settings)
        state = TrainState(device, make_optimiser(device, settings))
        state.load(run.checkpoint_path)
        pipeline = load_pipeline(run)
        require_fit(pipeline, data, device)
        prepared = TrainingData.prepare(data, pipeline, settings, device)
        if settings != run.config.training:  # last: what is refused changes nothing
            run.config.model_copy(update={"training": settings}).write(run.config_path)
            run = Run(run.path)
        return _go_on(run, state, prepared, settings, progress, callbacks)


def _epochs_recorded(run: Run) -> int:
    recorded = run.metrics.get("epoch") if run.metrics_path.exists() else None
    return 0 if recorded is None else recorded.values.size


def load_trained(run: Run | str | Path, overrides: Mapping[str, Any] | None = None) -> Device:
    """The device of a run with its best weights so far, with fields of its card replaced where asked.

    Raises:
        PhotonicsError: where the run has no weights yet, or they do not fit its card.
    """
    run = run if isinstance(run, Run) else find_run(run)
    settings = run.config.training
    device = as_trained(build_device(run.card.override(overrides or {}), seed=settings.seed), settings)
    if run.model_path.exists():
        own = shapes_of(device.state_dict())
        arrays, notes = read_tensors(
            run.model_path, "the weights of a run", lambda found: require_shapes(found, own, run.model_path)
        )
        load_weights(device, {name: torch.from_numpy(array) for name, array in arrays.items()}, run.model_path)
        restore_history(device, notes.get("device"), run.model_path)
        return device
    raise PhotonicsError(f"{run.path} has no finished epoch yet; `photonics-sim resume {run.path}` goes on with it")


def _source(data: Dataset, pipeline: Pipeline, origin: str, root: str | Path | None) -> DataSource:
    """What finds the data again from any folder, and tells whether they are the same."""
    return DataSource(
        name=str(Path(origin).resolve()) if is_file_name(origin) else origin,
        digest=data.digest,
        root=str(Path(root).resolve()) if root else "",
        classes=list(data.classes),
        citation=data.citation,
        licence=data.licence,
        pipeline=pipeline.to_dict(),
    )


def training_settings(card: Card, values: Mapping[str, Any]) -> TrainSettings:
    """The settings of a training: what is given, else what suits the card, else the general ones.

    Raises:
        PhotonicsError: for an unknown setting or a value out of range.
    """
    return _settings({**card.training, **values})


def _settings(values: dict[str, Any]) -> TrainSettings:
    try:
        return TrainSettings(**values)
    except ValidationError as error:
        raise PhotonicsError(explain_invalid(error, TrainSettings, where="train", text="")) from None


def _placed(device: Device, settings: TrainSettings) -> Device:
    if settings.accelerator == "cuda" and not torch.cuda.is_available():
        raise PhotonicsError("accelerator cuda: torch sees no such GPU; use --accelerator cpu")
    return device.to(settings.accelerator)


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """The thread count of the first part of a run: sums in another order would round differently."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _go_on(
    run: Run,
    state: TrainState,
    data: TrainingData,
    settings: TrainSettings,
    progress: bool,
    callbacks: Sequence[Callback],
) -> Run:
    first = state.epoch

    def save() -> None:
        state.save(run.checkpoint_path)

    def save_model() -> None:
        weights = {name: value.cpu().numpy() for name, value in state.best_weights.items()}
        write_tensors(run.model_path, weights, {"device": history_of(state.device)})

    def finish_epoch() -> None:
        save()
        save_model()
        record_epoch(run, state, data, epochs_run=state.epoch - first)

    with ExitStack() as stack:
        stop = stack.enter_context(stop_on_interrupt())
        shown = [stack.enter_context(show_progress())] if progress else []
        done = run_epochs(
            state,
            data,
            settings,
            save=save,
            finish_epoch=finish_epoch,
            stop=stop,
            callbacks=[*shown, *callbacks],
        )
    if done:
        state.device.load_state_dict(state.best_weights)
        if isinstance(state.device, Ages):
            write_back(state.device)
            save_model()
        finish_run(run, state, data, settings, epochs_run=state.epoch - first)
    return run
