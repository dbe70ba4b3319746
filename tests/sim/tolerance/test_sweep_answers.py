"""Yields, what they require, against chips whose critical values are known."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from photonics_sim.errors import PhotonicsError
from photonics_sim.sweeps import SweepResult
from photonics_sim.tolerance import binomial_interval, goal_of, names_of, required, words_of, yield_curve
from tests.sim.tolerance.sweep_cases import BITS, ERROR, LOSS, critical, failing, swept, tolerances

FIVE = np.linspace(0, 1, 5)


def drawn(chips: int, seed: int = 0) -> Any:
    """Critical values of the chips of `critical`, rising."""
    return np.sort(np.random.default_rng(seed).random(chips))


@pytest.mark.parametrize("seen", [1, 7, 50, 400])
def test_binomial_intervals_are_those_of_scipy(seen: int) -> None:
    good = np.unique(np.linspace(0, seen, 12).astype(int))
    low, high = binomial_interval(good, seen)
    for k, a, b in zip(good, low, high, strict=True):
        exact = binomtest(int(k), seen).proportion_ci(0.95, method="exact")
        assert (a, b) == pytest.approx((exact.low, exact.high), abs=1e-12)
    assert [end.tolist() for end in binomial_interval(0, 0)] == [0, 1]


def test_a_yield_is_the_share_of_chips_up_to_their_critical_value() -> None:
    curve = yield_curve(critical([0, 0.5, 0.25], chips=40))
    np.testing.assert_array_equal(curve.x, [0, 0.25, 0.5])
    np.testing.assert_array_equal(curve.good, [(drawn(40) >= x).sum() for x in curve.x])
    np.testing.assert_allclose(curve.share, curve.good / 40)
    assert (curve.low < curve.share).all()
    inside = [np.interp(1, [0, 1], [a, b]) for a, b in zip(curve.between.start, curve.between.end, strict=True)]
    np.testing.assert_array_equal(curve.between.good, [(drawn(40) >= x - 1e-12).sum() for x in inside])


@pytest.mark.parametrize("rising", [False, True])
@pytest.mark.parametrize("chips", [40, 50, 1001])
def test_the_requirement_is_the_chip_that_still_has_to_be_good(rising: bool, chips: int) -> None:
    found = required(critical(FIVE, chips, rising=rising), yield_=0.9)
    values, bad = drawn(chips), int(np.floor(0.1 * chips + 1e-9))
    limit = found.lower if rising else found.upper
    assert limit is not None
    assert limit.value == pytest.approx(values[-1 - bad] if rising else values[bad], abs=1e-12)
    assert (found.upper is None) == rising
    assert (found.lower is None) != rising


def test_with_many_chips_it_is_the_quantile_and_the_interval_closes_in() -> None:
    limit = required(critical(FIVE, 50_000)).upper
    assert limit is not None
    assert limit.value == pytest.approx(0.1, abs=0.006)
    assert limit.proven == pytest.approx(0.1, abs=0.009)
    assert limit.refuted == pytest.approx(0.1, abs=0.009)


def test_logistic_chips_on_a_fine_grid_are_found_where_they_cross() -> None:
    x = np.linspace(0, 1, 401)
    result = swept({ERROR: x}, lambda at, own: 1 / (1 + np.exp((at[ERROR] - own) / 0.05)), chips=100, threshold=0.5)
    limit = required(result).upper
    assert limit is not None
    assert limit.value == pytest.approx(drawn(100)[10], abs=1e-4)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    chips, repeats, hits = 200, 300, 0
    for seed in range(repeats):
        limit = required(critical(FIVE, chips, seed=seed)).upper
        assert limit is not None
        assert limit.proven is not None
        assert limit.refuted is not None
        hits += limit.proven <= 0.1 <= limit.refuted
    low, high = binomial_interval(np.arange(chips + 1), chips)
    expected = binom.pmf(np.arange(chips + 1), chips, 0.9)[(low <= 0.9) & (high >= 0.9)].sum()
    assert 0.92 <= hits / repeats <= 0.985
    assert hits / repeats == pytest.approx(expected, abs=0.03), "that of the binomial interval at a yield of 90 %"


@pytest.mark.parametrize("seed", range(25))
def test_any_chips_agree_with_a_search_by_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.sort(rng.random(6))
    walks = 0.6 - 0.25 * np.arange(6)[:, None] + np.cumsum(rng.normal(0, 0.3, (6, 40)), axis=0)
    result = swept({ERROR: x}, lambda at, own: walks, chips=40, threshold=0)
    found = required(result, yield_=0.8)
    fine = np.linspace(x[0], x[-1], 20_001)
    good = np.array([np.interp(fine, x, chip) >= -1e-12 for chip in walks.T]).sum(axis=0)
    if found.outcome == "nowhere":
        assert (walks >= 0).sum(axis=1).max() < 0.8 * 40
    elif found.lower is None:
        short = np.flatnonzero(good < 0.8 * 40)
        assert found.upper is not None
        assert found.upper.value == pytest.approx(fine[short[0]], abs=2e-4)


def test_the_sentence_says_value_interval_place_and_criterion() -> None:
    found = required(tolerances(), "error_rad", fixed={"loss_db": "0.1"})
    assert found.sentence() == (
        "yield 90 % needs splitter error <= 0.0155 rad (95 % interval 0.0152 to 0.0157) at splitter loss = 0.1 dB; "
        "a chip is good with fidelity >= 0.95"
    )
    assert found.limits() == "<= 0.0155 rad (95 % interval 0.0152 to 0.0157)"
    assert found.notes == (
        "Between 0.015 rad and 0.02 rad, which were swept, each chip is followed in a straight line.",
    )
    unsaid = required(tolerances()).notes[0]
    assert unsaid == "Held at the first value that was swept: splitter loss = 0 dB. Others can be fixed instead."


def test_a_yield_that_never_falls_holds_up_to_the_end() -> None:
    found = required(tolerances(), LOSS)
    assert found.outcome == "everywhere"
    assert "yield 90 % holds for splitter loss up to 0.5 dB, the largest that was swept" in found.sentence()
    assert "(100 % there, 95 % interval 92.9 to 100 %) at splitter error = 0 rad" in found.sentence()
    few = required(critical([0, 0.11], 60, seed=3)).sentence()
    assert "(90 % there, 95 % interval 79.5 to 96.2 %, proven up to 0.03 rad)" in few
    rising = required(critical([1.5, 2, 3], rising=True))
    assert "holds for splitter error down to 1.5 rad, the smallest that was swept" in rising.sentence()


def test_a_yield_that_is_never_reached_says_what_is_best() -> None:
    found = required(critical([0.5, 0.7, 0.9], 200))
    best = 100 * (drawn(200) >= 0.5).mean()
    assert found.outcome == "nowhere"
    assert f"not reached at any splitter error that was swept; the best is {best:.3g} % at 0.5 rad" in found.sentence()
    assert not found.limits()


def test_a_window_is_limited_on_both_sides() -> None:
    window = {"laser.wavelength_nm": np.linspace(1540, 1560, 11)}
    result = swept(window, lambda at, own: 5 + own - abs(at["laser.wavelength_nm"] - 1550), chips=100, threshold=0)
    found = required(result)
    assert found.lower is not None
    assert found.upper is not None
    assert found.upper.value == pytest.approx(1555 + drawn(100)[10])
    assert found.lower.value == pytest.approx(1545 - drawn(100)[10])
    assert "needs laser wavelength >= 1544.89 nm (95 % interval" in found.sentence()
    assert ") and <= 1555.11 nm (95 % interval" in found.sentence()


def test_a_yield_that_comes_back_is_said_and_the_first_fall_counts() -> None:
    result = swept({ERROR: [0.0, 1, 2, 3]}, lambda at, own: np.where(at[ERROR] == 1, -1.0, 1.0) + 0 * own, threshold=0)
    found = required(result)
    assert found.again
    assert found.upper is not None
    assert found.upper.value == pytest.approx(0.5)
    assert "not steady: it is reached again farther out" in found.sentence()
    assert not required(tolerances()).again


def test_few_chips_leave_the_interval_open() -> None:
    found = required(critical(FIVE, 20))
    assert found.upper is not None
    assert found.upper.proven is None
    assert "(95 % interval below" in found.sentence()
    assert "20 chips cannot prove a yield of 90 %: it takes 36, all of them good." in found.notes
    assert "(95 % interval above" in required(critical(FIVE, 20, rising=True)).sentence()
    end = required(critical([0, 0.13], 60, seed=3))
    assert end.upper is not None
    assert end.upper.refuted is None
    assert "(95 % interval above" in end.sentence()
    assert "with so few chips, no 95 % interval" in required(critical([0, 0.5], 2, seed=3), yield_=0.8).sentence()


def test_whole_numbers_are_rounded_to_the_good_side() -> None:
    result = swept({BITS: np.array([4, 6, 8])}, lambda at, own: at[BITS] - 4 - own, chips=100, threshold=0.4)
    found = required(result)
    assert found.lower is not None
    assert found.lower.value == 6
    assert "needs detector adc >= 6 bit (the 95 % interval holds no other)" in found.sentence()
    fewer = swept({BITS: np.array([4, 6, 8])}, lambda at, own: 7.4 - at[BITS] + 0 * own, chips=100, threshold=0)
    assert required(fewer).upper.value == 7  # type: ignore[union-attr]


def test_values_swept_by_factors_are_followed_in_their_logarithm() -> None:
    noise = "detector.noise_na"
    result = swept(
        {noise: np.geomspace(1, 1e4, 3)}, lambda at, own: own - np.log10(at[noise]) / 4, chips=50, threshold=0
    )
    assert required(result).upper.value == pytest.approx(10 ** (4 * drawn(50)[5]))  # type: ignore[union-attr]


def test_thresholds_say_where_they_come_from() -> None:
    result = tolerances()
    assert goal_of(result, None, None).threshold_from == "usual for fidelity"
    assert goal_of(result, None, 0.9).threshold_from == "as asked for"
    plain = swept({ERROR: [1.0, 2.0]}, lambda at, own: at[ERROR] + 0 * own, threshold=None)
    assert (goal_of(plain, None, None).threshold, goal_of(plain, None, None).threshold_from) == (
        pytest.approx(1.96),
        "98 % of the best point's mean",
    )
    loss = swept({ERROR: [1.0, 2.0]}, lambda at, own: at[ERROR] + 0 * own, threshold=None, higher_is_better=False)
    assert goal_of(loss, None, None).threshold == pytest.approx(1 / 0.98)
    np.testing.assert_array_equal(yield_curve(loss).share, [1, 0])
    assert str(goal_of(loss, None, 2)) == "fidelity <= 2"


def test_failed_chips_are_no_good_ones_and_missing_ones_are_left_out() -> None:
    whole = critical(FIVE, 50)
    good = int(np.argmax(whole.values["fidelity"][1]))
    curve = yield_curve(failing(whole, [(0, 3), (1, good)]))
    assert (curve.failed.tolist(), curve.seen.tolist()) == ([1, 1, 0, 0, 0], [50] * 5)
    assert curve.good[0] == 49
    assert curve.good[1] == (drawn(50) >= 0.25).sum() - 1
    assert "2 trials that gave no number count as chips that are not good." in curve.notes
    fewer = yield_curve(failing(whole, [(0, 3)], status=0))
    assert (fewer.missing.tolist(), fewer.seen[0], fewer.failed.sum()) == ([1, 0, 0, 0, 0], 49, 0)
    assert fewer.share[0] == 1
    assert "1 trial of this curve not made yet, and left out." in fewer.notes


def test_a_value_that_nobody_has_tried_yet_is_bridged() -> None:
    whole = critical(FIVE, 50)
    partial = failing(whole, [(1, chip) for chip in range(50)], status=0)
    assert np.isnan(yield_curve(partial).share[1])
    assert required(partial).upper.value == pytest.approx(drawn(50)[5])  # type: ignore[union-attr]
    assert yield_curve(partial).to_dict()["share"][1] is None


def test_chips_that_fail_from_a_value_on_are_lost_right_behind_the_one_before() -> None:
    broken = failing(swept({ERROR: FIVE}, lambda at, own: 1 + 0 * own), [(2, chip) for chip in range(50)])
    limit = required(broken).upper
    assert limit is not None
    assert (limit.value, limit.proven, limit.refuted) == (0.25, 0.25, 0.25)


def test_order_of_values_and_of_chips_does_not_matter() -> None:
    forth = tolerances()
    back = swept({ERROR: np.linspace(0.05, 0, 11), LOSS: [0.0]}, lambda at, own: 1 - (120 + 70 * own) * at[ERROR] ** 2)
    assert required(back).limits() == required(forth, fixed={LOSS: 0}).limits()
    shuffled = replace(forth, values={"fidelity": forth.values["fidelity"][:, ::-1]})
    assert required(shuffled).sentence() == required(forth).sentence()


def test_in_a_zip_the_other_parameters_come_along() -> None:
    axes = {ERROR: [0.02, 0.0, 0.01], LOSS: [0.2, 0.0, 0.1]}
    curve = yield_curve(swept(axes, lambda at, own: 1 - 5 * at[ERROR] + 0 * own, design="zip"))
    np.testing.assert_allclose(curve.mean, [1, 0.95, 0.9])
    assert curve.notes == ("Changed along with splitter error: splitter loss.",)


def test_answers_can_be_written_as_json() -> None:
    for result in (tolerances(), critical(FIVE, 20, rising=True), critical([0.5, 0.9], 20)):
        table = json.loads(json.dumps(required(result).to_dict(), allow_nan=False))
        assert table["sentence"].startswith("yield 90 %")
        assert len(table["curve"]["share"]) == len(result.axes[0].values)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (ERROR, "splitter error"),
        ("mesh.splitter.splitter_error_rad", "splitter error"),
        ("mesh.waveguide_loss_db_per_cm", "mesh waveguide loss"),
        ("modulator.phase_bits", "modulator phase"),
        ("bits", "bits"),
        ("training.epochs", "training epochs"),
    ],
)
def test_paths_in_words(path: str, words: str) -> None:
    assert words_of(path) == words


def test_names_say_as_many_tables_as_tell_them_apart() -> None:
    axes = swept({"in.splitter.loss_db": [1], "out.splitter.loss_db": [1]}, lambda at, own: own).axes
    assert list(names_of(axes).values()) == ["in splitter loss", "out splitter loss"]


def nobody(result: SweepResult) -> SweepResult:
    return failing(result, np.ndindex(result.status.shape), status=0)


@pytest.mark.parametrize(
    ("result", "options", "message"),
    [
        (tolerances(5), {"yield_": 90}, r"yield is 90; .* did you mean 0\.9\?"),
        (tolerances(5), {"yield_": 0}, "a share of good chips between 0 and 1"),
        (tolerances(5), {"metric": "fidelty"}, "no fidelty; did you mean fidelity"),
        (tolerances(5), {"parameter": "mesh.spliter.error_rad"}, r"was not varied; did you mean mesh\.splitter"),
        (tolerances(5), {"fixed": {LOSS: 0.15}}, r"loss_db = 0\.15 was not swept; fix it at one of 0, 0\.1, 0\.2"),
        (tolerances(5), {"fixed": {LOSS: "much"}}, "loss_db = much was not swept"),
        (tolerances(5), {"parameter": ERROR, "fixed": {ERROR: 0}}, "is the parameter itself"),
        (tolerances(5), {"threshold": np.nan}, "threshold is nan; give the fidelity that a good chip reaches"),
        (tolerances(5, [0.1]), {"parameter": LOSS}, r"holds one value, 0\.1 dB"),
        (swept({"mesh.topology": ["a", "b"]}, lambda at, own: own), {}, "varies no number over several values"),
        (swept({"mesh.topology": ["a", "b"]}, lambda at, own: own), {"parameter": "topology"}, "holds words"),
        (swept({ERROR: FIVE}, lambda at, own: own, design="sobol"), {}, "is a sobol sample: .* sweep a grid"),
        (swept({ERROR: [0, 0]}, lambda at, own: own, design="zip"), {}, "swept twice"),
        (swept({ERROR: [0, 1], LOSS: [0, 1]}, lambda at, own: own, design="zip"), {"fixed": {LOSS: 0}}, "in a zip"),
        (swept({ERROR: FIVE}, lambda at, own: own, higher_is_better=None), {}, "better neither high nor low"),
        (swept({ERROR: FIVE}, lambda at, own: -own, threshold=None), {}, "no usual threshold.*give threshold="),
        (nobody(tolerances(5)), {}, "no chip has been tried at two values .* resume"),
        (nobody(swept({ERROR: FIVE}, lambda at, own: own, threshold=None)), {}, "has no number for fidelity yet"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_says_why(result: SweepResult, options: dict[str, Any], message: str) -> None:
    with pytest.raises(PhotonicsError, match=message):
        required(result, **options)
