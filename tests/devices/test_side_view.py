"""Light between the planes: what the planes show, powers on the way, Fresnel's diffraction through lenses."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from photonics_devices import DiffractiveStack, FourierProcessor, StructuralEncoder
from photonics_sim import load_device
from photonics_sim.device import Followed, SideView, normal
from photonics_sim.optics import propagate, thin_lens
from photonics_sim.testing import assert_close, tolerance

PanelKind = DiffractiveStack | StructuralEncoder | FourierProcessor
FIELDS: dict[str, dict[str, Any]] = {
    "diffractive-visible": {"pixels": 20, "masks": 3, "spacing_mm": 2.0, "region_px": 3},
    "structural-visible": {"pixels": 20, "writes": 3, "spacing_mm": 2.0, "region_px": 3},
    "fourier-visible": {"pixels": 20, "mask_pixels": 24, "focal_length_mm": 5.0, "region_px": 3},
}
BUILT = {"mask.shift_px": 0.8, "mask.phase_error_rad": 0.2, "mask.defocus_um": 100.0}
EVERY = pytest.mark.parametrize("name", list(FIELDS))
WINDOW = ["diffractive-visible", "structural-visible"]


def build(name: str, **fields: Any) -> PanelKind:
    device = load_device(name, seed=3, **({"inputs": 9, "classes": 4} | FIELDS[name] | fields))
    assert isinstance(device, PanelKind)
    device.masks.phases.data += normal(5, *device.masks.phases.shape).to(device.masks.phases)
    return device.requires_grad_(False)


def sample(device: PanelKind) -> Tensor:
    return normal(7, 9).to(device.log_gain)


def seen(device: PanelKind, output: int = 1) -> SideView:
    assert isinstance(device, Followed)
    view = device.side_view(sample(device), output)
    assert view is not None
    return view


def at(view: SideView, z: float) -> int:
    return int(np.abs(view.z - z).argmin())


def middle(row: Any, count: int) -> Tensor:
    """The columns of a plane of so many pixels in a wider window."""
    aside = (len(row) - count) // 2
    assert row[:aside].sum() == row[aside + count :].sum() == 0
    return torch.from_numpy(row[aside : aside + count])


@EVERY
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("built", [False, True])
def test_on_the_planes_it_is_what_the_planes_show(name: str, dtype: torch.dtype, built: bool) -> None:
    device = build(name, **BUILT)
    device = (device.as_built(4).requires_grad_(False) if built else device).to(dtype)
    view = seen(device)
    planes = device.planes(sample(device), 1)
    lights = [plane.abs().double().square().sum(-2) for title, plane in planes.items() if title.startswith("light")]
    places = [z for z, label in view.marks if label != "lens"]
    assert len(lights) == len(places)
    for light, z in zip(lights, places, strict=True):
        found = middle(view.power[at(view, z)], len(light))
        error, kind = float((found - light).abs().max()), "equal" if dtype == torch.float32 else "rounding"
        assert error <= tolerance(kind, dtype) * float(light.max())


@EVERY
@pytest.mark.parametrize("radius", [0.0, 1.0])
def test_its_ends_hold_the_power_that_the_device_meters(name: str, radius: float) -> None:
    device = build(name, **{"source_extent.angular_radius_mrad": radius, "source_extent.modes": 16}).double()
    view, x = seen(device), sample(device)
    watts, leaving = device.power(x)
    assert view.power[-1].sum() == pytest.approx(float(leaving / watts), rel=1e-12)
    first = device.lit(x) if name == "structural-visible" else device.panel(x, None)
    assert view.power[0].sum() == pytest.approx(float(first.abs().square().sum()), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("diffractive-visible", ["data", "mask 1", "mask 2", "mask 3", "detectors"]),
        ("structural-visible", ["write 1", "write 2", "write 3", "detectors"]),
        ("fourier-visible", ["data", "lens", "mask", "lens", "camera"]),
    ],
)
def test_planes_are_marked_where_they_stand(name: str, labels: list[str]) -> None:
    device = build(name)
    view, spacing = seen(device, output=2), 5e-3 if name == "fourier-visible" else 2e-3
    assert [label for _, label in view.marks] == labels
    assert [z for z, _ in view.marks] == pytest.approx(np.arange(len(labels)) * spacing)
    assert view.z[0] == 0
    assert view.z[-1] == pytest.approx(view.marks[-1][0])
    assert (np.diff(view.z) > 0).all()
    assert view.power.shape == (len(view.z), len(view.x))
    assert np.diff(view.x) == pytest.approx(8e-6)
    assert view.x + view.x[::-1] == pytest.approx(0, abs=1e-12)
    # the third of four squares, three pixels of twenty wide, row by row: around 5 pixels
    assert view.detector == pytest.approx(((4 - 10) * 8e-6, (7 - 10) * 8e-6))


@pytest.mark.parametrize("name", WINDOW)
def test_between_planes_no_light_is_made(name: str) -> None:
    """Behind a plane there is what the plane lets through; the window holds all of it or less."""
    device = build(name, **{"mask.loss_db": 0.0, "mask.fill_factor": 1.0, "mask.phase_bits": 0}).double()
    view = seen(device)
    total = view.power.sum(1)
    starts = [at(view, z) for z, _ in view.marks]
    for start, stop in pairwise(starts[1:]):  # phases alone
        assert (total[start + 1 : stop + 1] <= total[start] * (1 + 1e-12)).all()
        assert total[stop] < total[start + 1] < total[start] * (1 + 1e-12)
        assert total[start + 1] > 0.9 * total[start]


def test_light_that_stays_in_the_window_is_all_there() -> None:
    """Of one pixel in the middle, so near that its cone ends within the window; what is left is the tail of an edge."""
    device = build("diffractive-visible", inputs=1, pixels=96, data_share=0.1, masks=1, spacing_mm=2.0, **NOMINAL)
    device = device.double()
    device.masks.phases.zero_()
    view = device.side_view(torch.ones(1, dtype=torch.float64), 0)
    assert view is not None
    total = view.power.sum(1)
    assert total == pytest.approx(total[0], rel=2e-4)


NOMINAL: dict[str, Any] = {
    "mask.loss_db": 0.0, "mask.fill_factor": 1.0, "mask.phase_bits": 0, "mask.shift_px": 0.0,
    "mask.phase_error_rad": 0.0,
}  # fmt: skip


@pytest.mark.parametrize(("distance", "limit"), [(2e-3, 2e-3), (20e-3, 3e-2)])
def test_between_planes_it_is_what_propagation_says(distance: float, limit: float) -> None:
    """Near planes, and far ones by the exact impulse response, which has points for pixels: edges then differ a bit."""
    device = build("diffractive-visible", masks=1, spacing_mm=distance * 1e3).double()
    view = seen(device)
    panel = device.panel(sample(device), None)
    wide = nn.functional.pad(panel, (240, 240, 240, 240))  # all that the light can reach
    for z in (distance / 4, distance / 2):
        there = propagate(wide, pitch=8e-6, wavelength=532e-9, distance=z, method="angular-spectrum")
        expected = there[..., 240:-240, 240:-240].abs().square().sum((0, 1))
        error = float((torch.from_numpy(view.power[at(view, z)]) - expected).abs().max())
        assert error < limit * float(expected.max())


def test_masks_that_stand_aside_are_seen_in_windows_of_their_own() -> None:
    """A mask two pixels aside sees the light of the panel two pixels to the other side, halfway there by one."""
    device, aside = build("diffractive-visible", masks=1, **NOMINAL).double(), 2.0
    device.masks.shift = torch.tensor([[0.0, aside]], dtype=torch.float64)
    moved = seen(device)
    device.masks.shift = None
    view = seen(device)
    for place, by in ((at(view, 1e-3), 1), (at(view, 2e-3), 2)):
        expected, found = view.power[place], moved.power[place]
        assert np.abs(found[:-by] - expected[by:]).max() < 1e-12 * expected.max()


@pytest.mark.parametrize("sizes", [(20, 24), (21, 24)])
def test_through_lenses_it_is_fresnel_diffraction(sizes: tuple[int, int]) -> None:
    """Against fields in two dimensions and the phases of lenses, on a grid that holds all light."""
    device = build("fourier-visible", pixels=sizes[0], mask_pixels=sizes[1], **NOMINAL).double()
    view, f, wide = seen(device), 5e-3, 144 + sizes[0] % 2
    order = 532e-9 * f / 64e-12
    assert len(view.x) >= max(sizes) + order
    panel = device.panel(sample(device), None)[0]
    room = (wide - sizes[0]) // 2
    light = nn.functional.pad(panel, (room, room, room, room))
    lens = _lens(wide, f)

    def compare(field: Tensor, z: float) -> None:
        inside = (wide - len(view.x)) // 2
        expected = field.abs().square().sum(0)[inside : inside + len(view.x)]
        error = float((torch.from_numpy(view.power[at(view, z)]) - expected).abs().max())
        assert error < 1e-2 * float(expected.max()), z

    for part in (0.25, 0.5, 1.0):
        compare(_go(light, part * f), part * f)
    light = _go(light, f) * lens
    for part in (0.25, 0.5, 0.75):
        compare(_go(light, part * f), (1 + part) * f)


def _go(field: Tensor, distance: float) -> Tensor:
    return propagate(field, pitch=8e-6, wavelength=532e-9, distance=distance, method="fresnel")


def _lens(wide: int, f: float) -> Tensor:
    """Its phases are sampled more coarsely than they turn; light on both sides of it is not."""
    with pytest.warns(UserWarning, match="is not resolved"):
        return thin_lens((wide, wide), pitch=8e-6, wavelength=532e-9, focal_length=f)


@EVERY
def test_light_is_continuous_through_a_lens_and_up_to_a_plane(name: str) -> None:
    """From slice to slice little changes: a first order that is no whole number of pixels is cut at its edge."""
    device = build(name).double()
    view = seen(device)
    total = view.power.sum(1)
    inner = np.ones(len(total) - 1, dtype=bool)
    for z, label in view.marks:
        if label != "lens":  # masks absorb; beside that of a lens and beside the camera light is lost
            place = at(view, z)
            inner[place - (name == "fourier-visible" and place > 0) : place + 1] = False
    change = np.abs(np.diff(total))[inner] / total[:-1][inner]
    assert change.max() < (1e-2 if name == "fourier-visible" else 2e-2)


@EVERY
def test_an_ensemble_shows_its_first_chip(name: str) -> None:
    device = build(name, **BUILT).double()
    chips, one = device.as_built(4, chips=3), device.as_built(4)
    for error in list(chips.masks.errors):
        setattr(one.masks, error, chips.masks.errors[error][0])
    found, expected = seen(chips), seen(one)
    assert_close(torch.from_numpy(found.power), torch.from_numpy(expected.power), "rounding")
    assert not np.allclose(found.power[-1], seen(device).power[-1], rtol=1e-3)
    assert found.marks == expected.marks


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("diffractive-visible", {"pixels": 2100, "masks": 1}),
        ("structural-visible", {"pixels": 2100, "writes": 1}),
        ("fourier-visible", {"focal_length_mm": 250.0}),
    ],
)
def test_a_picture_that_would_be_too_wide_is_none(name: str, fields: dict[str, Any], monkeypatch: Any) -> None:
    monkeypatch.setattr("photonics_devices.free_space._side_view.WIDEST", 200)
    device = build(name, **(fields | ({"pixels": 210} if "pixels" in fields else {})))
    assert device.side_view(sample(device), 0) is None


@pytest.mark.parametrize(("large", "slices"), [(20, 32), (10, 8), (3, 2)])
def test_large_planes_have_fewer_slices_between_them(large: int, slices: int, monkeypatch: Any) -> None:
    monkeypatch.setattr("photonics_devices.free_space._side_view.LARGE", large)
    view = seen(build("diffractive-visible", masks=1))
    assert len(view.z) == 2 * slices + 1
    assert math.isclose(view.z[-1], 4e-3)
