"""Randomness as a function: the same key gives the same numbers, on every kind of machine."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor


def derive_key(seed: int, *names: str | int) -> int:
    """A key for one effect: a pure function of the seed and the names (effect, realisation, step ...)."""
    text = "\0".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def normal(key: int, *shape: int, like: Tensor | None = None) -> Tensor:
    """Standard normal numbers of this shape that depend on nothing but the key.

    They are drawn in float64 on the CPU and then moved to the type and place of `like`, so that one key is the same
    fabricated chip on a CPU and on a GPU, in either precision.
    """
    generator = torch.Generator().manual_seed(key)
    with torch._C._DisableFuncTorch():  # vmap refuses to draw; these numbers do not depend on what it maps over
        numbers = torch.randn(shape, generator=generator, dtype=torch.float64)
    return numbers if like is None else numbers.to(like)
