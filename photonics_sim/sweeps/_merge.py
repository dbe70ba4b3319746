"""Joining the shards of a sweep, each run by a job of its own, and tables for other programs."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from photonics_sim.errors import PhotonicsError
from photonics_sim.files import write_atomically
from photonics_sim.runs import lock_run, new_run_folder
from photonics_sim.sweeps._plan import Plan
from photonics_sim.sweeps._provenance import differences, place_of
from photonics_sim.sweeps._read import find_sweep, open_store, read_result
from photonics_sim.sweeps._result import STATUSES, SweepResult


def merge_sweeps(
    shards: Sequence[str | Path], *, out: str | Path | None = None, name: str | None = None, allow_mixed: bool = False
) -> SweepResult:
    """One sweep of the rows of several shards of it, in a new folder; the shards stay as they are.

    Args:
        shards: Names or folders; all of one plan.
        out: The new folder, instead of `name`.
        name: Of the new sweep under `runs/`.
        allow_mixed: Whether rows of other versions, threads or machines may stand beside each other.

    Raises:
        PhotonicsError: for folders of different plans, or made under different conditions, and for damaged ones.
    """
    folders = [find_sweep(shard) for shard in shards]
    if not folders:
        raise PhotonicsError("nothing to merge: name the folders of the shards")
    plans = [Plan.read(folder) for folder in folders]
    for folder, plan in zip(folders, plans, strict=True):
        if plan.digest != plans[0].digest:
            raise PhotonicsError(f"{folder} is of another plan than {folders[0]}: shards are of one `sweep` command")
    whole = replace(plans[0], shard=(1, 1))
    target = new_run_folder(f"{whole.name}-sweep", name=name, out=Path(out) if out is not None else None)
    try:
        _fill(target, whole, dict(zip(folders, plans, strict=True)), allow_mixed=allow_mixed)
        return read_result(target)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _fill(target: Path, whole: Plan, shards: Mapping[Path, Plan], *, allow_mixed: bool) -> None:
    first = next(iter(shards))
    (target / "parts").mkdir()
    if whole.job.weights:
        shutil.copyfile(first / whole.job.weights, target / whole.job.weights)
    relative = whole.relocated(first.resolve(), target.resolve())
    with lock_run(target):
        store = open_store(target, relative)
        store.provenance = []
        for folder, plan in shards.items():
            shard = open_store(folder, plan)
            rows = shard.rows()
            made = np.zeros(256, dtype=rows.made.dtype)
            for number in np.unique(rows.made):
                made[number] = place_of(shard.provenance[number], store.provenance)
            if len(store.provenance) > 1 and not allow_mixed:
                changed = differences(store.provenance[0], store.provenance[1])
                told = ", ".join(f"{key} {one} and {other}" for key, (one, other) in changed.items())
                raise PhotonicsError(
                    f"{folder} was made under other conditions ({told}); --allow-mixed joins them, and notes for each "
                    "row how it was made"
                )
            store.add_rows(replace(rows, made=made[rows.made]), folder)
        store.merge()
        relative.write(target)


def export_csv(result: SweepResult, path: Path) -> int:
    """Write one row per trial: point, chip, what was varied, what was measured, with units in the headings.

    Returns:
        The number of rows.

    Raises:
        PhotonicsError: where the file cannot be written.
    """
    units = {axis.path: axis.unit for axis in result.axes} | {k: m.unit for k, m in result.meanings.items()}
    columns = [axis.path for axis in result.axes] + list(result.values)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    headings = [name if units[name] == "1" else f"{name} [{units[name]}]" for name in columns]
    writer.writerow(["point", "chip", *headings, "status", "error"])
    rows = 0
    for point in range(result.status.shape[0]):
        varied = [result.points[axis.path][point].item() for axis in result.axes]
        for chip in range(result.chips):
            status = STATUSES[result.status[point, chip]]
            measured = [repr(float(values[point, chip])) if status == "ok" else "" for values in result.values.values()]
            writer.writerow([point, chip, *varied, *measured, status, result.failures.get((point, chip), "")])
            rows += 1
    write_atomically(path, text.getvalue())
    return rows
