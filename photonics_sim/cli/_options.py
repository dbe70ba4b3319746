"""Options that several commands share, and completion of names without torch."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from photonics_sim.device import list_devices, load_card
from photonics_sim.errors import PhotonicsError


def complete_card(incomplete: str) -> list[str]:
    return [header.name for header in list_devices() if header.name.startswith(incomplete)]


def complete_data(incomplete: str) -> list[str]:
    from photonics_sim.datasets import names

    return [name for name in names() if name.startswith(incomplete)]


def complete_run(incomplete: str) -> list[str]:
    from photonics_sim.runs import list_folders

    return [path.name for path in list_folders() if path.name.startswith(incomplete)]


def complete_target(incomplete: str) -> list[str]:
    return complete_run(incomplete) + complete_card(incomplete)


def complete_field(context: typer.Context, incomplete: str) -> list[str]:
    """Fields of the card that the command line names, each with its `=`."""
    try:
        paths = load_card(context.params.get("card") or context.params.get("target") or "").field_paths()
    except PhotonicsError:
        return []
    return [f"{path}=" for path in paths if path.startswith(incomplete)]


CardArgument = Annotated[
    str, typer.Argument(metavar="CARD", help="Name of a card, or a .toml file.", autocompletion=complete_card)
]
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN|SWEEP", help="Name of a run or sweep under runs/, or its folder.", autocompletion=complete_run
    ),
]
DataOption = Annotated[
    str,
    typer.Option(
        help="digits, mnist, fashion-mnist, svhn, cifar-10, shakespeare, or a .npz, .h5 or .txt file.",
        autocompletion=complete_data,
    ),
]
DataDirOption = Annotated[
    Path | None,
    typer.Option("--data-dir", envvar="PHOTONICS_SIM_DATA", help="Folder where the files of the data set lie."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Replace a field of the card; repeatable.",
        autocompletion=complete_field,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout; the rest goes to stderr.")]
AcceleratorOption = Annotated[str, typer.Option(help="Where the simulation runs: cpu, cuda or auto.")]


def typed_command() -> list[str]:
    """The command line as it was typed, wherever the program lies."""
    return ["photonics-sim", *sys.argv[1:]]


def parse_sets(assignments: list[str] | None) -> dict[str, Any]:
    """`["copies=4", "scale_ladder=published"]` as values, each read as TOML and else as a word.

    Raises:
        PhotonicsError: for an assignment without `=`, or the same path twice.
    """
    values: dict[str, Any] = {}
    for assignment in assignments or []:
        path, equals, text = assignment.partition("=")
        path = path.strip()
        if not equals or not path:
            raise PhotonicsError(f"--set {assignment}: write path=value, e.g. --set copies=4")
        if path in values:
            raise PhotonicsError(f"--set {path} is given twice; give it once")
        try:
            values[path] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            values[path] = text.strip()
    return values


def pick_accelerator(name: str) -> str:
    """cpu or cuda; `auto` takes a GPU where torch sees one.

    Raises:
        PhotonicsError: for another word, or where there is no such GPU.
    """
    import torch

    if name not in {"cpu", "cuda", "auto"}:
        raise PhotonicsError(f"--accelerator {name}: choose cpu, cuda or auto (Apple's GPU lacks complex numbers)")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise PhotonicsError("--accelerator cuda: torch sees no such GPU; use --accelerator cpu")
    return "cuda" if name == "cuda" or (name == "auto" and available) else "cpu"
