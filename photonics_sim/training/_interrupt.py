"""Ctrl-C as a request to stop after the current step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_deaf = False


class Stop:
    """Whether to stop: called, it tells whether a signal has asked for it.

    Attributes:
        number: The signal; None while there was none.
    """

    number: int | None = None

    def __call__(self) -> bool:
        return self.number is not None


def ignore_interrupts() -> None:
    """Make this process a worker, whose Ctrl-C is its coordinator's to answer, whatever it does."""
    global _deaf  # noqa: PLW0603 - of the process, as signals are
    _deaf = True
    with suppress(ValueError):  # off the main thread no signal can be set
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def stop_on_interrupt() -> Iterator[Stop]:
    """Within it, the first SIGINT or SIGTERM only makes the yielded function true; a second one interrupts at once.

    Off the main thread, where signals cannot be caught, and in a worker the function is always false.
    """
    asked = Stop()
    if _deaf or threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

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
