"""`kernel`: what training a device by small steps would find, told by its neural tangent kernel."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
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
from photonics_sim.cli._output import human, print_json, show
from photonics_sim.files import check_writable
from photonics_sim.training import Counted, clock

if TYPE_CHECKING:
    from torch import Tensor

    from photonics_sim.datasets import Part, Pipeline
    from photonics_sim.device import Device

EXAMPLES = (
    "kernel mzi-thermo-optic --data digits",
    "kernel ring-bank-silicon --data my-data.npz --samples 500 --html kernel.html",
    "kernel diffractive-visible --set masks=1 --as-built 3 --json",
    "kernel first   # a trained run, at the settings it has now",
)


def kernel(
    target: Annotated[
        str, typer.Argument(metavar="RUN|CARD", help="A run, or a card.", autocompletion=complete_target)
    ],
    data: Annotated[
        str | None,
        typer.Option(help="By default the run's own data, or digits.", autocompletion=complete_data),
    ] = None,
    data_dir: DataDirOption = None,
    samples: Annotated[int, typer.Option(help="Samples of the train part to learn from.", min=8)] = 200,
    test: Annotated[int, typer.Option(help="Samples of the test part to score.", min=1)] = 100,
    set_: SetOption = None,
    as_built: Annotated[
        int | None, typer.Option(help="Of the chip that is fabricated with this seed, not of the design.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of a card's settings, of the samples and of the rays.")] = 0,
    memory_mb: Annotated[float, typer.Option(help="For derivatives; less takes more passes.", min=1)] = 1024.0,
    html: Annotated[Path | None, typer.Option(help="Write the report as one page with pictures to this file.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what it would take; nothing is written.")
    ] = False,
    json_: JsonOption = False,
) -> None:
    """Judge a device by its neural tangent kernel: what it learns, how fast, and how it goes on outside the data."""
    from photonics_sim.analysis.ntk import kernel_report
    from photonics_sim.cli._target import open_target
    from photonics_sim.device import derive_key
    from photonics_sim.training import show_progress

    if html is not None:
        check_writable(html)
    device, dataset, pipeline, state = open_target(target, data, data_dir, parse_sets(set_), seed)
    if as_built is not None:
        device = device.as_built(as_built)
    x_train, y_train = _chosen(dataset.train, pipeline, samples, derive_key(seed, "kernel", "train"))
    x_test, y_test = _chosen(dataset.test, pipeline, test, derive_key(seed, "kernel", "test"))
    x_train, x_test = (x.to(next(device.parameters())) for x in (x_train, x_test))
    if dry_run:
        _forecast(device, x_train, len(x_train) + len(x_test), memory_mb, json_)
        return
    with show_progress() as shown:
        began = time.monotonic()
        report = kernel_report(
            device,
            x_train,
            y_train,
            x_test,
            y_test,
            task="regression" if dataset.task == "regression" else "classification",
            memory_mb=memory_mb,
            seed=seed,
            progress=lambda done, total: shown(_Passes(done, total, time.monotonic() - began)),
        )
    chip = "as designed" if as_built is None else f"as built, chip of seed {as_built}"
    what = f"{state}, {chip}, {dataset.name}"
    if html is not None:
        from photonics_sim.plots import kernel_page

        counts = f"{dataset.name}: {report.train_samples} samples learnt, {report.test_samples} tested"
        settings = [("settings", state), ("chip", chip), ("data", counts), ("seed", str(seed))]
        kernel_page(report, html, name=Path(target).name, data=dataset.name, card=device.card, settings=settings)
        human(f"report: {html}")
    show(f"{target} ({what}): {report}", as_json=json_)
    if json_:
        header = {"target": target, "trained": state != "untrained", "as_built": as_built, "data": dataset.name}
        print_json({**header, "seed": seed, **report.to_dict()})


def _chosen(part: Part, pipeline: Pipeline, count: int, key: int) -> tuple[Tensor, Tensor]:
    """So many samples at random, prepared, with their targets; all of them where there are no more."""
    import torch

    order = torch.randperm(len(part), generator=torch.Generator().manual_seed(key))[:count]
    return pipeline.inputs(part.inputs[order]), pipeline.targets(part.targets[order])


@dataclass(frozen=True)
class _Passes(Counted):
    """A moment of the work: passes done and in all, and the seconds they took."""

    seconds: float

    def line(self) -> str:
        left = self.seconds * (self.total - self.done) / self.done
        return f"{self.done:,}/{self.total:,} passes  {clock(left)} left"


def _forecast(device: Device, x: Tensor, samples: int, memory_mb: float, as_json: bool) -> None:
    from photonics_sim.analysis.ntk import estimate_kernel

    found = estimate_kernel(device, x, samples, memory_mb=memory_mb)
    human(f"{found.passes:,} passes · about {found.low_s:.0f} .. {found.high_s:.0f} s on cpu · nothing written")
    if as_json:
        print_json(asdict(found))
