"""Universality from readings: planned, measured by a simulated set-up, judged."""

from __future__ import annotations

import math
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from sample_cases import Encoding, Readings, alone, bent, grid, measured, points, read, said, store, waves

from photonics_sim import load_device
from photonics_sim.analysis import check_measured, check_universality


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "points.h5"


@pytest.mark.parametrize(
    ("encoding", "inputs", "order", "verdict"),
    [
        (waves, 3, 1, "nondegenerate"),
        (waves, 2, 2, "nondegenerate"),
        (bent, 3, 1, "nondegenerate"),
        (alone, 3, 1, "inconclusive"),
        (alone, 2, 2, "inconclusive"),
    ],
)
def test_a_measurement_is_judged(file: Path, encoding: Encoding, inputs: int, order: int, verdict: str) -> None:
    report = check_measured(measured(file, encoding, inputs, order=order, repeats=3))
    assert report.verdict == verdict, str(report)
    assert report.order_proved == (order if verdict == "nondegenerate" else 0)
    assert (report.inputs, report.strength.pairs) == (inputs, 600)
    assert said(report, "noise of one reading: 0.0")
    assert report.to_dict()["verdict"] == verdict


def test_a_plan_asks_what_a_simulated_check_asks(file: Path) -> None:
    """Without noise, the share is that of the simulated check to the last digit; repeats change nothing."""
    for repeats in (2, 5):
        report = check_measured(measured(file, bent, 3, noise=0, repeats=repeats))
        wanted = check_universality(bent, 3).strength
        assert abs(report.strength.share - wanted.share) < 1e-12
        assert abs(report.strength.error - wanted.error) < 1e-12


@pytest.mark.parametrize(("encoding", "noise"), [(waves, 0.5), (bent, 0.1), (alone, 0.2)])
def test_the_interval_holds_the_truth(file: Path, encoding: Encoding, noise: float) -> None:
    truth = check_measured(measured(file, encoding, 2, noise=0, boxes=100_000)).strength.share
    strengths = [
        check_measured(measured(file, encoding, 2, noise=noise, repeats=3, seed=k)).strength for k in range(200)
    ]
    covered = np.mean([abs(one.share - truth) < 1.96 * one.error for one in strengths])
    assert 0.90 <= covered <= 0.985
    error = math.sqrt(np.mean([one.error**2 for one in strengths]) / len(strengths))
    assert abs(np.mean([one.share for one in strengths]) - truth) < 4 * error + 0.005


def test_noise_is_told_and_offsets_of_repeats_are_no_noise(file: Path) -> None:
    inputs = points(measured(file, bent, 2))
    drifted = read(bent, inputs, 0.02, 4) + np.array([0.0, 0.1, 0.2, 0.3])
    report = check_measured(store(file, outputs=drifted))
    told = next(caveat for caveat in report.caveats if caveat.startswith("noise of one reading"))
    assert abs(float(told.split(": ")[1].split()[0]) / 0.02 - 1) < 0.05
    assert said(report, "the set-up drifts")
    assert not said(check_measured(store(file, outputs=read(bent, inputs, 0.02, 4))), "drifts")


def test_the_number_of_repeats_that_is_named_decides(file: Path) -> None:
    """A coupling at two to four standard errors: with three times the repeats named it is seen, with a third not."""
    weak = lambda x: alone(x) + 0.1 * waves(x)  # noqa: E731
    z: dict[float, list[float]] = {1 / 3: [], 3.0: []}
    named = []
    for seed in range(12):
        report = check_measured(measured(file, weak, 2, noise=0.3, repeats=8, boxes=200, seed=seed))
        if report.verdict == "nondegenerate" or report.strength.z < 2:
            continue
        told = next(caveat for caveat in report.caveats if "repeats of these points" in caveat)
        repeats = int(told.split("some ")[1].split()[0].replace(",", ""))
        named.append(repeats)
        for factor, found in z.items():
            again = measured(file, weak, 2, noise=0.3, repeats=round(factor * repeats), boxes=200, seed=100 + seed)
            found.append(check_measured(again).strength.z)
    assert len(named) >= 4
    assert np.mean(np.array(z[3.0]) > 5) >= 0.75
    assert np.mean(np.array(z[1 / 3]) < 5) >= 0.75


def test_where_no_repeats_would_do_boxes_are_asked_for(file: Path) -> None:
    """Ten boxes differ too much among themselves, whatever the noise."""
    report = check_measured(measured(file, bent, 2, noise=1e-3, repeats=4, boxes=10))
    assert report.verdict == "inconclusive"
    assert said(report, "no number of repeats would decide")


def test_rows_in_any_order_are_found_again(file: Path) -> None:
    whole = check_measured(measured(file, waves, 3))
    mixed = np.random.default_rng(1).permutation(600 * 8)
    with h5py.File(file) as held:
        inputs, outputs = held["inputs"][()], held["outputs"][()]
    other = check_measured(store(file.with_name("mixed.h5"), inputs=inputs[mixed], outputs=outputs[mixed]))
    assert abs(other.strength.share - whole.strength.share) < 1e-12
    short = store(file.with_name("short.h5"), inputs=inputs[:-3].astype("f4"), outputs=outputs[:-3])
    report = check_measured(short)
    assert report.strength.pairs >= 590
    assert said(report, "belong to no whole box")


def test_inputs_that_a_converter_rounded_are_still_boxes(file: Path) -> None:
    """Boxes whose ends fall on one code have no extent and are left out."""
    path = measured(file, waves, 2)
    coarse = np.round(points(path) * 32) / 32
    with h5py.File(path, "a") as held:
        held["inputs"][...] = coarse
    report = check_measured(store(path, outputs=read(waves, coarse, 0.05, 2)))
    assert report.verdict == "nondegenerate"
    assert 550 < report.strength.pairs < 600
    assert not said(report, "grid")


def test_an_intensity_that_never_changes_decides_nothing(file: Path) -> None:
    signs = np.where(points(measured(file, bent, 2)).prod(-1) > 0, 1.0, -1.0)[:, None] + 0j
    report = check_measured(store(file, outputs=np.repeat(signs, 2, 1)), readout="intensity_sum")
    assert report.verdict == "inconclusive"


def test_a_full_grid_holds_boxes(file: Path) -> None:
    for encoding, verdict in ((waves, "nondegenerate"), (alone, "inconclusive")):
        inputs = grid(24, 2)
        report = check_measured(store(file, inputs=inputs, outputs=read(encoding, inputs, 0.1, 2)))
        assert report.verdict == verdict
        assert report.strength.pairs == 144
        assert said(report, "boxes of a grid share levels")


def test_the_error_of_a_grid_counts_its_levels(file: Path) -> None:
    """Over many grids the share scatters as its error says; what boxes scatter alone is a third of it."""
    found = []
    for seed in range(60):
        inputs = grid(16, 2, seed)
        report = check_measured(store(file, inputs=inputs, outputs=read(waves, inputs, 0.05, 2, seed)))
        found.append((report.strength.share, report.strength.error))
    shares, errors = np.array(found).T
    assert 0.7 < errors.mean() / shares.std() < 1.3


def test_slow_drift_is_no_coupling(file: Path) -> None:
    """Read back to back, repeats share a drift. In the order of the plan it cancels, in random order it would not."""
    inputs = points(measured(file, alone, 2))
    time = np.linspace(-1, 1, len(inputs))
    drift = (time - 0.5 * time**2)[:, None]
    steady = read(alone, inputs, 0.01, 2)
    assert check_measured(store(file, outputs=steady + drift)).verdict == "inconclusive"
    mixed = np.random.default_rng(1).permutation(len(inputs))
    assert check_measured(store(file, outputs=steady + drift[mixed])).verdict == "nondegenerate"


@pytest.mark.parametrize("bits", [4, 8])
def test_steps_of_a_converter_are_no_coupling(file: Path, bits: int) -> None:
    inputs = points(measured(file, alone, 2))
    step = 4 / 2**bits

    def converted(encoding: Encoding) -> Readings:
        return np.round(read(lambda x: encoding(x).real, inputs, step / 50, 2) / step) * step

    report = check_measured(store(file, outputs=converted(alone)))
    assert report.verdict == "inconclusive"
    assert said(report, "may be nothing but such steps")
    assert check_measured(store(file, outputs=converted(waves))).verdict == "nondegenerate"


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_rounding_is_no_coupling(file: Path, kind: str) -> None:
    inputs = points(measured(file, alone, 3))
    exact = read(lambda x: alone(x).real, inputs, 0, 2).astype(kind)
    assert check_measured(store(file, outputs=exact)).verdict == "inconclusive"


def test_pure_noise_is_never_a_coupling(file: Path) -> None:
    nothing: Encoding = lambda x: torch.zeros(len(x), dtype=torch.float64)  # noqa: E731
    for seed in range(40):
        report = check_measured(measured(file, nothing, 1 + seed % 3, repeats=2 + seed % 4, boxes=20, seed=seed))
        assert report.verdict == "inconclusive"
        assert said(report, "not degenerate")


def test_a_dense_encoder_asks_for_no_polynomial(file: Path) -> None:
    """x1 x2 couples both inputs and stays a polynomial; only a high order shows that a response is none."""
    product = check_measured(measured(file, lambda x: x.prod(-1), 2), encoder="dense")
    assert product.verdict == "inconclusive"
    assert said(product, "none of degree below 2")
    high = check_measured(measured(file, waves, 2, order=5, domain=(-12.0, 12.0)), encoder="dense")
    assert (high.verdict, high.order_proved) == ("nondegenerate", 9)


def test_intensities_are_those_of_the_fields(file: Path) -> None:
    with_reference = lambda x: 1 + waves(x)  # noqa: E731
    assert check_measured(measured(file, waves, 2, noise=0.02), readout="intensity_sum").verdict == "inconclusive"
    seen = check_measured(measured(file, with_reference, 2, noise=0.02), readout="intensity_sum")
    assert seen.verdict == "nondegenerate"
    assert said(seen, "standard errors over 600 boxes")


def test_a_twin_agrees_or_not(file: Path) -> None:
    path = measured(file, waves, 2, seed=5)
    same = check_measured(path, twin=waves)
    assert said(same, "verdicts agree")
    assert said(same, "strengths agree")
    other = check_measured(path, twin=alone)
    assert said(other, "the device couples what its twin does not")
    assert said(other, "strengths differ")
    blind = check_measured(measured(file, alone, 2), twin=alone)
    assert said(blind, "the measurement decides nothing")
    device = load_device("mzi-thermo-optic", inputs=4, outputs=2)
    assert said(check_measured(path, twin=device), "twin: degenerate")
