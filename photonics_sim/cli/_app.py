"""The command line as a whole: the commands, and how a mistake, a failure or Ctrl-C ends one."""

from __future__ import annotations

import os
import sys
import warnings
from importlib.metadata import version
from typing import Annotated, TextIO

import typer

from photonics_sim.cli import (
    _devices,
    _doctor,
    _evaluate,
    _kernel,
    _plot,
    _resume,
    _runs,
    _sweep,
    _train,
    _universality,
)
from photonics_sim.cli._output import FAILED, INTERRUPTED, MISTAKE, human
from photonics_sim.errors import PhotonicsError, PhotonicsWarning

app = typer.Typer(
    name="photonics-sim",
    help="Simulate, train and judge physical neural networks made of light.",
    epilog="Start with: photonics-sim demo",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _examples(*lines: str) -> str:
    """An epilog; a blank line between the lines keeps them apart."""
    return "\n\n".join(["[bold]Examples[/]", *(f"photonics-sim {line}" for line in lines)])


app.command("demo", epilog=_examples("demo", "demo --name first-look"))(_train.demo)
app.command(
    "train",
    epilog=_examples(
        "train free-space-scatterer --data digits --epochs 30 --name first",
        "train free-space-scatterer --data mnist --data-dir ~/mnist --set copies=4 --dry-run",
        "train my-card.toml --data my-data.npz --set modulator.phase_bits=8 --json",
        "train relax-pcm --data fashion-mnist --pca 64 --set schedule.weight_sets=2 --set schedule.layers=8",
        "train relax-mzi-thermo-optic --data shakespeare --epochs 1 --on-device",
    ),
)(_train.train)
app.command(
    "resume",
    epilog=_examples("resume first", "resume runs/first --epochs 60", "resume tolerance --workers 8 --retry-failed"),
)(_resume.resume)
app.command("sweep", epilog=_examples(*_sweep.EXAMPLES))(_sweep.sweep)
app.command(
    "evaluate",
    epilog=_examples(
        "evaluate first --chips 200",
        "evaluate first --set modulator.phase_bits=4 --set detector.shot_noise=true",
        "evaluate reuse --after-hours 24 --chips 20",
    ),
)(_evaluate.evaluate)
app.command("plot", epilog=_examples(*_plot.EXAMPLES))(_plot.plot)
app.command(
    "universality",
    epilog=_examples(
        "universality free-space-scatterer --html verdict.html",
        "universality mzi-thermo-optic --inputs 2 --order 3 --json",
        "universality points.h5 --plan --inputs 3   # what to measure on hardware",
        "universality points.h5   # once it has `outputs`",
    ),
)(_universality.universality)
app.command("kernel", epilog=_examples(*_kernel.EXAMPLES))(_kernel.kernel)
app.command("doctor")(_doctor.doctor)
app.add_typer(_devices.app, name="devices")
app.add_typer(_runs.app, name="runs")


def _print_version(asked: bool) -> None:
    if asked:
        print(f"photonics-sim {version('photonics_sim')}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    if debug:
        os.environ["PHOTONICS_SIM_DEBUG"] = "1"


def main() -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 the user's mistake, 130 interrupted."""
    warnings.showwarning = _show_warning
    try:
        app()
    except PhotonicsError as error:
        _end(error, MISTAKE)
    except KeyboardInterrupt:
        human("interrupted")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # the reader of stdout has gone, as in `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except Exception as error:
        _end(error, FAILED)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Ours without the place in the code, which says nothing to a user; others as Python writes them."""
    if issubclass(category, PhotonicsWarning):
        human(f"[yellow]warning:[/] {message}")
    else:
        (file or sys.stderr).write(warnings.formatwarning(message, category, filename, lineno, line))


def _end(error: Exception, code: int) -> None:
    if os.environ.get("PHOTONICS_SIM_DEBUG"):
        raise error
    kind = "" if isinstance(error, PhotonicsError) else f"{type(error).__name__}: "
    text = str(error).replace("[", r"\[")
    hint = "" if code == MISTAKE else "; `photonics-sim --debug ...` shows where. Please report it"
    human(f"[red]error:[/] {kind}{text}{hint}")
    sys.exit(code)
