"""Polarisation: wave plates, polarisers, rotators; beam splitters."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from photonics_sim import PhotonicsError
from photonics_sim.device import normal
from photonics_sim.optics import apply_jones, beam_splitter, polariser, propagate, retarder, rotator
from photonics_sim.testing import assert_close, assert_conserves_power, assert_gradient, assert_unitary

X, Y = torch.eye(2, dtype=torch.complex128)
LEFT, RIGHT = (torch.tensor([1, sign * 1j], dtype=torch.complex128) / math.sqrt(2) for sign in (1, -1))


def light(dtype: torch.dtype, *shape: int, seed: int = 0) -> Tensor:
    return torch.view_as_complex(normal(seed, *shape, 2).to(dtype))


def angles(*shape: int, seed: int = 0) -> Tensor:
    return normal(seed, *shape).double()


def per_sample(matrix: Tensor) -> Tensor:
    """`(..., 2, 2, ny, nx)` as `(..., ny, nx, 2, 2)`."""
    return matrix.movedim((-4, -3), (-2, -1))


def test_retarders_rotators_and_splitters_lose_nothing() -> None:
    for retardance, angle in ((math.pi, 0.3), (0.5, -1.1), (0.0, 2.0)):
        assert_unitary(retarder(retardance, angle))
        assert_unitary(beam_splitter(math.sin(retardance) ** 2, angle))
    assert_unitary(rotator(0.7))
    assert_unitary(per_sample(retarder(angles(4, 5), angles(4, 5, seed=1))))
    assert_unitary(per_sample(retarder(0.4, angles(3, 4, 5))))
    assert_unitary(per_sample(rotator(angles(4, 5))))
    assert_unitary(per_sample(beam_splitter(angles(4, 5).sin().square(), 0.3)))


def test_a_wave_plate_is_that_along_its_own_axes() -> None:
    """R(theta) diag(exp(-i G / 2), exp(i G / 2)) R(-theta): the slow axis comes later, which is a larger phase."""
    along = torch.diag(torch.exp(torch.tensor([-0.45j, 0.45j], dtype=torch.complex128)))
    assert_close(retarder(0.9, 0.4), rotator(0.4) @ along @ rotator(-0.4))


def test_two_quarter_wave_plates_are_a_half_wave_plate() -> None:
    quarter, half = retarder(math.pi / 2, 0.3), retarder(math.pi, 0.3)
    assert_close(quarter @ quarter, half)
    assert_close(half @ half, -torch.eye(2, dtype=torch.complex128))
    # a half-wave plate mirrors linear light at its axis, a quarter-wave plate at 45 degrees makes it circular
    turned = half @ X
    assert abs(abs(complex(torch.vdot(rotator(0.6) @ X, turned))) - 1) < 1e-14
    circular = retarder(math.pi / 2, math.pi / 4) @ X
    assert_close(circular.abs(), torch.full((2,), math.sqrt(0.5), dtype=torch.float64))
    assert float((circular[1] / circular[0]).real) == pytest.approx(0, abs=1e-14)


def test_malus() -> None:
    for theta in (0.0, 0.3, 1.0, math.pi / 2):
        passed = (polariser(theta) @ X).abs().square().sum()
        assert float(passed) == pytest.approx(math.cos(theta) ** 2, abs=1e-14)
    P = polariser(0.7)
    assert_close(P @ P, P)
    assert_close(rotator(0.7) @ polariser() @ rotator(-0.7), P)


def test_a_polariser_leaks_its_extinction() -> None:
    across = polariser(0.4 + math.pi / 2, 30.0) @ rotator(0.4) @ X
    assert float(across.abs().square().sum()) == pytest.approx(1e-3, rel=1e-12)
    along = polariser(0.4, 30.0) @ rotator(0.4) @ X
    assert float(along.abs().square().sum()) == pytest.approx(1, rel=1e-12)
    assert_close(polariser(0.4, 0.0), torch.eye(2, dtype=torch.complex128))


def test_circular_light_gains_twice_the_angle_of_a_half_wave_plate() -> None:
    """The geometric phase of Pancharatnam and Berry, of opposite sign for the two hands."""
    angle = torch.linspace(-1.4, 1.4, 15, dtype=torch.float64).reshape(3, 5)
    plate = retarder(math.pi, angle)
    for hand, other, sign in ((LEFT, RIGHT, 1), (RIGHT, LEFT, -1)):
        passed = apply_jones(hand[:, None, None].expand(2, 3, 5), plate)
        onto = (other.conj()[:, None, None] * passed).sum(0)
        expected = -1j * torch.exp(2j * sign * angle)
        assert_close(onto, expected)


def test_a_lens_of_turned_plates_focuses_one_hand() -> None:
    """A Pancharatnam-Berry lens: angle per pixel; polarisation is one more leading axis of `propagate`."""
    n, pitch, wavelength, f = 48, 8e-6, 532e-9, 40e-3
    x = (torch.arange(n, dtype=torch.float64) - (n - 1) / 2) * pitch
    angle = -math.pi / (2 * wavelength * f) * (x[:, None].square() + x.square())
    peaks = []
    for hand in (LEFT, RIGHT):
        field = apply_jones(hand[:, None, None].expand(2, n, n), retarder(math.pi, angle))
        far = propagate(field, pitch=pitch, wavelength=wavelength, distance=f, method="fresnel")
        peaks.append(float(far.abs().square().sum(0).max()))
    assert peaks[0] > 20 * peaks[1]


def test_a_mach_zehnder_interferometer_shows_its_fringe() -> None:
    """cos^2 and sin^2 of half the phase between its arms, one phase per pixel."""
    phase = angles(4, 5)
    one = torch.zeros(2, 4, 5, dtype=torch.complex128)
    one[0] = 1
    arms = apply_jones(one, beam_splitter())
    assert_close(arms.abs().square(), torch.full((2, 4, 5), 0.5, dtype=torch.float64))
    arms = arms * torch.stack([torch.exp(1j * phase), torch.ones_like(phase)])
    out = apply_jones(arms, beam_splitter()).abs().square()
    assert_close(out[1], (phase / 2).cos().square())
    assert_close(out[0], (phase / 2).sin().square())
    # with one surface seen from both sides, light leaves where it came in, for a second splitter the other way round
    coated = beam_splitter(0.3, 0.0)
    assert_close(coated.mH @ coated, torch.eye(2, dtype=torch.complex128))
    assert float((beam_splitter(0.3) @ X)[1].abs() ** 2) == pytest.approx(0.3, rel=1e-12)


def test_fields_keep_their_type_power_and_leading_axes(dtype: torch.dtype) -> None:
    field = light(dtype, 3, 2, 4, 5)
    passed = apply_jones(field, retarder(1.2, 0.3))
    assert passed.dtype == field.dtype
    assert_conserves_power(field, passed)
    assert_close(passed, apply_jones(field, retarder(1.2, torch.full((4, 5), 0.3, dtype=torch.float64))), "rounding")
    J = retarder(1.2, 0.3).to(field.dtype)
    assert_close(passed, torch.stack([J[0, 0] * field[:, 0] + J[0, 1] * field[:, 1],
                                      J[1, 0] * field[:, 0] + J[1, 1] * field[:, 1]], 1))  # fmt: skip
    many = retarder(angles(3, 1, 1), 0.3)
    assert many.shape == (3, 2, 2, 1, 1)
    assert_close(apply_jones(field, many)[1], apply_jones(field[1], many[1]), "equal")
    assert apply_jones(field[0], many).shape == (3, 2, 4, 5)
    assert apply_jones(torch.ones(2, 4, 5, dtype=dtype), rotator(0.2)).is_complex()


def test_gradients_through_every_number() -> None:
    def plates(retardance: Tensor, angle: Tensor) -> Tensor:
        return torch.view_as_real(retarder(retardance, angle))

    def rest(angle: Tensor, extinction: Tensor, reflectance: Tensor, phase: Tensor) -> Tensor:
        found = [polariser(angle, extinction), polariser(angle), rotator(angle), beam_splitter(reflectance, phase)]
        return torch.view_as_real(torch.stack(found))

    def through(field: Tensor, angle: Tensor) -> Tensor:
        return torch.view_as_real(apply_jones(torch.view_as_complex(field), retarder(1.1, angle)))

    numbers = [torch.tensor(v, dtype=torch.float64) for v in (0.7, 12.0, 0.3, 0.4)]
    assert_gradient(plates, numbers[0], numbers[3])
    assert_gradient(plates, angles(2, 3), numbers[3])
    assert_gradient(plates, numbers[0], angles(2, 3))
    assert_gradient(rest, *numbers)
    assert_gradient(through, angles(2, 2, 3, 2), angles(2, 3))


def test_what_does_not_fit_is_refused() -> None:
    field = torch.ones(2, 4, 5, dtype=torch.complex128)
    with pytest.raises(PhotonicsError, match=r"field \(3, 4, 5\): expected \(\.\.\., 2, ny, nx\), two polarisations"):
        apply_jones(torch.ones(3, 4, 5), rotator(0.1))
    with pytest.raises(PhotonicsError, match=r"field \(2, 5\): expected"):
        apply_jones(torch.ones(2, 5), rotator(0.1))
    for bad in (torch.eye(3), torch.ones(2, 2, 4), torch.ones(2, 2, 5, 4), torch.ones(2, 3, 4, 5), torch.ones(2)):
        with pytest.raises(
            PhotonicsError, match=r"for a field \(2, 4, 5\): expected \(2, 2\), or \(\.\.\., 2, 2, 4, 5\)"
        ):
            apply_jones(field, bad)
    with pytest.raises(PhotonicsError, match=r"a Jones matrix \(3, 2, 2, 4, 5\) for a field \(7, 2, 4, 5\)"):
        apply_jones(field.expand(7, 2, 4, 5), torch.ones(3, 2, 2, 4, 5))
    with pytest.raises(PhotonicsError, match=r"a Jones matrix \(2, 2, 4, 5\) for a field \(2, 1, 1\)"):
        apply_jones(field[:, :1, :1], torch.ones(2, 2, 4, 5))
    with pytest.raises(PhotonicsError, match=r"angle \(4\): expected one number, or one per sample"):
        retarder(1.0, torch.zeros(4))
    with pytest.raises(PhotonicsError, match="retardance = nan rad: expected finite"):
        retarder(math.nan)
    for bad_db in (-3.0, math.nan):
        with pytest.raises(PhotonicsError, match=f"extinction_db = {bad_db:g} dB: expected 0 dB or more"):
            polariser(0.0, bad_db)
    with pytest.raises(PhotonicsError, match=r"reflectance from -0\.1 to 1\.2: expected a share of the power, 0 to 1"):
        beam_splitter(torch.tensor([[-0.1, 1.2]]))
