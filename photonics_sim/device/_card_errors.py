"""What pydantic found wrong with a card, said in the words of the card."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from photonics_sim.device._units import suggest_unit, unit_of
from photonics_sim.errors import did_you_mean

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError


def explain_invalid(error: ValidationError, schema: type[BaseModel], *, where: str, text: str) -> str:
    """One line: file and line, key and value, what was expected, what to do. The first problem comes first."""
    problems = error.errors(include_url=False)
    # a misspelt key also leaves one missing: the misspelling is the better clue
    problems.sort(key=lambda problem: problem["type"] != "extra_forbidden")
    first = problems[0]
    path = [str(part) for part in first["loc"]]
    line = _line_of(path, text)
    place = f"{where}:{line}" if line else where
    message = f"{place}: {_problem(dict(first), path, schema)}"
    return message if len(problems) == 1 else f"{message} (and {len(problems) - 1} more)"


def _problem(problem: dict[str, Any], path: list[str], schema: type[BaseModel]) -> str:  # noqa: PLR0911
    key, kind, found = ".".join(path), problem["type"], problem["input"]
    if kind == "extra_forbidden":
        known = _keys_beside(path, schema)
        return f"no field {key}{did_you_mean(path[-1], known) or '; known here: ' + ', '.join(known)}"
    if kind == "missing":
        return f"{key} is missing; every field without a default must be given"
    if kind == "finite_number":
        return f"{key} = {found} is not a finite number"
    if kind in {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}:
        low, high = _limits(path, schema)
        unit = unit_of(path[-1])
        span = f"{low:g} .. {high:g}" + (f" {unit.symbol}" if unit else "")
        hint = "" if abs(found) > sys.float_info.max else suggest_unit(path[-1], float(found), low, high)
        exclusive = (
            " (the end itself excluded)" if kind in {"greater_than", "less_than"} and found in {low, high} else ""
        )
        return f"{key} = {_short(found)} is outside {span}{exclusive}{hint}"
    if kind == "literal_error":
        expected = problem["ctx"]["expected"]
        return f"{key} = {found!r} is not one of {expected}{did_you_mean(str(found), expected.split(chr(39))[1::2])}"
    if kind == "value_error":
        return f"{key}: {problem['ctx']['error']}" if key else str(problem["ctx"]["error"])
    return f"{key} = {_short(found)}: {problem['msg'][0].lower()}{problem['msg'][1:]}"


def _short(found: object) -> str:
    """A value as a message shows it: numbers briefly, and nothing longer than a line."""
    if isinstance(found, float):
        return f"{found:g}"
    if isinstance(found, int) and not isinstance(found, bool) and found.bit_length() > 100:
        return "a huge integer"
    text = repr(found)
    return text if len(text) <= 60 else text[:57] + "..."


def _fields_at(path: list[str], schema: type[BaseModel]) -> dict[str, Any]:
    fields = schema.model_fields
    for name in path:
        annotation = fields[name].annotation if name in fields else None
        if not hasattr(annotation, "model_fields"):
            return {}
        fields = annotation.model_fields  # type: ignore[union-attr]
    return dict(fields)


def _keys_beside(path: list[str], schema: type[BaseModel]) -> list[str]:
    return list(_fields_at(path[:-1], schema))


def _limits(path: list[str], schema: type[BaseModel]) -> tuple[float, float]:
    low, high = float("-inf"), float("inf")
    for limit in _fields_at(path[:-1], schema)[path[-1]].metadata:
        low = getattr(limit, "ge", getattr(limit, "gt", low))
        high = getattr(limit, "le", getattr(limit, "lt", high))
    return float(low), float(high)


def _line_of(path: list[str], text: str) -> int | None:
    """The line of a key, or of the table it belongs to; TOML parsers give no positions of keys."""
    if not path:
        return None
    table: list[str] = []
    best: int | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if bare.startswith("["):
            table = bare.strip("[] ").split(".")
            if table in (path, path[:-1]):
                best = number
        elif table == path[:-1] and bare.split("=")[0].strip().strip("\"'") == path[-1]:
            return number
    return best
