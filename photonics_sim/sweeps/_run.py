"""The one loop that makes trials: bounded work in flight, retries, and exact blame for what kills workers."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from photonics_sim.errors import PhotonicsError
from photonics_sim.sweeps._engines import Engine, worker_death
from photonics_sim.sweeps._job import Job, Outcome, Task
from photonics_sim.sweeps._result import DIED, OK, TIMED_OUT
from photonics_sim.sweeps._store import Store
from photonics_sim.sweeps._work import prepare, run_tasks

CHUNK_S = 0.1
MOST_TASKS = 2048
TICK_S = 0.25
PATIENCE_S = 60.0
WARM_S = 120.0
_GROWTH = 4
_LATE_S = 1.0


@dataclass
class Flight:
    """A chunk that is being worked on."""

    tasks: list[Task]
    began: float | None = None


@dataclass
class Loop:
    """Makes the tasks of a sweep and stores what comes of them.

    Args:
        job: What the workers are told.
        store: Takes the outcomes.
        engine: Where the trials run.
        chunk: Tasks that are sent together; None holds a chunk at about 100 ms of work.
        retries: How often a task that kills its worker is tried again.
        timeout_s: Longest time of one task; None for any.
        stop: Whether to end early: nothing more is sent, and what is being worked on is waited for.
        progress: Called after every change.
        check: Looks at every outcome before it is stored.
        patience_s: How long to wait for a full disk to have room again.
    """

    job: Job
    store: Store
    engine: Engine
    chunk: int | None = None
    retries: int = 2
    timeout_s: float | None = None
    stop: Callable[[], bool] = lambda: False
    progress: Callable[[], Any] = lambda: None
    check: Callable[[Outcome], Outcome] = lambda outcome: outcome
    patience_s: float = PATIENCE_S
    trials_run: int = 0
    _task_s: float = 0.0
    _size: int = 1
    _flights: dict[Future[Any], Flight] = field(default_factory=dict)
    _suspects: deque[Task] = field(default_factory=deque)
    _full_since: float | None = None
    _is_warm: bool = False

    def go(self, tasks: Iterator[Task], total: int) -> None:
        """Make all of them, or as many as `stop` lets.

        Args:
            tasks: In any order.
            total: How many there are.

        Raises:
            PhotonicsError: where no worker can run the trial, or nothing can be stored for a minute.
        """
        left = total
        try:
            while True:
                while not self._held and len(self._flights) < self.engine.in_flight:
                    chunk = list(islice(tasks, self._next_size(left)))
                    if not chunk:
                        break
                    left -= len(chunk)
                    self._submit(chunk)
                    if not self.trials_run:
                        break  # the first one alone: it tells how long the others take, and what they return
                if not self._flights:
                    if self._full_since is None or self.stop():
                        break
                    time.sleep(TICK_S)
                self._collect()
                self._keep()
        finally:
            self._keep(at_once=True)

    @property
    def _held(self) -> bool:
        first_is_out = bool(self._flights) and not self.trials_run
        return self.stop() or self._full_since is not None or first_is_out

    def _next_size(self, left: int) -> int:
        """Tasks of the next chunk: about 100 ms of work, and near the end a fair share of what is left."""
        if self.chunk is not None:
            return self.chunk
        if self._task_s:
            wanted = min(MOST_TASKS, max(1, int(CHUNK_S / self._task_s)))
            self._size = min(wanted, self._size * _GROWTH, max(1, math.ceil(left / (2 * self.engine.in_flight))))
        return self._size

    def _submit(self, chunk: list[Task]) -> None:
        if not self._is_warm:
            self._warm(self.engine)
            self._is_warm = True
        try:
            self._flights[self.engine.submit(run_tasks, self.job, chunk)] = Flight(chunk)
        except Exception as error:  # the pool broke between two chunks
            if worker_death(error) is None:
                raise
            self._suspects.extend(chunk)
            self._recover()

    def _collect(self) -> None:
        """Take what is done; where a worker has died or hangs, find out on which task."""
        if not self._flights:
            return
        # chunks begin in their order: as many as there are workers are being worked on
        for flight in islice(self._flights.values(), self.engine.workers):
            flight.began = flight.began or time.monotonic()
        done, _ = wait(self._flights, timeout=TICK_S, return_when=FIRST_COMPLETED)
        broken = False
        for future in done:
            flight = self._flights.pop(future)
            broken = not self._took(future, flight) or broken
        if broken or self._is_overdue():
            self._recover()

    def _took(self, future: Future[Any], flight: Flight) -> bool:
        """Whether a future has brought its outcomes; if its worker died, its tasks are suspects."""
        error = future.exception() if not future.cancelled() else None
        if future.cancelled() or (error is not None and worker_death(error) is not None):
            self._suspects.extend(flight.tasks)
            return False
        if error is not None:
            if isinstance(error, PhotonicsError):
                raise error
            raise PhotonicsError(f"the workers cannot run this sweep: {type(error).__name__}: {error}") from error
        self._accept(future.result())
        return True

    def _accept(self, outcomes: Sequence[Outcome]) -> None:
        good = [one.seconds for one in outcomes if one.status == OK]
        if good:
            spent = max(sum(good) / len(good), 1e-6)
            self._task_s = 0.7 * self._task_s + 0.3 * spent if self._task_s else spent
        self.trials_run += sum(one.chips for one in outcomes)
        self.store.add([self.check(one) for one in outcomes])
        self.progress()

    def _is_overdue(self) -> bool:
        """Whether some chunk takes so long that a task in it must be hanging."""
        if self.timeout_s is None:
            return False
        now = time.monotonic()
        return any(
            one.began is not None and now - one.began > self.timeout_s + _LATE_S + 3 * len(one.tasks) * self._task_s
            for one in self._flights.values()
        )

    def _recover(self) -> None:
        """Keep what was finished, start the workers anew, and rerun alone all that was being worked on."""
        for future, flight in list(self._flights.items()):
            if future.done():
                self._took(future, flight)
            else:
                self._suspects.extend(flight.tasks)
        self._flights.clear()
        self.engine.restart()
        self._is_warm = False
        self._rerun_alone()

    def _rerun_alone(self) -> None:
        """Each suspect by itself, on a worker that does nothing else: who dies now is to blame."""
        suspects, self._suspects = self._suspects, deque()
        lanes = self.engine.alone(len(suspects))
        deaths: dict[tuple[int, int], int] = {}
        flying: dict[Future[Any], tuple[Engine, Task, float]] = {}
        idle = list(lanes)
        try:
            for lane in lanes:
                self._warm(lane)
            while flying or (suspects and not self.stop()):
                while idle and suspects and not self.stop():
                    lane, task = idle.pop(), suspects.popleft()
                    flying[_send(lane, run_tasks, self.job, [task])] = (lane, task, time.monotonic())
                wait(flying, timeout=TICK_S, return_when=FIRST_COMPLETED)
                for future, (lane, task, since) in list(flying.items()):
                    late = self.timeout_s is not None and time.monotonic() - since > self.timeout_s
                    if not future.done() and not late:
                        continue
                    del flying[future]
                    idle.append(lane)
                    died = future.done() and not self._took(future, Flight([]))
                    if future.done() and not died:
                        continue
                    lane.restart()
                    self._warm(lane)
                    place = (task.point, task.first)
                    deaths[place] = deaths.get(place, 0) + 1
                    if died and deaths[place] <= self.retries:
                        suspects.append(task)
                    else:
                        self._accept([self._failed(task, future, time.monotonic() - since, died=died)])
                self._keep()
        finally:
            for lane in lanes:
                if lane is not self.engine:
                    lane.close()

    def _warm(self, engine: Engine) -> None:
        """Let workers import what they need before a clock runs; what goes wrong here shows at the tasks."""
        if self.timeout_s is not None and not self.stop():
            wait([_send(engine, prepare, self.job) for _ in range(engine.workers)], timeout=WARM_S)

    def _failed(self, task: Task, future: Future[Any], seconds: float, *, died: bool) -> Outcome:
        if not died:
            status, text = TIMED_OUT, f"took more than {self.timeout_s:g} s"
        else:
            error = None if future.cancelled() else future.exception()
            told = worker_death(error) if error is not None else None
            status, text = DIED, f"{told or 'its worker died'}, {1 + self.retries} times"
        return Outcome(task.point, task.first, len(task.seeds), status, seconds, error=text)

    def _keep(self, *, at_once: bool = False) -> None:
        """Store what has waited long enough; a full disk is waited for, with everything kept in memory."""
        if not (at_once or self.store.is_due or self._full_since is not None):
            return
        try:
            self.store.publish()
            self._full_since = None
        except PhotonicsError:
            now = time.monotonic()
            self._full_since = self._full_since or now
            if at_once or now - self._full_since > self.patience_s:
                raise


def _send(lane: Engine, call: Callable[..., Any], *args: Any) -> Future[Any]:
    """Submit to workers that may have died while they had nothing to do."""
    try:
        return lane.submit(call, *args)
    except Exception as error:
        if worker_death(error) is None:
            raise
        lane.restart()
        return lane.submit(call, *args)
