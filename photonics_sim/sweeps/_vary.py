"""What a user says is varied: `path=a:b:n`, lists, words; as arrays of the kind that the field takes."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from photonics_sim.errors import PhotonicsError

_WRITE = "write path=low:high:count, path=log:low:high:count, path=v1,v2,..., or path=low:high for a sampled design"
MOST_VALUES = 10_000_000


@dataclass(frozen=True)
class Varied:
    """Values of one axis as they were asked for.

    Attributes:
        values: `(n,)`; of a range the two ends.
        is_range: Whether any value between the two ends may be taken, as sampled designs do.
        is_log: Whether those are spread evenly in the logarithm.
    """

    values: NDArray[Any]
    is_range: bool = False
    is_log: bool = False


def parse_vary(assignment: str) -> tuple[str, Varied]:
    """`"mesh.splitter.error_rad=0:0.05:11"` as path and values.

    Raises:
        PhotonicsError: where it cannot be read.
    """
    path, equals, text = assignment.partition("=")
    if not equals or not path.strip() or not text.strip():
        raise PhotonicsError(f"--vary {assignment}: {_WRITE}")
    return path.strip(), parse_values(text.strip(), where=f"--vary {assignment}")


def parse_values(text: str, *, where: str) -> Varied:
    """Values as they are typed: a range, or a list.

    Raises:
        PhotonicsError: where they cannot be read.
    """
    parts = [part.strip() for part in text.split(":")]
    is_log = parts[0] == "log"
    parts = parts[1:] if is_log else parts
    if len(parts) == 1 and not is_log:
        return Varied(_column([_literal(word) for word in text.split(",")], where))
    try:
        low, high, *rest = (float(part) for part in parts)
        (count,) = rest or [1.0]
        if not all(map(math.isfinite, (low, high, count))):
            raise ValueError
    except ValueError:
        raise PhotonicsError(f"{where}: {text} is no range; {_WRITE}") from None
    if is_log and not (low > 0 and high > 0):
        raise PhotonicsError(f"{where}: a logarithmic range lies above 0; found {low:g} .. {high:g}")
    if not rest:
        return Varied(np.array([low, high]), is_range=True, is_log=is_log)
    if count != round(count) or not 1 <= count <= MOST_VALUES:
        raise PhotonicsError(f"{where}: {count:g} values; give a whole number from 1 to {MOST_VALUES:,}")
    spread = np.geomspace if is_log else np.linspace
    return Varied(spread(low, high, int(count)))


def as_varied(values: Varied | str | ArrayLike, *, where: str) -> Varied:
    """Values from whatever a caller of the library gives: as typed, a sequence, an array, one value."""
    if isinstance(values, Varied):
        return values
    if isinstance(values, str):
        return parse_values(values, where=where)
    # a list as it is: an array would make words of its numbers where it holds a word
    array = np.atleast_1d(np.asarray(values, dtype=object if isinstance(values, list | tuple) else None))
    found = [one.item() if isinstance(one, np.generic) else one for one in array.tolist()]
    return Varied(_column(found, where))


def _literal(word: str) -> Any:
    """A number or truth value as TOML has it, and else a word."""
    try:
        return tomllib.loads(f"value = {word}")["value"]
    except (ValueError, RecursionError):
        return word.strip()


def _column(values: Iterable[Any], where: str) -> NDArray[Any]:
    """One array of values that are all numbers, all truth values or all words."""
    found = list(values)
    kinds = {type(value) for value in found}
    if found and (kinds <= {int, float} or kinds in ({bool}, {str})):
        with suppress(OverflowError, UnicodeEncodeError):  # numbers and characters that no file can hold
            array = np.array(found)
            if kinds == {str}:
                "".join(found).encode()
            if array.dtype.kind in "biU" or (array.dtype.kind == "f" and np.isfinite(array).all()):
                return array
    raise PhotonicsError(f"{where}: give finite numbers, truth values (true, false) or words, all of one kind")


def fit_kind(path: str, varied: Varied, example: object) -> Varied:
    """The same values in the kind of number that the field holds.

    Args:
        path: Of the field.
        varied: Its values.
        example: A value that the field takes.

    Raises:
        PhotonicsError: for values of another kind, and a fraction where whole numbers are taken.
    """
    values, have = varied.values, varied.values.dtype.kind
    if isinstance(example, bool):
        fits, kind = have == "b", "true and false"
    elif isinstance(example, int):
        whole = have == "f" and bool(((values == np.round(values)) & (np.abs(values) < 2**53)).all())
        fits, kind = have == "i" or whole, "whole numbers"
        values = values.astype(np.int64) if fits else values
    elif isinstance(example, float):
        fits, kind = have in "if", "numbers"
        values = values.astype(np.float64) if fits else values
    else:
        fits, kind = have == "U" and isinstance(example, str), "words"
    if not isinstance(example, bool | int | float | str):
        raise PhotonicsError(f"{path} holds {example!r}; numbers, truth values and words can be varied")
    if not fits:
        shown = ", ".join(str(value) for value in varied.values[:4].tolist())
        raise PhotonicsError(f"{path} takes {kind}; found {shown}{', ...' if len(values) > 4 else ''}")
    return Varied(values, varied.is_range, varied.is_log)
