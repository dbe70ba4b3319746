"""What tasks are judged by, and how the numbers are said."""

from __future__ import annotations

from typing import get_args

import pytest

from photonics_sim.datasets import Task
from photonics_sim.errors import PhotonicsError
from photonics_sim.runs import measure_of


@pytest.mark.parametrize(
    ("task", "value", "shown"),
    [
        ("classification", 0.9612, "96.1 %"),
        ("regression", 0.81249, "0.812"),
        ("next-token", 2.95306, "2.953 bits/char"),
    ],
)
def test_scores_are_said_as_people_read_them(task: str, value: float, shown: str) -> None:
    assert measure_of(task).shown(value) == shown


def test_each_task_has_a_measure_with_a_name_of_its_own() -> None:
    names = {measure_of(task).name for task in get_args(Task)}
    assert names == {"accuracy", "r2", "bits_per_character"}
    better = {task: measure_of(task).higher_is_better for task in get_args(Task)}
    assert better == {"classification": True, "regression": True, "next-token": False}


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(PhotonicsError, match="task is 'ranking'; expected one of classification, regression, next-to"):
        measure_of("ranking")
