"""Light over a distance against what is known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import signal, special
from torch import Tensor

from photonics_sim.optics import (
    blazed_grating,
    circular_aperture,
    focus,
    gaussian_beam,
    propagate,
    thin_lens,
)
from photonics_sim.testing import relative_error

LAMBDA, PITCH = 532e-9, 8e-6
ANY = {"pitch": PITCH, "wavelength": LAMBDA}


def axis(count: int, pitch: float = PITCH) -> Tensor:
    return (torch.arange(count, dtype=torch.float64) - (count - 1) / 2) * pitch


def complex_of(dtype: torch.dtype) -> torch.dtype:
    return torch.complex64 if dtype == torch.float32 else torch.complex128


@pytest.mark.parametrize("fresnel_number", [1, 3, 8, 20])
def test_a_rectangular_aperture_casts_fresnels_shadow(fresnel_number: float) -> None:
    """Goodman 4.5.1: U = [F(x2) - F(x1)] [F(y2) - F(y1)] / 2i; every point of a pixel is summed."""
    n, width, finer = 64, 64 * PITCH, 8
    z = (width / 2) ** 2 / (LAMBDA * fresnel_number)
    pitch = PITCH / finer
    field = torch.ones(n * finer, n * finer, dtype=torch.complex128)
    found = propagate(field, pitch=pitch, wavelength=LAMBDA, distance=z, method="fresnel-products",
                      output_pitch=PITCH, output_shape=(n, n))  # fmt: skip
    x = axis(n).numpy()
    scale = math.sqrt(2 / (LAMBDA * z))

    def edge(at: np.ndarray) -> np.ndarray:
        sine, cosine = special.fresnel(scale * at)
        return cosine + 1j * sine  # type: ignore[no-any-return]

    line = edge(width / 2 - x) - edge(-width / 2 - x)
    expected = torch.from_numpy(np.outer(line, line) / 2j)
    assert relative_error(found.abs().square(), expected.abs().square()) < 5e-3
    assert relative_error(found, expected) < 5e-3


@pytest.mark.parametrize("z", [10e-3, 20e-3, 40e-3])
def test_light_on_the_axis_of_a_round_aperture(z: float) -> None:
    """Rayleigh and Sommerfeld's integral is known there: U = 1 - (z / r) e^{ik(r - z)}, without the phase k z."""
    n, radius, pitch = 401, 0.1e-3, 0.5e-6
    aperture = circular_aperture((n, n), pitch=pitch, diameter=2 * radius).to(torch.complex128)
    found = propagate(aperture, pitch=pitch, wavelength=LAMBDA, distance=z)[n // 2, n // 2]
    r = math.hypot(radius, z)
    expected = 1 - z / r * np.exp(2j * math.pi / LAMBDA * radius**2 / (r + z))
    assert abs(complex(found) - expected) < 1e-3 * max(abs(expected), 1)


def test_a_lens_forms_airys_disc(dtype: torch.dtype) -> None:
    """Goodman 4.4.2: peak pi D^2 / 4 lambda f, first zero at 1.22 lambda f / D."""
    n, f, diameter = 512, 0.1, 512 * PITCH * 0.75
    pupil = circular_aperture((n, n), pitch=PITCH, diameter=diameter, finer=16).to(complex_of(dtype))
    zero = 1.219669891 * LAMBDA * f / diameter
    found = focus(pupil, **ANY, focal_length=f, output_pitch=zero / 32, output_shape=(129, 129))
    rho = torch.hypot(axis(129, zero / 32)[:, None], axis(129, zero / 32)[None])
    x = (math.pi * diameter * rho / (LAMBDA * f)).numpy()
    airy = np.where(x > 0, 2 * special.j1(x) / np.where(x > 0, x, 1), 1.0) * math.pi * diameter**2 / (4 * LAMBDA * f)
    error = relative_error(1j * found.to(torch.complex128), torch.from_numpy(airy).to(torch.complex128))
    assert error < (1e-4 if dtype == torch.float32 else 5e-5)
    line = found[64, 64:].abs()
    assert int(line[:48].argmin()) == 32, "the first dark ring"


@pytest.mark.parametrize("method", ["angular-spectrum", "fresnel", "fresnel-products"])
def test_a_gaussian_beam_spreads(method: str, dtype: torch.dtype) -> None:
    """Width, curvature and Gouy's phase, as a complex field."""
    shape, waist, z = (160, 192), 100e-6, 0.06
    start = gaussian_beam(shape, **ANY, waist=waist).to(complex_of(dtype))
    expected = gaussian_beam(shape, **ANY, waist=waist, distance=z)
    found = propagate(start, **ANY, distance=z, method=method)
    # the exact kernel is not paraxial: by k sin(theta)^4 z / 8 in phase
    limit = 2e-5 if dtype == torch.float32 else 1e-6 if method != "angular-spectrum" else 2e-5
    assert relative_error(found.to(torch.complex128), expected) < limit
    assert float(expected.abs().square().sum()) * PITCH**2 == pytest.approx(1, rel=1e-6), "one watt"


def test_a_gaussian_beam_through_a_lens_obeys_abcd() -> None:
    shape, waist, f = (256, 256), 0.4e-3, 0.12
    beam = gaussian_beam(shape, **ANY, waist=waist) * thin_lens(shape, **ANY, focal_length=f)
    rayleigh = math.pi * waist**2 / LAMBDA
    at = f / (1 + (f / rayleigh) ** 2)  # the new waist, behind the lens
    small = waist / math.sqrt(1 + (rayleigh / f) ** 2)
    found = propagate(
        beam, **ANY, distance=at, method="angular-spectrum", output_pitch=small / 8, output_shape=(65, 65)
    )
    power = found.abs().square()
    x = axis(65, small / 8)
    width = 2 * torch.sqrt((power.sum(0) * x.square()).sum() / power.sum())
    assert float(width) == pytest.approx(small, rel=1e-3)
    before, after = (
        propagate(beam, **ANY, distance=d, method="angular-spectrum", output_pitch=small / 8, output_shape=(1, 1)).abs()
        for d in (at * 0.97, at * 1.03)
    )
    assert max(float(before), float(after)) < float(found[32, 32].abs())


def test_talbot_images_repeat() -> None:
    """On a periodic grid with no padding: the exact ladder of orders, here by the transfer function of a distance."""
    from photonics_sim.optics._grid import frequencies
    from photonics_sim.optics._space import geometry
    from photonics_sim.optics._transfer import angular_spectrum

    period, count = 16, 128
    a = period * PITCH
    z = LAMBDA / (1 - math.sqrt(1 - (LAMBDA / a) ** 2))
    grating = (torch.arange(count) % period < period // 2).to(torch.complex128)

    def after(distance: float) -> Tensor:
        space, _ = geometry((1, count), **ANY, distance=distance)
        H = angular_spectrum(space, torch.zeros(1, 1, dtype=torch.float64), frequencies(count, PITCH)[None])
        return torch.fft.ifft(torch.fft.fft(grating) * H[0])

    smooth = torch.fft.ifft(torch.fft.fft(grating) * (frequencies(count, PITCH).abs() < 1.5 / a))
    grating = smooth  # two orders: the ladder has one step, and the image is exact
    assert relative_error(after(z), grating) < 1e-10
    assert relative_error(after(z / 2), grating.roll(period // 2)) < 1e-2, "half-way the image is shifted; paraxially"


def test_a_plane_wave_keeps_its_shape_and_turns_its_phase() -> None:
    """A wave on the padded grid's own frequencies comes out multiplied by e^{i (kz - k) z}; axes are not swapped."""
    from photonics_sim.optics._space import geometry
    from photonics_sim.optics._transfer import sampled_transfer

    space, _ = geometry((64, 96), pitch=(PITCH, 1.5 * PITCH), wavelength=LAMBDA, distance=0.01)
    y, x = axis(64)[:, None], axis(96, 1.5 * PITCH)[None]
    ky, kx = 2 * math.pi * 3 / (64 * PITCH), -2 * math.pi * 7 / (96 * 1.5 * PITCH)
    wave = torch.exp(1j * (ky * y + kx * x))
    k = 2 * math.pi / LAMBDA
    expected = wave * np.exp(1j * 0.01 * (math.sqrt(k**2 - kx**2 - ky**2) - k))
    found = torch.fft.ifft2(torch.fft.fft2(wave) * sampled_transfer(space, (64, 96), "angular-spectrum"))
    assert relative_error(found, expected) < 1e-10


def test_a_blazed_grating_sends_light_into_its_order() -> None:
    """sin(theta_m) = m lambda / d, and sinc^2(m - phi / 2 pi) of the light."""
    n, period, f = 256, 16 * PITCH, 0.05
    for depth in (2 * math.pi, math.pi, 1.0):
        grating = blazed_grating((n, n), pitch=PITCH, period=period, depth=depth)
        spectrum = torch.fft.fft2(grating).abs().square() / n**4
        for order in (0, 1, 2):
            share = float(spectrum[0, order * n // 16])
            smooth = np.sinc(order - depth / (2 * math.pi)) ** 2
            # 16 steps instead of a slope: the orders of the steps' own grid add to each other
            assert share == pytest.approx(smooth, abs=0.012)
    line = focus(blazed_grating((n, n), pitch=PITCH, period=period), **ANY, focal_length=f,
                 output_pitch=4e-6, output_shape=(1, 401)).abs()[0]  # fmt: skip
    expected = 200 + LAMBDA / period * f / 4e-6
    assert abs(int(line.argmax()) - expected) <= 1


def test_4f_turns_the_image_round_and_scales_it(dtype: torch.dtype) -> None:
    n, f1, f2 = 96, 0.05, 0.1
    x = axis(n)
    image = torch.exp(-(((x[:, None] - 90e-6) / 60e-6) ** 2) - ((x[None] + 50e-6) / 80e-6) ** 2).to(complex_of(dtype))
    fourier = LAMBDA * f1 / (2 * n * PITCH)
    middle = focus(image, **ANY, focal_length=f1, output_pitch=fourier, output_shape=(2 * n, 2 * n))
    found = focus(middle, pitch=fourier, wavelength=LAMBDA, focal_length=f2, output_pitch=PITCH * f2 / f1,
                  output_shape=(n, n))  # fmt: skip
    expected = -image.flip(0, 1) * f1 / f2
    assert relative_error(found, expected) < (1e-5 if dtype == torch.float32 else 1e-6)


def test_a_pupil_filters_by_convolution() -> None:
    """A mask in the Fourier plane convolves the image with the mask's transform."""
    n, f = 64, 0.05
    generator = torch.Generator().manual_seed(0)
    image = torch.nn.functional.pad(torch.randn(24, 24, dtype=torch.complex128, generator=generator), (20,) * 4)
    fourier, wide = LAMBDA * f / (2 * n * PITCH), 2 * n
    mask = torch.randn(wide, wide, dtype=torch.complex128, generator=generator)
    spectrum = focus(image, **ANY, focal_length=f, output_pitch=fourier, output_shape=(wide, wide))
    found = focus(spectrum * mask, pitch=fourier, wavelength=LAMBDA, focal_length=f, output_pitch=PITCH,
                  output_shape=(n, n))  # fmt: skip
    psf = focus(
        mask, pitch=fourier, wavelength=LAMBDA, focal_length=f, output_pitch=PITCH, output_shape=(wide - 1,) * 2
    )
    convolved = signal.fftconvolve(image.flip(0, 1).numpy(), psf.numpy())[n - 1 : 2 * n - 1, n - 1 : 2 * n - 1]
    assert relative_error(found, torch.from_numpy(convolved) * PITCH**2 / (1j * LAMBDA * f)) < 1e-10
