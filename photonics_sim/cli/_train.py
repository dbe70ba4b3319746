"""`train`, `resume` and `demo`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from photonics_sim.cli._options import (
    AcceleratorOption,
    CardArgument,
    DataDirOption,
    DataOption,
    JsonOption,
    SetOption,
    parse_sets,
    pick_accelerator,
    typed_command,
)
from photonics_sim.cli._output import INTERRUPTED, human, print_json, say_weak_light
from photonics_sim.device import format_si, load_card
from photonics_sim.runs import TrainSettings, measure_of

if TYPE_CHECKING:
    from photonics_sim.runs import Run

_DEFAULT = TrainSettings()
_ON_DEVICE = (
    "Train one fabricated chip in the loop: each step writes its slow weights, which takes its time and wears them."
)


def _setting(name: str, *, of_card: bool = False) -> Any:
    """The option of a training setting, with that setting's own description."""
    text = TrainSettings.model_fields[name].description or name
    default = f" By default what suits the card, mostly {getattr(_DEFAULT, name):g}." if of_card else ""
    return typer.Option(help=f"{text[0].upper()}{text[1:]}.{default}")


def train(  # noqa: PLR0917 - typer reads the options from the signature
    card: CardArgument,
    data: DataOption = "digits",
    data_dir: DataDirOption = None,
    epochs: Annotated[int | None, _setting("epochs", of_card=True)] = None,
    batch: Annotated[int | None, _setting("batch_size", of_card=True)] = None,
    lr: Annotated[float | None, _setting("learning_rate", of_card=True)] = None,
    clip_norm: Annotated[float | None, _setting("clip_norm", of_card=True)] = None,
    label_smoothing: Annotated[float, _setting("label_smoothing")] = _DEFAULT.label_smoothing,
    shift_px: Annotated[float, _setting("shift_px")] = _DEFAULT.shift_px,
    rotate_deg: Annotated[float, _setting("rotate_deg")] = _DEFAULT.rotate_deg,
    zoom: Annotated[float, _setting("zoom")] = _DEFAULT.zoom,
    seed: Annotated[int, _setting("seed")] = _DEFAULT.seed,
    chips: Annotated[int, _setting("chips")] = _DEFAULT.chips,
    on_device: Annotated[bool, typer.Option("--on-device", help=_ON_DEVICE)] = False,
    pca: Annotated[
        int | None,
        typer.Option(
            help="Give the device this many principal components of the train part (half-whitened), not pixels or "
            "columns.",
            min=1,
        ),
    ] = None,
    set_: SetOption = None,
    name: Annotated[str | None, typer.Option(help="Name of the run under runs/.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run, instead of --name.")] = None,
    accelerator: AcceleratorOption = "cpu",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what it would take; nothing is written.")
    ] = False,
    json_: JsonOption = False,
) -> None:
    """Train a device on data and keep everything in a run folder, with a report."""
    sets = parse_sets(set_)
    checked = load_card(card, sets)

    from photonics_sim.datasets import fit_pipeline
    from photonics_sim.device import build_device
    from photonics_sim.training import as_dataset, fit_card
    from photonics_sim.training import train as train_device

    settings: dict[str, Any] = {
        "label_smoothing": label_smoothing,
        "shift_px": shift_px,
        "rotate_deg": rotate_deg,
        "zoom": zoom,
        "seed": seed,
        "chips": chips,
        "accelerator": pick_accelerator(accelerator),
        "on_device": on_device,
    }
    settings |= {
        name: value
        for name, value in {"epochs": epochs, "batch_size": batch, "learning_rate": lr, "clip_norm": clip_norm}.items()
        if value is not None
    }
    dataset = as_dataset(data, data_dir)
    pipeline = fit_pipeline(dataset, pca=pca) if pca is not None else None
    fitted = fit_card(checked, dataset, sets, pipeline)
    for path, (value, before) in fitted.changes(checked).items():
        human(f"{path} = {value} to fit {dataset.name} (the card says {before})")
    device = build_device(fitted, seed=seed)
    if dry_run:
        _forecast(device, dataset, pipeline, settings, json_)
        return
    run = train_device(
        device,
        dataset,
        pipeline=pipeline,
        source=data,
        root=data_dir,
        name=name,
        out=out,
        command=typed_command(),
        **settings,
    )
    _finish(run, json_)


def resume_training(run: str, epochs: int | None, json_: bool) -> None:
    """Go on with a training, to this many epochs if they are given."""
    from photonics_sim.runs import find_run

    found = find_run(run)
    done = found.config.training.epochs
    if found.state == "finished" and (epochs is None or epochs == done):
        human(f"{found.path} is finished ({done} epochs); `--epochs {done + 10}` would add to it")
        if json_:
            print_json(found.summary | {"epochs_run": 0})
        return

    from photonics_sim.training import resume as resume_run

    _finish(resume_run(found, epochs=epochs), json_)


def demo(
    name: Annotated[str | None, typer.Option(help="Name of the run under runs/.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run.")] = None,
    json_: JsonOption = False,
) -> None:
    """Train a free-space optical network on bundled handwritten digits; about a minute, offline."""
    human("Light bounces between a modulator that shows a digit and a scattering medium; ten detectors, one per digit.")
    from photonics_sim.datasets import load
    from photonics_sim.device import build_device
    from photonics_sim.runs import free_name
    from photonics_sim.training import fit_card
    from photonics_sim.training import train as train_device

    digits = load("digits")
    device = build_device(fit_card(load_card("free-space-scatterer"), digits), seed=0)
    name = name or (None if out else free_name("demo"))
    run = train_device(device, digits, name=name, out=out, epochs=20, command=typed_command())
    _finish(run, json_)


def _finish(run: Run, as_json: bool) -> None:
    summary = run.summary
    if run.state != "finished":
        done = len(run.metrics["epoch"].values) if run.metrics_path.exists() else 0
        human(f"stopped after {done} of {run.config.training.epochs} epochs; saved. `photonics-sim resume {run.path}`")
        if as_json:
            print_json(summary | {"run": str(run.path), "state": "interrupted"})
        raise typer.Exit(INTERRUPTED)
    from photonics_sim.plots import report

    page = report(run)
    human(_sentence(summary), f"report: [bold]{page}[/]")
    say_weak_light(float(summary.get("signal_to_noise_db", math.inf)))
    if as_json:
        print_json(summary | {"report": str(page)})


def _sentence(summary: dict[str, Any]) -> str:
    measure = measure_of(summary["task"])
    shown = measure.shown
    built = summary.get("as_built")
    of, others = ("on the chip it was trained on", "on others") if summary.get("on_device") else ("nominal", "as built")
    as_built = (
        f" {of}, {shown(built['mean'])} {others} ({built['chips']} chips, 95 % within "
        f"{shown(built['low'])} .. {shown(built['high'])})"
        if built
        else ""
    )
    return (
        f"[bold]test {measure.label} {shown(summary[f'test_{measure.name}'])}[/]{as_built} · best epoch "
        f"{summary['best_epoch']} of {summary['epochs']} · {summary['training_seconds']:.0f} s here · the device: "
        f"{format_si(summary['seconds_per_inference'], 's')} and {format_si(summary['joules_per_inference'], 'J')} "
        "per inference"
    )


def _forecast(device: Any, dataset: Any, pipeline: Any, settings: dict[str, Any], as_json: bool) -> None:
    from photonics_sim.training import estimate_training, training_settings

    estimate = estimate_training(device, dataset, training_settings(device.card, settings), pipeline)
    low, high = estimate.low_s / 60, estimate.high_s / 60
    span = f"{low:.1f} .. {high:.1f} min" if high >= 1 else f"{60 * low:.0f} .. {60 * high:.0f} s"
    human(
        f"{estimate.trained_parameters:,} trained parameters, {estimate.steps:,} steps · about {span} on "
        f"{settings['accelerator']} · {estimate.memory_bytes / 2**20:.0f} MB of memory, "
        f"{estimate.disk_bytes / 1e6:.0f} MB on disk · the hardware itself: {format_si(estimate.hardware_s, 's')}, "
        f"{format_si(estimate.hardware_j, 'J')} for the training {'' if settings['on_device'] else 'passes '}· nothing "
        "written"
    )
    if estimate.endurance_used > 1:
        human(f"[yellow]warning:[/] its writes are {estimate.endurance_used:.3g} times what a cell survives")
    if as_json:
        print_json(estimate.to_dict())
