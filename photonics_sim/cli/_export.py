"""`runs export`: settings of a trained device for the electronics that drive it; the table of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from photonics_sim.cli._options import JsonOption, RunArgument, SetOption, parse_sets
from photonics_sim.cli._output import human, print_json
from photonics_sim.errors import PhotonicsError

SUFFIXES = (".csv", ".h5", ".hdf5")
TABLE = Path("table.csv")
SETTINGS = Path("settings.csv")
EXAMPLES = (
    "[bold]Examples[/]\n\nphotonics-sim runs export first --out settings.csv\n\n"
    "photonics-sim runs export first --out settings.h5 --set shifter.resistance_ohm=500 --json\n\n"
    "photonics-sim runs export tolerance --out table.csv   # of a sweep: a row per trial, units in the headings"
)


def export(
    run: RunArgument,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Table to write; its ending says csv, h5 or hdf5.",
            show_default="settings.csv, or table.csv of a sweep",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    set_: SetOption = None,
    json_: JsonOption = False,
) -> None:
    """Write the settings of a trained device (phase, voltage and power of each shifter), or a sweep as a table."""
    from photonics_sim.runs import sweep_folder

    folder = sweep_folder(run)
    out = out or (TABLE if folder else SETTINGS)
    if out.exists() and not force:
        raise PhotonicsError(f"{out} exists; name another file with --out, or replace it with --force")
    if folder is not None:
        _export_sweep(folder, out, json_)
    else:
        _export_settings(run, out, set_, json_)


def _export_sweep(folder: Path, out: Path, json_: bool) -> None:
    from photonics_sim.sweeps import export_csv, read_result

    if out.suffix.lower() != ".csv":
        raise PhotonicsError(f"--out {out}: a sweep is exported as .csv; {folder / 'results.h5'} is HDF5 already")
    rows = export_csv(read_result(folder), out)
    human(escape(f"{rows:,} trials: {out}"))
    if json_:
        print_json({"sweep": folder, "file": out, "rows": rows})


def _export_settings(run: str, out: Path, set_: list[str] | None, json_: bool) -> None:
    from photonics_sim.device import Exports
    from photonics_sim.runs import find_run
    from photonics_sim.training import load_trained

    if out.suffix.lower() not in SUFFIXES:
        raise PhotonicsError(f"--out {out}: no table with the ending {out.suffix!r}; name it .csv, .h5 or .hdf5")
    found = find_run(run)
    device = load_trained(found, parse_sets(set_))
    if not isinstance(device, Exports):
        raise PhotonicsError(
            f"{found.card.name} has no settings to export; devices with phase shifters do, such as those of "
            "`photonics-sim devices list --family mesh`"
        )
    rows = device.write_settings(out)
    human(escape(f"settings of {rows} phase shifters: {out}"))
    if json_:
        print_json({"run": found.path, "card": found.card.name, "file": out, "rows": rows})
