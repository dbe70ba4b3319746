"""Ctrl-C as a request to stop after the current step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """Whether to stop: called, it tells whether a signal has asked for it.

    Attributes:
        number: The signal; None while there was none.
    """

    number: int | None = None

    def __call__(self) -> bool:
        return self.number is not None


@contextmanager
def stop_on_interrupt() -> Iterator[Stop]:
    """Within it, the first SIGINT or SIGTERM only makes the yielded function true; a second one interrupts at once.

    Off the main thread, where signals cannot be caught, the function is always false. Signals that are ignored stay so:
    a worker leaves Ctrl-C to its coordinator.
    """
    asked = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    found = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    before = {number: handler for number, handler in found.items() if handler is not signal.SIG_IGN}

    def ask(number: int, frame: FrameType | None) -> None:
        asked.number = number
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, ask)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
