"""Influences against functions whose influences are known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import qmc, sobol_indices, t

from photonics_sim.errors import PhotonicsError
from photonics_sim.sweeps import SweepResult
from photonics_sim.tolerance import Influence, sensitivity
from tests.sim.tolerance.sweep_cases import ERROR, LOSS, Measure, failing, swept


def by_name(result: SweepResult) -> dict[str, Influence]:
    return {one.path: one for one in sensitivity(result)}


def ishigami(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of `(3, n)`, each -pi .. pi."""
    return np.asarray(np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0]))


def measured_ishigami(at: dict[str, NDArray[np.float64]], own: NDArray[np.float64]) -> NDArray[np.float64]:
    return ishigami(np.stack([at[name] for name in "abc"])) + (own - own.mean())


def saltelli(base: int, measure: Measure = measured_ishigami, chips: int = 2) -> SweepResult:
    """A, B, then A with each column of B."""
    unit = qmc.Sobol(6, rng=np.random.default_rng(1)).random(base)
    a, b = np.pi * (2 * unit[:, :3] - 1), np.pi * (2 * unit[:, 3:] - 1)
    mixed = [np.where(np.arange(3) == column, b, a) for column in range(3)]
    points = np.concatenate([a, b, *mixed]).T
    return swept(dict(zip("abc", points, strict=True)), measure, design="saltelli", chips=chips, threshold=None)


def test_ranges_of_a_linear_function_are_exact() -> None:
    axes = {ERROR: [0, 1, 2], LOSS: [3.0, 5.0], "mesh.topology": ["reck", "clements"], "laser.power_mw": [7]}
    result = swept(
        axes, lambda at, own: 20 - (2 + own) * at[ERROR] - at[LOSS] + 0.5 * (at["mesh.topology"] == "clements"), chips=9
    )
    found = by_name(result)
    assert list(found) == [ERROR, LOSS, "mesh.topology"]
    own = np.random.default_rng(0).random(9)
    error = found[ERROR]
    assert error.size == pytest.approx(2 * (2 + own.mean()))
    assert error.means == pytest.approx((17.5 - 2 * (2 + own.mean()), 17.5))
    assert error.settings == (2, 0)
    half = t.isf(0.025, 8) * (2 * own).std(ddof=1) / 3
    assert (error.low, error.high) == pytest.approx((error.size - half, error.size + half))
    assert (found[LOSS].size, found[LOSS].low, found[LOSS].high) == pytest.approx((2, 2, 2))
    assert found["mesh.topology"].settings == ("reck", "clements")
    assert found["mesh.topology"].words == "mesh topology"


def test_the_others_stay_at_the_best_point() -> None:
    result = swept({ERROR: [0, 1], LOSS: [0, 1]}, lambda at, own: -at[ERROR] * at[LOSS] + 0 * own)
    assert [one.size for one in sensitivity(result)] == [0, 0]
    lower = swept({ERROR: [0, 1], LOSS: [0, 1]}, lambda at, own: at[ERROR] * (3 - at[LOSS]), higher_is_better=False)
    assert by_name(lower)[ERROR].size == pytest.approx(3)


def test_chips_without_a_number_are_no_part_of_a_difference() -> None:
    result = swept({ERROR: [0, 1]}, lambda at, own: at[ERROR] * (1 + own), chips=5)
    own = np.random.default_rng(0).random(5)
    (one,) = sensitivity(failing(result, [(0, 0), (1, 4)]))
    assert one.size == pytest.approx(1 + own[1:4].mean())
    (single,) = sensitivity(swept({ERROR: [0, 1]}, lambda at, own: at[ERROR] + 0 * own, chips=1))
    assert single.size == 1
    assert np.isnan(single.low), "one chip does not say how far chips differ"


def test_sobol_indices_of_the_ishigami_function() -> None:
    found = by_name(saltelli(4096))
    variance = 0.5 + 49 / 8 + 0.1 * np.pi**4 / 5 + 0.01 * np.pi**8 / 18
    first = {"a": 0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2, "b": 49 / 8, "c": 0.0}
    both = 0.01 * np.pi**8 * (1 / 18 - 1 / 50)
    for name, one in found.items():
        total = (first[name] + (0 if name == "b" else both)) / variance
        assert one.first == pytest.approx(first[name] / variance, abs=0.02)
        assert one.size == pytest.approx(total, abs=0.02)
        assert one.low <= total <= one.high
        assert one.high - one.low < 0.1
    assert [one.path for one in sensitivity(saltelli(512))] == ["a", "b", "c"]


def test_sobol_indices_are_those_of_scipy() -> None:
    result = saltelli(64, chips=1)
    pages = result.values["fidelity"][:, 0].reshape(5, 1, 64)
    theirs = sobol_indices(func={"f_A": pages[0], "f_B": pages[1], "f_AB": pages[2:]}, n=64)
    found = by_name(result)
    assert [found[name].first for name in "abc"] == pytest.approx(theirs.first_order.tolist(), abs=1e-12)
    assert [found[name].size for name in "abc"] == pytest.approx(theirs.total_order.tolist(), abs=1e-12)
    spread = theirs.bootstrap(n_resamples=999).total_order.confidence_interval
    ours = np.array([found[name].high - found[name].low for name in "abc"])
    np.testing.assert_allclose(ours, spread.high - spread.low, rtol=0.5)


def test_the_order_of_the_points_is_the_one_that_scipy_documents() -> None:
    seen: list[NDArray[np.float64]] = []

    def record(x: NDArray[np.float64]) -> NDArray[np.float64]:
        seen.append(x)
        return ishigami(x)

    from scipy.stats import uniform

    theirs = sobol_indices(func=record, n=64, dists=[uniform(-np.pi, 2 * np.pi)] * 3, rng=np.random.default_rng(2))
    a, b, _ = seen
    points = np.concatenate([a, b, *(np.where(np.arange(3)[:, None] == i, b, a) for i in range(3))], axis=1)
    result = swept(dict(zip("abc", points, strict=True)), measured_ishigami, design="saltelli", chips=1)
    found = by_name(result)
    assert [found[name].size for name in "abc"] == pytest.approx(theirs.total_order.tolist(), abs=1e-12)


def test_a_base_point_that_failed_is_dropped_whole() -> None:
    whole = saltelli(64, chips=1)
    broken = failing(whole, [(64 * 3 + 5, 0)])
    kept = np.delete(whole.values["fidelity"].reshape(5, 64), 5, axis=1)
    total = 0.5 * ((kept[0] - kept[2:]) ** 2).mean(axis=1) / kept[:2].var()
    found = by_name(broken)
    assert [found[name].size for name in "abc"] == pytest.approx(total.tolist())
    with pytest.raises(PhotonicsError, match=r"3 of 64 base points have all their numbers.*resume"):
        sensitivity(failing(whole, [(point, 0) for point in range(3, 64)], status=0))


def test_points_in_another_order_are_refused() -> None:
    whole = saltelli(64)
    points = {name: np.roll(column, 1) for name, column in whole.points.items()}
    with pytest.raises(PhotonicsError, match="A, B, then A with each column of B"):
        sensitivity(SweepResult(**{**vars(whole), "points": points}))


def test_nothing_moves_a_constant() -> None:
    assert [one.size for one in sensitivity(saltelli(16, lambda at, own: 3 + 0 * own))] == [0, 0, 0]


@pytest.mark.parametrize("design", ["latin-hypercube", "sobol"])
def test_shares_of_an_additive_function(design: str) -> None:
    unit = qmc.LatinHypercube(3, rng=np.random.default_rng(4)).random(512).T
    result = swept(
        {ERROR: unit[0], LOSS: unit[1], "idle": unit[2]},
        lambda at, own: 3 * at[ERROR] + 8 * (at[LOSS] - 0.5) ** 2 + 0 * own,
        design=design,
    )
    parts = np.array([9 / 12, 64 / 180])  # variances; the second is no monotone function
    found = by_name(result)
    assert [found[ERROR].size, found[LOSS].size] == pytest.approx((parts / parts.sum()).tolist(), abs=0.05)
    assert found["idle"].size < 0.03
    assert list(found) == [ERROR, LOSS, "idle"]
    for one in found.values():
        assert 0 <= one.low <= one.size <= one.high <= 1


def test_shares_of_words_and_whole_numbers_go_by_their_values() -> None:
    rng = np.random.default_rng(0)
    words, bits = rng.choice(["reck", "clements", "butterfly"], 300), rng.integers(4, 6, 300)
    result = swept(
        {"mesh.topology": words, "adc_bits": bits},
        lambda at, own: (at["mesh.topology"] == "reck") + 0 * at["adc_bits"] + 0 * own,
        design="latin-hypercube",
    )
    found = by_name(result)
    assert found["mesh.topology"].size == pytest.approx(1)
    assert found["adc_bits"].size < 0.05


def test_a_zip_whose_parameters_change_together_is_refused() -> None:
    x = np.linspace(0, 1, 20)
    with pytest.raises(PhotonicsError, match="change together in this zip"):
        sensitivity(swept({ERROR: x, LOSS: 2 * x}, lambda at, own: own, design="zip"))
    apart = {ERROR: x, LOSS: np.random.default_rng(0).permutation(x)}
    assert by_name(swept(apart, lambda at, own: at[LOSS] + 0 * own, design="zip"))[LOSS].size > 0.7
    (alone,) = sensitivity(swept({ERROR: x}, lambda at, own: at[ERROR] + own, design="zip"))
    assert (alone.kind, alone.size) == ("range", pytest.approx(1))


def test_influences_can_be_written_as_json_and_too_little_is_said() -> None:
    ranges = swept({ERROR: [0, 1]}, lambda at, own: at[ERROR] + own, chips=1)
    for result in (saltelli(16), ranges):
        for one in sensitivity(result):
            assert json.loads(json.dumps(one.to_dict(), allow_nan=False))["kind"] == one.kind
    with pytest.raises(PhotonicsError, match="influences need at least 8"):
        sensitivity(swept({"a": [0, 1, 2], "b": [0, 2, 1]}, lambda at, own: own, design="sobol"))
    with pytest.raises(PhotonicsError, match="varies nothing over several values"):
        sensitivity(swept({ERROR: [0]}, lambda at, own: own))
