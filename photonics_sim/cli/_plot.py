"""`plot`: one picture of a run or a sweep as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from photonics_sim.cli._options import JsonOption, RunArgument, parse_sets
from photonics_sim.cli._output import human, print_json
from photonics_sim.errors import PhotonicsError, did_you_mean

if TYPE_CHECKING:
    from photonics_sim.tolerance import Question

EXAMPLES = (
    "plot first --what light --out light.pdf",
    "plot first --what report",
    "plot tolerance --what yield --threshold 0.95 --yield 0.9 --parameter splitter.error_rad --format pdf",
    "plot tolerance --what heatmap --at mesh.splitter.loss_db=0.1",
)


def plot(
    run: RunArgument,
    what: Annotated[
        str | None,
        typer.Option(
            help="Of a run: curves, result, ageing, light, way, chip, costs, timeline or report. Of a sweep: "
            "heatmap, yield, tornado or report.",
            show_default="curves, or heatmap",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File; its ending says svg, pdf or png.")] = None,
    format_: Annotated[str | None, typer.Option("--format", help="svg, pdf or png, instead of --out.")] = None,
    metric: Annotated[str | None, typer.Option(help="Of a sweep: the measured number.")] = None,
    threshold: Annotated[float | None, typer.Option(help="Of a sweep: what a good chip reaches.")] = None,
    yield_: Annotated[float, typer.Option("--yield", help="Of a sweep: share of good chips that is asked for.")] = 0.9,
    parameter: Annotated[str | None, typer.Option(help="Of a sweep: the parameter along which to look.")] = None,
    at: Annotated[
        list[str] | None, typer.Option(metavar="PATH=VALUE", help="Of a sweep: value of another parameter; repeatable.")
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Draw a run (curves, result, light, way, chip, ...) or a sweep (yield, heat map, tornado); or its report anew."""
    from photonics_sim.runs import find_run, sweep_folder

    folder = sweep_folder(run)
    if folder is not None:
        from photonics_sim.tolerance import Question

        question = Question(
            metric=metric, threshold=threshold, yield_=yield_, parameter=parameter, fixed=parse_sets(at)
        )
        _plot_sweep(folder, what or "heatmap", out, format_, question, as_json=json_)
        return
    found = find_run(run)
    what = what or "curves"
    if what == "report":
        from photonics_sim.plots import report

        human(f"report: {report(found)}")
        return
    from photonics_sim.plots import RUN_FIGURES

    _require_picture(what, list(RUN_FIGURES))
    path = out or found.path / f"{what}.{format_ or 'svg'}"
    RUN_FIGURES[what](found).write(path)
    human(f"{what}: {path}")
    if json_:
        print_json({"run": found.path, "what": what, "file": path})


def _plot_sweep(
    folder: Path, what: str, out: Path | None, format_: str | None, question: Question, *, as_json: bool
) -> None:
    from photonics_sim.plots import SWEEP_FIGURES, report
    from photonics_sim.sweeps import read_result
    from photonics_sim.tolerance import summary_lines, summary_of

    result = read_result(folder)
    if what == "report":
        path = report(result, question=question)
    else:
        _require_picture(what, list(SWEEP_FIGURES))
        path = out or folder / f"{what}.{format_ or 'svg'}"
        SWEEP_FIGURES[what](result, question).write(path)
    if what != "heatmap":
        human(*(escape(line) for line in summary_lines(result, question)[1:]))
    human(f"{what}: {path}")
    if as_json:
        print_json({"what": what, "file": path, "required": summary_of(result, question)["required"]})


def _require_picture(what: str, known: list[str]) -> None:
    if what not in known:
        raise PhotonicsError(
            f"--what {what} is no picture{did_you_mean(what, known)}; choose of {', '.join(known)}, report"
        )
