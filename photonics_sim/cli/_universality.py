"""`universality`: can sums of this device's response approximate anything?"""

from __future__ import annotations

from typing import Annotated

import typer

from photonics_sim.cli._options import CardArgument, JsonOption, SetOption, parse_sets
from photonics_sim.cli._output import human, print_json, show
from photonics_sim.device import load_card


def universality(
    card: CardArgument,
    inputs: Annotated[int, typer.Option(help="Inputs that are tested together; the others are frozen at random.")] = 3,
    order: Annotated[int, typer.Option(help="Derivatives up to this order in each input.")] = 2,
    noise: Annotated[float, typer.Option(help="Rms of one reading of the field, per quadrature.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the device's settings and of all points.")] = 0,
    set_: SetOption = None,
    json_: JsonOption = False,
) -> None:
    """Judge a card by the non-degeneracy criterion: which mixed derivatives of its response vanish."""
    checked = load_card(card, parse_sets(set_))

    from photonics_sim.analysis import check_universality
    from photonics_sim.device import build_device

    device = build_device(checked, seed=seed)
    report = check_universality(device, inputs, order=order, noise=noise, seed=seed)
    if inputs < device.in_features:
        human(
            f"{inputs} of {device.in_features} inputs, the others frozen: a failing subset refutes, a passing one hints"
        )
    if json_:
        print_json({"card": checked.name, "inputs": inputs, **report.to_dict()})
        return
    show(f"{checked.name}: {report}")
