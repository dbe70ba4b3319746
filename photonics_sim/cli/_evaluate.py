"""`evaluate`: a trained run, or an untrained card, on data; ideal and as built."""

from __future__ import annotations

from typing import Annotated

import typer

from photonics_sim.cli._options import (
    DataDirOption,
    JsonOption,
    SetOption,
    complete_card,
    complete_data,
    complete_run,
    parse_sets,
)
from photonics_sim.cli._output import human, print_json


def _complete(incomplete: str) -> list[str]:
    return complete_run(incomplete) + complete_card(incomplete)


def evaluate(
    target: Annotated[str, typer.Argument(metavar="RUN|CARD", help="A run, or a card.", autocompletion=_complete)],
    data: Annotated[
        str | None, typer.Option(help="By default the run's own data, or digits.", autocompletion=complete_data)
    ] = None,
    data_dir: DataDirOption = None,
    set_: SetOption = None,
    chips: Annotated[int, typer.Option(help="Fabricated chips to judge as well.", min=0, max=100_000)] = 20,
    seed: Annotated[int, typer.Option(help="Of the chips and of the readings.")] = 0,
    json_: JsonOption = False,
) -> None:
    """Judge a trained run (or a card with random settings) on the test part: ideal and as built."""
    from photonics_sim.cli._target import open_target
    from photonics_sim.training import evaluate as judge

    device, dataset, pipeline, trained = open_target(target, data, data_dir, parse_sets(set_), seed)
    ideal = judge(device.ideal(), dataset, pipeline=pipeline)
    found = judge(device, dataset, pipeline=pipeline, chips=chips, seed=seed)
    costs = device.costs()
    name = found.score_name
    answer = {
        "target": target,
        "trained": trained,
        "data": dataset.name,
        "task": dataset.task,
        "test_samples": len(found.targets),
        f"ideal_{name}": ideal.score,
        f"test_{name}": found.score,
        "test_loss": found.loss,
        "as_built": found.as_built.to_dict() if found.as_built else None,
        "seconds_per_inference": costs.total_latency_s,
        "joules_per_inference": costs.total_energy_j,
    }
    built = answer["as_built"]
    human(
        f"{name} on {len(found.targets)} test samples of {dataset.name}: ideal {ideal.score:.4f} · nominal card "
        f"{found.score:.4f}"
        + (f" · as built {built['mean']:.4f} [{built['low']:.4f}, {built['high']:.4f}] over {chips} chips" if built else "")
        + ("" if trained else " · the card's settings are random: train it first"),
        "as built: " + _imperfections(device),
    )
    if json_:
        print_json(answer)


def _imperfections(device: object) -> str:
    """The imperfections that the card switches on, by the fields that carry them."""
    card = getattr(device, "card", None)
    if card is None:
        return "as each device's card says"
    words = ("error", "noise", "loss_db", "bits", "saturation")
    active = [f"{f.path} = {f.value}" for f in card.fields() if f.value and any(word in f.path for word in words)]
    passive = {"detector.thermal_noise_pa_per_rthz"} if not card.model_dump().get("detector", {}).get("thermal_noise") else set()
    return ", ".join(text for text in active if text.split(" ")[0] not in passive) or "no imperfection is on"
