"""What panels of pixels do besides their command: fringing fields, gaps, uneven surfaces, misplaced planes."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from photonics_sim import PhotonicsError
from photonics_sim.device import normal
from photonics_sim.optics import (
    SURFACES,
    Propagator,
    filled,
    focus,
    fringed,
    misplaced_transfer,
    pointing,
    propagate,
    uneven,
)
from photonics_sim.testing import assert_close, assert_gradient

BENCH = {"pitch": 8e-6, "wavelength": 532e-9}


def test_a_fringing_field_is_the_blurred_staircase_read_in_the_middle_of_each_pixel() -> None:
    """Against the convolution of a finely sampled staircase with a Gaussian."""
    sigma, finer, phase = 0.6, 801, normal(1, 1, 9)
    stairs = phase.repeat_interleave(finer, 1)
    x = (torch.arange(-6 * finer, 6 * finer + 1, dtype=torch.float64)) / finer
    blur = torch.exp(-x.square() / (2 * sigma**2))
    wide = torch.nn.functional.pad(stairs[None], (len(x) // 2, len(x) // 2), mode="replicate")
    smooth = torch.nn.functional.conv1d(wide, (blur / blur.sum())[None, None])[0]
    error = fringed(phase, sigma) - smooth[:, finer // 2 :: finer]
    assert float(error.abs().max()) < 1e-6  # of the sampling, 801^-2


def test_a_fringing_field_leaves_what_is_even_and_blurs_steps() -> None:
    even = torch.full((5, 7), 1.7, dtype=torch.float64)
    assert_close(fringed(even, 0.8), even, "rounding")
    rough = normal(2, 2, 12, 12)
    assert fringed(rough, 0.0) is rough
    assert_close(fringed(rough, 1e-3), rough, "rounding")
    step = torch.zeros(1, 10, dtype=torch.float64)
    step[:, 5:] = 2 * math.pi
    seen = fringed(step, 0.5)[0]
    share = 0.5 * math.erfc(0.5 / (0.5 * math.sqrt(2)))  # of a neighbour's field and all behind it
    assert float(seen[4]) == pytest.approx(2 * math.pi * share, rel=1e-9)
    assert_close(seen + seen.flip(0), torch.full_like(seen, 2 * math.pi), "rounding")


def test_gaps_take_light_into_other_orders() -> None:
    """Pixels of 5 x 5 points with a gap: what the focus of a lens holds of it, against the mean of pixel and gap."""
    n, finer, side = 8, 5, 4
    phase = normal(3, n, n)
    pixels = torch.exp(1j * phase)
    lit = torch.zeros(finer, finer, dtype=torch.complex128)
    lit[:side, :side] = 1
    share = (side / finer) ** 2
    for gap in (0.0, 0.6):
        fine = torch.kron(pixels, lit) + gap * (1 - lit).repeat(n, n)
        on_axis = {"wavelength": 532e-9, "focal_length": 0.1, "output_pitch": 1e-6, "output_shape": (1, 1)}
        exact = focus(fine, pitch=8e-6 / finer, **on_axis)  # type: ignore[arg-type]
        mean = focus(filled(pixels, share, gap), pitch=8e-6, **on_axis)  # type: ignore[arg-type]
        assert_close(exact, mean, "rounding")
    flat = filled(torch.ones(n, n, dtype=torch.complex128), share).abs().square()
    assert_close(flat, torch.full_like(flat, share**2), "rounding")
    assert filled(pixels, 1.0, 0.5) is pixels


def test_surfaces_have_their_rms_and_neither_piston_nor_tilt() -> None:
    unit = torch.eye(len(SURFACES), dtype=torch.float64)
    for n in (4, 5, 400):
        maps = uneven((n, n), unit).flatten(1)
        assert_close(maps @ maps.mT / n**2, unit, "rounding")
        x = (torch.arange(n, dtype=torch.float64) - (n - 1) / 2) / n
        plain = torch.stack([torch.ones_like(maps[0]), x.repeat(n), x.repeat_interleave(n)])
        assert float((maps @ plain.mT / n**2).abs().max()) < 1e-12
    bow = math.sqrt(5) * (3 * (2 * x).square() - 1) / 2
    assert float((maps[0].reshape(n, n)[0] - bow).abs().max()) < 1e-3
    assert uneven((4, 6), torch.zeros(2, 3, 7)).shape == (2, 3, 4, 6)


def test_a_turned_beam_lands_beside_the_focus() -> None:
    n, f, angle = 64, 50e-3, torch.tensor([1.2e-3, -2.5e-3], dtype=torch.float64)
    turn = pointing((n, n), **BENCH, angle=angle)
    spot = focus(torch.exp(1j * turn), pitch=8e-6, wavelength=532e-9, focal_length=f, output_pitch=2e-6,
                 output_shape=(201, 201)).abs().square()  # fmt: skip
    row, column = divmod(int(spot.argmax()), 201)
    assert [(row - 100) * 2e-6, (column - 100) * 2e-6] == pytest.approx((f * angle.sin()).tolist(), abs=1e-6)


def test_a_misplaced_plane_is_the_way_to_where_it_stands() -> None:
    light = torch.complex(normal(5, 24, 24), normal(6, 24, 24))
    way = Propagator((24, 24), **BENCH, distance=2e-3, method="angular-spectrum")
    operator = way.operator(light.dtype, light.device)
    move = torch.tensor([3e-6, -11e-6, 150e-6], dtype=torch.float64)
    moved = misplaced_transfer(way, operator.tensors[0], move)
    found = operator.apply(light, (moved,))
    there = propagate(light, **BENCH, distance=2.15e-3, offset=(3e-6, -11e-6), method="angular-spectrum")
    assert_close(found, there, "rounding")


def test_gradients_through_every_number_of_a_panel() -> None:
    light = torch.complex(normal(5, 8, 8), normal(6, 8, 8))
    way = Propagator((8, 8), **BENCH, distance=2e-3, method="angular-spectrum")
    operator = way.operator(light.dtype, light.device)

    def panel(phase: Tensor, width: Tensor, share: Tensor, gap: Tensor, surface: Tensor, angle: Tensor,
              move: Tensor) -> Tensor:  # fmt: skip
        shown = fringed(phase, width * 0.5) + uneven((8, 8), surface)
        sent = filled(torch.exp(1j * shown), share, gap) * torch.exp(1j * pointing((8, 8), **BENCH, angle=angle * 1e-3))
        out = operator.apply(light * sent, (misplaced_transfer(way, operator.tensors[0], move * 1e-5),))
        return torch.view_as_real(out)

    scalars = (torch.tensor(value, dtype=torch.float64) for value in (0.8, 0.9, 0.3))
    assert_gradient(panel, normal(7, 8, 8), *scalars, normal(8, 7), normal(9, 2), normal(10, 3), fast_mode=True)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fringed(torch.zeros(2, 2), -0.5), r"width of the fringing field = -0\.5 pixels: expected 0 or more"),
        (lambda: filled(torch.ones(2, 2) + 0j, 0.0), r"fill_factor = 0: expected more than 0 and at most 1"),
        (lambda: filled(torch.ones(2, 2) + 0j, 1.2), r"fill_factor = 1\.2"),
        (lambda: filled(torch.ones(2, 2) + 0j, 0.9, 1.5), r"gap = 1\.5: a gap transmits an amplitude of 0 to 1"),
        (lambda: uneven((4, 4), torch.zeros(8)), r"8 coefficients of a surface; expected \(\.\.\., 1 to 7\)"),
        (
            lambda: uneven((3, 4), torch.zeros(2)),
            r"shape = \(3, 4\): a surface .* needs 4 samples per axis",
        ),
        (lambda: fringed(torch.full((5, 5), 3), 1.0), r"phase is torch.int64 \(5, 5\); expected real numbers"),
        (lambda: pointing((4, 4), **BENCH, angle=0.01), r"expected finite numbers \(\.\.\., 2\), \(y, x\)"),  # type: ignore[arg-type]
        (
            lambda: pointing((4, 4), **BENCH, angle=torch.tensor([0.0, 0.04])),
            r"light turned by 40 mrad is not resolved by a pitch of 8 um; at most 33\.\d+ mrad are",
        ),
    ],
)
def test_numbers_that_are_none(call: object, message: str) -> None:
    with pytest.raises(PhotonicsError, match=message):
        call()  # type: ignore[operator]
