"""Which bank each layer visits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photonics_sim import LayerSchedule, PhotonicsError


@pytest.mark.parametrize(
    ("order", "banks", "changes"),
    [
        ("cyclic", (0, 1, 2, 0, 1, 2, 0), 6),
        ("blocked", (0, 0, 0, 1, 1, 2, 2), 3),
        ("palindrome", (0, 1, 2, 2, 1, 0, 0), 4),
        ((2, 1, 0, 0, 0, 0, 1), (2, 1, 0, 0, 0, 0, 1), 4),
    ],
)
def test_orders(order: str | tuple[int, ...], banks: tuple[int, ...], changes: int) -> None:
    """Behind the last layer comes the first bank of the next sample."""
    schedule = LayerSchedule(3, 7, order)
    assert schedule.banks == banks
    assert schedule.changes_per_pass == changes
    assert sum(schedule.visits) == 7


@given(st.integers(1, 9), st.integers(0, 20), st.sampled_from(["cyclic", "blocked", "palindrome", "random"]))
def test_every_bank_is_visited_and_as_evenly_as_can_be(sets: int, more: int, order: str) -> None:
    visits = LayerSchedule(sets, sets + more, order, seed=3).visits
    assert min(visits) >= 1
    assert max(visits) - min(visits) <= (1 if order != "palindrome" else 2)


def test_a_listed_order_is_kept_as_it_is_and_can_be_hashed() -> None:
    banks = [0, 1, 0, 1]
    schedule = LayerSchedule(2, 4, banks)
    banks.append(7)
    assert schedule.order == (0, 1, 0, 1)
    assert hash(schedule) == hash(LayerSchedule(2, 4, (0, 1, 0, 1)))


def test_random_is_its_seed() -> None:
    assert LayerSchedule(5, 40, "random", seed=1).banks == LayerSchedule(5, 40, "random", seed=1).banks
    assert LayerSchedule(5, 40, "random", seed=1).banks != LayerSchedule(5, 40, "random", seed=2).banks


@pytest.mark.parametrize(
    ("sets", "layers", "order", "words"),
    [
        (5, 4, "cyclic", "weight_sets = 5, layers = 4"),
        (0, 4, "cyclic", "at least one bank"),
        (2, 4, "cylic", "did you mean cyclic"),
        (2, 3, (0, 1, 2), r"order\[2\] = 2 names a bank that does not exist"),
        (2, 3, (0, 1), "lists 2 banks for 3 layers"),
        (2, 3, (0, 0, 0), "bank 1 is never visited"),
        (2, 3, (0, 1, 0.0), "whole numbers; found 0.0"),
        (2.5, 3, "cyclic", "whole numbers; found 2.5"),
    ],
)
def test_refusals(sets: int, layers: int, order: str | tuple[int, ...], words: str) -> None:
    with pytest.raises(PhotonicsError, match=words):
        LayerSchedule(sets, layers, order)
