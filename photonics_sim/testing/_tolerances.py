"""How exact is exact: one table for every test, by number type."""

from __future__ import annotations

import torch

# relative to the size of what is compared; "gradient" is against finite differences, which lose half the digits
_TABLE = {
    "equal": {torch.float32: 1e-6, torch.float64: 1e-14},
    "rounding": {torch.float32: 2e-5, torch.float64: 1e-12},
    "law": {torch.float32: 1e-4, torch.float64: 1e-11},
    "gradient": {torch.float32: 5e-2, torch.float64: 1e-6},
    "second": {torch.float32: 1e-1, torch.float64: 1e-4},
}


def tolerance(kind: str, dtype: torch.dtype) -> float:
    """The tolerance of a kind of comparison in a real or complex number type.

    `equal`: the same operations in another order of batches. `rounding`: other operations, same result. `law`: a law of
    physics. `gradient`, `second`: first and second derivatives against finite differences.
    """
    real = {torch.complex64: torch.float32, torch.complex128: torch.float64}.get(dtype, dtype)
    return _TABLE[kind][real]
