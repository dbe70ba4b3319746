"""Small random shifts, turns and changes of size, so that few images teach like many."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from photonics_sim.errors import PhotonicsError


def augment(images: Tensor, *, shift_px: float, rotate_deg: float, scale: float, generator: torch.Generator) -> Tensor:
    """Shift, turn and scale each image by its own random amounts, filling with zeros.

    Args:
        images: raw images, floats, shape (n, ny, nx).
        shift_px: largest shift along each axis, in pixels; drawn evenly from ±shift_px.
        rotate_deg: largest turn about the centre, in degrees; drawn evenly from ±rotate_deg.
        scale: largest relative change of size, 0 <= scale < 1; the factor is drawn evenly from 1 ± scale.
        generator: where the random numbers come from; four per image.

    Returns:
        Images of the same shape, interpolated linearly; `images` itself where all amounts are 0.

    Raises:
        PhotonicsError: where the samples are no images of floats, or an amount is out of its range.
    """
    if images.ndim != 3:
        raise PhotonicsError(
            f"only images (n, ny, nx) can be augmented, not samples of shape {tuple(images.shape)}; "
            "leave augmentation out for tabular data"
        )
    if not images.is_floating_point():
        raise PhotonicsError(f"only images of floats can be augmented, not {images.dtype}; scale pixels to 0..1")
    _require_range("shift_px", shift_px, math.inf)
    _require_range("rotate_deg", rotate_deg, math.inf)
    _require_range("scale", scale, 1.0)
    if len(images) == 0 or shift_px == rotate_deg == scale == 0:
        return images
    draws = torch.rand((4, len(images)), generator=generator, device=generator.device).to(images) * 2 - 1
    return warp(
        images,
        shift_y=shift_px * draws[0],
        shift_x=shift_px * draws[1],
        angle=math.radians(rotate_deg) * draws[2],
        size=1 + scale * draws[3],
    )


def _require_range(name: str, value: float, limit: float) -> None:
    if not 0 <= value < limit:
        bound = "a finite number of 0 or more" if limit == math.inf else f"at least 0 and below {limit:g}"
        raise PhotonicsError(f"augmentation: {name} is {value}, it has to be {bound}")


def warp(images: Tensor, *, shift_y: Tensor, shift_x: Tensor, angle: Tensor, size: Tensor) -> Tensor:
    """Scale and turn each image about its centre, then shift it.

    Args:
        images: shape (n, ny, nx).
        shift_y: pixels towards larger row numbers, shape (n,).
        shift_x: pixels towards larger column numbers, shape (n,).
        angle: radians from the column axis towards the row axis, shape (n,).
        size: factor, shape (n,).
    """
    n, ny, nx = images.shape
    cos, sin = torch.cos(angle) / size, torch.sin(angle) / size
    # The grid asks where each pixel comes from, in units of half an image: hence the inverse and the ratios.
    x_row = [cos, sin * (ny / nx), -(cos * shift_x + sin * shift_y) * (2 / nx)]
    y_row = [-sin * (nx / ny), cos, (sin * shift_x - cos * shift_y) * (2 / ny)]
    theta = torch.stack([torch.stack(x_row, dim=1), torch.stack(y_row, dim=1)], dim=1)
    grid = affine_grid(theta, [n, 1, ny, nx], align_corners=False)
    moved = grid_sample(images.unsqueeze(1), grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return moved.squeeze(1)
