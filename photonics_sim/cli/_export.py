"""`runs export`: settings of a trained device for what drives or makes it; the table of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from photonics_sim.cli._options import JsonOption, RunArgument, SetOption, parse_sets
from photonics_sim.cli._output import human, print_json
from photonics_sim.errors import PhotonicsError

SUFFIXES = (".csv", ".h5", ".hdf5", ".png")
TABLE = Path("table.csv")
SETTINGS = Path("settings.csv")
EXAMPLES = (
    "[bold]Examples[/]\n\nphotonics-sim runs export first --out settings.csv\n\n"
    "photonics-sim runs export first --out settings.h5 --set shifter.resistance_ohm=500 --json\n\n"
    "photonics-sim runs export masks --out masks.png   # of phase masks: masks-mask-1.png and so on\n\n"
    "photonics-sim runs export tolerance --out table.csv   # of a sweep: a row per trial, units in the headings"
)


def export(
    run: RunArgument,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Table to write; its ending says csv, h5 or hdf5. Of phase masks also png, an image for each mask.",
            show_default="settings.csv, or table.csv of a sweep",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    set_: SetOption = None,
    json_: JsonOption = False,
) -> None:
    """Write the settings of a trained device, or a sweep as a table.

    Settings are phase, voltage and power of each shifter of a chip; phase and drive, or height, of each pixel of masks.
    """
    from photonics_sim.runs import sweep_folder

    folder = sweep_folder(run)
    out = out or (TABLE if folder else SETTINGS)
    if out.suffix.lower() != ".png":  # images have names of their own
        _require_free([out], force)
    if folder is not None:
        _export_sweep(folder, out, json_)
    else:
        _export_settings(run, out, force, set_, json_)


def _require_free(files: list[Path], force: bool) -> None:
    taken = next((file for file in files if file.exists()), None)
    if taken is not None and not force:
        raise PhotonicsError(f"{taken} exists; name another file with --out, or replace it with --force")


def _export_sweep(folder: Path, out: Path, json_: bool) -> None:
    from photonics_sim.sweeps import export_csv, read_result

    if out.suffix.lower() != ".csv":
        raise PhotonicsError(f"--out {out}: a sweep is exported as .csv; {folder / 'results.h5'} is HDF5 already")
    rows = export_csv(read_result(folder), out)
    human(escape(f"{rows:,} trials: {out}"))
    if json_:
        print_json({"sweep": folder, "file": out, "rows": rows})


def _export_settings(run: str, out: Path, force: bool, set_: list[str] | None, json_: bool) -> None:
    from photonics_sim.device import Exports, ExportsMasks
    from photonics_sim.runs import find_run
    from photonics_sim.training import load_trained
    from photonics_sim.weights import mask_files

    if out.suffix.lower() not in SUFFIXES:
        raise PhotonicsError(
            f"--out {out}: no table with the ending {out.suffix!r}; name it .csv, .h5 or .hdf5, or .png for phase masks"
        )
    found = find_run(run)
    device = load_trained(found, parse_sets(set_))
    if not isinstance(device, Exports):
        raise PhotonicsError(
            f"{found.card.name} has no settings to export; devices with phase shifters or phase masks do, such as "
            "those of `photonics-sim devices list --family mesh`, or diffractive-visible"
        )
    files, shape = [out], None
    if isinstance(device, ExportsMasks):
        shape = device.mask_shape()
        files = mask_files(out, shape[0])
        _require_free(files, force)
    rows = device.write_settings(out)
    ends = [files[0], files[-1]] if len(files) > 1 else files
    human(escape(f"settings of {_what(rows, shape)}: {' ... '.join(map(str, ends))}"))
    if json_:
        written = {"files": files, "masks": shape[0], "pixels": shape[1:]} if shape else {"file": out}
        print_json({"run": found.path, "card": found.card.name} | written | {"rows": rows})


def _what(rows: int, shape: tuple[int, int, int] | None) -> str:
    if shape is None:
        return f"{rows} phase shifters"
    masks, height, width = shape
    return f"{masks} {'mask' if masks == 1 else 'masks'} of {height} x {width} pixels"
