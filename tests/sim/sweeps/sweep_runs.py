"""Sweeps that the tests run: planned, executed and compared bit for bit."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from photonics_sim.device import load_card
from photonics_sim.sweeps import Asked, Execution, Plan, SweepResult, resume_sweep
from photonics_sim.sweeps._sweep import new_sweep_folder

ROOT = Path(__file__).parents[3]
TRIALS = "tests.sim.sweeps.sweep_trials:"
QUIET = Execution(workers=1, progress=False)


CARD = load_card("mzi-mems")
_plans: dict[str, Plan] = {}


def asked(trial: str = "smooth", points: int = 20, chips: int = 3, **more: Any) -> Asked:
    """A sweep of `trial.x` over 0 .. points - 1 with a function of `sweep_trials`."""
    vary = more.pop("vary", {"trial.x": np.arange(points, dtype=float)})
    return Asked(target=CARD, vary=vary, chips=chips, trial=TRIALS + trial, **more)


def planned(folder: Path, *args: Any, **more: Any) -> Path:
    """The folder of a sweep of which nothing has run; what was planned here before is not planned again."""
    key = f"{Path.cwd()} {args} {sorted(more.items())}"
    if key not in _plans:
        _plans[key] = asked(*args, **more).plan()
    return new_sweep_folder(_plans[key], CARD, out=folder)


def how(**more: Any) -> Execution:
    return Execution(**{"workers": 1, "progress": False, **more})


def swept(folder: Path, *args: Any, run: Execution = QUIET, **more: Any) -> SweepResult:
    """A sweep that has run."""
    return resume_sweep(planned(folder, *args, **more), run)


def columns(path: Path) -> dict[str, NDArray[Any]]:
    """Every array of a file but the times."""
    found: dict[str, NDArray[Any]] = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    del found["seconds"]
    return found


def assert_same(folder: Path, other: Path) -> None:
    """Both results are equal bit for bit, and nothing lies about beside them."""
    one, two = columns(folder / "results.h5"), columns(other / "results.h5")
    assert one.keys() == two.keys()
    for name, values in one.items():
        assert values.dtype == two[name].dtype, name
        assert values.tobytes() == two[name].tobytes(), name
    assert not list((folder / "parts").iterdir())


def coordinator(folder: Path, *, prefix: str = "", env: Mapping[str, str] | None = None, **execution: Any) -> Any:
    """A process that resumes a sweep; what goes wrong is told on its stderr."""
    settings = {"workers": 1, "progress": False, **execution}
    code = (
        f"{prefix}\nimport sys\nfrom photonics_sim.errors import PhotonicsError\n"
        "from photonics_sim.sweeps._sweep import Execution, resume_sweep\n"
        f"try:\n    found = resume_sweep({str(folder)!r}, Execution(**{settings!r}))\n"
        "except PhotonicsError as error:\n    sys.exit(f'PhotonicsError: {error}')\n"
        "sys.exit(128 + found.stopped_by if found.stopped_by else 0)"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env=env, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def until(true: Any, timeout_s: float = 30.0) -> None:
    """Wait until a function is true."""
    end = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)
