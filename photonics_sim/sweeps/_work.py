"""What runs in a worker: a few tasks at a time, each ended by numbers or by words, never by an exception."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import math
import os
import re
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.sweeps._job import Job, Outcome, Task
from photonics_sim.sweeps._result import ERROR, OK
from photonics_sim.sweeps._trial import Trial, trial_class
from photonics_sim.training import ignore_interrupts

_LONGEST_TEXT = 400
_PR_SET_PDEATHSIG = 1


# what metrics and curves may be called in a file: no folders, and not like the scale of a curve
_NAME = re.compile(r"(?!.*_axis\d+$)[^\W\d]\w*")
_mine = threading.local()  # a Dask worker may have several threads, and a trial remembers the last device


def run_tasks(job: Job, tasks: Sequence[Task]) -> list[Outcome]:
    """Every task on the trial of this job, which a worker makes once.

    Raises:
        PhotonicsError: where the trial itself cannot be made, which no other task would mend.
    """
    trial = trial_of(job)
    set_numerics(job)
    outcomes = [run_task(trial, task) for task in tasks]
    if getattr(_mine, "is_new_worker", False):
        _mine.is_new_worker = False
        gc.freeze()  # loky collects garbage every second, which takes 0.1 s over all that torch has loaded
    return outcomes


def run_task(trial: Trial, task: Task) -> Outcome:
    """One task; whatever the trial raises becomes an outcome."""
    started = time.perf_counter()
    values: dict[str, NDArray[np.float64]] = {}
    status, text = OK, ""
    try:
        values = _checked(trial.measure(task.params, task.seeds), len(task.seeds))
    except (Exception, SystemExit) as error:  # a bad point must not end the sweep
        told = str(error) if isinstance(error, PhotonicsError) else "".join(traceback.format_exception_only(error))
        # half a surrogate pair, as in names of broken files, cannot be stored
        status, text = ERROR, " ".join(told.encode("utf-8", "replace").decode().split())[:_LONGEST_TEXT]
    seconds = time.perf_counter() - started
    return Outcome(task.point, task.first, len(task.seeds), status, seconds, values, text)


def _checked(found: Mapping[str, ArrayLike], chips: int) -> dict[str, NDArray[np.float64]]:
    """Finite numbers in one shape per chip; a NaN would look like a chip that was never measured."""
    values = {}
    for name, value in found.items():
        if not _NAME.fullmatch(name):
            raise PhotonicsError(f"the trial returned a number called {name!r:.80}; letters, digits and _ make a name")
        if chips == 1 and isinstance(value, list) and type(value[0]) is float and math.isfinite(value[0]):
            values[name] = np.array(value)  # the usual case, without the calls below
            continue
        array = np.asarray(value)
        if array.dtype.kind not in "biuf" or array.ndim < 1 or len(array) != chips or not array.size:
            raise PhotonicsError(f"the trial returned {name} = {value!r:.80}; expected numbers, alike for every chip")
        values[name] = array.astype(np.float64)
        if not np.isfinite(values[name]).all():
            raise PhotonicsError(
                f"the trial returned {name} = {array[~np.isfinite(array)][0]}; expected finite numbers"
            )
    return values


def trial_of(job: Job) -> Trial:
    """The trial of this job, one for each thread."""
    key = id_of(job)
    if getattr(_mine, "key", None) != key:
        add_paths(job)
        _mine.key, _mine.trial = None, trial_class(job.trial)(job)
        _mine.key = key
    trial: Trial = _mine.trial
    return trial


def add_paths(job: Job) -> None:
    """Let modules with trials of the user's own be found."""
    sys.path[:0] = [path for path in job.paths if path not in sys.path]


def id_of(job: Job) -> int:
    """A number that tells jobs apart within a process."""
    return hash((job.trial, job.card, job.run, job.weights, repr(sorted(job.settings.items())), job.seed, job.dtype))


def prepare(job: Job) -> None:
    """Make the trial, so that the clock of the first task does not count its imports."""
    trial_of(job)
    set_numerics(job)


def set_numerics(job: Job) -> None:
    """Threads and number type of torch, without loading it for the usual ones: one and two do not round alike."""
    if "torch" in sys.modules or job.dtype != Job.dtype:
        import torch

        if torch.get_num_threads() != job.threads:
            torch.set_num_threads(job.threads)
        torch.set_default_dtype(getattr(torch, job.dtype))


@contextlib.contextmanager
def same_numerics() -> Iterator[None]:
    """Gives this process its own threads and number type back, where trials have run in it."""
    torch = sys.modules.get("torch")
    before = (torch.get_num_threads(), torch.get_default_dtype()) if torch else None
    try:
        yield
    finally:
        if torch and before:
            torch.set_num_threads(before[0])
            torch.set_default_dtype(before[1])


def start_worker(parent: int) -> None:
    """Make this process a worker: deaf to Ctrl-C, which is the coordinator's to answer, and gone when that is gone.

    What trials print goes to stderr: stdout is for the answer of a command.

    Args:
        parent: The coordinator's process.
    """
    ignore_interrupts()
    _mine.is_new_worker = True
    with contextlib.suppress(OSError):  # one of them may be closed
        os.dup2(2, 1)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before it could be watched
            os._exit(1)
