"""`plot`: one picture of a run as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from photonics_sim.cli._options import RunArgument
from photonics_sim.cli._output import human
from photonics_sim.errors import PhotonicsError, did_you_mean


def plot(
    run: RunArgument,
    what: Annotated[
        str, typer.Option(help="curves, result, ageing, light, chip, costs, timeline or report.")
    ] = "curves",
    out: Annotated[Path | None, typer.Option(help="File; its ending says svg, pdf or png.")] = None,
) -> None:
    """Draw a run: curves, result, ageing, light in the device, chip, costs, a pass in time; or its report anew."""
    from photonics_sim.runs import find_run

    found = find_run(run)
    if what == "report":
        from photonics_sim.plots import report

        human(f"report: {report(found)}")
        return
    from photonics_sim.plots import RUN_FIGURES

    if what not in RUN_FIGURES:
        raise PhotonicsError(
            f"--what {what} is no picture{did_you_mean(what, RUN_FIGURES)}; choose of {', '.join(RUN_FIGURES)}, report"
        )
    path = out or found.path / f"{what}.svg"
    RUN_FIGURES[what](found).write(path)
    human(f"{what}: {path}")
