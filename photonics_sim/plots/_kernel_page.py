"""The report of a device's kernel as one page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from photonics_sim.analysis.ntk import KernelReport
from photonics_sim.device import Card
from photonics_sim.files import write_atomically
from photonics_sim.plots._kernel import (
    plot_kernel_learning,
    plot_kernel_matrix,
    plot_kernel_rays,
    plot_kernel_spectrum,
)
from photonics_sim.plots._report import ReportData, Table, card_rows, render_report, typed_command
from photonics_sim.runs import make_note

_MATRIX = (
    "Which samples the device takes for alike",
    "Cosines between the slopes of its outputs at two samples, over all its parameters. What is learnt at one sample "
    "is learnt at those that are dark beside it.",
)
_SPECTRUM = (
    "Which directions are learnt, and how fast",
    "Each eigenvector of the kernel is learnt at the speed of its eigenvalue. Targets along the leading ones are "
    "learnt at once, those along the last ones hardly ever.",
)
_LEARNING = (
    "Training foretold",
    "Gradient descent on squared errors from these settings. The unit of time is a step of 1 / the largest eigenvalue, "
    "half of what diverges. Regression on the inputs alone is what a linear layer would do without the device.",
)
_RAYS = (
    "What it makes of the world outside the data",
    "A fit of some degree explains the regression where it leaves far less than of the next power alone. Devices whose "
    "inputs are phases repeat themselves, and converters clip: no polynomial then goes on for ever.",
)


def kernel_page(
    found: KernelReport,
    path: Path,
    *,
    name: str,
    data: str,
    card: Card | None = None,
    settings: Sequence[tuple[str, str]] = (),
) -> None:
    """Write the report of `analysis.ntk.kernel_report` as one HTML page: offline, with its figures inside.

    Args:
        found: The report.
        path: Of the page.
        name: What was judged.
        data: On which data.
        card: Of the device, if it has one.
        settings: How it was judged: (setting, value).

    Raises:
        PhotonicsError: where the file cannot be written.
    """
    made = make_note(typed_command(), threads=1)
    page = ReportData(
        title=f"{name} · kernel on {data}",
        sentence=_sentence(found, name, data),
        tiles=_tiles(found),
        figures=[
            (*_LEARNING, plot_kernel_learning(found).svg()),
            (*_SPECTRUM, plot_kernel_spectrum(found).svg()),
            (*_MATRIX, plot_kernel_matrix(found).svg()),
            (*_RAYS, plot_kernel_rays(found).svg()),
        ],
        caveats=[f"far from the data: {found.extrapolation}", *found.caveats],
        tables=[_shares(found)],
        settings=settings,
        card=card_rows(card) if card else (),
        not_modelled=card.not_modelled if card else (),
        command=made.command,
        reproduce=[("made", made.date), *made.versions.items()],
        citations=[
            "arXiv:1806.07572 (Jacot, Gabriel, Hongler, 2018)",
            "arXiv:2209.07736 (Wu, Zhu, Liu, Chrysos, Cevher, 2022)",
            *(card.references if card else ()),
        ],
    )
    write_atomically(path, render_report(page))


def _sentence(found: KernelReport, name: str, data: str) -> str:
    kernel, linear = found.shown(found.score), found.shown(found.linear_score)
    error = found.score_error
    apart = found.score - found.linear_score
    same = abs(apart) <= 2 * error if not math.isnan(error) else abs(apart) < 0.01
    than = "no better and no worse than" if same else "better than" if apart > 0 else "worse than"
    return (
        f"Regression with the kernel of {name} reaches an {found.measure} of {kernel} on {data}, {than} "
        f"regression on the inputs alone ({linear})."
    )


def _tiles(found: KernelReport) -> list[tuple[str, str, str]]:
    singular = found.rank < found.train_samples
    time = f"{found.learning_time:.2g}" if math.isfinite(found.learning_time) else "never"
    degree = found.extrapolation_degree
    return [
        (
            f"Test {found.measure}",
            found.shown(found.score),
            f"{found.train_samples} samples learnt, {found.test_samples} tested; inputs alone "
            f"{found.shown(found.linear_score)}",
        ),
        (
            "Condition number",
            f"{found.condition_above_rounding:.2g}",
            f"above rounding; rank {found.rank} of {found.train_samples}" if singular else "of full rank",
        ),
        ("Effective rank", f"{found.effective_rank:.3g}", f"of {found.train_samples}"),
        ("Until 90 % is learnt", time, "steps of 1 / the largest eigenvalue"),
        ("Degree far from the data", "none" if degree is None else str(degree), found.extrapolation.split(":")[0]),
    ]


def _shares(found: KernelReport) -> Table:
    rows = [
        {"directions": f"{k:,}", "of the trace": f"{100 * trace:.4g} %", "of the targets": f"{100 * target:.4g} %"}
        for (k, trace), target in zip(found.trace_shares.items(), found.target_shares.values(), strict=True)
    ]
    return Table("Leading directions", "What the first eigenvectors of the kernel hold.", rows)
