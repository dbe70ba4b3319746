"""What the examples say of a few paired seeds is decided by the numbers: both answers, and "open" between them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def paired(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import _paired  # type: ignore[import-not-found, unused-ignore]

    module: ModuleType = _paired
    return module


def test_a_difference_is_sure_beyond_its_interval_alone(paired: ModuleType) -> None:
    gap = np.array([1.0, 2.0, 3.0])  # 2 +- 0.577, and Student's 4.303 for three seeds
    assert paired.interval(gap) == pytest.approx((2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5), abs=1e-3)
    assert paired.compared(gap) == "open"
    assert paired.compared(gap + 1) == "better"
    assert paired.compared(-gap - 1) == "worse"


def test_three_seeds_without_a_difference_are_seldom_told_apart(paired: ModuleType) -> None:
    drawn = np.random.default_rng(0).normal(size=(2000, 3))
    wrong = np.mean([paired.compared(gap) != "open" for gap in drawn])
    assert 0.03 < wrong < 0.07  # 5 % by construction, 0.5 % its own error


@pytest.mark.parametrize(
    ("means", "last"),
    [
        ([0, 10, 20, 30], 3),  # rises to the end
        ([0, 10, 10.2, 10.1], 1),  # flat behind the second point
        ([0, 0, 10, 10], 2),  # a step without gain in front of one with gain ends nothing
        ([5, 5, 5, 5], 0),
        ([9, 6, 3, 0], 0),
    ],
)
def test_a_curve_ends_behind_its_last_gain(paired: ModuleType, means: list[float], last: int) -> None:
    wobble = np.array([[0.5, -0.5, 0.5, -0.5], [-0.5, 0.5, -0.5, 0.5], [0.0, 0.0, 0.0, 0.0]])
    assert paired.last_gain(np.array(means) + wobble) == last
