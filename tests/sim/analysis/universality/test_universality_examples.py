"""Encodings whose verdict is known: those of the reference, and others with a proof in one line."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from photonics_sim.analysis import check_universality

Encoding = Callable[[Tensor], Tensor]


def phases(x: Tensor) -> Tensor:
    return torch.exp(1j * x)


def stepped(x: Tensor) -> Tensor:
    """A converter of four levels per unit."""
    return torch.round(4 * x) / 4


# name: encoding, inputs, options, verdict, order proved or vanishing order
KNOWN: dict[str, tuple[Encoding, int, dict[str, Any], str, object]] = {
    "exp(i sum)": (lambda x: phases(x.sum(-1)), 3, {}, "nondegenerate", 2),
    "sum of exp(i)": (lambda x: phases(x).sum(-1), 3, {}, "degenerate", (0, 1, 1)),
    "x1 x2": (lambda x: x[:, 0] * x[:, 1], 2, {}, "degenerate", (0, 2)),
    "tanh(sum)": (lambda x: torch.tanh(x.sum(-1)), 3, {}, "nondegenerate", 2),
    "intensity without a reference": (
        lambda x: phases(x.sum(-1)),
        3,
        {"readout": "intensity_sum"},
        "degenerate",
        (0, 0, 1),
    ),
    "intensity with a reference": (
        lambda x: 1 + phases(x.sum(-1)),
        3,
        {"readout": "intensity_sum"},
        "nondegenerate",
        2,
    ),
    "intensity of a sum couples pairs": (
        lambda x: phases(x).sum(-1),
        3,
        {"readout": "intensity_sum"},
        "degenerate",
        (1, 1, 1),
    ),
    "a coupling of 1e-8": (lambda x: phases(x).sum(-1) + 1e-8 * phases(x.sum(-1)), 3, {}, "nondegenerate", 2),
    "relu(sum)": (lambda x: torch.relu(x.sum(-1)), 3, {}, "nondegenerate", 2),
    "(sum)^7 passes order 2": (lambda x: x.sum(-1) ** 7, 3, {}, "nondegenerate", 2),
    # with a period the spectrum decides for all orders
    "exp(i sum), period": (lambda x: phases(x.sum(-1)), 3, {"period": 2 * math.pi}, "nondegenerate", "all"),
    "sum of exp(i), period": (lambda x: phases(x).sum(-1), 3, {"period": 2 * math.pi}, "degenerate", (0, 1, 1)),
    # a dense encoder asks only for what is no polynomial
    "sum of exp(i), dense": (lambda x: phases(x).sum(-1), 3, {"encoder": "dense"}, "nondegenerate", 8),
    "x1 x2, dense": (lambda x: x[:, 0] * x[:, 1], 2, {"encoder": "dense"}, "degenerate", (3,)),
    # of our own: d/dx1 d/dx2 of exp(x1 + x2) is itself
    "exp(sum)": (lambda x: x.sum(-1).exp(), 3, {}, "nondegenerate", 2),
    # the distribution d^4 of a step of x1 + x2 is a derivative of delta, not 0
    "converter behind the sum": (lambda x: phases(stepped(x.sum(-1))), 2, {}, "nondegenerate", 2),
    # a sum of functions of one input each has no mixed derivative, steps or not
    "converters before the sum": (lambda x: phases(stepped(x)).sum(-1), 3, {}, "degenerate", (0, 1, 1)),
    # |x1 + x2| = 2 relu(x1 + x2) - (x1 + x2)
    "abs(sum)": (lambda x: x.sum(-1).abs(), 2, {}, "nondegenerate", 2),
    # relu(x1) relu(x2): each factor has a second derivative delta
    "product of kinks": (lambda x: torch.relu(x).prod(-1), 2, {}, "nondegenerate", 2),
    # max(x1, x2) = (x1 + x2 + |x1 - x2|) / 2
    "the larger of two": (lambda x: x.amax(-1), 2, {}, "nondegenerate", 2),
    # a third input that does nothing
    "one input is not connected": (lambda x: phases(x[:, 0] + x[:, 1]), 3, {}, "degenerate", (0, 0, 1)),
    # (x1 + x2)^2 has no third derivative: (2, 2) and already (1, 2) vanish
    "a square": (lambda x: x.sum(-1) ** 2, 2, {}, "degenerate", (1, 2)),
    # Gaussian of |x|^2 factorises into functions none of whose derivatives vanish
    "Gaussian": (lambda x: torch.exp(-x.square().sum(-1)), 3, {}, "nondegenerate", 2),
    # 1 / (1 - product of phases / 2) = sum of (product / 2)^n
    "resonance": (lambda x: 1 / (1 - phases(x.sum(-1)) / 2), 3, {"period": 2 * math.pi}, "nondegenerate", "all"),
}


@pytest.mark.parametrize("name", KNOWN)
def test_verdict(name: str) -> None:
    encoding, inputs, options, verdict, told = KNOWN[name]
    report = check_universality(encoding, inputs, **options)
    assert report.verdict == verdict, str(report)
    if verdict == "nondegenerate":
        assert report.order_proved == told
    else:
        assert report.witness is not None
        assert report.witness.alpha == told
        assert report.order_proved == 0
    assert report.caveats


@pytest.mark.parametrize(
    "name", [name for name, known in KNOWN.items() if known[3] == "degenerate" and "dense" not in name]
)
def test_a_degenerate_encoding_misses_a_function_for_certain(name: str) -> None:
    encoding, inputs, options, _, _ = KNOWN[name]
    certificate = check_universality(encoding, inputs, **options).certificate
    assert certificate is not None
    assert certificate.holds
    assert certificate.error >= 0.2


def test_residuals_fall_where_nothing_vanishes_and_stay_where_something_does() -> None:
    good, bad = (check_universality(KNOWN[name][0], 3).residuals for name in ("exp(i sum)", "sum of exp(i)"))
    for target in good:
        assert good[target][-1] < 0.02
        assert bad[target][-1] > 0.9


@pytest.mark.parametrize(
    ("name", "share"),
    [("exp(i sum)", 0.49), ("tanh(sum)", 0.10), ("intensity with a reference", 0.43), ("relu(sum)", 0.022)],
)
def test_strengths_of_the_reference(name: str, share: float) -> None:
    strength = check_universality(KNOWN[name][0], 3, **KNOWN[name][2]).strength
    assert abs(strength.share - share) < 4 * strength.error


def test_the_answer_is_a_function_of_the_seed() -> None:
    encoding = KNOWN["tanh(sum)"][0]
    assert check_universality(encoding, 3).to_dict() == check_universality(encoding, 3).to_dict()
    assert check_universality(encoding, 3).to_dict() != check_universality(encoding, 3, seed=1).to_dict()
