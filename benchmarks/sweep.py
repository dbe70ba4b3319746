"""What does a sweep add to its trials: time per trial, storing, memory, and how does it scale?

python benchmarks/sweep.py            # all, some four minutes
python benchmarks/sweep.py --quick    # fewer trials; a hundred thousand instead of a million for the memory
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import _sweep_trials
import torch
from _measure import seconds

from photonics_sim.device import load_card, load_device
from photonics_sim.mesh import mesh_matrix
from photonics_sim.sweeps import Asked
from photonics_sim.sweeps._engines import Dask, Engine, InProcess, Loky
from photonics_sim.sweeps._plan import Plan
from photonics_sim.sweeps._planning import placed
from photonics_sim.sweeps._read import open_store
from photonics_sim.sweeps._run import Loop
from photonics_sim.sweeps._sweep import new_sweep_folder
from photonics_sim.sweeps._work import prepare, run_task, trial_of

HERE = Path(__file__).parent
LIMITS_MS = {"loky": 0.1, "dask": 0.3}
TRIALS = {"wait": "that wait (sleep)", "work": "that keep a core busy"}
CARD = "mzi-thermo-optic"


def planned(folder: Path, trial: str, count: int) -> Plan:
    """A sweep of `count` trials in a new folder."""
    asked = Asked(target=load_card(CARD), vary={"trial.x": f"0:1:{count}"}, trial=f"_sweep_trials:{trial}", chips=1)
    new_sweep_folder(asked.plan(), asked.target, out=folder)
    return Plan.read(folder)


def run(engine: Engine, trial: str, count: int) -> tuple[float, float]:
    """Seconds of one sweep on warm workers, without its plan: wall, and storing."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "sweep"
        plan = planned(folder, trial, count)
        job = placed(plan.job, folder)
        store = open_store(folder, plan).mend()
        for future in [engine.submit(prepare, job) for _ in range(4 * engine.workers)]:
            future.result()
        numbers = plan.missing_tasks(store.status)
        started = time.perf_counter()
        Loop(job, store, engine).go(plan.tasks(numbers), len(numbers))
        store.merge()
        wall = time.perf_counter() - started
        return wall, store.publish_seconds


def run_bare(engine: Engine, trial: str, count: int) -> float:
    """Seconds of the same trials, each worker told once how many."""
    started = time.perf_counter()
    for future in [engine.submit(_sweep_trials.bare, trial, count // engine.workers) for _ in range(engine.workers)]:
        future.result()
    return time.perf_counter() - started


def overhead(engines: dict[str, Callable[[], Engine]], count: int) -> None:
    print(f"\ntime of a worker added to {count:,} trials of 5 ms, two workers, best of three in turns")
    for name, make in engines.items():
        engine = make()
        for trial, told in TRIALS.items():
            run(engine, trial, count // 10)
            found = [(run_bare(engine, trial, count), *run(engine, trial, count)) for _ in range(3)]
            bare, (wall, stored) = min(one[0] for one in found), min(one[1:] for one in found)
            added, share = 1e3 * engine.workers * (wall - bare) / count, stored / wall
            print(
                f"  {name:5s} {told:22s} {added:6.3f} ms per trial (limit {LIMITS_MS[name]} ms); storing {share:.2%} "
                "of the time (limit 2 %)"
            )
        engine.close()


def scaling(count: int) -> None:
    print(f"\n{count:,} trials of 5 ms of a core, by workers")
    base = None
    for workers in sorted({1, 2, os.cpu_count() or 1}):
        engine: Engine = InProcess() if workers == 1 else Loky(workers)
        wall, _ = min(run(engine, "work", count) for _ in range(2))
        engine.close()
        base = base or wall
        print(f"  {workers:3d} worker{'s' if workers > 1 else ' '} {count / wall:7.1f} trials/s, {base / wall:.2f}x")


def memory(counts: list[int]) -> None:
    print("\npeak memory of the coordinator, trials that do nothing, two workers")
    for count in counts:
        command = [sys.executable, __file__, "--one", str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        print(f"  {count:9,} trials: {done.stdout.strip()}")


def one(count: int) -> None:
    """One sweep in a process of its own; prints its peak memory."""
    wall, _ = run(Loky(2), "nothing", count)
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(f"{int(peak.split()[1]) / 1024:.0f} MB, {wall:.1f} s, {count / wall:,.0f} trials/s")


def batch() -> None:
    asked = Asked(target=load_card(CARD), vary={"mesh.splitter.error_rad": "0.01:0.05:1000"}, chips=64)
    plan = asked.plan()
    trial = trial_of(plan.job)
    tasks = iter(plan.tasks(torch.arange(1000).numpy()))
    chips = load_device(CARD).as_built(0, chips=64)
    mesh = chips.meshes[0]

    @torch.no_grad()
    def kernel() -> None:
        mesh_matrix(mesh.topology, mesh.phases, mesh.faults)

    whole, bare = seconds(lambda: run_task(trial, next(tasks)), kernel, budget_s=10)
    print(
        f"\n64 chips of a 64-mode mesh as one trial: {1e3 * whole:.1f} ms, {whole / bare:.2f}x of the bare kernel, "
        f"{1e3 * bare:.1f} ms (limit 1.3x)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="fewer trials")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.chdir(HERE)  # where workers find the trials
    if options.one:
        one(options.one)
        return
    torch.set_num_threads(1)
    batch()
    engines: dict[str, Callable[[], Engine]] = {"loky": lambda: Loky(2), "dask": lambda: Dask("local", 2)}
    overhead(engines, 400 if options.quick else 2000)
    scaling(400 if options.quick else 2000)
    memory([1000, 10_000, 100_000] if options.quick else [1000, 10_000, 100_000, 1_000_000])


if __name__ == "__main__":
    main()
