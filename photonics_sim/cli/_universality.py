"""`universality`: can sums of this device's response approximate anything?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from photonics_sim.cli._options import JsonOption, SetOption, complete_card, parse_sets
from photonics_sim.cli._output import human, print_json, show
from photonics_sim.device import Card, load_card
from photonics_sim.errors import PhotonicsError

if TYPE_CHECKING:
    from photonics_sim.analysis import Readout, UniversalityReport

_MEASURED = {".h5", ".hdf5"}
_TOGETHER = 4  # inputs up to which the page shows how strongly they are coupled
_PAIRS = 200


def universality(
    target: Annotated[
        str,
        typer.Argument(
            metavar="CARD|FILE", help="A card, or measured samples (.h5) of --plan.", autocompletion=complete_card
        ),
    ],
    inputs: Annotated[
        int, typer.Option(help="Inputs that are tested together; the others are frozen at random.", min=1)
    ] = 3,
    order: Annotated[int, typer.Option(help="Derivatives up to this order in each input.", min=1)] = 2,
    noise: Annotated[
        float,
        typer.Option(
            help="Rms of one reading of what is summed, in its own units: a field (per quadrature) or an intensity.",
            min=0,
        ),
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the device's settings and of all points.")] = 0,
    html: Annotated[Path | None, typer.Option(help="Write the report as one page with pictures to this file.")] = None,
    plan: Annotated[
        bool,
        typer.Option("--plan", help="Write the inputs to be measured on hardware into FILE, of --inputs and --order."),
    ] = False,
    readout: Annotated[
        str, typer.Option(help="Of FILE: coherent (what was measured is summed) or intensity_sum.")
    ] = "coherent",
    set_: SetOption = None,
    json_: JsonOption = False,
) -> None:
    """Judge a card, or measured samples, by the non-degeneracy criterion: which mixed derivatives vanish."""
    checked: Card | None = None
    if Path(target).suffix.lower() in _MEASURED:
        if plan:
            _write_plan(Path(target), inputs, order, seed)
            return
        name, report = Path(target).name, _measured(Path(target), readout)
    elif plan:
        raise PhotonicsError(f"--plan writes inputs into an HDF5 file; name it .h5 instead of {target!r}")
    else:
        checked = load_card(target, parse_sets(set_))
        name, report = checked.name, _of_card(checked, inputs, order, noise, seed, with_coupling=html is not None)
    if html is not None:
        from photonics_sim.plots import universality_report

        universality_report(report, html, name=name, card=checked)
        human(f"report: {html}")
    show(f"{name}: {report}", as_json=json_)
    if json_:
        print_json({"card" if checked else "file": name, **report.to_dict()})


def _of_card(
    card: Card, inputs: int, order: int, noise: float, seed: int, *, with_coupling: bool
) -> UniversalityReport:
    from photonics_sim.analysis import check_universality, coupling_spectrum
    from photonics_sim.device import build_device

    device = build_device(card, seed=seed)
    report = check_universality(device, inputs, order=order, noise=noise, seed=seed)
    if not with_coupling:
        return report
    largest = min(_TOGETHER, device.in_features)
    return replace(report, coupling=coupling_spectrum(device, largest, noise=noise, pairs=_PAIRS, seed=seed))


def _measured(path: Path, readout: str) -> UniversalityReport:
    from photonics_sim.analysis import check_measured

    if readout not in {"coherent", "intensity_sum"}:
        raise PhotonicsError(f"--readout {readout}: choose coherent or intensity_sum")
    return check_measured(path, readout=cast("Readout", readout))


def _write_plan(path: Path, inputs: int, order: int, seed: int) -> None:
    from photonics_sim.analysis import plan_measurement

    rows = plan_measurement(path, inputs, order=order, seed=seed)
    human(
        f"{path}: {rows:,} rows of {inputs} inputs. Measure each of them at least twice, write the readings as "
        f"`outputs` (rows, repeats) into it, and ask again: photonics-sim universality {path}"
    )
