"""What `relax_orderings.py` reads from its cells: paired differences, verdicts on the claims, acceptance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from _relax_cells import Cell, Cells

BANKS, LAYERS = (1, 2, 4, 8), (1, 2, 4, 8, 16)
FAMILIES = {"reuse": ((2, 4), (2, 8), (4, 8)), "RNN": ((1, 2), (1, 4), (1, 8)), "DNN": ((2, 2), (4, 4), (8, 8))}
BUDGETS = (("shk", 80_000, True), ("shk", 8_320, False), ("fm", 12_000, True))  # task, parameters, with projections
CLAIMS = {
    "a1": "another bank helps",
    "a2": "each doubling of banks helps less",
    "b": "repetition helps at no parameters",
    "c": "too large L_T degrades",
    "d1": "reuse beats RNN, equal parameters",
    "d2": "reuse beats DNN, equal parameters",
}
Scores = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Difference:
    """Of two cells, seed by seed; `claimed` is the sign that the claim asks for."""

    claim: str
    task: str
    label: str
    values: tuple[float, ...]
    claimed: int = -1

    @property
    def mean(self) -> float:
        return float(np.mean(self.values))

    @property
    def error(self) -> float:
        return standard_error(np.array(self.values))

    @property
    def outcome(self) -> str:
        """A difference of seeds that are all alike, or of a single seed, decides nothing."""
        beyond = self.claimed * self.mean / (2 * self.error) if self.error > 0 else 0.0
        return "as claimed" if beyond > 1 else "against" if beyond < -1 else "open"

    @property
    def seeds(self) -> str:
        return f"{sum(self.claimed * value > 0 for value in self.values)} of {len(self.values)}"


def standard_error(values: Scores) -> float:
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def verdict(differences: list[Difference]) -> tuple[str, str]:
    """Confirmed, refuted or conditional, and how many comparisons there are of each outcome."""
    outcomes = [difference.outcome for difference in differences]
    count = {outcome: outcomes.count(outcome) for outcome in ("as claimed", "open", "against")}
    told = ", ".join(f"{n} {outcome}" for outcome, n in count.items() if n)
    if count["as claimed"] == len(outcomes):
        return "confirmed", told
    return ("refuted" if count["against"] and not count["as claimed"] else "conditional"), told


class Study:
    """What is read from the cells."""

    def __init__(self, cells: Cells) -> None:
        self.cells, self.tasks = cells, cells.tasks
        self.budgets = [budget for budget in BUDGETS if budget[0] in self.tasks]
        self.grid = [Cell(t, w, n) for t in self.tasks for w in BANKS for n in LAYERS if n >= w]
        self.stream = [Cell("shk", w, 4, stream=True) for w in (1, 2, 4)] if "shk" in self.tasks else []
        wanted = dict.fromkeys(self.grid, True) | dict.fromkeys(self.stream, False)
        for budget in self.budgets:
            for family in FAMILIES:
                wanted |= {cell: wanted.get(cell, False) for cell in self.members(budget, family)}
        cells.fill(wanted)

    def members(self, budget: tuple[str, int, bool], family: str) -> list[Cell]:
        task, parameters, total = budget
        return [Cell(task, w, n, self.tasks[task].width_for(w, parameters, total=total)) for w, n in FAMILIES[family]]

    def scores(self, cell: Cell, what: str = "test") -> Scores:
        return np.array(self.cells[cell][what])

    def deployed(self, cell: Cell, what: str) -> Scores:
        return np.array(self.cells[cell]["deployed"][what])

    def best(self, cells: list[Cell]) -> Cell:
        """By the mean score on validation."""
        return min(cells, key=lambda cell: float(self.scores(cell, "validation").mean()))

    def between(self, claim: str, label: str, second: Cell, first: Cell, claimed: int = -1) -> Difference:
        values = self.scores(second) - self.scores(first)
        return Difference(claim, second.task, label, tuple(values.tolist()), claimed)

    def differences(self) -> Iterator[Difference]:
        for task in self.tasks:
            yield from self._banks(task)
            for w in BANKS:
                label = f"L_T {2 * w} - {w}, L_W = {w}"
                yield self.between("b", label, Cell(task, w, 2 * w), Cell(task, w, w))
            for w in BANKS[:-1]:
                best = self.best([Cell(task, w, n) for n in LAYERS[:-1] if n >= w])
                yield self.between("c", f"L_T 16 - {best.layers}, L_W = {w}", Cell(task, w, 16), best, 1)
        for budget in self.budgets:
            reuse = self.best(self.members(budget, "reuse"))
            for claim, family in (("d1", "RNN"), ("d2", "DNN")):
                yield self.between(claim, told(budget), reuse, self.best(self.members(budget, family)))

    def _banks(self, task: str) -> Iterator[Difference]:
        for n in LAYERS[1:]:
            gains = []
            for few, many in pairwise(BANKS):
                if many <= n:
                    gain = self.between("a1", f"L_W {many} - {few}, L_T = {n}", Cell(task, many, n), Cell(task, few, n))
                    gains.append((f"{many} - {few}", gain))
                    yield gain
            for (before, first), (after, second) in pairwise(gains):
                values = tuple(b - a for a, b in zip(first.values, second.values, strict=True))
                yield Difference("a2", task, f"({after}) - ({before}), L_T = {n}", values, 1)


def told(budget: tuple[str, int, bool]) -> str:
    return f"{budget[1]:,} {'in all' if budget[2] else 'in banks'}".replace(",", " ")


def acceptance(study: Study) -> Iterator[tuple[str, str, float, str, float]]:
    """Test, what is measured, its value, and how it has to lie to which bound."""

    def change(second: Cell, first: Cell, what: str = "test") -> float:
        if what != "test":
            return float((study.deployed(second, what) - study.deployed(first, what)).mean())
        return float((study.scores(second) - study.scores(first)).mean())

    def rise(cell: Cell, what: str) -> float:
        return float((study.deployed(cell, what) - study.deployed(cell, "clean")).mean())

    if "shk" in study.tasks:
        one, two, twice, four = (Cell("shk", w, n) for w, n in ((1, 1), (1, 2), (2, 2), (2, 4)))
        yield "1", "shk (1,2) - (1,1), bits", change(two, one), "<", 0
        yield "1", "shk (2,4) - (2,2), bits", change(four, twice), "<=", -0.010
        yield "1", "shk (2,2) - (1,2), bits", change(twice, two), "<=", -0.025
        yield "1", "shk (1,16) - (1,2), bits", change(Cell("shk", 1, 16), two), ">=", 0.05
        yield "1", "shk (2,4), bits/char", float(study.scores(four).mean()), ">=", 2.90
        yield "1", "shk (2,4), bits/char", float(study.scores(four).mean()), "<=", 3.05
        yield "4", "shk (2,4), rise at 5 % static, bits", rise(four, "static 5%"), "<", 0.01
        yield "4", "shk (2,2), rise at 5 % static, bits", rise(twice, "static 5%"), "<", 0.01
        yield "4", "shk (2,4) - (2,2) at 5 % static, bits", change(four, twice, "static 5%"), "<", 0
        yield "5", "shk stream L_W 2 - 1, bits", change(study.stream[1], study.stream[0]), "<=", -0.015
        yield "5", "shk stream L_W 4 - 2, bits", change(study.stream[2], study.stream[1]), "<=", -0.008
    if "fm" in study.tasks:
        first, second = ([*study.cells[Cell("fm", 1, n)]["tried"]["0.01"]["test"]] for n in (1, 2))
        yield "3", "fm (1,2) - (1,1) at rate 1e-2, points", float(np.subtract(second, first).mean()), "<=", -0.2
        deep = Cell("fm", 1, 16)
        ratio = rise(deep, "static 20%") / rise(deep, "fresh 20%")
        yield "4", "fm (1,16), static over fresh rise at 20 %", ratio, ">", 2


def holds(value: float, relation: str, bound: float) -> bool:
    return {"<": value < bound, "<=": value <= bound, ">": value > bound, ">=": value >= bound}[relation]
