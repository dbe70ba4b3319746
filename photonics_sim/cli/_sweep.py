"""`sweep`: vary numbers of a card or a run, and see what becomes of it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from photonics_sim.cli._options import (
    DataDirOption,
    JsonOption,
    SetOption,
    complete_target,
    parse_sets,
    typed_command,
)
from photonics_sim.cli._output import INTERRUPTED, human, print_json
from photonics_sim.device import format_si, load_card
from photonics_sim.errors import PhotonicsError

if TYPE_CHECKING:
    from photonics_sim.sweeps import Execution, SweepEstimate, SweepResult

EXAMPLES = (
    "sweep mzi-thermo-optic --vary mesh.splitter.error_rad=0:0.05:11 --vary mesh.splitter.loss_db=0:0.2:3 --chips 50",
    "sweep first --vary modulator.phase_bits=2,3,4,6,8 --chips 20 --name bits   # a trained run, on fabricated chips",
    "sweep relax-pcm --trial train --vary schedule.layers=2,4,8 --vary training.learning_rate=log:0.01:0.1:3 --chips 3",
    "sweep chip.toml --vary mesh.splitter.error_rad=0:0.05 --vary shifter.dac_bits=4:12 --design sobol --points 256",
    "sweep mzi-mems --vary ... --scheduler tcp://head:8786    # on a Dask cluster; --shard 3/20 for a job of an array",
)
_VARY = (
    "What is varied, and over which values: path=low:high:count, path=log:low:high:count, path=v1,v2,... or, for "
    "sampled designs, path=low:high; repeatable."
)

WorkersOption = Annotated[
    int | None, typer.Option(help="Worker processes; 1 stays in this one.", show_default="every core")
]
SchedulerOption = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler, tcp://host:8786, or local.")
]
TimeoutOption = Annotated[float | None, typer.Option("--timeout", help="Longest time of one trial in seconds.", min=0)]


def _complete_path(context: typer.Context, incomplete: str) -> list[str]:
    """Fields of the card, or of the run's card, each with its `=`."""
    from photonics_sim.runs import find_run

    target = context.params.get("target") or ""
    try:
        try:
            card = find_run(target).card
        except PhotonicsError:
            card = load_card(target)
    except PhotonicsError:
        return []
    return [f"{path}=" for path in card.field_paths() if path.startswith(incomplete)]


def sweep(  # noqa: PLR0917 - typer reads the options from the signature
    target: Annotated[
        str, typer.Argument(metavar="CARD|RUN", help="A card, or a trained run.", autocompletion=complete_target)
    ],
    vary: Annotated[list[str], typer.Option(metavar="PATH=VALUES", help=_VARY, autocompletion=_complete_path)],
    chips: Annotated[
        int | None,
        typer.Option(
            help="Virtual chips at each point, the same at all.", min=1, show_default="20, or 1 for a training"
        ),
    ] = None,
    trial: Annotated[
        str | None,
        typer.Option(
            help="fidelity, evaluate, train, universality, or module:function.",
            show_default="fidelity of a card, evaluate of a run",
        ),
    ] = None,
    design: Annotated[str, typer.Option(help="grid, zip, sobol, latin-hypercube or saltelli.")] = "grid",
    points: Annotated[int | None, typer.Option(help="Points of a sampled design.", min=1)] = None,
    set_: SetOption = None,
    data: Annotated[str | None, typer.Option(help="Of --trial train; digits by default.")] = None,
    data_dir: DataDirOption = None,
    seed: Annotated[int, typer.Option(help="Of the chips, and of sampled points.", min=0)] = 0,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    threads: Annotated[int, typer.Option(help="Torch threads of each worker.", min=1)] = 1,
    timeout: TimeoutOption = None,
    shard: Annotated[
        str | None, typer.Option(metavar="k/K", help="Only every K-th task, from the k-th on; `runs merge` joins them.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the sweep under runs/.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the sweep, instead of --name.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what it would take; nothing is written.")
    ] = False,
    json_: JsonOption = False,
) -> None:
    """Vary numbers of a device and measure every point on the same virtual chips; `resume` goes on where it stopped."""
    from photonics_sim.sweeps import (
        Asked,
        Execution,
        default_trial,
        estimate_sweep,
        find_target,
        parse_vary,
        start_sweep,
    )

    varied = dict(parse_vary(one) for one in vary)
    if len(varied) < len(vary):
        raise PhotonicsError("--vary names a path twice; give all its values at once")
    found = find_target(target)
    settings = _settings(set_, data, data_dir, trial or default_trial(found))
    asked = Asked(
        target=found, vary=varied, chips=chips, trial=trial, seed=seed, design=design, samples=points,
        settings=settings, origin=target, threads=threads, shard=shard, command=shlex.join(typed_command()),
    )  # fmt: skip
    how = Execution(workers=workers, scheduler=scheduler, timeout_s=timeout)
    if dry_run:
        _forecast(estimate_sweep(asked.plan(), workers=workers), json_)
        return
    finish_sweep(start_sweep(asked, how, name=name, out=out), json_)


def resume_sweep(folder: Path, how: Execution, *, retry_failed: bool, allow_mixed: bool, as_json: bool) -> None:
    """Go on with a sweep and say what came out."""
    from photonics_sim.sweeps import resume_sweep as go_on

    result = go_on(folder, how, retry_failed=retry_failed, allow_mixed=allow_mixed)
    if result.complete and not result.trials_run:
        human(f"{folder} is finished: nothing was left to do")
    finish_sweep(result, as_json)


def _settings(set_: list[str] | None, data: str | None, data_dir: Path | None, trial: str) -> dict[str, Any]:
    settings = parse_sets(set_)
    if data is not None:
        if trial != "train":
            raise PhotonicsError("--data is for --trial train; a run brings its own data")
        settings["training.data"] = data
    if data_dir is not None and trial in {"train", "evaluate"}:
        settings["training.data_dir" if trial == "train" else "evaluate.data_dir"] = str(data_dir.resolve())
    return settings


def finish_sweep(result: SweepResult, as_json: bool) -> None:
    """Say what came out, write the report, and exit 130 where it was stopped before its end."""
    from photonics_sim.tolerance import summary_lines, summary_of

    summary = summary_of(result)
    first, *others = summary_lines(result)
    human(f"[bold]{escape(first)}[/]", *(escape(line) for line in others))
    if not result.complete:
        human(f"stopped: {result.missing:,} trials are missing; `photonics-sim resume {result.path}`")
        if as_json:
            print_json(summary)
        raise typer.Exit(128 + result.stopped_by if result.stopped_by else INTERRUPTED)
    if result.values:
        from photonics_sim.plots import report

        summary["report"] = str(report(result))
        human(f"report: [bold]{summary['report']}[/]")
    if as_json:
        print_json(summary)


def _forecast(estimate: SweepEstimate, as_json: bool) -> None:
    low, high = estimate.low_s, estimate.high_s
    span = f"{low / 60:.1f} .. {high / 60:.1f} min" if high >= 60 else f"{low:.2g} .. {high:.2g} s"
    human(
        f"{estimate.points:,} points x {estimate.chips:,} chips = {estimate.trials:,} trials · timed {estimate.timed} "
        f"calls · about {span} on {estimate.workers} worker{'s' if estimate.workers > 1 else ''} · "
        f"{format_si(float(estimate.disk_bytes), 'B')} on disk · nothing written"
    )
    if estimate.failed:
        human(f"[yellow]warning:[/] a timed point failed: {escape(estimate.failed)}")
    if as_json:
        print_json(estimate.to_dict())
