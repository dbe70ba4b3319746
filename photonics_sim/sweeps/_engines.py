"""Where trials run: in this process, in worker processes of this machine, or on a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future
from typing import Any, Protocol

from photonics_sim.errors import PhotonicsError
from photonics_sim.sweeps._work import start_worker

Call = Callable[..., Any]


class Engine(Protocol):
    """Something that futures come from, and that can be put right after a worker has died.

    Attributes:
        workers: Tasks that run at the same time.
        in_flight: Chunks that may be submitted and not done.
    """

    workers: int
    in_flight: int

    def submit(self, call: Call, *args: Any) -> Future[Any]:
        """Run `call(*args)` some time."""

    def restart(self) -> None:
        """Kill all workers, whatever they do, and start anew."""

    def alone(self, count: int) -> Sequence[Engine]:
        """At most `count` engines whose workers share nothing, so that a death has one cause."""

    def close(self) -> None:
        """End all workers, whatever they do."""


class InProcess:
    """This process itself: nothing is sent, and a debugger sees everything."""

    workers = 1
    in_flight = 1

    def submit(self, call: Call, *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(call(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def restart(self) -> None:
        pass

    def alone(self, count: int) -> Sequence[Engine]:
        return [self]

    def close(self) -> None:
        pass


class Loky:
    """Worker processes of this machine, started afresh (never forked) by joblib's loky.

    Args:
        workers: Number of processes.
        threads: Of the numerical libraries in each.
    """

    def __init__(self, workers: int, threads: int = 1) -> None:
        self.workers, self.threads = workers, threads
        self.in_flight = 2 * workers
        self._pool: Any = None

    def submit(self, call: Call, *args: Any) -> Future[Any]:
        from joblib.externals.loky import ProcessPoolExecutor

        if self._pool is None:
            limits = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
            self._pool = ProcessPoolExecutor(
                self.workers,
                initializer=start_worker,
                initargs=(os.getpid(),),
                env=dict.fromkeys(limits, str(self.threads)),
            )
        future: Future[Any] = self._pool.submit(call, *args)
        return future

    def restart(self) -> None:
        self.close()

    def alone(self, count: int) -> Sequence[Engine]:
        return [Loky(1, self.threads) for _ in range(min(count, self.workers))]

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)
            self._pool = None


class Dask:
    """Workers of a Dask cluster, through `client.get_executor()`.

    Args:
        address: Of the scheduler, "tcp://host:8786", or "local" for a cluster of this machine's own.
        workers: Of a local cluster; another one tells.
        threads: Of the numerical libraries in each.

    Raises:
        PhotonicsError: where Dask is not installed, or no scheduler or worker answers.
    """

    def __init__(self, address: str, workers: int | None = None, threads: int = 1, timeout_s: float = 30.0) -> None:
        try:
            import distributed
        except ImportError:
            raise PhotonicsError("--scheduler needs Dask: pip install 'photonics_sim[cluster]'") from None
        self._cluster: Any = None
        try:
            if address == "local":
                self._cluster = distributed.LocalCluster(
                    n_workers=workers or os.cpu_count(), threads_per_worker=1, dashboard_address=None
                )
            self._client = distributed.Client(self._cluster or address, timeout=timeout_s)
            self._client.wait_for_workers(1, timeout=timeout_s)
        except (OSError, ValueError, TimeoutError) as error:
            self.close()
            raise PhotonicsError(
                f"--scheduler {address}: no Dask cluster with a worker answers within {timeout_s:g} s ({error}); start "
                "`dask scheduler` and `dask worker ADDRESS`, or use --scheduler local"
            ) from error
        self.workers = sum(self._client.nthreads().values())
        self.in_flight = 2 * self.workers
        self.threads = threads
        self._executor = self._client.get_executor(retries=0)

    def submit(self, call: Call, *args: Any) -> Future[Any]:
        future: Future[Any] = self._executor.submit(call, *args)
        return future

    def restart(self) -> None:
        try:
            self._client.restart(timeout=60, wait_for_workers=False)
            self._client.wait_for_workers(1, timeout=60)
        except (OSError, TimeoutError, RuntimeError) as error:
            raise PhotonicsError(f"the Dask cluster has no worker any more ({error}); start it, then resume") from error
        self._executor = self._client.get_executor(retries=0)

    def alone(self, count: int) -> Sequence[Engine]:
        return [self]

    def close(self) -> None:
        for part in (getattr(self, "_client", None), self._cluster):
            if part is not None:
                part.close()


def worker_death(error: BaseException) -> str | None:
    """How the worker died that was to bring a result; None where it lives, and the error is another one."""
    deaths = BrokenExecutor | CancelledError | KeyboardInterrupt  # the last where a signal has met a worker at work
    if isinstance(error, deaths) or type(error).__name__ in {"KilledWorker", "CancelledError"}:
        if "SIGKILL" in str(error):
            return "its worker was killed (SIGKILL): by hand, or by the system for lack of memory"
        return f"its worker died ({type(error).__name__})"
    return None


def count_workers(workers: int | None, threads: int = 1) -> int:
    """The number of worker processes that is asked for, or that this machine's cores suggest."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return workers or max(1, cores // threads)


def make_engine(
    workers: int | None, scheduler: str | None, *, threads: int = 1, timeout_s: float | None = None
) -> Engine:
    """The engine for these options.

    Args:
        workers: Processes; None takes every core of this machine, 1 stays in this process.
        scheduler: Of a Dask cluster, or None.
        threads: Of torch in each worker.
        timeout_s: Of a trial: it takes a worker process, which can be killed.

    Raises:
        PhotonicsError: for a cluster that does not answer.
    """
    if scheduler is not None:
        return Dask(scheduler, workers, threads)
    count = count_workers(workers, threads)
    return InProcess() if count == 1 and timeout_s is None else Loky(count, threads)
