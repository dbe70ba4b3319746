"""More inputs than can be tested together: supports, paths and subsets."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

from photonics_sim import PhotonicsError, load_device
from photonics_sim.analysis import ExponentialSum, check_universality, most_crossings
from photonics_sim.mesh import topology

MANY = 196


def frequencies(terms: int, inputs: int, seed: int = 0) -> Tensor:
    drawn = torch.randint(-1, 2, (terms, inputs), generator=torch.Generator().manual_seed(seed))
    return drawn.double()


def test_one_frequency_of_full_support_decides() -> None:
    sparse = frequencies(40, MANY)
    sparse[:, 7] = 0  # an input that no term has
    report = check_universality(ExponentialSum(sparse, torch.ones(40)), MANY)
    assert report.verdict == "degenerate"
    assert report.witness is not None
    assert report.witness.is_zero
    assert report.certificate is not None
    assert report.certificate.holds
    full = torch.cat([sparse, torch.ones(1, MANY)])
    report = check_universality(ExponentialSum(full, torch.ones(41)), MANY)
    assert (report.verdict, report.order_proved) == ("nondegenerate", "all")
    assert report.spectrum is not None
    assert report.spectrum.frequency == (1,) * MANY


def test_terms_that_cancel_do_not_count() -> None:
    k = torch.tensor([[1.0, 1.0], [1.0, 1.0], [0.0, 2.0]])
    assert check_universality(ExponentialSum(k, torch.tensor([1.0, -1.0, 1.0])), 2).verdict == "degenerate"
    assert check_universality(ExponentialSum(k, torch.tensor([1.0, -0.9, 1.0])), 2).verdict == "nondegenerate"


@pytest.mark.parametrize(("inputs", "verdict"), [(2, "nondegenerate"), (3, "degenerate")])
def test_intensity_couples_pairs_of_what_the_field_has_alone(inputs: int, verdict: str) -> None:
    """|sum_k e^{i x_k}|^2 has the frequencies e_j - e_k."""
    total = ExponentialSum(torch.eye(inputs, dtype=torch.float64), torch.ones(inputs))
    report = check_universality(total, inputs, readout="intensity_sum")
    assert report.verdict == verdict
    if verdict == "degenerate":
        assert report.witness is not None
        assert report.witness.alpha == (1, 1, 1)


def test_the_support_agrees_with_the_torus_and_with_differences() -> None:
    """Ten random sums of three inputs: three ways, one verdict; the share is that of the spectrum."""
    for seed in range(10):
        k = frequencies(3, 3, seed)
        total = ExponentialSum(k, torch.tensor([1.0, 0.5j, -0.7]))
        exact = check_universality(total, 3)
        sampled = check_universality(lambda x, total=total: total(x), 3, period=2 * math.pi, domain=(0, 2 * math.pi))
        assert sampled.verdict == exact.verdict
        assert sampled.spectrum is not None
        assert exact.spectrum is not None
        assert abs(sampled.spectrum.share - exact.spectrum.share) < 1e-12
        assert abs(sampled.strength.share - exact.strength.share) < 5 * sampled.strength.error + 1e-12


def test_high_frequencies_do_not_hide_behind_a_coarse_grid() -> None:
    """e^{8i (x1 + x2)} is a constant on a grid of eight."""
    total = ExponentialSum(torch.tensor([[8.0, 8.0], [1.0, 0.0]]), torch.ones(2))
    found = check_universality(total.__call__, 2, period=2 * math.pi)
    assert found.verdict == "nondegenerate"
    assert found.spectrum is not None
    assert found.spectrum.frequency == (8, 8)


def test_a_wrong_period_is_found_out() -> None:
    with pytest.raises(PhotonicsError, match="does not have the period 3 in x1"):
        check_universality(lambda x: torch.exp(1j * x.sum(-1)), 2, period=3.0)
    with pytest.raises(PhotonicsError, match="period = 0"):
        check_universality(lambda x: torch.exp(1j * x.sum(-1)), 2, period=0.0)


def test_bad_sums() -> None:
    with pytest.raises(PhotonicsError, match=r"\(terms, inputs\) and \(terms,\)"):
        ExponentialSum(torch.ones(3, 2), torch.ones(2))
    with pytest.raises(PhotonicsError, match="not finite"):
        ExponentialSum(torch.full((1, 2), math.nan), torch.ones(1))
    with pytest.raises(PhotonicsError, match="have 2 inputs; found inputs = 3"):
        check_universality(ExponentialSum(torch.ones(1, 2), torch.ones(1)), 3)
    with pytest.raises(PhotonicsError, match="intensity of 4,000 exponentials"):
        check_universality(ExponentialSum(torch.ones(4000, 9), torch.ones(4000)), 9, readout="intensity_sum")


def test_a_wide_mesh_is_refuted_by_its_paths() -> None:
    report = check_universality(load_device("mzi-thermo-optic", inputs=64, outputs=2), 64)
    assert report.verdict == "degenerate"
    assert report.paths is not None
    assert (report.paths.crossings, report.paths.coupled) == (1, 1)
    assert report.witness is not None
    assert report.witness.is_zero
    assert "path counting decides exactly" in report.caveats[0]


def test_paths_decide_through_noise_and_beyond_what_can_be_measured() -> None:
    many = check_universality(lambda x: torch.exp(1j * x).sum(-1), MANY, crossings=20)
    assert many.verdict == "degenerate"
    assert many.witness is None
    noisy = check_universality(lambda x: torch.exp(1j * x).sum(-1), 3, crossings=1, noise=1.0)
    assert noisy.verdict == "degenerate"


def test_a_wrong_count_is_found_out() -> None:
    with pytest.raises(PhotonicsError, match="crossings = 1 says that 1 inputs couple at most, yet 2 do"):
        check_universality(lambda x: torch.exp(1j * x.sum(-1)), 2, crossings=1)


def test_subsets_refute_and_never_prove() -> None:
    coupled = check_universality(lambda x: torch.exp(1j * x.sum(-1)), 30)
    assert coupled.verdict == "inconclusive"
    assert "256 x 3^30 points" in coupled.caveats[0]
    assert "necessary and not sufficient" in coupled.caveats[1]
    alone = check_universality(lambda x: torch.exp(1j * x).sum(-1), 30)
    assert alone.verdict == "degenerate"
    assert alone.witness is not None
    assert sum(alone.witness.alpha) == 2


def test_a_dense_encoder_takes_any_number_of_inputs() -> None:
    report = check_universality(lambda x: (x.sum(-1) / 14).tanh(), MANY, encoder="dense")
    assert report.verdict == "nondegenerate"
    assert check_universality(lambda x: x.sum(-1), MANY, encoder="dense").verdict == "degenerate"


def test_a_dense_polynomial_is_not_taken_for_more_through_noise() -> None:
    """x1 x2 couples both inputs, and stays a polynomial."""
    report = check_universality(lambda x: x.prod(-1), 2, encoder="dense", noise=0.01)
    assert report.verdict == "inconclusive"
    assert report.strength.z > 5


def brute_force(columns: list[list[tuple[int, int]]], carried: list[list[int | None]], modes: int) -> int:
    """All paths, one by one."""
    most = 0
    for path in itertools.product(range(modes), repeat=len(columns) + 1):
        steps = zip(columns, itertools.pairwise(path), strict=True)
        if all(a == b or (a, b) in column or (b, a) in column for column, (a, b) in steps):
            most = max(most, sum(row[mode] is not None for row, mode in zip(carried, path, strict=True)))
    return most


@pytest.mark.parametrize("seed", range(5))
def test_paths_of_a_mesh_are_counted_exactly(seed: int) -> None:
    plan = topology("clements", 4)
    columns = [list(column) for column in plan.columns]
    free = torch.rand(len(columns) + 1, 4, generator=torch.Generator().manual_seed(seed)) < 0.4
    count = itertools.count()
    carried = [[next(count) if here else None for here in row] for row in free.tolist()]
    assert most_crossings(columns, carried) == brute_force(columns, carried, 4)
    ends = [most_crossings(columns, carried, output) for output in range(4)]
    assert max(ends) == most_crossings(columns, carried)


def test_counting_refuses_what_does_not_fit() -> None:
    with pytest.raises(PhotonicsError, match="carried has 1 rows for 1 columns"):
        most_crossings([[(0, 1)]], [[0, 1]])
    with pytest.raises(PhotonicsError, match="input 0 is carried by several"):
        most_crossings([[(0, 1)]], [[0, None], [0, None]])
