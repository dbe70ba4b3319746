"""setup.cfg says how we verify, pyproject.toml what we are; the wheel holds two packages; help needs no torch."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "scipy", "numba", "matplotlib", "sklearn")


def test_each_setting_has_one_home() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert not {"pytest", "mypy", "coverage"} & set(pyproject["tool"])
    assert not {"metadata", "options"} & set(setup.sections())


def test_constraints_pin_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    pinned = {normalised(line.split("==")[0]) for line in (ROOT / "constraints.txt").read_text().splitlines()}
    missing = [line for line in wanted if normalised(line.split(">=")[0]) not in pinned]
    assert not missing


def normalised(name: str) -> str:
    return name.lower().replace("_", "-")


def loaded_after(code: str, tmp_path: Path) -> set[str]:
    """The heavy modules that are imported after `code` has run in a fresh interpreter."""
    tail = f"\nimport sys\nprint('LOADED', *[m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code + tail], capture_output=True, text=True, cwd=tmp_path, check=True)
    return set(done.stdout.rpartition("LOADED")[2].split())


RUN = """
import sys
from photonics_sim.cli._app import app
sys.argv = ["photonics-sim", *{args}]
try:
    app()
except SystemExit:
    pass
"""
COMPLETE = """
import os
os.environ.update(_PHOTONICS_SIM_COMPLETE="complete_bash", COMP_WORDS={line!r}, COMP_CWORD="{word}")
"""


@pytest.mark.parametrize(
    "args",
    [["--help"], ["train", "--help"], ["devices", "list"], ["devices", "fields", "free-space-scatterer"],
     ["runs", "list"]],
)  # fmt: skip
def test_help_and_lists_import_nothing_heavy(args: list[str], tmp_path: Path) -> None:
    assert loaded_after(RUN.format(args=args), tmp_path) == set()


@pytest.mark.parametrize(
    "line",
    ["photonics-sim tr", "photonics-sim train free", "photonics-sim train free-space-scatterer --set mod"],
)
def test_completion_imports_nothing_heavy(line: str, tmp_path: Path) -> None:
    setting = COMPLETE.format(line=line, word=len(line.split()) - 1)
    assert loaded_after(setting + RUN.format(args=[]), tmp_path) == set()


def test_public_names_exist() -> None:
    import photonics_sim

    for name in photonics_sim.__all__:
        assert getattr(photonics_sim, name) is not None


def test_the_wheel_holds_two_packages_with_their_data(tmp_path: Path) -> None:
    copy = tmp_path / "checkout"
    shutil.copytree(
        ROOT, copy, ignore=shutil.ignore_patterns(".venv", ".git", "*.egg-info", "__pycache__", "build", "runs")
    )
    command = ["pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), str(copy)]
    subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"photonics_sim", "photonics_devices"}
    for needed in (
        "photonics_sim/py.typed",
        "photonics_sim/__init__.pyi",
        "photonics_sim/datasets/registry.toml",
        "photonics_sim/plots/report.html.j2",
        "photonics_devices/py.typed",
        "photonics_devices/cards/free-space-scatterer.toml",
    ):
        assert needed in names
