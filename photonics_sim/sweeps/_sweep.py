"""Sweeping, going on with a sweep, and looking at one."""

from __future__ import annotations

import shlex
import shutil
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from photonics_sim.errors import PhotonicsError, PhotonicsWarning
from photonics_sim.runs import lock_run, new_run_folder
from photonics_sim.sweeps._checks import Expectation, check_conditions, check_unchanged
from photonics_sim.sweeps._engines import make_engine
from photonics_sim.sweeps._plan import Plan
from photonics_sim.sweeps._planning import Asked, Target, find_target, placed, settle
from photonics_sim.sweeps._progress import SweepProgress, Watch
from photonics_sim.sweeps._read import find_sweep, open_store, read_result
from photonics_sim.sweeps._result import Design, SweepResult
from photonics_sim.sweeps._run import PATIENCE_S, Loop
from photonics_sim.sweeps._store import PUBLISH_S
from photonics_sim.sweeps._work import same_numerics
from photonics_sim.training import show_progress, stop_on_interrupt


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How the trials of a sweep are run; none of it changes a number.

    Attributes:
        workers: Processes; None takes every core of this machine, 1 stays in this process.
        scheduler: Of a Dask cluster: its address, or "local".
        timeout_s: Longest time of one trial; None for any.
        retries: How often a trial that kills its worker is tried again.
        chunk: Trials that are sent together; None holds a chunk at about 100 ms of work.
        progress: Whether to show progress on stderr.
        callbacks: Called with a `SweepProgress` after every change.
        publish_s: Longest time for which rows wait in memory: what a kill costs.
        patience_s: How long to wait for a full disk to have room again.
    """

    workers: int | None = None
    scheduler: str | None = None
    timeout_s: float | None = None
    retries: int = 2
    chunk: int | None = None
    progress: bool = True
    callbacks: Sequence[Callable[[SweepProgress], Any]] = ()
    publish_s: float = PUBLISH_S
    patience_s: float = PATIENCE_S

    def __post_init__(self) -> None:
        if self.retries < 0 or (self.chunk is not None and self.chunk < 1):
            raise PhotonicsError(f"retries {self.retries}, chunk {self.chunk}: give 0 or more, and 1 or more")
        if self.workers is not None and self.workers < 1:
            raise PhotonicsError(f"--workers {self.workers}: at least one works")
        if self.timeout_s is not None and not self.timeout_s > 0:
            raise PhotonicsError(f"--timeout {self.timeout_s:g}: give the seconds that a trial may take, above 0")


def sweep(
    device_or_run: Target | str | Path,
    vary: Mapping[str, Any],
    *,
    chips: int | None = None,
    trial: str | Callable[..., Any] | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    name: str | None = None,
    design: Design = "grid",
    points: int | None = None,
    settings: Mapping[str, Any] | None = None,
    threads: int = 1,
    shard: str | None = None,
    timeout_s: float | None = None,
    progress: bool = True,
    command: Sequence[str] | None = None,
) -> SweepResult:
    """Vary numbers of a device, or of how it is trained, and measure what becomes of it.

    Everything is kept in a folder: `plan.h5` before anything runs, then parts that are never changed, merged into
    `results.h5`. A sweep that is stopped or killed goes on with `resume_sweep`, to the same numbers as an unbroken one.

    Args:
        device_or_run: A device, a card, a trained run, or the name or file of one of these.
        vary: Values by dotted path of a card's field, or by a setting of the trial (`training.learning_rate`,
            `evaluate.after_hours`): a sequence, or text as the command line takes it (`"0:0.05:11"`, `"log:0.01:1:5"`);
            for a sampled design a range (`"0:0.05"`).
        chips: Virtual chips at each point, the same ones at every point; None takes what suits the trial.
        trial: "fidelity" (default for a device), "evaluate" (default for a run), "train", "universality",
            "module:function", or a function `trial(params, seed) -> dict` that workers can import.
        workers: Processes; None takes every core of this machine, 1 stays in this process.
        scheduler: Address of a Dask scheduler, or "local".
        seed: Of the chips, of sampled points, and of the settings that an untrained device starts from.
        out: Folder of the sweep, instead of `name`.
        name: Of the sweep under `runs/`; by default the card's name and a number.
        design: "grid", "zip", "sobol", "latin-hypercube" or "saltelli".
        points: Of a sampled design.
        settings: Fixed settings of the trial by path, and fields of the card to replace.
        threads: Torch threads of a worker; two numbers of threads may round differently.
        shard: "k/K": only every K-th task, into a folder of its own; `merge_sweeps` joins them.
        timeout_s: Longest time of one trial, in seconds; it then counts as timed out.
        progress: Whether to show progress on stderr.
        command: What to note as the command that made the sweep.

    Returns:
        The numbers as arrays with named axes; `result.path` is the folder.

    Raises:
        PhotonicsError: where a path, a value, the trial or the folder does not fit, or nothing can be stored.
    """
    asked = Asked(
        target=find_target(device_or_run), vary=vary, chips=chips, trial=trial, seed=seed, design=design,
        samples=points, settings=settings, threads=threads, shard=shard, command=shlex.join(command or sys.argv),
        origin=str(device_or_run) if isinstance(device_or_run, str | Path) else "",
    )  # fmt: skip
    how = Execution(workers=workers, scheduler=scheduler, timeout_s=timeout_s, progress=progress)
    return start_sweep(asked, how, name=name, out=out)


def start_sweep(
    asked: Asked, how: Execution | None = None, *, name: str | None = None, out: str | Path | None = None
) -> SweepResult:
    """Plan, keep the plan in a new folder, and run; arguments as `sweep`."""
    folder = new_sweep_folder(asked.plan(), asked.target, name=name, out=Path(out) if out is not None else None)
    return resume_sweep(folder, how)


def new_sweep_folder(plan: Plan, target: Target, *, name: str | None = None, out: Path | None = None) -> Path:
    """A new folder with the plan in it, and nothing run yet.

    Raises:
        PhotonicsError: where it exists already, or cannot be written.
    """
    folder = new_run_folder(f"{plan.name}-sweep", name=name, out=out)
    try:
        (folder / "parts").mkdir()
        settle(plan, folder.resolve(), target).write(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def resume_sweep(
    sweep: str | Path | SweepResult,
    how: Execution | None = None,
    *,
    retry_failed: bool = False,
    allow_mixed: bool = False,
) -> SweepResult:
    """Go on with a sweep: only what is missing is made, and what is stored is never touched.

    Args:
        sweep: Its name, its folder, or what it has returned.
        how: Where and how the trials run.
        retry_failed: Whether to try again what has failed.
        allow_mixed: Whether rows of other versions, threads or machines may stand beside each other; each row then says
            under which it was made.

    Raises:
        PhotonicsError: where the sweep is in use, the card, the weights or the conditions have changed since it was
            planned, or nothing can be stored.
    """
    how = how or Execution()
    named = sweep.path if isinstance(sweep, SweepResult) else find_sweep(sweep)
    folder = named.absolute()  # a trial in this process may go elsewhere
    with ExitStack() as stack:
        stack.enter_context(lock_run(folder))
        plan = Plan.read(folder)
        job = placed(plan.job, folder.resolve())
        check_unchanged(plan, job.run, allow_mixed=allow_mixed)
        store = open_store(folder, plan, publish_s=how.publish_s).mend()
        if store.damaged:
            told = f"{folder}: put aside in quarantine/, their trials are made again: {'; '.join(store.damaged)}"
            warnings.warn(told, PhotonicsWarning, stacklevel=2)
        store.made = check_conditions(plan, job, store, allow_mixed=allow_mixed)
        if retry_failed:
            store.forget_failed()
        missing = plan.missing_tasks(store.status)
        if not len(missing):
            store.merge()
            return replace(read_result(folder), path=named)
        engine = make_engine(how.workers, how.scheduler, threads=job.threads, timeout_s=how.timeout_s)
        stack.callback(engine.close)
        stop = stack.enter_context(stop_on_interrupt())
        stack.enter_context(same_numerics())
        shown = [stack.enter_context(show_progress())] if how.progress else []
        watch = Watch(store, plan.trials, (*shown, *how.callbacks))
        loop = Loop(
            job, store, engine, chunk=how.chunk, retries=how.retries, timeout_s=how.timeout_s, stop=stop,
            progress=watch, check=Expectation(plan, store), patience_s=how.patience_s,
        )  # fmt: skip
        try:
            loop.go(plan.tasks(missing), len(missing))
        finally:
            store.merge()
    found = read_result(folder)
    return replace(
        found, path=named, trials_run=loop.trials_run, publish_s=store.publish_seconds, stopped_by=stop.number
    )
