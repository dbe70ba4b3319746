"""`resume`: one verb for trainings and sweeps."""

from __future__ import annotations

from typing import Annotated

import typer

from photonics_sim.cli._options import JsonOption, RunArgument
from photonics_sim.cli._sweep import SchedulerOption, TimeoutOption, WorkersOption
from photonics_sim.errors import PhotonicsError, did_you_mean


def resume(
    run: RunArgument,
    epochs: Annotated[int | None, typer.Option(help="Of a training: a new total number of epochs.")] = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    timeout: TimeoutOption = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Of a sweep: make its failed trials again.")
    ] = False,
    allow_mixed: Annotated[
        bool,
        typer.Option("--allow-mixed", help="Of a sweep: go on under other versions; each row notes how it was made."),
    ] = False,
    json_: JsonOption = False,
) -> None:
    """Go on with a run or a sweep where it stopped, to the same numbers as an unbroken one."""
    from photonics_sim.runs import RUN, folder_of, list_folders

    folder = folder_of(run)
    if folder is None:
        known = [path.name for path in list_folders()]
        raise PhotonicsError(
            f"no run or sweep {run}{did_you_mean(run, known)} (`photonics-sim runs list` lists those under runs/)"
        )
    if (folder / RUN).is_file():
        from photonics_sim.cli._train import resume_training

        resume_training(str(folder), epochs, json_)
        return
    if epochs is not None:
        raise PhotonicsError(f"{folder} is a sweep; --epochs is for trainings")
    from photonics_sim.cli._sweep import resume_sweep
    from photonics_sim.sweeps import Execution

    how = Execution(workers=workers, scheduler=scheduler, timeout_s=timeout)
    resume_sweep(folder, how, retry_failed=retry_failed, allow_mixed=allow_mixed, as_json=json_)
