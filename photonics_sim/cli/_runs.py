"""`runs`: what has been trained and swept, and its settings for the hardware."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from photonics_sim.cli._export import EXAMPLES, export
from photonics_sim.cli._options import JsonOption, RunArgument
from photonics_sim.cli._output import human, print_json, show
from photonics_sim.cli._runs_sweeps import MERGE_EXAMPLES, merge, show_sweep, sweep_rows, sweep_table
from photonics_sim.errors import PhotonicsError

app = typer.Typer(help="The runs and sweeps of this folder: list, show, export, merge.", no_args_is_help=True)
app.command("export", epilog=EXAMPLES)(export)
app.command("merge", epilog=MERGE_EXAMPLES)(merge)


@app.command("list")
def list_(
    folder: Annotated[Path, typer.Argument(help="Folder of runs.")] = Path("runs"), json_: JsonOption = False
) -> None:
    """List runs and sweeps with their results, oldest first."""
    from photonics_sim.runs import list_runs

    rows = [_row(run) for run in list_runs(folder)]
    sweeps = sweep_rows(folder)
    if json_:
        print_json([*rows, *sweeps])
        return
    if not rows and not sweeps:
        human(f"no runs in {folder}/; `photonics-sim demo` makes one")
    if rows:
        show(_table(rows))
    if sweeps:
        show(sweep_table(sweeps))


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table("run", "state", "card", "data", "seed", "epochs", "validation", "test", "as built")
    for row in rows:
        if "problem" in row:
            table.add_row(row["run"], f"[red]{row['problem']}[/]")
            continue
        scores = (_shown(row[key], row["task"]) for key in ("validation", "test", "as_built"))
        table.add_row(row["run"], row["state"], row["card"], row["data"], str(row["seed"]), row["epochs"], *scores)
    return table


def _shown(value: float | None, task: str) -> str:
    from photonics_sim.runs import measure_of

    return "-" if value is None else measure_of(task).shown(value)


def _row(run: Any) -> dict[str, Any]:
    from photonics_sim.runs import measure_of

    try:
        summary, config = run.summary, run.config
        task = summary.get("task", "classification")
        score = measure_of(task).name
        return {
            "run": str(run.path),
            "state": run.state,
            "card": run.card.name,
            "data": config.data.name,
            "task": task,
            "score": score,
            "seed": config.training.seed,
            "epochs": f"{summary.get('epochs', 0)}/{config.training.epochs}",
            "validation": summary.get(f"validation_{score}"),
            "test": summary.get(f"test_{score}"),
            "as_built": (summary.get("as_built") or {}).get("mean"),
        }
    except PhotonicsError as error:  # one damaged run must not hide the others
        return {"run": str(run.path), "state": "damaged", "problem": str(error)}


@app.command(name="show")
def show_(
    run: RunArgument,
    json_: JsonOption = False,
) -> None:
    """Show a run or a sweep: how it was made and what came out."""
    from photonics_sim.runs import find_run, measure_of, sweep_folder

    folder = sweep_folder(run)
    if folder is not None:
        show_sweep(folder, json_)
        return
    found = find_run(run)
    answer = {"state": found.state} | found.summary | {"config": found.config.model_dump()}
    answer["state"] = found.state
    if json_:
        print_json(answer)
        return
    table = Table("", "", title=str(found.path), show_header=False)
    made, data = found.config.made, found.config.data
    for key, value in found.summary.items():
        if not isinstance(value, dict | list) and value is not None and key not in {"run", "state"}:
            table.add_row(key.replace("_", " "), f"{value:.6g}" if isinstance(value, float) else str(value))
    built = found.summary.get("as_built")
    if built:
        mean, low, high = (measure_of(found.summary["task"]).shown(built[key]) for key in ("mean", "low", "high"))
        table.add_row("as built", f"{mean}, 95 % of {built['chips']} chips in {low} .. {high}")
    table.add_row("state", found.state)
    table.add_row("command", made.command)
    table.add_row("made", f"{made.date}, {made.threads} threads")
    table.add_row("data digest", data.digest[:16])
    if found.report_path.exists():
        table.add_row("report", str(found.report_path))
    show(table)
