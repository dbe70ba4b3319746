"""The product kernel of google/neural-tangents, run by a Python that has it; see `ntk.py`.

    PYTHON benchmarks/_ntk_peer.py FOLDER

FOLDER/asked.npz holds x, y, degree and branch; FOLDER/given.npz gets the kernel. Then each line that is read, "x, y" or
"x alone", computes one, and is answered by a line when it is there.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import neural_tangents
import numpy as np
from neural_tangents import stax


def product(degree: int, branch: str) -> Callable[..., Any]:
    """Of networks with N(0, 1) weights whose fan-in is divided out: inputs are to be scaled by sqrt(d)."""
    dense = stax.Dense(1)
    one = stax.serial(dense, stax.Relu()) if branch == "relu" else dense
    factors = (stax.FanOut(degree), stax.parallel(*[one] * degree), stax.FanInProd()) if degree > 1 else (one,)
    kernel = stax.serial(*factors, stax.Dense(1))[2]
    return jax.jit(lambda *inputs: kernel(*inputs, "ntk"))  # type: ignore[no-any-return]


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    asked = np.load(folder / "asked.npz")
    x, y = (jax.numpy.asarray(asked[name] * asked[name].shape[1] ** 0.5) for name in ("x", "y"))
    kernel = product(int(asked["degree"]), str(asked["branch"]))
    np.savez(folder / "given.npz", kernel=kernel(x, y))
    print(f"neural-tangents {neural_tangents.__version__} on jax {jax.__version__}", flush=True)
    for line in sys.stdin:
        kernel(x, y if line.strip() == "x, y" else None).block_until_ready()
        print("there", flush=True)


if __name__ == "__main__":
    main()
