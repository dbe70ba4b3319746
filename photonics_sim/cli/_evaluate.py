"""`evaluate`: a trained run, or an untrained card, on data; ideal and as built."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from photonics_sim.cli._options import (
    DataDirOption,
    JsonOption,
    SetOption,
    complete_data,
    complete_target,
    parse_sets,
)
from photonics_sim.cli._output import human, print_json, say_weak_light

if TYPE_CHECKING:
    from photonics_sim.device import Device
    from photonics_sim.training import AsBuilt, Evaluation


def evaluate(
    target: Annotated[
        str, typer.Argument(metavar="RUN|CARD", help="A run, or a card.", autocompletion=complete_target)
    ],
    data: Annotated[
        str | None,
        typer.Option(help="By default the run's own data, or digits.", autocompletion=complete_data),
    ] = None,
    data_dir: DataDirOption = None,
    set_: SetOption = None,
    chips: Annotated[int, typer.Option(help="Fabricated chips to judge as well.", min=0, max=100_000)] = 20,
    after_hours: Annotated[
        float, typer.Option(help="Hours for which slow weights have stood since they were written.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the chips and of the readings.")] = 0,
    json_: JsonOption = False,
) -> None:
    """Judge a trained run (or a card with random settings) on the test part: ideal and as built."""
    from photonics_sim.cli._target import open_target
    from photonics_sim.training import evaluate as judge

    device, dataset, pipeline, state = open_target(target, data, data_dir, parse_sets(set_), seed)
    ideal = judge(device.ideal(), dataset, pipeline=pipeline)
    found = judge(device, dataset, pipeline=pipeline, chips=chips, seed=seed, after_hours=after_hours)
    costs = device.costs()
    name = found.measure.name
    answer = {
        "target": target,
        "trained": state != "untrained",
        "data": dataset.name,
        "task": dataset.task,
        "after_hours": after_hours,
        "test_samples": len(found.targets),
        f"ideal_{name}": ideal.score,
        f"test_{name}": found.score,
        "test_loss": found.loss,
        "as_built": found.as_built.to_dict() if found.as_built else None,
        "seconds_per_inference": costs.total_latency_s,
        "joules_per_inference": costs.total_energy_j,
    }
    human(_sentence(found, ideal, dataset.name, state, after_hours), "imperfections: " + _imperfections(device))
    say_weak_light(costs.signal_to_noise_db)
    if json_:
        print_json(answer)


def _sentence(found: Evaluation, ideal: Evaluation, data: str, state: str, hours: float) -> str:
    shown = found.measure.shown
    later = f" after {hours:g} h" if hours else ""
    nominal, others = ("nominal card", "as built")
    if state == "trained chip":
        nominal, others = ("the chip it was trained on", "other chips")
    parts = [
        f"{found.measure.label} on {len(found.targets)} test samples of {data}: [bold]ideal {shown(ideal.score)}[/]",
        f"{nominal}{later} {shown(found.score)}",
    ]
    if found.as_built:
        parts.append(f"[bold]{others}{later} {shown(found.as_built.mean)}[/], {_spread(found.as_built, shown)}")
    if state == "untrained":
        parts.append("the card's settings are random: train it first")
    return " · ".join(parts)


def _spread(built: AsBuilt, shown: Callable[[float], str]) -> str:
    """How much chips differ, as far as their number tells."""
    low, high = map(shown, built.interval)
    chips = len(built.scores)
    return "a single chip" if chips == 1 else f"95 % of {chips} chips in {low} .. {high}"


def _imperfections(device: Device) -> str:
    active = device.card.active_imperfections() if device.card else {}
    return ", ".join(f"{path} = {value}" for path, value in active.items()) or "none is switched on in the card"
