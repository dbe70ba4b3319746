"""Hops and masks in one step: the plain steps, their derivatives, and light sent back."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import jacfwd, jacrev, vmap

from photonics_sim.device import normal
from photonics_sim.optics import relay
from photonics_sim.optics._relay import plain_relay
from photonics_sim.testing import assert_close, assert_gradient, assert_symmetric


def parts(
    dtype: torch.dtype, samples: int = 3, n: int = 6, masks: int = 3
) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
    def draw(seed: int, *shape: int) -> Tensor:
        return torch.view_as_complex(normal(seed, *shape, 2).to(dtype))

    hops = tuple(draw(10 + k, 2 * n, 2 * n) for k in range(masks + 1))
    return draw(0, samples, n, n), draw(1, masks, n, n), hops


def test_it_is_hop_by_hop(dtype: torch.dtype) -> None:
    field, masks, hops = parts(dtype, samples=40, n=150)  # more samples than go through together
    assert_close(relay(field, masks, hops), plain_relay(field, masks, hops), "rounding")
    field, masks, hops = parts(dtype)
    leaves = [one.clone().requires_grad_() for one in (field, masks)]
    found = torch.autograd.grad(relay(*leaves, hops).abs().square().sum(), leaves)
    expected = torch.autograd.grad(plain_relay(*leaves, hops).abs().square().sum(), leaves)
    for one, other in zip(found, expected, strict=True):
        assert_close(one, other, "rounding")


def test_derivatives_of_any_kind() -> None:
    field, masks, hops = parts(torch.float64, samples=2, n=3, masks=2)
    assert_gradient(lambda u, m: relay(u, m, hops), field, masks)
    assert torch.autograd.gradgradcheck(
        lambda u, m: relay(u, m, hops).abs().square(), (field.requires_grad_(), masks.requires_grad_())
    )
    field, masks = field.detach(), masks.detach()

    def power(phases: Tensor) -> Tensor:
        return relay(field, torch.exp(1j * phases), hops).abs().square().sum((-1, -2))

    phases = normal(3, 2, 3, 3)
    assert_close(jacfwd(power)(phases), jacrev(power)(phases), "rounding")
    several = torch.stack([phases, 2 * phases])
    assert_close(vmap(power)(several), torch.stack([power(one) for one in several]), "rounding")
    each = vmap(lambda u: relay(u, masks, hops))(field)
    assert_close(each, relay(field, masks, hops), "rounding")


def test_light_goes_back_through_the_masks_in_turn(dtype: torch.dtype) -> None:
    """Reciprocity of a whole stack: reversed, with transfer functions that are even, as those of distances are."""
    field, masks, hops = parts(dtype, samples=2)
    even = [(H + H.roll((-1, -1), (0, 1)).flip(0, 1)) / 2 for H in hops]
    x, y = field
    back = relay(y, masks.flip(0), tuple(even[::-1]))
    assert_close((y * relay(x, masks, tuple(even))).sum()[None], (x * back).sum()[None], "law")
    assert_symmetric(lambda u: relay(u, masks[[0, 1, 0]], (even[0], even[1], even[1], even[0])), x, y)
