"""Random shifts, turns and sizes of images."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from photonics_sim.datasets import augment
from photonics_sim.datasets._augment import warp
from photonics_sim.errors import PhotonicsError


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def images() -> Tensor:
    return torch.rand((5, 6, 9), generator=seeded())


def still(n: int, **changes: float) -> dict[str, Tensor]:
    amounts = {"shift_y": 0.0, "shift_x": 0.0, "angle": 0.0, "size": 1.0} | changes
    return {name: torch.full((n,), amount) for name, amount in amounts.items()}


def test_nothing_asked_for_is_nothing_done(images: Tensor) -> None:
    assert augment(images, shift_px=0, rotate_deg=0, scale=0, generator=seeded()) is images
    torch.testing.assert_close(warp(images, **still(5)), images, atol=1e-5, rtol=0)


def test_the_generator_decides(images: Tensor) -> None:
    amounts = {"shift_px": 2.0, "rotate_deg": 10.0, "scale": 0.1}
    one = augment(images, **amounts, generator=seeded(3))
    assert torch.equal(one, augment(images, **amounts, generator=seeded(3)))
    assert not torch.equal(one, augment(images, **amounts, generator=seeded(4)))
    assert one.shape == images.shape
    assert one.dtype == images.dtype


def test_a_shift_by_one_pixel_moves_every_pixel_by_one(images: Tensor) -> None:
    right = torch.zeros_like(images)
    right[:, :, 1:] = images[:, :, :-1]
    torch.testing.assert_close(warp(images, **still(5, shift_x=1.0)), right, atol=1e-5, rtol=0)
    down = torch.zeros_like(images)
    down[:, 1:, :] = images[:, :-1, :]
    torch.testing.assert_close(warp(images, **still(5, shift_y=1.0)), down, atol=1e-5, rtol=0)


def test_a_quarter_turn_takes_columns_to_rows() -> None:
    square = torch.rand((2, 5, 5), generator=seeded())
    turned = warp(square, **still(2, angle=math.pi / 2))
    torch.testing.assert_close(turned, torch.rot90(square, -1, (1, 2)), atol=1e-5, rtol=0)


def test_a_half_turn_holds_for_images_that_are_not_square(images: Tensor) -> None:
    turned = warp(images, **still(5, angle=math.pi))
    torch.testing.assert_close(turned, images.flip(1, 2), atol=1e-5, rtol=0)


def test_turns_keep_lengths_in_images_that_are_not_square() -> None:
    bar = torch.zeros((1, 9, 15))
    bar[0, 4, 5:10] = 1
    turned = warp(bar, **still(1, angle=math.pi / 2))
    expected = torch.zeros((1, 9, 15))
    expected[0, 2:7, 7] = 1
    torch.testing.assert_close(turned, expected, atol=1e-5, rtol=0)


def test_twice_the_size_is_four_times_the_light() -> None:
    spot = torch.zeros((1, 16, 16))
    spot[0, 6:10, 6:10] = 1
    grown = warp(spot, **still(1, size=2.0))
    assert float(grown.sum()) == pytest.approx(4 * float(spot.sum()), rel=1e-5)


def test_a_turn_comes_before_the_shift() -> None:
    spot = torch.zeros((1, 9, 9))
    spot[0, 4, 6] = 1
    moved = warp(spot, **still(1, angle=math.pi / 2, shift_x=1.0))
    assert divmod(int(moved.flatten().argmax()), 9) == (6, 5)


def test_amounts_stay_within_what_was_asked_for() -> None:
    spot = torch.zeros((200, 21, 21))
    spot[:, 10, 10] = 1
    moved = augment(spot, shift_px=3, rotate_deg=0, scale=0, generator=seeded())
    columns = (moved.sum(dim=1) * torch.arange(21)).sum(dim=1) - 10
    assert float(columns.abs().max()) <= 3 + 1e-4
    assert float(columns.max()) > 2.5
    assert float(columns.min()) < -2.5


def test_what_is_no_image_is_refused() -> None:
    amounts = {"shift_px": 1.0, "rotate_deg": 0.0, "scale": 0.0}
    with pytest.raises(PhotonicsError, match="leave augmentation out for tabular data"):
        augment(torch.rand((5, 4)), **amounts, generator=seeded())
    with pytest.raises(PhotonicsError, match=r"not torch.uint8; scale pixels"):
        augment(torch.zeros((5, 4, 4), dtype=torch.uint8), **amounts, generator=seeded())


@pytest.mark.parametrize(
    "wrong", [{"shift_px": -1.0}, {"shift_px": math.inf}, {"rotate_deg": math.nan}, {"scale": 1.0}]
)
def test_amounts_out_of_range_are_refused(images: Tensor, wrong: dict[str, float]) -> None:
    amounts = {"shift_px": 0.0, "rotate_deg": 0.0, "scale": 0.0} | wrong
    with pytest.raises(PhotonicsError, match=f"augmentation: {next(iter(wrong))} is"):
        augment(images, **amounts, generator=seeded())
