"""Complex fields from mirrors that are on or off: Lee's holograms."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.func import jvp, vmap

from photonics_sim import PhotonicsError
from photonics_sim.device import normal
from photonics_sim.optics import lee_hologram
from photonics_sim.testing import assert_close

SIZE = 1.28e-3  # of the device in metres, 40 periods, and 24 by 32 where the grating is turned by arctan(3/4)
PERIOD = 32e-6
TURNED = math.atan2(3, 4)


def target(n: int, seed: int = 0) -> Tensor:
    """A random smooth field of this many samples on the same square: two cycles across at most, |u| <= 1."""
    field = smooth(n, torch.view_as_complex(normal(seed, 5, 5, 2).double()))
    return field / field.abs().max()


def smooth(n: int, parts: Tensor) -> Tensor:
    """The sum of a few Fourier components."""
    place = (torch.arange(n, dtype=torch.float64) - (n - 1) / 2) / n
    waves = torch.exp(2j * math.pi * torch.arange(-2, 3)[:, None] * place)
    return waves.T @ parts @ waves


def first_order(pattern: Tensor, angle: float) -> Tensor:
    """What a 4f system passes: frequencies within half of 1 / period around the first order, moved to the axis."""
    n = pattern.shape[-1]
    place = (torch.arange(n, dtype=torch.float64) - (n - 1) / 2) * (SIZE / n)
    y, x = place[:, None], place[None, :]
    turn = -2 * math.pi * (y * math.sin(angle) + x * math.cos(angle)) / PERIOD
    bins = torch.fft.fftfreq(n, SIZE / n, dtype=torch.float64)
    pupil = bins[:, None].square() + bins.square() < (0.5 / PERIOD) ** 2
    found: Tensor = torch.fft.ifft2(torch.fft.fft2(pattern * torch.exp(1j * turn)) * pupil)
    return found


def compare(n: int, seed: int, angle: float) -> tuple[float, float, complex]:
    """Correlation of the first order with the target / pi, its relative error, and the factor that fits best."""
    field = target(n, seed)
    found = first_order(lee_hologram(field, pitch=SIZE / n, period=PERIOD, angle=angle), angle).flatten()
    ideal = (field / math.pi).flatten()
    size, overlap = torch.linalg.vector_norm(ideal), torch.vdot(ideal, found)
    correlation = float(overlap.abs() / (size * torch.linalg.vector_norm(found)))
    return correlation, float(torch.linalg.vector_norm(found - ideal) / size), complex(overlap / size**2)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("angle", [0.0, TURNED, math.pi / 2])
def test_the_first_order_is_the_field_over_pi(seed: int, angle: float) -> None:
    """At 16 mirrors per period; the phase and the factor 1 / pi included."""
    correlation, _, factor = compare(640, seed, angle)
    assert correlation > (0.999 if angle == TURNED else 0.99)
    assert abs(factor - 1) < 0.01


@pytest.mark.parametrize("angle", [0.0, TURNED])
def test_finer_mirrors_show_the_field_better(angle: float) -> None:
    """From 4 mirrors per period to 32, at least as fast as the mirrors shrink."""
    errors = [compare(n, 0, angle)[1] for n in (160, 320, 640, 1280)]
    assert all(late < early / 2 for early, late in pairwise(errors))


def test_duty_is_the_arcsine_of_the_amplitude() -> None:
    """A flat field: stripes of arcsin|u| / pi of the period, around where the phase of grating and field is 0."""
    n, period, field = 3000, 1000, torch.full((1, 3000), 0.6 * complex(math.cos(0.8), math.sin(0.8)))
    pattern = lee_hologram(field.to(torch.complex128), pitch=1e-6, period=period * 1e-6)
    assert float(pattern.mean()) == pytest.approx(math.asin(0.6) / math.pi, abs=1e-3)
    place = (torch.arange(n, dtype=torch.float64) - (n - 1) / 2) / period
    order = (pattern * torch.exp(-2j * math.pi * place)).mean()
    assert abs(complex(order) - 0.6 / math.pi * complex(math.cos(0.8), math.sin(0.8))) < 1e-3


def test_patterns_are_on_or_off(dtype: torch.dtype) -> None:
    field = torch.stack([target(80, seed) for seed in range(3)])
    many = lee_hologram(field.to(torch.complex64 if dtype == torch.float32 else torch.complex128), pitch=SIZE / 80,
                        period=2 * PERIOD, angle=0.3)  # fmt: skip
    assert many.dtype == dtype
    assert set(many.unique().tolist()) == {0.0, 1.0}
    assert 0.05 < float(many.mean()) < 0.5
    assert_close(many[1], lee_hologram(field[1], pitch=SIZE / 80, period=2 * PERIOD, angle=0.3).to(dtype), "equal")
    dark = lee_hologram(torch.zeros(8, 8, dtype=dtype), pitch=1e-6, period=5e-6)
    assert float(dark.sum()) == 0
    bright = lee_hologram(torch.ones(8, 400, dtype=dtype), pitch=1e-6, period=10e-6, angle=0.0)
    assert float(bright.mean()) == pytest.approx(0.5, abs=1e-6)


def test_the_gradient_is_that_of_both_first_orders() -> None:
    field, weights = target(40).requires_grad_(), normal(5, 40, 40).double()
    pattern = lee_hologram(field, pitch=SIZE / 40, period=5 * PERIOD, angle=0.3)
    assert set(pattern.detach().unique().tolist()) == {0.0, 1.0}
    (found,) = torch.autograd.grad((weights * pattern).sum(), field)
    y, x = (((torch.arange(40, dtype=torch.float64) - 19.5) * SIZE / 40 / (5 * PERIOD)) for _ in range(2))
    turn = 2 * math.pi * (y[:, None] * math.sin(0.3) + x * math.cos(0.3))
    assert_close(found, 2 / math.pi * weights * torch.exp(-1j * turn))


def test_patterns_under_function_transforms() -> None:
    fields = torch.stack([target(40, seed) for seed in range(3)])

    def pattern(field: Tensor) -> Tensor:
        return lee_hologram(field, pitch=SIZE / 40, period=5 * PERIOD, angle=0.3)

    assert_close(vmap(pattern)(fields), pattern(fields), "equal")
    value, slope = jvp(pattern, (fields,), (fields,))
    assert_close(value, pattern(fields), "equal")
    assert_close(slope, torch.autograd.functional.jvp(pattern, fields, fields)[1])


def test_a_smooth_field_is_trained_as_on_a_display_of_it() -> None:
    """Behind the filter, to rounding: the gradient of 25 Fourier components."""
    n, seen = 320, smooth(320, torch.view_as_complex(normal(7, 5, 5, 2).double()))
    parts = torch.view_as_complex(normal(0, 5, 5, 2).double()) / 40

    def slope(mirrors: bool) -> Tensor:
        leaf = parts.clone().requires_grad_()
        field = smooth(n, leaf)
        if mirrors:
            arrived = first_order(lee_hologram(field, pitch=SIZE / n, period=PERIOD, angle=TURNED), TURNED)
        else:
            arrived = field / math.pi
        found: Tensor = torch.autograd.grad((seen.conj() * arrived).real.sum(), leaf)[0]
        return found

    assert_close(slope(mirrors=True), slope(mirrors=False))


def test_fields_and_gratings_that_mirrors_cannot_show_are_refused() -> None:
    field = target(16)
    with pytest.raises(PhotonicsError, match=r"the largest \|field\| is 1\.5; a mirror gives at most 1: divide"):
        lee_hologram(1.5 * field, pitch=8e-6, period=64e-6)
    lee_hologram(field.to(torch.complex64), pitch=8e-6, period=64e-6)
    with pytest.raises(PhotonicsError, match=r"the largest \|field\| is nan"):
        lee_hologram(field * math.nan, pitch=8e-6, period=64e-6)
    with pytest.raises(
        PhotonicsError, match="period = 30 um: a hologram needs four mirrors of 8 um; take 32 um or more"
    ):
        lee_hologram(field, pitch=8e-6, period=30e-6)
    lee_hologram(field, pitch=SIZE / 160, period=32e-6)  # four, whatever the rounding
