"""The report in the folder of a sweep."""

from __future__ import annotations

from pathlib import Path

from photonics_sim.device import parse_card
from photonics_sim.plots._sweep_report import sweep_report
from photonics_sim.sweeps import Plan, Question, SweepResult, conditions_of


def report_sweep(result: SweepResult, question: Question | None = None) -> Path:
    """Write `report.html` into the folder of a sweep.

    Raises:
        PhotonicsError: where nothing has been measured yet, for an unknown metric, or a file that cannot be written.
    """
    plan, made = Plan.read(result.path), conditions_of(result.path)[0]
    told = [
        (name, str(made[name])) for name in made if name not in {"command", "host", "machine", "dirty"} and made[name]
    ]
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
