"""Sources: plane waves, light that is partly coherent in space, spectra that are no lines."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy.special
import torch
from torch import Tensor

from photonics_sim import PhotonicsError
from photonics_sim.device import normal
from photonics_sim.errors import PhotonicsWarning
from photonics_sim.optics import (
    coherent_modes,
    extended_source,
    focus,
    mutual_coherence,
    plane_wave,
    propagate,
    spectral_lines,
)
from photonics_sim.optics._source_points import disc_error
from photonics_sim.testing import assert_close, assert_gradient

ANY = {"pitch": 8e-6, "wavelength": 532e-9}


def degree(modes: Tensor) -> Tensor:
    """Of coherence between any two samples, `(ny nx, ny nx)`."""
    J = mutual_coherence(modes)
    intensity = J.diagonal().real
    return J / torch.sqrt(intensity[:, None] * intensity[None, :])


def separations(shape: tuple[int, int], pitch: tuple[float, float]) -> Tensor:
    """Of any two samples in metres, `(ny nx, ny nx)`."""
    y, x = (torch.arange(n, dtype=torch.float64) * step for n, step in zip(shape, pitch, strict=True))
    points = torch.stack(torch.meshgrid(y, x, indexing="ij"), -1).reshape(-1, 2)
    return (points[:, None] - points[None]).square().sum(-1).sqrt()


def disc(v: Tensor) -> Tensor:
    safe = v.clamp_min(1e-9).numpy()
    return torch.as_tensor(2 * scipy.special.j1(safe) / safe)


def light(*shape: int, seed: int = 0) -> Tensor:
    return torch.view_as_complex(normal(seed, *shape, 2).double())


def test_a_plane_wave_goes_where_it_is_sent() -> None:
    """Its phase advances by k sin(angle) per metre, and along z by k (cos - 1)."""
    angle = (0.01, -0.02)
    wave = plane_wave((12, 15), pitch=(8e-6, 7e-6), wavelength=532e-9, angle=angle, power=3e-3)
    assert float(wave.abs().square().sum()) * 56e-12 == pytest.approx(3e-3, rel=1e-12)
    k = 2 * math.pi / 532e-9
    slopes = (wave[1:] / wave[:-1]).angle() / 8e-6, (wave[:, 1:] / wave[:, :-1]).angle() / 7e-6
    for slope, turn in zip(slopes, angle, strict=True):
        assert_close(slope, torch.full_like(slope, k * math.sin(turn)))
    lines = torch.tensor([450e-9, 532e-9], dtype=torch.float64)
    assert_close(
        plane_wave((5, 6), pitch=8e-6, wavelength=lines, angle=0.01)[1], plane_wave((5, 6), **ANY, angle=0.01), "equal"
    )
    # a lens brings it to a spot f sin(angle) from its axis, as symmetric there as a window is
    spot = focus(wave, pitch=(8e-6, 7e-6), wavelength=532e-9, focal_length=0.1, output_pitch=1e-4,
                 output_shape=(21, 25), offset=[0.1 * math.sin(turn) for turn in angle]).abs()  # fmt: skip
    assert int(spot.argmax()) == 10 * 25 + 12
    assert_close(spot, spot.flip(0, 1))


@pytest.mark.parametrize("angle", [(0.0, 0.034), (-0.034, 0.0)])
def test_an_angle_that_is_not_resolved_says_which_pitch_would_do(angle: tuple[float, float]) -> None:
    plane_wave((4, 4), **ANY, angle=0.033)
    with pytest.raises(
        PhotonicsError,
        match=r"rad: a pitch of 8 um resolves up to 0\.0333 rad per axis at 532 nm, .*take at most 7\.825 um",
    ):
        plane_wave((4, 4), **ANY, angle=angle)
    with pytest.raises(PhotonicsError, match="squared sines must add up to less than 1"):
        plane_wave((4, 4), pitch=0.2e-6, wavelength=532e-9, angle=1.0)
    plane_wave((4, 4), pitch=0.2e-6, wavelength=532e-9, angle=(0.0, 1.0))


def test_a_gaussian_source_is_as_coherent_as_the_closed_form() -> None:
    shape, pitch, alpha = (9, 11), (8e-6, 7e-6), 0.004
    modes = extended_source(shape, pitch=pitch, wavelength=532e-9, angular_radius=alpha, profile="gaussian", modes=400)
    expected = torch.exp(-(math.pi * math.sin(alpha) * separations(shape, pitch) / 532e-9).square() / 2)
    assert float(expected.min()) < 0.1
    assert float((degree(modes) - expected).abs().max()) < 1e-6


def test_a_disc_is_as_coherent_as_the_closed_form_within_its_bound() -> None:
    """Past the second zero of the Airy disc; the bound is Neumann's addition theorem, and falls faster than powers."""
    shape, pitch, alpha = (9, 11), (8e-6, 7e-6), 0.0095
    v = 2 * math.pi * math.sin(alpha) * separations(shape, pitch) / 532e-9
    assert 7.1 < float(v.max()) < 12
    errors = []
    for across in (10, 12, 14, 16):
        modes = extended_source(shape, pitch=pitch, wavelength=532e-9, angular_radius=alpha, modes=across**2)
        errors.append(float((degree(modes) - disc(v)).abs().max()))
        assert errors[-1] <= disc_error(across, float(v.max())) + 1e-14
    assert all(late < early / 20 for early, late in pairwise(errors))
    assert errors[-1] < 1e-9


@pytest.mark.parametrize("profile", ["disc", "gaussian"])
@pytest.mark.parametrize("alpha", [1e-4, 0.003, 0.016])
def test_as_many_modes_as_the_plane_needs(profile: Any, alpha: float) -> None:
    """None takes them, within 1e-3; fewer warn with that number."""
    shape, pitch = (3, 24), (8e-6, 8e-6)
    v = 2 * math.pi * math.sin(alpha) * separations(shape, pitch) / 532e-9
    expected = disc(v) if profile == "disc" else torch.exp(-v.square() / 8)
    any_source: dict[str, Any] = {"pitch": pitch, "wavelength": 532e-9, "angular_radius": alpha, "profile": profile}
    modes = extended_source(shape, **any_source)
    assert float((degree(modes) - expected).abs().max()) < 1e-3
    fewer = (math.isqrt(len(modes)) - 2) ** 2
    if fewer:
        with pytest.warns(
            PhotonicsWarning, match=rf"modes = {fewer} are too few .*24 um x 192 um; take modes = {len(modes)},"
        ):
            extended_source(shape, **any_source, modes=fewer)


@pytest.mark.parametrize("profile", ["disc", "gaussian"])
def test_intensities_of_modes_add_up_to_the_power(profile: Any) -> None:
    modes = extended_source((6, 7), **ANY, angular_radius=0.005, profile=profile, modes=64, power=2e-3)
    assert modes.shape == (64, 6, 7)
    intensity = modes.abs().square().sum(0)
    assert_close(intensity, torch.full((6, 7), 2e-3 / (42 * 64e-12), dtype=torch.float64))
    lines = torch.tensor([450e-9, 532e-9], dtype=torch.float64)
    both = extended_source((6, 7), pitch=8e-6, wavelength=lines, angular_radius=0.005, profile=profile, modes=64,
                           power=2e-3)  # fmt: skip
    assert both.shape == (2, 64, 6, 7)
    assert_close(both[1], modes)


def test_modes_propagate_as_their_mutual_coherence_does() -> None:
    """J' = P J P^H with the dense P of every unit vector, for partly coherent light through a mask."""
    way = {**ANY, "distance": 5e-3, "method": "angular-spectrum"}
    modes = extended_source((6, 6), **ANY, angular_radius=0.01, modes=64) * light(6, 6)
    units = torch.eye(36, dtype=torch.complex128).reshape(36, 6, 6)
    P = propagate(units, **way).reshape(36, 36).T  # type: ignore[arg-type]
    J = mutual_coherence(modes)
    expected = P @ J @ P.mH
    found = mutual_coherence(propagate(modes, **way))  # type: ignore[arg-type]
    assert float(torch.linalg.matrix_norm(P.mH @ P - torch.eye(36), 2)) > 0.05  # a way that does something
    assert_close(found, expected)
    assert_close(mutual_coherence(propagate(coherent_modes(J, (6, 6)), **way)), expected)  # type: ignore[arg-type]


def test_light_without_coherence_gains_it_on_its_way() -> None:
    """Van Cittert and Zernike: the Fourier transform of a Gaussian source, with the phase of Fresnel's parabola."""
    n, pitch, z, radius = 16, 10e-6, 0.2, 25e-6
    y, x = ((torch.arange(n, dtype=torch.float64) - (n - 1) / 2) * pitch for _ in range(2))
    intensity = torch.exp(-2 * (y[:, None].square() + x.square()) / radius**2)
    modes = (torch.eye(n * n, dtype=torch.complex128) * intensity.flatten().sqrt()).reshape(-1, n, n)
    far = propagate(modes, pitch=pitch, wavelength=532e-9, distance=z, method="fresnel-products", output_pitch=300e-6,
                    output_shape=(5, 7))  # fmt: skip
    r = separations((5, 7), (3e-4, 3e-4))
    y, x = ((torch.arange(m, dtype=torch.float64) - (m - 1) / 2) * 3e-4 for m in (5, 7))
    parabola = (math.pi / (532e-9 * z) * (y[:, None].square() + x.square())).flatten()
    phase = parabola[:, None] - parabola[None, :]
    closed = torch.exp(-(math.pi * radius * r / (532e-9 * z)).square() / 2) * torch.complex(phase.cos(), phase.sin())
    # the source is cut at 3.2 radii, where exp(-2 3.2^2) = 1e-9 of its middle is left
    assert float(closed.abs().min()) < 0.3
    assert float((degree(far) - closed).abs().max()) < 1e-7


def test_a_few_modes_hold_most_of_the_power() -> None:
    modes = extended_source((6, 7), **ANY, angular_radius=0.004, modes=64, power=2e-3)
    J = mutual_coherence(modes)
    assert_close(J, J.mH, "equal")
    assert_close(J.diagonal().real, modes.abs().square().sum(0).flatten())
    every = coherent_modes(J, (6, 7))
    assert_close(mutual_coherence(every), J, "law")
    powers = every.abs().square().sum((-1, -2))
    assert bool((powers[1:] <= powers[:-1]).all())
    overlaps = every.flatten(1) @ every.flatten(1).mH
    assert_close(overlaps, torch.diag(powers).to(overlaps.dtype), "law")
    held = (powers / powers.sum()).cumsum(0)
    some = coherent_modes(J, (6, 7), share=0.95)
    assert float(held[len(some) - 1]) >= 0.95 > float(held[len(some) - 2])
    assert len(some) < 10
    assert_close(coherent_modes(J, (6, 7), count=2).abs(), every[:2].abs())
    alone = plane_wave((6, 7), **ANY, angle=0.01)
    assert_close(
        mutual_coherence(coherent_modes(mutual_coherence(alone[None]), (6, 7))), mutual_coherence(alone[None]), "law"
    )
    assert len(coherent_modes(mutual_coherence(alone[None].to(torch.complex64)), (6, 7))) == 1


@pytest.mark.parametrize("profile", ["gaussian", "rectangular"])
def test_lines_are_as_coherent_in_time_as_the_closed_form(profile: Any) -> None:
    """Two paths of plane waves, one longer: visibility and phase of fringes over two coherence lengths."""
    centre, width, count = 850e-9, 40e-9, 32
    wavelengths, weights = spectral_lines(centre, width, count, profile=profile)
    delta, longer = width / centre**2, torch.linspace(0, 2 * centre**2 / width, 60, dtype=torch.float64)
    assert float(weights.sum()) == pytest.approx(1, rel=1e-14)
    mean = float((weights / wavelengths).sum())
    assert mean == pytest.approx(1 / centre, rel=1e-13)
    variance = float((weights * (1 / wavelengths - mean).square()).sum())
    known = {"gaussian": 1 / (8 * math.log(2)), "rectangular": 1 / 12}
    assert variance == pytest.approx(known[profile] * delta**2, rel=1e-9)
    turn = 2 * math.pi * longer[:, None] / wavelengths
    found = (weights * torch.complex(turn.cos(), turn.sin())).sum(-1)
    carrier = 2 * math.pi * longer / centre
    envelope = {
        "gaussian": torch.exp(-(math.pi * delta * longer).square() / (4 * math.log(2))),
        "rectangular": torch.sinc(delta * longer),
    }[profile]
    assert float(envelope.abs().min()) < 0.01
    assert float((found - envelope * torch.complex(carrier.cos(), carrier.sin())).abs().max()) < 1e-6


def test_lines_and_modes_are_leading_axes_of_propagate() -> None:
    wavelengths, weights = spectral_lines(532e-9, 20e-9, 3)
    source = extended_source((8, 9), pitch=8e-6, wavelength=wavelengths, angular_radius=0.002, modes=16)
    far = propagate(source, pitch=8e-6, wavelength=wavelengths[:, None], distance=1e-3, method="angular-spectrum")
    assert far.shape == (3, 16, 8, 9)
    one_by_one = torch.stack([
        propagate(extended_source((8, 9), pitch=8e-6, wavelength=wave, angular_radius=0.002, modes=16), pitch=8e-6,
                  wavelength=wave, distance=1e-3, method="angular-spectrum") for wave in wavelengths
    ])  # fmt: skip
    intensity = (weights[:, None, None] * far.abs().square().sum(1)).sum(0)
    expected = sum(w * u.abs().square().sum(0) for w, u in zip(weights, one_by_one, strict=True))
    assert isinstance(expected, Tensor)
    assert_close(intensity, expected)


def test_gradients_through_every_number() -> None:
    def wave(wavelength: Tensor, y: Tensor, x: Tensor, dy: Tensor, dx: Tensor, power: Tensor) -> Tensor:
        found = plane_wave((4, 5), pitch=(1e-5 * dy, 1e-5 * dx), wavelength=1e-6 * wavelength, angle=(y, x),
                           power=1e-9 * power)  # fmt: skip
        return torch.view_as_real(found)

    def source(profile: Any, wavelength: Tensor, radius: Tensor, dy: Tensor, dx: Tensor, power: Tensor) -> Tensor:
        found = extended_source((3, 4), pitch=(1e-5 * dy, 1e-5 * dx), wavelength=1e-6 * wavelength, modes=36,
                                angular_radius=1e-3 * radius, profile=profile, power=1e-9 * power)  # fmt: skip
        return torch.view_as_real(found)

    def lines(centre: Tensor, width: Tensor) -> Tensor:
        return 1e6 * spectral_lines(1e-6 * centre, 1e-8 * width, 5)[0]

    def powers(a: Tensor) -> Tensor:
        return coherent_modes(mutual_coherence(torch.complex(a[0], a[1])), (2, 3), count=2).abs().square()

    leaf = [torch.tensor(v, dtype=torch.float64) for v in (0.5, 0.011, -0.007, 0.9, 1.1, 1.3)]
    assert_gradient(wave, *leaf)
    for profile in ("disc", "gaussian"):
        assert_gradient(lambda *v, p=profile: source(p, *v), *(leaf[i] for i in (0, 3, 3, 4, 5)))
    assert_gradient(lines, leaf[0], leaf[3])
    assert_gradient(powers, normal(0, 2, 3, 2, 3).double())


def test_sources_that_are_none_are_refused() -> None:
    with pytest.raises(PhotonicsError, match=r"angular_radius = 0\.04 rad: a pitch of 8 um resolves .* smaller source"):
        extended_source((4, 4), **ANY, angular_radius=0.04, modes=64)
    with pytest.raises(PhotonicsError, match=r"take at most 4\.43.* um, or a smaller source"):
        extended_source((4, 4), **ANY, angular_radius=0.03, profile="gaussian", modes=64)
    extended_source((4, 4), pitch=4.4e-6, wavelength=532e-9, angular_radius=0.03, profile="gaussian", modes=64)
    with pytest.raises(PhotonicsError, match=r"angular_radius = 2 rad: expected less than pi / 2"):
        extended_source((4, 4), **ANY, angular_radius=2.0)
    with pytest.raises(PhotonicsError, match="profile = 'ring' of a source: expected disc or gaussian"):
        extended_source((4, 4), **ANY, angular_radius=0.01, profile="ring")  # type: ignore[arg-type]
    for modes, good in ((60, 64), (49, 64), (1, 4), (0, 4)):
        with pytest.raises(
            PhotonicsError, match=f"modes = {modes}: expected the square of an even number; take {good}"
        ):
            extended_source((4, 4), **ANY, angular_radius=0.001, modes=modes)
    with pytest.raises(PhotonicsError, match="reach below zero frequency"):
        spectral_lines(500e-9, 500e-9, 32)
    with pytest.raises(PhotonicsError, match="count = 0 lines"):
        spectral_lines(500e-9, 5e-9, 0)
    with pytest.raises(PhotonicsError, match="profile = 'sharp' of a spectrum: expected gaussian or rectangular"):
        spectral_lines(500e-9, 5e-9, 3, profile="sharp")  # type: ignore[arg-type]


def test_mutual_coherences_that_are_none_are_refused() -> None:
    J = mutual_coherence(light(3, 2, 3))
    with pytest.raises(PhotonicsError, match=r"J \(6, 6\) for a plane \(3, 3\): expected \(9, 9\)"):
        coherent_modes(J, (3, 3))
    for bad in (J + 0.1 * torch.triu(torch.ones_like(J), 1), -J, 0 * J):
        with pytest.raises(PhotonicsError, match="a mutual coherence is Hermitian without negative eigenvalues"):
            coherent_modes(bad, (2, 3))
    with pytest.raises(PhotonicsError, match=r"share = 1\.5: expected at least 1 mode, and a share"):
        coherent_modes(J, (2, 3), share=1.5)
    with pytest.raises(PhotonicsError, match=r"modes \(2, 3\): expected \(\.\.\., modes, ny, nx\)"):
        mutual_coherence(light(2, 3))
    with pytest.raises(PhotonicsError, match=r"256 x 256 samples has 4\.3e\+09 entries; expected at most 16384"):
        mutual_coherence(torch.from_numpy(np.broadcast_to(np.complex64(0), (1, 256, 256)).copy()))
