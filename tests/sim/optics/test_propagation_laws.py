"""Laws that light keeps over any distance, in both precisions, and gradients through every number."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import jacfwd, jacrev, jvp, vmap

from photonics_sim import PhotonicsError
from photonics_sim.device import normal
from photonics_sim.optics import Propagator, focus, propagate
from photonics_sim.optics._convolve import convolve, in_columns, plain_convolve
from photonics_sim.optics._operators import METHODS
from photonics_sim.testing import (
    assert_adds_up,
    assert_adjoint,
    assert_close,
    assert_conserves_power,
    assert_gradient,
    assert_passive,
    assert_symmetric,
    assert_undoes,
    relative_error,
    tolerance,
)

ANY = {"pitch": 8e-6, "wavelength": 532e-9}
CRITICAL = 2 * 24 * 8e-6**2 / 532e-9
SAME_GRID = [method for method in METHODS if method not in {"fraunhofer", "lens"}]


def light(dtype: torch.dtype, *shape: int, seed: int = 0) -> Tensor:
    return torch.view_as_complex(normal(seed, *shape, 2).to(dtype))


def unpadded(field: Tensor, distance: float) -> Tensor:
    """The exact transfer function on a grid that is a torus."""
    from photonics_sim.optics._space import geometry
    from photonics_sim.optics._transfer import sampled_transfer

    space, planes = geometry((field.shape[-2], field.shape[-1]), **ANY, distance=distance)
    H = sampled_transfer(space, planes.entering[0], "angular-spectrum").to(field.dtype)
    return convolve(field, H)


def test_no_power_is_lost_or_made_without_edges(dtype: torch.dtype) -> None:
    field = light(dtype, 2, 24, 27)
    assert_conserves_power(field, unpadded(field, 0.3))


def test_the_way_back_undoes_the_way(dtype: torch.dtype) -> None:
    field = light(dtype, 24, 27)
    assert_undoes(lambda u: unpadded(u, 0.1), lambda u: unpadded(u, -0.1), field)


def test_two_distances_are_their_sum(dtype: torch.dtype) -> None:
    field = light(dtype, 24, 27)
    assert_adds_up((lambda u: unpadded(u, 0.07), lambda u: unpadded(u, 0.03)), lambda u: unpadded(u, 0.1), field)


@pytest.mark.parametrize("method", SAME_GRID)
@pytest.mark.parametrize("share", [0.4, 3.0])
def test_light_is_reciprocal_and_windows_are_passive(method: str, share: float, dtype: torch.dtype) -> None:
    way = Propagator((24, 27), **ANY, distance=share * CRITICAL, method=method)
    x, y = light(dtype, 24, 27), light(dtype, 24, 27, seed=1)
    assert_symmetric(way, x, y)
    if method in {"angular-spectrum", "band-limited", "fresnel"}:
        assert_passive(x.abs().square().sum(), way(x).abs().square().sum())


@pytest.mark.parametrize("method", SAME_GRID)
def test_the_gradient_is_the_adjoint(method: str, dtype: torch.dtype) -> None:
    way = Propagator((20, 18), **ANY, distance=CRITICAL, method=method, tilt=(0.002, 0.001), offset=(0.0, 16e-6))
    x, y = light(dtype, 3, 20, 18), light(dtype, 3, 20, 18, seed=1)

    def adjoint(y: Tensor) -> Tensor:
        leaf = torch.zeros_like(x, requires_grad=True)
        return torch.autograd.grad(way(leaf), leaf, y)[0]

    assert_adjoint(way, adjoint, x, y)


@pytest.mark.parametrize("method", METHODS)
def test_gradients_through_the_geometry(method: str) -> None:
    """Distance, pitch, wavelength, tilt, offset and the pitch that is read, each against finite differences."""
    field = light(torch.float64, 6, 5)
    other = {} if method == "rayleigh-sommerfeld" else {"output_shape": (4, 7)}

    def watts(*values: Tensor) -> Tensor:
        z, pitch, wavelength, tilt_y, tilt_x, offset, read = values
        grid = other if method == "rayleigh-sommerfeld" else other | {"output_pitch": 1e-5 * read}
        found = propagate(
            field, pitch=1e-5 * pitch, wavelength=1e-6 * wavelength, distance=1e-3 * z,
            tilt=(1e-2 * tilt_y, 1e-2 * tilt_x), offset=(1e-5 * offset, 0.0), method=method, **grid,
        )  # fmt: skip
        return torch.view_as_real(found)

    values = [torch.tensor(v, dtype=torch.float64) for v in (1.3, 0.9, 0.55, 0.3, -0.2, 0.4, 0.8)]
    if method == "rayleigh-sommerfeld":
        assert_gradient(lambda *some: watts(*some, values[-1]), *values[:-1])
    else:
        assert_gradient(watts, *values)


@pytest.mark.parametrize("shape", [(40, 48), (300, 280)])
def test_the_fast_convolution_is_the_plain_one(shape: tuple[int, int], dtype: torch.dtype) -> None:
    ny, nx = shape
    field, transfer = light(dtype, 5, ny, nx), light(dtype, 2 * ny, 2 * nx, seed=1)
    for H in (transfer, in_columns(transfer)):
        assert_close(convolve(field, H), plain_convolve(field, H), "rounding")
    many = light(dtype, 3, 1, 2 * ny, 2 * nx, seed=2)
    assert_close(convolve(field, many), plain_convolve(field, many), "rounding")


def test_the_fast_convolution_is_differentiable_in_every_way() -> None:
    field, H = light(torch.float64, 2, 5, 6), light(torch.float64, 10, 12, seed=1)
    assert_gradient(lambda u: convolve(u, H), field)
    assert torch.autograd.gradgradcheck(lambda u: convolve(u, H).abs().square(), field.clone().requires_grad_())

    def power(x: Tensor) -> Tensor:
        return convolve(torch.complex(x, x.square()), H).abs().square().sum((-1, -2))

    x = normal(5, 2, 5, 6)
    assert_close(jacfwd(power)(x), jacrev(power)(x), "rounding")
    assert_close(jacfwd(jacfwd(power))(x), jacrev(jacrev(power))(x), "rounding")
    assert_close(vmap(power)(x[:, None]), power(x)[:, None], "rounding")
    several = torch.stack([H, 2 * H])
    assert_close(
        vmap(convolve)(field, several),
        torch.stack([convolve(u, h) for u, h in zip(field, several, strict=True)]),
        "rounding",
    )
    tangent = jvp(lambda u: convolve(u, H), (field,), (field,))[1]
    assert_close(tangent, convolve(field, H), "rounding")


def test_wavelengths_and_modes_are_axes_not_loops(dtype: torch.dtype) -> None:
    waves = torch.tensor([450e-9, 532e-9, 633e-9])[:, None]
    field = light(dtype, 3, 4, 16, 20)
    for method in ("angular-spectrum", "fresnel-products", "rayleigh-sommerfeld"):
        found = propagate(field, pitch=8e-6, wavelength=waves, distance=2e-3, method=method)
        for place, wave in enumerate(waves[:, 0].tolist()):
            one = propagate(field[place], pitch=8e-6, wavelength=wave, distance=2e-3, method=method)
            assert_close(found[place], one, "equal" if method != "fresnel-products" else "rounding")


@pytest.mark.parametrize("z", [1e-3, 1e-2, 6e-2, 0.3, 1.0])
def test_single_precision_keeps_the_phase_at_any_distance(z: float) -> None:
    """Peers lose it: k z is 1e7 rad at one metre, and a kernel made in single precision is wrong by 10 %."""
    field = light(torch.float64, 64, 64)
    for method in ("angular-spectrum", "rayleigh-sommerfeld", "fresnel-products"):
        exact = propagate(field, **ANY, distance=z, method=method)
        found = propagate(field.to(torch.complex64), **ANY, distance=z, method=method)
        error = (found - exact).abs().square().mean().sqrt() / exact.abs().square().mean().sqrt()
        assert float(error) < 1e-6


def test_exact_kernels_agree_where_both_are_resolved() -> None:
    field = light(torch.float64, 64, 64)
    z = 128 * 8e-6**2 / 532e-9 * math.sqrt(1 - (532e-9 / 16e-6) ** 2)
    one, two = (propagate(field, **ANY, distance=z, method=m) for m in ("angular-spectrum", "rayleigh-sommerfeld"))
    assert float((one - two).norm() / two.norm()) < 1e-3


def summed(field: Tensor, distance: float, wavelength: float = 532e-9, offset: float = 0.0) -> Tensor:
    """Rayleigh and Sommerfeld's first integral, sample by sample."""
    n, pitch = field.shape[-1], 8e-6
    x = (torch.arange(n, dtype=torch.float64) - (n - 1) / 2) * pitch
    out, k = torch.empty_like(field), 2 * math.pi / wavelength
    for i in range(n):
        for j in range(n):
            squared = (x[i] + offset - x)[:, None] ** 2 + (x[j] - x)[None] ** 2
            r = (squared + distance**2).sqrt()
            h = distance / r**2 / (2 * math.pi) * (1 / r - 1j * k) * torch.exp(1j * k * squared / (r + distance))
            out[i, j] = (h * field).sum() * pitch**2
    return out


@pytest.mark.parametrize("share", [1.2, 4.0, 20.0])
def test_far_planes_are_sums_over_all_samples(share: float) -> None:
    field = light(torch.float64, 24, 24)
    found = propagate(field, **ANY, distance=share * CRITICAL, method="rayleigh-sommerfeld", offset=(16e-6, 0.0))
    assert relative_error(found, summed(field, share * CRITICAL, offset=16e-6)) < 1e-8


def test_the_band_limit_is_matsushimas_and_keeps_smooth_light() -> None:
    from photonics_sim.optics._space import geometry
    from photonics_sim.optics._transfer import within_band

    space, planes = geometry((1, 64), **ANY, distance=0.2)
    band = within_band(space, (1, planes.padded[1]))[0]
    df = 1 / (planes.padded[1] * 8e-6)
    limit = 1 / (532e-9 * math.sqrt((2 * df * 0.2) ** 2 + 1))
    assert (band == ((torch.fft.fftfreq(planes.padded[1]) / 8e-6).abs() <= limit)).all()
    x = torch.arange(64, dtype=torch.float64) - 31.5
    smooth = torch.exp(-(x[:, None] ** 2 + x[None] ** 2) / 49).to(torch.complex128)
    distance = 2.5 * 128 * 8e-6**2 / 532e-9
    found = propagate(smooth, **ANY, distance=distance, method="band-limited")
    assert relative_error(found, summed(smooth, distance)) < 1e-3


def test_a_zoom_reads_the_same_field_between_its_samples(dtype: torch.dtype) -> None:
    field = light(dtype, 2, 32, 33)
    own = propagate(field, **ANY, distance=2e-3, method="angular-spectrum", offset=(24e-6, -8e-6))
    fine = propagate(field, **ANY, distance=2e-3, method="angular-spectrum", offset=(24e-6, -8e-6),
                     output_pitch=4e-6, output_shape=(63, 65))  # fmt: skip
    assert_close(fine[..., ::2, ::2], own, "law")


@pytest.mark.parametrize("method", SAME_GRID)
def test_a_tilted_carrier_is_one_that_is_sampled(method: str) -> None:
    """A field against a carrier at an angle, or with that carrier's phase in its samples."""
    n, angle, z, k = 96, 0.012, 1.2 * 192 * 8e-6**2 / 532e-9, 2 * math.pi / 532e-9
    x = (torch.arange(n, dtype=torch.float64) - (n - 1) / 2) * 8e-6
    beam = torch.exp(-(x[:, None] ** 2 + x[None] ** 2) / 80e-6**2).to(torch.complex128)
    sine = math.sin(angle)
    carrier = torch.exp(1j * k * sine * x)[None]
    paraxial = method.startswith("fresnel")
    ahead = z * k * (sine**2 / 2 if paraxial else 1 - math.sqrt(1 - sine**2))
    one = propagate(beam, **ANY, distance=z, method=method, tilt=(0.0, angle))
    two = propagate(beam * carrier, **ANY, distance=z, method=method) * carrier.conj()
    assert relative_error(one, two * torch.exp(torch.tensor(1j * ahead))) < 1e-5


def test_a_lens_focuses_a_tilt_beside_the_axis() -> None:
    found = focus(torch.ones(64, 64), **ANY, focal_length=0.1, output_pitch=20e-6, output_shape=(1, 101),
                  tilt=(0.0, 0.002))  # fmt: skip
    assert int(found.abs()[0].argmax()) - 50 == round(0.1 * math.sin(0.002) / 20e-6)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"pitch": 0.0}, r"pitch \(y\) = 0 m: expected positive numbers"),
        ({"pitch": (8e-6, -1e-6)}, r"pitch \(x\) = -1e-06 m: expected positive"),
        ({"pitch": (1e-6, 1e-6, 1e-6)}, r"pitch has 3 values; expected one number or \(y, x\)"),
        ({"wavelength": -532e-9}, "wavelength = -5.32e-07 m: expected positive"),
        ({"wavelength": float("nan")}, "wavelength = nan m"),
        ({"distance": float("inf")}, "distance = inf m: expected finite"),
        ({"tilt": (1.2, 1.2)}, r"tilt = \(1\.2, 1\.2\) rad: light at this angle does not leave the plane"),
        ({"method": "angular"}, r"method = 'angular' is unknown; expected auto or one of .*; did you mean angular-sp"),
        ({"method": "rayleigh-sommerfeld", "output_pitch": 1e-6}, "leaves light on its own grid; for another one take"),
        ({"output_shape": (0, 4)}, r"output_shape = \(0, 4\) of a field \(8, 8\): expected"),
        ({"accuracy": 0.0}, "accuracy = 0: expected a share of the power between 0 and 1"),
    ],
)
def test_a_geometry_that_is_none_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(PhotonicsError, match=told):
        propagate(torch.ones(8, 8), **{"distance": 1e-3, **ANY, **change})


@pytest.mark.parametrize("more", [{}, {"method": "fresnel-products"}, {"output_pitch": 4e-6, "output_shape": (9, 9)}])
def test_a_propagator_goes_to_other_processes(more: dict[str, Any], dtype: torch.dtype) -> None:
    way, field = Propagator((8, 9), **ANY, distance=1e-3, **{"method": "angular-spectrum"} | more), light(dtype, 8, 9)
    found = way(field)
    assert torch.equal(pickle.loads(pickle.dumps(way))(field), found)
    assert torch.equal(copy.deepcopy(way)(field), found)


def test_fields_that_are_none_are_refused() -> None:
    with pytest.raises(PhotonicsError, match=r"field is torch.int64 \(8, 8\); expected a complex or real field"):
        propagate(torch.ones(8, 8, dtype=torch.int64), **ANY, distance=1e-3)
    way = Propagator((8, 9), **ANY, distance=1e-3)
    with pytest.raises(PhotonicsError, match=r"field \(2, 9, 9\): this propagator is for .* = \(8, 9\)"):
        way(torch.ones(2, 9, 9))
    with pytest.raises(PhotonicsError, match="keeps its geometry; for one that is trained, call propagate"):
        Propagator((8, 9), **ANY, distance=torch.tensor(1e-3, requires_grad=True))
    assert tolerance("law", torch.complex64) > 0
