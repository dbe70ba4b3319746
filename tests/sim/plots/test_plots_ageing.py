"""Scores against the age of the weights: means and ranges by hand, and a place for age 0 on a logarithmic scale."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from plot_cases import aged

from photonics_sim import plots
from photonics_sim.errors import PhotonicsError
from photonics_sim.plots import plot_ageing
from photonics_sim.plots._style import BLUE, VERMILION

HOURS = [0, 1, 10, 1000]


def legend(figure: plots.Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def test_means_stand_at_the_logarithm_of_their_age_and_age_0_before_it() -> None:
    figure = plot_ageing(HOURS, {"chips": aged()}, "classification")
    (ax,) = figure.axes
    x, y = ax.lines[0].get_data()
    np.testing.assert_allclose(x[1:], [0, 1, 3])
    assert x[0] < x[1]
    np.testing.assert_allclose(y, [96, 95, 90, 70])
    ticks = dict(zip([tick.get_text() for tick in ax.get_xticklabels()], ax.get_xticks(), strict=True))
    assert list(ticks) == ["at once", "1", "10", "1000"]
    np.testing.assert_array_equal(list(ticks.values()), x)
    np.testing.assert_array_equal(ax.lines[1].get_xdata(), x[1:])
    np.testing.assert_array_equal(ax.lines[2].get_xdata(), x[:2])
    assert ax.lines[2].get_linestyle() != ax.lines[1].get_linestyle()
    assert ax.get_ylabel() == "test accuracy (%)"
    assert ax.get_xlabel().endswith("(h)")


@pytest.mark.parametrize(
    ("chips", "share", "label"), [(5, 0, "worst to best of 5 chips"), (41, 2.5, "95 % of 41 chips")]
)
def test_the_band_holds_the_chips(chips: int, share: float, label: str) -> None:
    figure = plot_ageing(HOURS, {"chips": aged(chips)}, "regression")
    (band,) = figure.axes[0].collections
    drawn = band.get_paths()[0].vertices[:, 1]
    low, high = np.percentile(aged(chips), [share, 100 - share], axis=1)
    assert (drawn.min(), drawn.max()) == pytest.approx((low.min(), high.max()))
    assert legend(figure) == ["chips", label]


def test_several_curves_differ_in_colour_and_one_chip_has_no_band() -> None:
    figure = plot_ageing(HOURS, {"left alone": aged(), "compensated": aged() / 2}, "regression")
    (ax,) = figure.axes
    assert [line.get_color() for line in (ax.lines[0], ax.lines[3])] == [BLUE, VERMILION]
    assert legend(figure) == ["left alone", "compensated", "worst to best of 5 chips"]
    alone = plot_ageing(HOURS, {"chip": aged(1)}, "next-token")
    assert not alone.axes[0].collections
    assert legend(alone) == ["chip"]
    assert alone.axes[0].get_ylabel() == "test bits per character"


def test_without_age_0_nothing_stands_before_the_logarithm() -> None:
    (ax,) = plot_ageing([1, 10], {"chips": aged()[:2]}, "regression").axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "10"]
    assert len(ax.lines) == 2
    (ax,) = plot_ageing([0], {"chips": aged()[:1]}, "regression").axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["at once"]


def test_ticks_that_would_overlap_are_left_out_and_scores_keep_to_what_there_is() -> None:
    scores = np.array([[1.0], [0.5], [0.4], [-900.0]])
    (ax,) = plot_ageing([0, 1, 1.01, 1000], {"chip": scores}, "regression").axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["at once", "1", "1000"]
    assert ax.get_ylim() == (-1, 1)
    assert all(line.get_clip_on() for line in ax.lines)


@pytest.mark.parametrize(
    ("hours", "curves", "message"),
    [
        ([], {"a": aged()}, r"hours are \[\]; give finite ages"),
        ([-1, 1, 2, 3], {"a": aged()}, "ages that rise from 0 or more"),
        ([0, 2, 1, 3], {"a": aged()}, "ages that rise"),
        ([0, 1, 2, np.inf], {"a": aged()}, "finite ages"),
        (HOURS, {}, "no curve to draw"),
        (HOURS, {"a": aged()[:3]}, r"curve 'a' has shape \(3, 5\); expected \(4, chips\)"),
        (HOURS, {"a": aged()[:, 0]}, r"curve 'a' has shape \(4,\)"),
        (HOURS, {"a": np.ones((4, 0))}, r"shape \(4, 0\)"),
        (HOURS, {"a": np.where(aged() == aged()[2, 1], np.nan, aged())}, "'a': chip 1 scores nan at 10 hours"),
    ],
)
def test_what_cannot_be_drawn_is_named(hours: Any, curves: Any, message: str) -> None:
    with pytest.raises(PhotonicsError, match=message):
        plot_ageing(hours, curves, "classification")


def test_an_unknown_task_is_named() -> None:
    with pytest.raises(PhotonicsError, match="task is 'ranking'"):
        plot_ageing(HOURS, {"a": aged()}, "ranking")
