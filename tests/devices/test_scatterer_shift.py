"""A panel that sits beside its place: the shift by parts of a pixel, and the scattering network built with one."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
from torch import Tensor

from photonics_devices import FreeSpaceScatterer
from photonics_devices.scatterer._scatterer_shift import shift_matrix, shifted
from photonics_sim import PhotonicsError, load_device
from photonics_sim.device import Device, normal
from photonics_sim.optics import symmetric_unitary
from photonics_sim.testing import (
    DeviceConformance,
    assert_close,
    assert_gradient,
    assert_metered_passive,
    assert_reciprocal,
    assert_unitary,
    check_card,
)

SHIFT = "modulator.shift_px"
# nothing else is wrong with these chips
ALONE: dict[str, Any] = {"tolerance": 1e-15, "modulator.phase_error_rad": 0.0}


def build(shift_px: float, **fields: Any) -> FreeSpaceScatterer:
    device = load_device(
        "free-space-scatterer", seed=3, **({"inputs": 9, "classes": 2} | ALONE | {SHIFT: shift_px} | fields)
    )
    assert isinstance(device, FreeSpaceScatterer)
    return device


def shift_of(device: FreeSpaceScatterer) -> Tensor:
    assert device.panel_shift is not None
    return device.panel_shift


def exponential(shift: float, n: int) -> Tensor:
    """exp(-s D) of the spectral derivative D, built wave by wave."""
    pixel = torch.arange(n, dtype=torch.float64)
    D = torch.zeros(n, n, dtype=torch.float64)
    for m in range(1, (n + 1) // 2):
        w = 2 * math.pi * m / n
        D += 2 * w / n * -torch.sin(w * (pixel[:, None] - pixel))
    return torch.matrix_exp(-shift * D)


class TestAsBuilt(DeviceConformance):
    """A fabricated device is a device: every law holds with the panel beside its place."""

    def build(self) -> Device:
        return build(0.7, inputs=6, copies=2).as_built(1)


class TestTogetherWithOtherFaults(DeviceConformance):
    def build(self) -> Device:
        return build(0.7, inputs=6, bounces=2, **{"modulator.phase_error_rad": 0.1, "scattering.error_rad": 0.02})


def test_a_card_with_a_shift_passes_every_law() -> None:
    results = check_card(build(1.5, copies=2).card)
    assert not {law: problem for law, problem in results.items() if problem}


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8])
class TestMatrix:
    def test_it_is_the_exponential_of_the_spectral_derivative(self, n: int) -> None:
        for s in (0.0, 0.3, -2.4):
            assert_close(shift_matrix(torch.tensor(s, dtype=torch.float64), n), exponential(s, n), "law")

    def test_it_is_orthogonal_whatever_the_precision(self, n: int, dtype: torch.dtype) -> None:
        P = shift_matrix(100 * normal(1, 5, 2).to(dtype), n)
        assert P.shape == (5, 2, n, n)
        assert P.dtype == dtype
        assert_unitary(P)

    def test_shifts_add_up(self, n: int, dtype: torch.dtype) -> None:
        s, t = normal(2, 2, 4).to(dtype)
        assert_close(shift_matrix(s, n) @ shift_matrix(t, n), shift_matrix(s + t, n), "rounding")
        assert_close(shift_matrix(-s, n), shift_matrix(s, n).mT, "rounding")
        assert_close(shift_matrix(0 * s, n), torch.eye(n, dtype=dtype).expand(4, n, n), "equal")

    def test_uniform_light_stays_so_the_focus_of_a_lens_does(self, n: int) -> None:
        assert_close(shift_matrix(normal(3, 4), n).sum(-2), torch.ones(4, n, dtype=torch.float64), "rounding")


@pytest.mark.parametrize("n", [1, 3, 7])
def test_whole_pixels_of_an_odd_row_move_exactly(n: int) -> None:
    x = normal(1, n, 2)
    for s in (1, 2, -1, n):
        found = shift_matrix(torch.tensor(float(s), dtype=torch.float64), n) @ x
        assert_close(found, x.roll(s, 0), "rounding")


def test_the_matrix_has_a_gradient_by_the_shift() -> None:
    assert_gradient(lambda s: shift_matrix(s, 6), normal(1, 2))


@pytest.mark.parametrize(("d", "rows"), [(6, 2), (7, 1), (12, 3), (16, 4)])
def test_the_medium_is_moved_on_both_sides(d: int, rows: int, dtype: torch.dtype) -> None:
    S = symmetric_unitary(normal(1, 3, d, d).to(dtype))
    shift = normal(2, 3, 2).to(dtype)
    found = shifted(S, shift, rows)
    assert_unitary(found)
    assert_reciprocal(found)
    for one, s, before in zip(found, shift.double(), S, strict=True):
        P = torch.kron(exponential(float(s[0]), rows), exponential(float(s[1]), d // rows)).to(S.dtype)
        assert_close(one, P @ before @ P.mT, "law")


def test_it_is_the_published_network_with_a_moved_medium() -> None:
    """Dense solves with exp(-s D) written out, chip by chip."""
    device = build(0.8, inputs=6, copies=2).double()
    chips = device.as_built(4, chips=2)
    x = normal(1, 6)
    expected = torch.zeros(2, 2, dtype=torch.float64)
    for chip, (dy, dx) in enumerate(shift_of(chips).tolist()):
        P = torch.kron(exponential(dy, 2), exponential(dx, 3)).to(torch.complex128)
        for c in range(2):
            focus = torch.zeros((), dtype=torch.complex128)
            for r in range(2):
                T = torch.diag(torch.exp(1j * (device.scale[c, r] * x + device.bias[c, r])))
                H = (device.generator[c, r] + device.generator[c, r].T) / 2
                loop = T @ P @ torch.matrix_exp(1j * H) @ P.T @ T
                source = torch.view_as_complex(device.illumination[c, r])
                focus = focus + (torch.linalg.inv(2 * (torch.eye(6) - 0.5 * loop)) @ source).sum()
            expected[chip, c] = focus.abs().square() / 12
    assert_close(chips(x), expected, "law")


def test_a_shift_by_whole_pixels_is_a_medium_with_other_names_of_its_pixels() -> None:
    device = build(1.0).double()
    chip = device.as_built(1)
    chip.panel_shift = torch.tensor([1.0, -1.0], dtype=torch.float64)
    other = copy.deepcopy(device)
    with torch.no_grad():
        image = device.generator.unflatten(-1, (3, 3)).unflatten(-3, (3, 3))
        other.generator.copy_(image.roll((1, -1, 1, -1), (-4, -3, -2, -1)).flatten(-4, -3).flatten(-2))
    x = normal(1, 5, 9)
    assert_close(chip(x), other(x), "law")
    assert not torch.allclose(chip(x), device(x))


def test_light_is_conserved_in_the_loop_of_a_shifted_panel() -> None:
    """E = (1 - c) s + c T P S P^T T E with a lossless loop: what has been round is c times as long as E."""
    chip = build(0.8, coupling=0.7).double().as_built(2)
    x = normal(1, 9)
    source = torch.view_as_complex(chip.illumination.detach())
    for c in range(2):
        field = chip.planes(x, c)["field at the modulator"].flatten() * chip.illumination.detach().norm()
        returned = field - 0.3 * source[c, 0]
        assert_close(returned.norm()[None], 0.7 * field.norm()[None], "law")


@pytest.mark.parametrize("shift_px", [0.01, 0.5, 100.0])
def test_no_shift_makes_light(shift_px: float, dtype: torch.dtype) -> None:
    chips = build(shift_px, coupling=0.9).to(dtype).as_built(1, chips=20)
    assert_metered_passive(chips, normal(1, 5, 9).to(dtype))


def test_chips_are_paired() -> None:
    """A seed is a chip: its shift grows in proportion to the card's number, and no other fault is drawn anew."""
    faults = {"modulator.phase_error_rad": 0.1, "scattering.error_rad": 0.02}
    small, large, none = (build(px, **faults).double().as_built(5, chips=4) for px in (0.2, 2.0, 0.0))
    assert shift_of(small).shape == (4, 2)
    assert_close(10 * shift_of(small), shift_of(large), "equal")
    for name in ("phase_error", "generator_error"):
        assert torch.equal(getattr(small, name), getattr(none, name))
    assert not torch.equal(shift_of(build(0.2).as_built(6, chips=4).double()), shift_of(small))


def test_shifts_have_the_deviation_of_the_card_on_both_axes() -> None:
    shift = shift_of(build(0.3, inputs=2, classes=1).double().as_built(1, chips=4000))
    assert all(abs(float(rms) / 0.3 - 1) < 0.04 for rms in shift.square().mean(0).sqrt())
    assert all(abs(float(mean)) < 0.02 for mean in shift.mean(0))


def test_a_shifted_chip_is_the_same_whatever_the_precision() -> None:
    device = build(3.0)
    x = normal(1, 4, 9)
    double = device.double().as_built(5, chips=3)(x)
    assert_close(device.float().as_built(5, chips=3)(x.float()), double.float(), "law")


def test_without_a_shift_nothing_changes_at_all() -> None:
    device = build(0.0, **{"modulator.phase_error_rad": 0.1}).double()
    chip = device.as_built(1)
    assert chip.panel_shift is None
    x = normal(1, 5, 9)
    assert torch.equal(chip._scattering(), device._scattering())
    assert torch.equal(build(0.5, **{"modulator.phase_error_rad": 0.1}).double()(x), device(x)), "nominal devices"
    still = build(0.5, **{"modulator.phase_error_rad": 0.1}).double().as_built(1)
    still.panel_shift = torch.zeros(2, dtype=torch.float64)
    assert_close(still(x), chip(x), "rounding")


def test_the_ideal_device_sits_in_its_place() -> None:
    device = build(0.5).double()
    assert SHIFT in device.card.active_imperfections()
    ideal = device.as_built(1).ideal()
    assert ideal.panel_shift is None
    assert not ideal.card.active_imperfections()
    x = normal(1, 5, 9)
    assert torch.equal(ideal(x), device(x))


def test_the_shift_is_of_the_chip_and_not_of_its_settings() -> None:
    device = build(0.5)
    chip = device.as_built(1)
    assert chip.state_dict().keys() == device.state_dict().keys()
    moved = copy.deepcopy(chip).double()
    assert shift_of(moved).dtype == torch.float64
    assert_close(shift_of(moved).float(), shift_of(chip), "equal")
    assert torch.equal(shift_of(chip.as_built(2)), shift_of(device.as_built(2))), "a chip is built from the settings"


def test_the_response_strays_in_proportion_to_small_shifts_and_on_to_large_ones() -> None:
    x = normal(1, 50, 9)
    with torch.no_grad():
        ideal = build(0.0).double()(x)
        strays = [
            float((build(px).double().as_built(1, chips=20)(x) - ideal).square().mean().sqrt())
            for px in (1e-4, 1e-3, 1e-2, 1e-1, 0.5)
        ]
    assert strays == sorted(strays)
    assert abs(math.log10(strays[1] / strays[0]) - 1) < 0.02


def test_the_gradient_passes_the_shifted_medium() -> None:
    chip = build(0.5, inputs=4, classes=1).double().as_built(1)
    x = normal(1, 2, 4)
    assert_gradient(lambda generator: torch.func.functional_call(chip, {"generator": generator}, (x,)), chip.generator)


@pytest.mark.parametrize("shift_px", [-0.1, 101.0])
def test_absurd_shifts_are_refused(shift_px: float) -> None:
    with pytest.raises(PhotonicsError, match="shift_px"):
        build(shift_px)
