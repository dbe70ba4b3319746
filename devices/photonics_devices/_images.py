"""Numbers in a row as an image. Free of torch."""

from __future__ import annotations

import math


def near_root(n: int) -> int:
    """The rows of n pixels that are as near to a square as whole rows allow: the largest divisor up to its root."""
    return next(k for k in range(math.isqrt(n), 0, -1) if n % k == 0)
