"""`doctor`: what is installed, and what of the machine the simulator will use."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

from rich.table import Table

from photonics_sim.cli._options import JsonOption
from photonics_sim.cli._output import print_json, show
from photonics_sim.device import list_devices, machine_memory_bytes

PACKAGES = (
    "photonics_sim",
    "torch",
    "numpy",
    "scipy",
    "h5py",
    "matplotlib",
    "scikit-learn",
    "numba",
    "pydantic",
    "typer",
    "joblib",
    "distributed",
)


def doctor(json_: JsonOption = False) -> None:
    """Say what is installed here; put its output into a bug report."""
    import torch

    facts = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": str(os.cpu_count()),
        "memory": f"{machine_memory_bytes() / 2**30:.1f} GiB",
        "torch threads": str(torch.get_num_threads()),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "none that torch can use",
        "cards": str(len(list_devices())),
    }
    facts |= {name: _version(name) for name in PACKAGES}
    if json_:
        print_json(facts)
        return
    table = Table("what", "found")
    for name, value in facts.items():
        table.add_row(name, value)
    show(table)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
