"""`runs` of sweeps: their rows in the list, one of them in full, and joining shards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from photonics_sim.cli._options import JsonOption, complete_run
from photonics_sim.cli._output import human, print_json, show
from photonics_sim.cli._sweep import finish_sweep
from photonics_sim.errors import PhotonicsError

MERGE_EXAMPLES = "[bold]Examples[/]\n\nphotonics-sim runs merge shards/* --name tolerance"


def sweep_rows(folder: Path) -> list[dict[str, Any]]:
    """One row for each sweep in a folder."""
    from photonics_sim.runs import is_locked
    from photonics_sim.sweeps import counts_of, list_sweeps, read_result

    rows = []
    for path in list_sweeps(folder):
        try:
            row = counts_of(read_result(path))
        except PhotonicsError as error:  # one damaged sweep must not hide the others
            rows.append({"sweep": str(path), "state": "damaged", "problem": str(error)})
            continue
        if row["state"] != "finished" and is_locked(path):
            row["state"] = "running"
        rows.append(row)
    return rows


def sweep_table(rows: list[dict[str, Any]]) -> Table:
    """The rows as a table."""
    table = Table("sweep", "state", "of", "trial", "design", "points", "chips", "done", "failed")
    for row in rows:
        if "problem" in row:
            table.add_row(row["sweep"], f"[red]{escape(row['problem'])}[/]")
            continue
        done = row["trials_ok"] + row["trials_failed"]
        counts = (f"{row[key]:,}" for key in ("points", "chips"))
        table.add_row(
            row["sweep"], row["state"], row["target"], row["trial"], row["design"], *counts,
            f"{done:,}/{row['points'] * row['chips']:,}", f"{row['trials_failed']:,}",
        )  # fmt: skip
    return table


def show_sweep(folder: Path, as_json: bool) -> None:
    """A sweep: how it was made, what was varied and what came out."""
    from photonics_sim.sweeps import read_result
    from photonics_sim.tolerance import summary_lines, summary_of

    result = read_result(folder)
    if as_json:
        points = [
            {axis.path: result.points[axis.path][n].item() for axis in result.axes}
            | {name: values[n].tolist() for name, values in result.values.items()}
            for n in range(result.status.shape[0])
        ]
        print_json(summary_of(result) | {"conditions": result.conditions, "points": points})
        return
    table = Table("varied", "values", "unit", "meaning", title=str(folder))
    for axis in result.axes:
        few = ", ".join(
            f"{value:.6g}" if isinstance(value, float) else str(value) for value in axis.values[:8].tolist()
        )
        more = f", ... {len(axis.values)} in all" if len(axis.values) > 8 else ""
        table.add_row(axis.path, few + more, axis.unit, axis.long_name)
    show(table)
    show("\n".join(escape(line) for line in summary_lines(result)))
    made = result.conditions[0]
    show(f"command: {escape(str(made.get('command', '')))}\nmade: {made.get('created')}")


def merge(
    shards: Annotated[
        list[str], typer.Argument(metavar="SWEEP...", help="Shards of one sweep.", autocompletion=complete_run)
    ],
    name: Annotated[str | None, typer.Option(help="Name of the new sweep under runs/.")] = None,
    out: Annotated[Path | None, typer.Option(help="Its folder, instead of --name.")] = None,
    allow_mixed: Annotated[
        bool, typer.Option("--allow-mixed", help="Join rows of other versions; each row notes how it was made.")
    ] = False,
    json_: JsonOption = False,
) -> None:
    """Join the shards of a sweep that jobs of an array have run, into a new one."""
    from photonics_sim.sweeps import merge_sweeps

    result = merge_sweeps(shards, out=out, name=name, allow_mixed=allow_mixed)
    human(f"joined {len(shards)} shards: {result.path}")
    finish_sweep(result, json_)
