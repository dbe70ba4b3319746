"""Whether the rows of a Touchstone file are whole: scikit-rf answers a missing or a surplus number with a riddle."""

from __future__ import annotations

import math
from pathlib import Path

from photonics_sim.errors import PhotonicsError

_NOISE = 5


def check_records(path: Path, text: str, ports: int) -> None:
    """Refuse a file that is cut short, or that has another number of ports than its ending says.

    A frequency takes 1 + 2 P^2 numbers for P ports. Its first line has an odd number of them, further lines have pairs.

    Raises:
        PhotonicsError: with the line, and what to do.
    """
    records = _records(path, text, ports)
    if not records:
        return
    wanted, first = 1 + 2 * ports**2, records[0][1]
    others = math.isqrt((first - 1) // 2)
    alike = len(records) > 1 and all(found == first for _, found in records)
    if first != wanted and first == 1 + 2 * others**2 and (alike or first > wanted):
        raise PhotonicsError(
            f"{path} is no Touchstone file of {ports} ports: a frequency has {first} numbers, which is {others} ports; "
            f"name it {path.stem}.s{others}p"
        )
    for place, (line, found) in enumerate(records):
        if found != wanted and not (ports == 2 and place and found == _NOISE):
            raise PhotonicsError(
                f"{path} is no Touchstone file of {ports} ports: a frequency takes {wanted} numbers, and from line "
                f"{line} on there are {found}; mend it there, or copy the file anew if it is cut short"
            )


def _records(path: Path, text: str, ports: int) -> list[tuple[int, int]]:
    """The line on which each frequency begins, from 1, and how many numbers it has."""
    records: list[tuple[int, int]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("!")[0].split()
        if not words or words[0].startswith("#"):
            continue
        try:
            _ = [float(word) for word in words]
        except ValueError:
            raise PhotonicsError(
                f"{path} is no Touchstone file of {ports} ports: line {number}, {line.strip()[:60]!r}, is not a row of "
                "numbers; mend it, or copy the file anew if it is cut short"
            ) from None
        if len(words) % 2 or not records:
            records.append((number, len(words)))
        else:
            records[-1] = records[-1][0], records[-1][1] + len(words)
    return records
