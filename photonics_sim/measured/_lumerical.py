"""S-parameters as Lumerical's INTERCONNECT writes them for an optical part of N ports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.measured._text import Table, count_ports

_WORD = r"""\s*["']([^"']*)["']\s*"""
_BLOCK = re.compile(rf"\({_WORD},{_WORD},\s*(\d+)\s*,{_WORD},\s*(\d+)\s*,{_WORD}(,[^)]*)?\)")
_SHAPE = re.compile(r"\(\s*(\d{1,9})\s*,\s*(\d+)\s*\)")
_PORT = re.compile(r"port[ _]?(\d{1,3})", re.IGNORECASE)


def parse_lumerical(path: Path, text: str, angle: str | None) -> Table:
    """Blocks `('port 1','TE',1,'port 2',1,'transmission')` (out, then in), `(F, 3)`, and rows of Hz, |S| and angle.

    Ports named `port N` have that number; others count in the order in which they appear. The format is described at
    https://optics.ansys.com/hc/en-us/articles/360036618513-S-parameter-file-formats

    Raises:
        PhotonicsError: with file and line; without an angle; for several modes, a group delay kept apart, or a
            modulator's table.
    """
    if angle is None:
        raise PhotonicsError(f'{path} does not say the unit of its angles; give --angle rad or deg (angle="rad")')
    blocks = dict(_blocks(path, text))
    names = list(dict.fromkeys(name for pair in blocks for name in pair[::-1]))
    numbers = [_PORT.fullmatch(name) for name in names]
    index = {
        name: int(match[1]) if match and all(numbers) else count
        for count, (name, match) in enumerate(zip(names, numbers, strict=True), start=1)
    }
    pairs = {(index[out], index[into]): rows for (out, into), rows in blocks.items()}
    ports = count_ports(path, pairs)
    frequency = pairs[1, 1][:, 0]
    s = np.empty((len(frequency), ports, ports), np.complex128)
    for (out, into), rows in pairs.items():
        if not np.array_equal(rows[:, 0], frequency):
            raise PhotonicsError(f"{path}: S{out}{into} is at other frequencies than S11; give all at the same")
        turn = rows[:, 2] if angle == "rad" else np.deg2rad(rows[:, 2])
        with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is refused with its place
            s[:, out - 1, into - 1] = rows[:, 1] * np.exp(1j * turn)
    return frequency, s


def _blocks(path: Path, text: str) -> Iterator[tuple[tuple[str, str], NDArray[np.float64]]]:
    lines = ((n, line.strip()) for n, line in enumerate(text.splitlines(), start=1) if line.strip())
    seen: set[tuple[str, str]] = set()
    modes: set[str] = set()
    for number, line in lines:
        if line.startswith("["):  # where on the symbol a port is drawn
            continue
        head = _BLOCK.fullmatch(line)
        if head is None:
            raise PhotonicsError(
                f"{path}:{number}: {line[:60]!r} does not open a block like ('port 1','TE',1,'port 2',1,'transmission')"
            )
        pair = (head[1], head[4])
        modes |= {head[3], head[5]}
        if head[6] != "transmission" or head[7]:
            kind = "a group delay kept apart" if head[7] else repr(head[6][:40])
            raise PhotonicsError(f"{path}:{number}: a block with {kind}; export plain transmission")
        if len(modes) > 1 or pair in seen:
            raise PhotonicsError(f"{path}:{number}: several modes, or a pair of ports twice; export one mode")
        seen.add(pair)
        yield pair, _rows(path, number, lines)
    if not seen:
        raise PhotonicsError(f"{path} holds no S-parameters")


def _rows(path: Path, number: int, lines: Iterator[tuple[int, str]]) -> NDArray[np.float64]:
    number, line = next(lines, (number, ""))
    shape = _SHAPE.fullmatch(line)
    if shape is None or shape[2] != "3" or int(shape[1]) < 1:
        raise PhotonicsError(f"{path}:{number}: {line[:60]!r} is not (frequencies, 3)")
    rows = []
    for _ in range(int(shape[1])):
        number, line = next(lines, (number, "the end of the file"))
        try:
            frequency, size, angle = (float(word) for word in line.split())
        except ValueError:
            raise PhotonicsError(f"{path}:{number}: {line[:60]!r} is not frequency, |S| and angle") from None
        rows.append((frequency, size, angle))
    return np.array(rows)
