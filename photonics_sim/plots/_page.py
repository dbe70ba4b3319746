"""The report of a run or a sweep, in its own folder."""

from __future__ import annotations

from pathlib import Path

from photonics_sim.device import parse_card
from photonics_sim.plots._run_report import run_report
from photonics_sim.plots._sweep_report import sweep_report
from photonics_sim.runs import Run, find_run, sweep_folder
from photonics_sim.sweeps import Plan, SweepResult, read_result
from photonics_sim.tolerance import Question

_LEFT_OUT = {"command", "host", "machine", "dirty"}


def report(of: Run | SweepResult | str | Path, *, question: Question | None = None) -> Path:
    """Write `report.html` of a finished run or of a sweep: one page, offline, with its figures inside.

    Args:
        of: The run or sweep, its name or its folder.
        question: What is asked of a sweep: threshold, yield, parameter.

    Returns:
        The path of the page.

    Raises:
        PhotonicsError: where the run is not finished or the sweep has measured nothing, for an unknown metric, and
            where files are damaged or cannot be written.
    """
    if isinstance(of, Run):
        return run_report(of)
    if isinstance(of, SweepResult):
        return _report_sweep(of, question)
    folder = sweep_folder(of)
    return run_report(find_run(of)) if folder is None else _report_sweep(read_result(folder), question)


def _report_sweep(result: SweepResult, question: Question | None) -> Path:
    plan, made = Plan.read(result.path), result.conditions[0]
    told = [(name, str(value)) for name, value in made.items() if name not in _LEFT_OUT and value]
    path = result.path / "report.html"
    sweep_report(
        result,
        path,
        card=parse_card(plan.job.card, where=str(result.path)),
        command=str(made.get("command", "")),
        reproduce=[("seed", str(plan.job.seed)), ("plan, sha256", plan.digest[:16]), *told],
        question=question,
    )
    return path
