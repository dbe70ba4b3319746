"""Thin elements: lenses, apertures, gratings, beams."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from photonics_sim import PhotonicsError
from photonics_sim.errors import PhotonicsWarning
from photonics_sim.optics import (
    blazed_grating,
    circular_aperture,
    gaussian_beam,
    propagate,
    rectangular_aperture,
    thin_lens,
)
from photonics_sim.testing import assert_close, assert_gradient

ANY = {"pitch": 8e-6, "wavelength": 532e-9}


def test_apertures_pass_their_area() -> None:
    disc = circular_aperture((64, 65), pitch=(8e-6, 7e-6), diameter=0.3e-3, finer=16)
    assert float(disc.sum()) * 56e-12 == pytest.approx(math.pi * 0.15e-3**2, rel=1e-3)
    box = rectangular_aperture((40, 40), pitch=10e-6, size=(105e-6, 210e-6), finer=20)
    assert float(box.sum()) * 1e-10 == pytest.approx(105e-6 * 210e-6, rel=1e-12)
    moved = circular_aperture((64, 65), pitch=8e-6, diameter=0.1e-3, centre=(80e-6, -40e-6))
    y, x = (torch.arange(n, dtype=torch.float64) - (n - 1) / 2 for n in (64, 65))
    assert float((moved * y[:, None]).sum() / moved.sum()) == pytest.approx(10, abs=1e-2)
    assert float((moved * x[None]).sum() / moved.sum()) == pytest.approx(-5, abs=1e-2)


def test_an_aspheric_lens_focuses_to_a_point_where_a_paraxial_one_does_not() -> None:
    """NA 0.37: exact waves need the exact phase."""
    f, pitch, n = 1e-3, 0.5e-6, 1600
    peaks = {}
    for kind in ("paraxial", "aspheric"):
        lens = thin_lens((n, n), pitch=pitch, wavelength=532e-9, focal_length=f, kind=kind, diameter=0.8e-3) \
            .to(torch.complex64)  # type: ignore[arg-type]  # fmt: skip
        spot = propagate(lens, pitch=pitch, wavelength=532e-9, distance=f, method="angular-spectrum",
                         output_pitch=0.1e-6, output_shape=(41, 41)).abs().square()  # fmt: skip
        peaks[kind] = float(spot.max())
        if kind == "aspheric":
            assert int(spot.argmax()) == 41 * 20 + 20
    assert peaks["aspheric"] > 4 * peaks["paraxial"]


def test_a_diverging_lens_undoes_a_converging_one() -> None:
    for kind in ("paraxial", "aspheric"):
        one, two = (thin_lens((32, 32), **ANY, focal_length=f, kind=kind) for f in (0.1, -0.1))  # type: ignore[arg-type]
        assert_close(one * two, torch.ones_like(one), "rounding")


def test_gradients_through_every_number() -> None:
    def lens(f: Tensor, wave: Tensor, y: Tensor, x: Tensor, pitch: Tensor) -> Tensor:
        both = [
            thin_lens((5, 6), pitch=1e-5 * pitch, wavelength=1e-6 * wave, focal_length=0.01 * f, kind=kind,
                      centre=(1e-5 * y, 1e-5 * x)) for kind in ("paraxial", "aspheric")  # type: ignore[arg-type]
        ]  # fmt: skip
        return torch.view_as_real(torch.stack(both))

    def beam(wave: Tensor, waist: Tensor, z: Tensor, power: Tensor, x: Tensor) -> Tensor:
        found = gaussian_beam((5, 6), pitch=1e-5, wavelength=1e-6 * wave, waist=3e-5 * waist, distance=1e-3 * z,
                              power=1e-9 * power, centre=(0.0, 1e-5 * x))  # fmt: skip
        return torch.view_as_real(found)

    def grating(period: Tensor, depth: Tensor, angle: Tensor) -> Tensor:
        return torch.view_as_real(blazed_grating((5, 6), pitch=1e-5, period=1e-5 * period, depth=depth, angle=angle))

    assert_gradient(lens, *(torch.tensor(v, dtype=torch.float64) for v in (1.1, 0.5, 0.3, -0.4, 0.9)))
    assert_gradient(beam, *(torch.tensor(v, dtype=torch.float64) for v in (0.5, 1.2, 0.7, 0.9, 0.2)))
    assert_gradient(grating, *(torch.tensor(v, dtype=torch.float64) for v in (3.7, 5.0, 0.31)))


def test_a_lens_that_is_not_resolved_at_its_edge_says_what_would_do() -> None:
    with pytest.warns(
        PhotonicsWarning, match=r"a lens of f = 2 mm is not resolved .* by a pitch of 8 um; take at most"
    ):
        thin_lens((128, 128), **ANY, focal_length=2e-3)
    thin_lens((128, 128), **ANY, focal_length=2e-3, diameter=50e-6)


def test_elements_that_are_none_are_refused() -> None:
    with pytest.raises(PhotonicsError, match="focal_length = 0 m"):
        thin_lens((8, 8), **ANY, focal_length=0.0)
    with pytest.raises(PhotonicsError, match="kind = 'thick' of a lens: expected paraxial or aspheric"):
        thin_lens((8, 8), **ANY, focal_length=0.1, kind="thick")  # type: ignore[arg-type]
    with pytest.raises(PhotonicsError, match="period = 10 um: a grating needs two samples of 8 um"):
        blazed_grating((8, 8), pitch=8e-6, period=10e-6)
    with pytest.raises(PhotonicsError, match="diameter = -1 m: expected positive"):
        circular_aperture((8, 8), pitch=8e-6, diameter=-1.0)
