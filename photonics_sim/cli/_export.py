"""`runs export`: the slow settings of a trained device, for the electronics that drive it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from photonics_sim.cli._options import JsonOption, RunArgument, SetOption, parse_sets
from photonics_sim.cli._output import human, print_json
from photonics_sim.errors import PhotonicsError

SUFFIXES = (".csv", ".h5", ".hdf5")
EXAMPLES = (
    "[bold]Examples[/]\n\nphotonics-sim runs export first --out settings.csv\n\n"
    "photonics-sim runs export first --out settings.h5 --set shifter.resistance_ohm=500 --json"
)


def export(
    run: RunArgument,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Table to write; its ending says csv, h5 or hdf5.")] = Path(
        "settings.csv"
    ),
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    set_: SetOption = None,
    json_: JsonOption = False,
) -> None:
    """Write the settings of a trained device: name, place, phase, drive voltage and power of each phase shifter."""
    from photonics_sim.device import Exports
    from photonics_sim.runs import find_run
    from photonics_sim.training import load_trained

    if out.suffix.lower() not in SUFFIXES:
        raise PhotonicsError(f"--out {out}: no table with the ending {out.suffix!r}; name it .csv, .h5 or .hdf5")
    if out.exists() and not force:
        raise PhotonicsError(f"{out} exists; name another file with --out, or replace it with --force")
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
