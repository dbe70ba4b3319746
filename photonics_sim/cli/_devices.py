"""`devices`: what is in the catalogue, what a card says, whether it holds, and cards of one's own."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from photonics_sim.cli import _device_files
from photonics_sim.cli._options import CardArgument, JsonOption, SetOption, parse_sets
from photonics_sim.cli._output import human, print_json, show
from photonics_sim.device import Alternative, format_si, list_devices, load_card

app = typer.Typer(
    help="Devices on paper: list, show, check and fields of a card; new and import for one of your own.",
    epilog=_device_files.EXAMPLES,
    no_args_is_help=True,
)


@app.command("list")
def list_(
    family: Annotated[str | None, typer.Option(help="Only this family.")] = None, json_: JsonOption = False
) -> None:
    """List the cards of all installed catalogues."""
    headers = list_devices(family)
    if json_:
        print_json([asdict(header) for header in headers])
        return
    table = Table("card", "family", "what it is")
    for header in headers:
        table.add_row(header.name, header.family, header.summary)
    show(table)


@app.command()
def fields(card: CardArgument, set_: SetOption = None, json_: JsonOption = False) -> None:
    """List every field that --set (and a sweep) can change, with its unit and meaning."""
    found = load_card(card, parse_sets(set_))
    if json_:
        print_json([{"path": f.path, "value": f.value, "unit": f.unit, "meaning": f.meaning} for f in found.fields()])
        return
    table = Table("path", "value", "unit", "meaning")
    for field in found.fields():
        table.add_row(field.path, str(field.value), field.unit, field.meaning)
    show(table)


@app.command(name="show")
def show_(card: CardArgument, set_: SetOption = None, json_: JsonOption = False) -> None:
    """Show a card: numbers with their sources, costs and link budget, and what is not modelled."""
    found = load_card(card, parse_sets(set_))

    from photonics_sim.device import Scheduled, build_device

    device = build_device(found)
    costs, ways = device.costs().to_dict(), device.alternatives() if isinstance(device, Scheduled) else []
    if json_:
        scheduled = {"alternatives": [asdict(way) for way in ways]} if ways else {}
        print_json(found.model_dump() | {"costs": costs} | scheduled)
        return
    table = Table("path", "value", "unit", "source", title=f"{found.name}: {found.summary}")
    for field in found.fields():
        table.add_row(field.path, str(field.value), field.unit, field.source or "[dim]design choice[/]")
    show(table)
    show(_costs_table(costs))
    if ways:
        show(_ways_table(ways))
    show("[bold]Not modelled[/]\n" + "\n".join(f"- {line}" for line in found.not_modelled))
    show("[bold]From[/]\n" + "\n".join(f"- {line}" for line in found.references))


def _costs_table(costs: dict[str, Any]) -> Table:
    table = Table("cost of one pass", "")
    for part, seconds in costs["latency_by_part_s"].items():
        table.add_row(f"time, {part}", format_si(seconds, "s"))
    for part, joules in costs["energy_by_part_j"].items():
        table.add_row(f"energy, {part}", format_si(joules, "J"))
    table.add_row(
        "[bold]in all[/]",
        f"[bold]{format_si(costs['latency_s'], 's')}, {format_si(costs['energy_j'], 'J')}[/]",
    )
    for link in costs["links"]:
        table.add_row("laser, optical", format_si(link["laser_power_w"], "W"))
        for name, loss in link["losses_db"].items():
            table.add_row(f"loss, {name}", f"{loss:.2f} dB")
        table.add_row("on one detector", format_si(link["received_power_w"], "W"))
        table.add_row(
            "signal to noise of a reading",
            f"{link['signal_to_noise_db']:.1f} dB ({link['effective_bits']:.1f} effective bits)",
        )
    return table


def _ways_table(ways: list[Alternative]) -> Table:
    rows = [way.shown(ways[0]) for way in ways]
    table = Table(*rows[0], title="The same network, built otherwise", caption="one pass; (ratio to the first way)")
    for row in rows:
        table.add_row(*row.values())
    return table


@app.command()
def check(card: CardArgument, set_: SetOption = None, json_: JsonOption = False) -> None:
    """Check a card: its fields, whether it builds, and whether the device obeys the laws every device must."""
    found = load_card(card, parse_sets(set_))

    from photonics_sim.testing import LAWS, check_card

    results = check_card(found)
    for law, problem in results.items():
        human(f"[green]ok[/]    {LAWS[law]}" if problem is None else f"[red]fails[/] {LAWS[law]}: {problem}")
    failed = [law for law, problem in results.items() if problem is not None]
    if json_:
        print_json({"card": found.name, "ok": not failed, "laws": results})
    if failed:
        raise typer.Exit(1)
    human(f"{found.name} holds")


app.command("new", epilog=_device_files.NEW_EXAMPLES)(_device_files.new)
app.command("import", epilog=_device_files.IMPORT_EXAMPLES)(_device_files.import_)
