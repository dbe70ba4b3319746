"""Parameters and values as people say them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from photonics_sim.device import UNITS, unit_of
from photonics_sim.sweeps import Axis


def words_of(path: str, tables: int = 1) -> str:
    """A path as people say it: "mesh.splitter.error_rad" is "splitter error".

    Args:
        path: Dotted path, or a plain name.
        tables: How many of its tables are said, from the last.
    """
    *above, key = path.split(".")
    unit = unit_of(key)
    suffixes = [suffix for suffix, known in UNITS.items() if known is unit and key.endswith(f"_{suffix}")]
    said = key.removesuffix(f"_{max(suffixes, key=len)}" if suffixes else "").replace("_", " ")
    for table in reversed(above[len(above) - tables :] if tables < len(above) else above):
        word = table.replace("_", " ")
        said = said if said.startswith(word) else f"{word} {said}"
    return said


def names_of(axes: Sequence[Axis]) -> dict[str, str]:
    """Axes as people say them, by path: with as few of their tables as tell them apart."""
    paths = [axis.path for axis in axes]
    for tables in range(1, 1 + max(path.count(".") + 1 for path in paths)):
        names = {path: words_of(path, tables) for path in paths}
        if len(set(names.values())) == len(names):
            return names
    return {path: path for path in paths}


def shown(value: Any, unit: str = "1", digits: int = 6) -> str:
    """A value with its unit, as people write it, a fraction with at most so many digits."""
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    said = f"{plain:.{digits}g}" if isinstance(plain, float) else str(plain)
    return said if unit == "1" else f"{said} {unit}"
