"""How often the verdict is wrong, and whether its errors are honest."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from photonics_sim.analysis import check_universality

D, K = 3, 2
ORDERS = list(itertools.product(range(K + 1), repeat=D))


def random_encoding(seed: int, *, degenerate: bool) -> Callable[[Tensor], Tensor]:
    """All monomials up to order K, couplings log-uniform in 1e-3 .. 1; or without one and all that it divides."""
    generator = torch.Generator().manual_seed(seed)
    sizes = 10 ** (-3 * torch.rand(len(ORDERS), generator=generator, dtype=torch.float64))
    signs = torch.sign(torch.rand(len(ORDERS), generator=generator, dtype=torch.float64) - 0.5)
    missing = ORDERS[1 + int(torch.randint(len(ORDERS) - 1, (), generator=generator))]
    kept = [not degenerate or any(a < m for a, m in zip(alpha, missing, strict=True)) for alpha in ORDERS]
    weights = sizes * signs * torch.tensor(kept, dtype=torch.float64)
    table = weights.reshape(K + 1, K + 1, K + 1)

    def encoding(x: Tensor) -> Tensor:
        one, two, three = (torch.stack([torch.ones_like(v), v, v * v], -1) for v in x.unbind(-1))
        return torch.einsum("ijk,ni,nj,nk->n", table.to(x), one, two, three)

    return encoding


@pytest.mark.parametrize("degenerate", [False, True])
def test_random_encodings(degenerate: bool) -> None:
    """40 of each here; three hundred of each were all judged rightly."""
    wanted = "degenerate" if degenerate else "nondegenerate"
    verdicts = [
        check_universality(random_encoding(seed, degenerate=degenerate), D, order=K).verdict for seed in range(40)
    ]
    assert verdicts.count(wanted) >= 38
    assert verdicts.count("nondegenerate" if degenerate else "degenerate") == 0


def test_errors_under_noise_are_honest() -> None:
    """The 95 % interval of the strength holds the truth in 90 to 98 % of repeats."""
    encoding = lambda x: torch.exp(1j * x.sum(-1))  # noqa: E731
    truth = check_universality(encoding, 2, seed=999).strength
    reports = [check_universality(encoding, 2, noise=0.05, seed=seed).strength for seed in range(200)]
    mean = sum(one.share for one in reports) / len(reports)
    assert abs(mean - truth.share) < 4 * truth.error
    covered = sum(abs(one.share - mean) < 1.96 * one.error for one in reports) / len(reports)
    assert 0.90 <= covered <= 0.985


def test_below_the_noise_nothing_is_claimed() -> None:
    weak = lambda x: torch.exp(1j * x).sum(-1) + 1e-8 * torch.exp(1j * x.sum(-1))  # noqa: E731
    report = check_universality(weak, 3, noise=0.01)
    assert report.verdict == "inconclusive"
    assert "not degenerate" in report.caveats[1]
    strong = check_universality(lambda x: torch.exp(1j * x.sum(-1)), 3, noise=0.01)
    assert strong.verdict == "nondegenerate"
    assert strong.order_proved == 1
    assert math.isfinite(strong.strength.z)
