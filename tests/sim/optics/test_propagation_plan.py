"""The planner's numbers against what then happens to the light."""

from __future__ import annotations

import math
import re
import warnings
from typing import Any

import pytest
import torch
from torch import Tensor

from photonics_sim.device import normal
from photonics_sim.errors import PhotonicsWarning
from photonics_sim.optics import Propagator, gaussian_beam, plan_propagation, propagate

ANY = {"pitch": 8e-6, "wavelength": 532e-9}
CRITICAL = 128 * 8e-6**2 / 532e-9 * math.sqrt(1 - (532e-9 / 16e-6) ** 2)


def white(*shape: int) -> Tensor:
    return torch.view_as_complex(normal(0, *shape, 2))


def beam(waist: float) -> Tensor:
    return gaussian_beam((64, 64), **ANY, waist=waist)


def test_the_critical_distance_divides_the_methods() -> None:
    plan = plan_propagation((64, 64), **ANY, distance=0.01)
    assert plan.critical_distance_m == pytest.approx(CRITICAL, rel=1e-12)
    assert plan_propagation((64, 64), **ANY, distance=0.97 * CRITICAL).method == "angular-spectrum"
    assert plan_propagation((64, 64), **ANY, distance=1.1 * CRITICAL).method == "rayleigh-sommerfeld"
    assert plan_propagation(beam(60e-6), **ANY, distance=2 * CRITICAL).method == "angular-spectrum", (
        "it has no steep rays"
    )
    far = plan_propagation((64, 64), **ANY, distance=2 * CRITICAL, output_pitch=16e-6, accuracy=0.01)
    assert far.method == "fresnel-products"


@pytest.mark.parametrize("share", [2.0, 3.0, 5.0])
def test_the_power_that_wraps_round_is_what_goes_wrong(share: float) -> None:
    """Of light of every direction; measured against a grid that is wide enough."""
    field, z = white(64, 64), share * CRITICAL
    plan = plan_propagation(field, **ANY, distance=z, method="angular-spectrum")
    wrong = propagate(field, **ANY, distance=z, method="angular-spectrum")
    right = propagate(field, **ANY, distance=z, method="rayleigh-sommerfeld")
    stray = float((wrong - right).abs().square().sum() / field.abs().square().sum())
    # light that wraps spreads over the padded window, of which ours is a quarter
    assert stray == pytest.approx(plan.wrapped_power / 4, rel=0.35)
    assert "use method = 'rayleigh-sommerfeld'" in plan.warnings[0]


@pytest.mark.parametrize("share", [0.3, 1.0, 3.0])
def test_the_power_that_lands_is_foretold(share: float) -> None:
    field = white(64, 64)
    plan = plan_propagation(field, **ANY, distance=share * CRITICAL)
    found = propagate(field, **ANY, distance=share * CRITICAL, method=plan.method)
    power = float(found.abs().square().sum() / field.abs().square().sum())
    assert power == pytest.approx(plan.captured_power, rel=0.1)


def test_the_paraxial_error_is_the_fields() -> None:
    field = beam(6e-6)
    plan = plan_propagation(field, **ANY, distance=2e-3, method="fresnel")
    one, two = (propagate(field, **ANY, distance=2e-3, method=m) for m in ("fresnel", "angular-spectrum"))
    error = float((one - two).norm() / two.norm())
    assert error == pytest.approx(plan.phase_error_rad, rel=0.1)


def test_auto_is_silent_where_it_meets_the_accuracy_and_warns_with_numbers_where_not() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        propagate(beam(100e-6), **ANY, distance=0.02)
    with pytest.warns(
        PhotonicsWarning, match=r"only 0\.00\d+ of the power lands in the window of 512 um at 500 mm; widen"
    ):
        propagate(white(64, 64), **ANY, distance=0.5)
    with pytest.warns(
        PhotonicsWarning, match=r"0\.\d+ of the power is in structures finer than a wavelength, which fade"
    ):
        propagate(white(64, 64), pitch=200e-9, wavelength=532e-9, distance=1e-6)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            {"distance": 1.0, "method": "angular-spectrum", "output_pitch": 9e-6},
            "use method = 'band-limited', or a wider",
        ),
        ({"distance": 1e-4, "method": "fresnel-products"}, "do not resolve Fresnel's chirp at 100 um"),
        ({"distance": 1e-4, "method": "rayleigh-sommerfeld"}, "do not resolve the impulse response at 100 um; use"),
        ({"distance": 2e-4, "method": "fresnel", "pitch": 1e-6}, r"the paraxial kernel is [\d.]+ rad off at 200 um"),
    ],
)
def test_a_method_that_does_not_suit_is_told(more: dict[str, Any], told: str) -> None:
    plan = plan_propagation((64, 64), **ANY | more)
    assert any(re.search(told, one) for one in plan.warnings), plan.warnings


def test_a_plan_is_read_by_people() -> None:
    text = str(plan_propagation((64, 64), **ANY, distance=0.5))
    assert "critical distance                15.39 mm" in text
    assert "warning: only" in text
    assert Propagator((64, 64), **ANY, distance=0.01).plan.method == "angular-spectrum"


def test_memory_is_what_is_kept() -> None:
    way = Propagator((64, 48), **ANY, distance=0.01)
    way(torch.ones(64, 48))
    (operator,) = way._operators.values()
    assert operator.tensors[0].numel() * 8 == 8 * math.prod(way.plan.padded)
    assert way.plan.memory_bytes >= operator.tensors[0].numel() * 8
