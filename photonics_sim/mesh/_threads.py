"""Threads for compiled loops, and what they need from the processor."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch

_pools: dict[int, ThreadPoolExecutor] = {}
if hasattr(os, "register_at_fork"):  # not on Windows
    # threads do not survive a fork, and a data loader's workers are forked
    os.register_at_fork(after_in_child=_pools.clear)


def in_parallel(work: Callable[[int, int], None], tasks: int) -> None:
    """Call `work(first, last)` for parts of `range(tasks)` in as many threads as torch may use.

    The work must not hold the interpreter's lock. Subnormal numbers are taken for zero in it.
    """
    threads = min(torch.get_num_threads(), tasks)
    if threads <= 1:
        _flushed(work, 0, tasks)
        return
    pool = _pools.get(threads) or _pools.setdefault(threads, ThreadPoolExecutor(threads, "photonics-mesh"))
    edges = [tasks * n // threads for n in range(threads + 1)]
    for done in [pool.submit(_flushed, work, *edges[n : n + 2]) for n in range(threads)]:
        done.result()


def _flushed(work: Callable[[int, int], None], first: int, last: int) -> None:
    with subnormals_as_zero():
        work(first, last)


@contextmanager
def subnormals_as_zero() -> Iterator[None]:
    """Within it, this thread takes subnormal numbers for zero; they cost a processor some hundred cycles each.

    Light that stays localised in a mesh fades into them. The thread's setting is put back afterwards.
    """
    smallest = sys.float_info.min
    before = smallest * 0.5 == 0.0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
