"""A sweep as it lies on the disk, without its lock: a reader is never in the way. Free of torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.runs import RUNS, SWEEP, folder_of, list_folders
from photonics_sim.sweeps._axis import meaning_by_name
from photonics_sim.sweeps._plan import Plan
from photonics_sim.sweeps._result import OK, SweepResult
from photonics_sim.sweeps._store import PUBLISH_S, Store
from photonics_sim.sweeps._table import Layout


def open_store(folder: Path, plan: Plan, *, publish_s: float = PUBLISH_S) -> Store:
    """The rows of a sweep, none of them read yet."""
    note = {
        "plan_sha256": plan.digest,
        "card": plan.job.card,
        "trial": plan.job.trial,
        "created": str(plan.conditions.get("created", "")),
        "command": str(plan.conditions.get("command", "")),
    }
    layout = Layout(plan.axes, plan.points, plan.chips, plan.meanings, note)
    store = Store(folder, layout, plan.count, publish_s)
    store.provenance = [dict(plan.conditions)]
    return store


def read_result(folder: Path) -> SweepResult:
    """Every number that a sweep has stored so far.

    Raises:
        PhotonicsError: where its files are missing or damaged.
    """
    plan = Plan.read(folder)
    store = open_store(folder, plan)
    rows = store.rows()
    shape = (plan.count, plan.chips)
    place = np.unravel_index(rows.trial, shape)
    numbers: dict[str, NDArray[np.float64]] = {}
    curves: dict[str, NDArray[np.float64]] = {}
    for name, values in rows.values.items():
        whole = np.full((*shape, *values.shape[1:]), np.nan)
        whole[place] = values
        (curves if values.ndim > 1 else numbers)[name] = whole
    known = [name for name in plan.meanings if name in numbers]
    names = known + [name for name in numbers if name not in known]
    return SweepResult(
        path=folder,
        name=plan.name,
        trial=plan.job.trial,
        design=plan.design,
        axes=plan.axes,
        points=plan.points,
        values={name: numbers[name] for name in names},
        meanings={name: plan.meanings.get(name) or meaning_by_name(name) for name in names},
        curves=curves,
        status=store.status,
        conditions=tuple(store.provenance),
        missing=plan.trials_of(plan.missing_tasks(store.status)),
        failures={divmod(trial, plan.chips): text for trial, text in rows.failures.items()},
    )


def counts_of(result: SweepResult) -> dict[str, Any]:
    """What a list shows of a sweep."""
    status = result.status
    return {
        "sweep": str(result.path),
        "target": result.name,
        "trial": result.trial,
        "design": result.design,
        "state": "finished" if result.complete else "interrupted",
        "points": int(status.shape[0]),
        "chips": result.chips,
        "trials_run": result.trials_run,
        "trials_ok": int((status == OK).sum()),
        "trials_failed": int((status > OK).sum()),
        "trials_missing": result.missing,
    }


def find_sweep(name_or_path: str | Path) -> Path:
    """The folder of the sweep of this name under `runs/`, or at this path.

    Raises:
        PhotonicsError: where there is none; near names are suggested.
    """
    path = folder_of(name_or_path, [SWEEP])
    if path is not None:
        return path
    known = [path.name for path in list_sweeps()]
    raise PhotonicsError(
        f"no sweep {name_or_path}{did_you_mean(str(name_or_path), known)} (a sweep is a folder with {SWEEP}; "
        "`photonics-sim runs list` lists those under runs/)"
    )


def list_sweeps(folder: Path = RUNS) -> list[Path]:
    """Folders of sweeps in a folder, oldest first."""
    return list_folders(folder, [SWEEP])
