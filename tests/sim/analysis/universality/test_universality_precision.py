"""What rounding hides, and what it makes up."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from photonics_sim.analysis import ExponentialSum, check_universality


def phases(x: Tensor) -> Tensor:
    return torch.exp(1j * x)


@pytest.mark.parametrize("drive", [0.003, 0.001, 1e-5])
def test_a_weak_drive_is_not_taken_for_a_missing_coupling(drive: float) -> None:
    """exp(i drive sum x) has no zero derivative; its sixth difference is below rounding all the same."""
    report = check_universality(lambda x: phases(drive * x.sum(-1)), 3)
    assert report.verdict == "inconclusive"
    assert report.certificate is None
    assert "varies too little" in report.caveats[0]
    assert check_universality(lambda x: phases(drive * x).sum(-1), 3).verdict == "degenerate"


def test_a_narrow_domain_is_not_taken_for_a_missing_coupling() -> None:
    assert check_universality(lambda x: phases(x.sum(-1)), 3, domain=(0, 0.01)).verdict == "inconclusive"


def test_a_weak_drive_behind_a_dense_encoder_is_no_polynomial() -> None:
    assert check_universality(lambda x: phases(0.01 * x.sum(-1)), 3, encoder="dense").verdict == "inconclusive"


@pytest.mark.parametrize(
    "response",
    [
        lambda x: phases(x.float()).sum(-1),
        lambda x: phases(x.float()).sum(-1).to(torch.complex128),
        lambda x: (1e6 + x.cos().sum(-1)) - 1e6,
        lambda x: (x.cos().sum(-1) * 1e10).round() / 1e10,
    ],
    ids=["single", "single within", "large numbers that cancel", "a solver that stops"],
)
def test_rounding_is_measured_and_no_coupling(response: Callable[[Tensor], Tensor]) -> None:
    assert check_universality(response, 3).verdict == "degenerate"
    assert check_universality(response, 3, noise=1e-9).verdict == "inconclusive"


def test_single_precision_shows_what_is_well_above_it() -> None:
    report = check_universality(lambda x: phases(x.float().sum(-1)), 3)
    assert report.verdict == "nondegenerate"
    assert report.witness is not None
    assert report.witness.floor > 1e-8


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_the_size_of_a_response_does_not_matter(size: float) -> None:
    assert check_universality(lambda x: size * phases(x.sum(-1)), 3).verdict == "nondegenerate"
    assert check_universality(lambda x: size * phases(x).sum(-1), 3).verdict == "degenerate"
    assert check_universality(lambda x: size * x.cos().sum(-1), 3, noise=size / 10).verdict == "inconclusive"


def test_noise_below_rounding_shows_nothing() -> None:
    assert check_universality(lambda x: phases(x).sum(-1), 3, noise=1e-18).verdict == "inconclusive"


def test_a_coefficient_that_is_given_counts_however_small() -> None:
    k = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    tiny = torch.tensor([1e-17, 1.0], dtype=torch.float64)
    assert check_universality(ExponentialSum(k, tiny), 2).verdict == "nondegenerate"


def test_frequencies_that_rounding_parts_are_one() -> None:
    """0.3 - (0.1 + 0.2) is no frequency."""
    k = torch.tensor([[0.3, 0.0], [0.1 + 0.2, 1.0]], dtype=torch.float64)
    report = check_universality(ExponentialSum(k, torch.ones(2)), 2, readout="intensity_sum")
    assert report.verdict == "degenerate"


def test_nothing_is_degenerate() -> None:
    assert check_universality(lambda x: 0 * x.sum(-1), 2).verdict == "degenerate"
