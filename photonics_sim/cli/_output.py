"""What a person reads goes to stderr, one JSON object goes to stdout; a user's mistake is one line and exit 2."""

from __future__ import annotations

import json
import math
import os
import sys
from typing import Any

from rich.console import Console

DONE, FAILED, MISTAKE, INTERRUPTED = 0, 1, 2, 130
WEAK_DB = 10.0


def human(*lines: str) -> None:
    """Print lines for a person, to stderr; rich's markup is honoured."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for line in lines:
        console.print(line)


def show(renderable: Any, *, as_json: bool = False) -> None:
    """Print a table or text that is the answer of a command: to stdout, or to stderr beside `--json`."""
    Console(stderr=as_json, highlight=False, soft_wrap=False, width=_width()).print(renderable)


def _width() -> int | None:
    """A fixed width where the output is a file, so that tables are not cut to 80 columns."""
    return None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "160"))


def say_weak_light(signal_to_noise_db: float) -> None:
    """A warning where the light that is left says little, whether or not the card's readings carry noise."""
    if signal_to_noise_db < WEAK_DB:
        human(
            f"[yellow]weak light:[/] a reading has a signal-to-noise ratio of {signal_to_noise_db:.1f} dB; more laser "
            "power, less loss or a smaller detector bandwidth would help (`photonics-sim devices show`: link budget)"
        )


def print_json(value: Any) -> None:
    """Print one JSON value on stdout; numbers that JSON cannot say become null."""
    print(json.dumps(_plain(value), indent=2))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return str(value)
