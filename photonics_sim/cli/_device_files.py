"""`devices new` and `devices import`: card files of one's own, and what was measured, into them."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from photonics_sim.cli._options import JsonOption, SetOption, complete_card, parse_sets
from photonics_sim.cli._output import human, print_json
from photonics_sim.errors import PhotonicsError

if TYPE_CHECKING:
    from photonics_sim.measured import SplitterImport

_NEW = "photonics-sim devices new chip.toml --from free-space-scatterer"
_IMPORT = "photonics-sim devices import coupler.s4p --into chip.toml --at mesh.splitter"
_CURVE = "photonics-sim devices import curve.h5 --into panel.toml --at mask.curve"
EXAMPLES = f"[bold]Examples[/]\n\nphotonics-sim devices list\n\n{_NEW}\n\n{_IMPORT}"
NEW_EXAMPLES = f"[bold]Examples[/]\n\n{_NEW}\n\n{_NEW} --name my-chip --set laser.power_mw=5"
IMPORT_EXAMPLES = (
    f"[bold]Examples[/]\n\n{_IMPORT}\n\n{_IMPORT} --wavelength-nm 1550 --ports 1,4:2,3\n\n"
    f"{_IMPORT.replace('s4p', 'dat')} --angle rad\n\n{_CURVE}"
)


def _complete_section(context: typer.Context, incomplete: str) -> list[str]:
    from photonics_sim.device import load_card
    from photonics_sim.measured import splitter_sections
    from photonics_sim.weights import phase_curve_sections

    try:
        card = load_card(context.params.get("into") or "")
        paths = splitter_sections(card) + phase_curve_sections(card)
    except PhotonicsError:
        return []
    return [path for path in paths if path.startswith(incomplete)]


def new(
    card: Annotated[Path, typer.Argument(metavar="CARD.toml", help="File to write; it must not exist yet.")],
    origin: Annotated[
        str, typer.Option("--from", metavar="NAME", help="Card to start from.", autocompletion=complete_card)
    ],
    name: Annotated[str | None, typer.Option(help="Name of the card; by default the file's.")] = None,
    set_: SetOption = None,
    json_: JsonOption = False,
) -> None:
    """Write a commented card of one's own, made from an installed one."""
    from photonics_sim.device import new_card

    made = new_card(card, origin, name=name, overrides=parse_sets(set_))
    human(escape(f"{card}: {made.name}, from {origin} · photonics-sim devices check {card}"))
    if json_:
        print_json({"card": made.name, "file": card, "from": origin, "model": made.model})


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="S-parameters: .sNp, .h5, .csv, or Lumerical's .dat, .txt, .sparam; a panel's phase curve: .h5.",
        ),
    ],
    into: Annotated[Path, typer.Option(metavar="CARD.toml", help="Card file of your own.")],
    at: Annotated[str, typer.Option(help="Splitter or phase curve of the card.", autocompletion=_complete_section)],
    wavelength_nm: Annotated[
        float | None, typer.Option("--wavelength-nm", help="By default the card's design wavelength.")
    ] = None,
    ports: Annotated[
        str | None, typer.Option(help="Inputs and outputs, 1,2:3,4; by default seen from the data.")
    ] = None,
    angle: Annotated[str | None, typer.Option(help="Unit of Lumerical's angles: rad or deg.")] = None,
    json_: JsonOption = False,
) -> None:
    """Put a measured or simulated coupler, or a panel's measured phase curve, into a card, with its source."""
    from photonics_sim.measured import import_splitter

    if _is_phase_curve(into, at):
        if (wavelength_nm, ports, angle) != (None, None, None):
            raise PhotonicsError(f"{at} is a phase curve; leave --wavelength-nm, --ports and --angle to couplers")
        _import_phase_curve(file, into, at, json_)
        return
    metres = None if wavelength_nm is None else 1e-9 * wavelength_nm
    found = import_splitter(file, into, at, wavelength_m=metres, ports=ports, angle=angle)
    human(_what_it_is(found) + " · " + _what_was_written(found))
    if json_:
        print_json(_answer(found, into, at))


def _is_phase_curve(into: Path, at: str) -> bool:
    """Also where a card has no other part that could be meant."""
    from photonics_sim.device import load_card, require_own_card
    from photonics_sim.measured import splitter_sections
    from photonics_sim.weights import phase_curve_sections

    require_own_card(into)
    card = load_card(into)
    known = phase_curve_sections(card)
    return at in known or bool(known and not splitter_sections(card))


def _import_phase_curve(file: Path, into: Path, at: str, json_: bool) -> None:
    from photonics_sim.weights import import_phase_curve

    curve = import_phase_curve(file, into, at)
    source, turns = curve.source["phase_rad"], curve.reach_rad / (2 * math.pi)
    human(
        f"{len(curve.drive)} points, {curve.drive[0]:g} .. {curve.drive[-1]:g} {curve.unit}, "
        f"{'falling' if curve.falling else 'rising'} · [bold]reach {curve.reach_rad:.3f} rad[/] ({turns:.2f} turns) · "
        f"source noted: {escape(source)}"
    )
    if json_:
        print_json({"card": into, "at": at, "source": source, "reach_rad": curve.reach_rad} | curve.card_values())


def _what_it_is(found: SplitterImport) -> str:
    frequency, mirror = found.parameters.frequency_hz, found.reciprocity
    where = "" if mirror.holds() else f" between ports {mirror.ports[0]} and {mirror.ports[1]}"
    return (
        f"{found.parameters.ports} ports, {frequency[0] / 1e12:.1f}-{frequency[-1] / 1e12:.1f} THz, passive yes, "
        f"reciprocal {'yes' if mirror.holds() else 'no'} (max |S-S^T| {mirror.value:.2g}{where})"
    )


def _what_was_written(found: SplitterImport) -> str:
    fit, before, after = found.fit, found.before, found.after
    reflection = f"{after.return_loss_db:.1f} dB" if after.return_loss_db else "none"
    return (
        f"[bold]splitting {after.coupling:.3f}[/] at {1e9 * fit.wavelength_m:.6g} nm (was {before.coupling:.3f}), "
        f"{after.coupling_slope_per_nm:+.2g} per nm, excess loss {after.loss_db:.2f} dB (was {before.loss_db:.2f}), "
        f"return loss {reflection}, ports {fit.ports} · not expressed by a splitter: {100 * fit.residual:.2f} % · "
        f"source noted: {escape(found.source)}"
    )


def _answer(found: SplitterImport, into: Path, at: str) -> dict[str, object]:
    frequency, mirror = found.parameters.frequency_hz, found.reciprocity
    return {
        "card": into,
        "at": at,
        "source": found.source,
        "sha256": found.parameters.sha256,
        "frequency_hz": [float(frequency[0]), float(frequency[-1])],
        "largest_singular_value": found.passivity.value,
        "reciprocity_error": mirror.value,
        "fit": asdict(found.fit),
        "before": found.before.model_dump(exclude={"source"}),
        "after": found.after.model_dump(exclude={"source"}),
    }
