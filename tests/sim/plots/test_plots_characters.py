"""Bits of each character: means by hand, the frequent ones first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from plot_cases import bits

from photonics_sim.errors import PhotonicsError
from photonics_sim.plots import plot_characters

NAMES = ["space", "e", "newline", "$"]


def test_bars_are_means_in_the_order_of_frequency() -> None:
    figure = plot_characters(*bits(), NAMES)
    (ax,) = figure.axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["e", "space", r"\$"]
    assert [bar.get_height() for bar in ax.patches] == pytest.approx([1.5, 2.75, 8.0])
    alone = -np.log2(np.array([3, 2, 1]) / 6)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), alone)
    entropy = (np.array([3, 2, 1]) / 6 * alone).sum()
    assert ax.get_title(loc="left") == f"3.000 bits per character ({entropy:.3f} by frequencies alone)"
    assert ">$<" in figure.svg().replace(r"\$", "$")


def test_of_a_large_vocabulary_the_most_frequent_are_drawn() -> None:
    targets = np.repeat(np.arange(100), np.arange(1, 101))
    (ax,) = plot_characters(np.ones(len(targets)), targets, [str(number) for number in range(100)]).axes
    assert len(ax.patches) == 65
    assert ax.get_xticklabels()[0].get_text() == "99"
    assert ax.get_xlabel().endswith("(65 of 100)")


@pytest.mark.parametrize(
    ("values", "targets", "message"),
    [
        (np.ones(2), np.zeros(3, dtype=int), r"bits \(2,\) and targets \(3,\)"),
        (np.ones(2), np.zeros(2), r"targets of integers"),
        (np.ones(0), np.zeros(0, dtype=int), r"must both be \(n,\)"),
        (np.ones(2), np.array([0, 4]), "from 0 to 4; there are 4 names"),
        (np.array([1, -1]), np.zeros(2, dtype=int), "negative or not finite"),
        (np.array([1, np.inf]), np.zeros(2, dtype=int), "negative or not finite"),
    ],
)
def test_what_cannot_be_drawn_is_named(values: Any, targets: Any, message: str) -> None:
    with pytest.raises(PhotonicsError, match=message):
        plot_characters(values, targets, NAMES)
