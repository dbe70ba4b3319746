"""Every command and every line of Python that the README shows does what it says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def run(args: list[str], folder: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(args, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(args)}\n{done.stderr}"


@pytest.fixture
def checkout(workplace: Path) -> Path:
    """A folder with what the commands name."""
    shutil.copytree(ROOT / "data", workplace / "data")
    return workplace


PARAGRAPHS = README.split("## On the command line")[1].split("\n`--json`")[0].split("\n\n")
COMMANDS = [found for text in PARAGRAPHS if (found := re.findall(r"^    photonics-sim (.*?)(?:\s+#.*)?$", text, re.M))]
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
# one process for a paragraph: imports take longer than most commands
ONE_BY_ONE = """
import shlex, sys
from photonics_sim.cli import main
for command in sys.argv[1:]:
    sys.argv = ["photonics-sim", *shlex.split(command)]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise SystemExit(f"{command}: exit {end.code}")
"""


@pytest.mark.parametrize("commands", COMMANDS, ids=[found[0].split(" --")[0] for found in COMMANDS])
def test_the_commands(checkout: Path, commands: list[str]) -> None:
    """Each paragraph starts anew."""
    shorter = [re.sub(r"--epochs \d+", "--epochs 1", re.sub(r"--chips \d+", "--chips 3", one)) for one in commands]
    run([sys.executable, "-c", ONE_BY_ONE, *shorter], checkout)


@pytest.mark.parametrize("code", BLOCKS, ids=[code.splitlines()[-1] for code in BLOCKS])
def test_the_python(checkout: Path, code: str) -> None:
    run([sys.executable, "-c", code.replace("epochs=5", "epochs=1")], checkout)


def test_commands_and_python_are_there() -> None:
    assert len(COMMANDS) >= 6
    assert sum(map(len, COMMANDS)) >= 30
    assert len(BLOCKS) >= 7


def test_the_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`?make ([a-z]+)`?", README + (ROOT / "CONTRIBUTING.md").read_text()))
    assert named <= targets


def test_files_that_the_readme_names_exist() -> None:
    for name in re.findall(r"\(([\w/.-]+\.(?:png|md))\)|`((?:devices|data|benchmarks|examples)/[\w/.-]+)`", README):
        path = ROOT / (name[0] or name[1])
        assert path.exists(), path


def test_every_card_is_in_both_tables() -> None:
    catalogue = (ROOT / "devices/README.md").read_text()
    for card in (ROOT / "devices/photonics_devices/cards").glob("*.toml"):
        assert f"`{card.stem}`" in README
        assert f"`{card.stem}`" in catalogue


SCRIPTS = [
    "airy_lens.py --steps 2 --random 1",
    "phase_error_tolerance.py --epochs 1 --chips 2",
    "free_space_mnist.py --data digits --epochs 1 --seeds 0",
    "free_space_tolerance.py --epochs 1 --seeds 1 --points 8 --chips 1",
    "splitter_tolerance.py --epochs 1 --chips 2",
    "spectral_bias.py --quick",
    "polynomial_extrapolation.py --seeds 2 --epochs 1 --points 2000",
    "far_rays.py --seeds 1 --points 60 --rays 4 --dimensions 1 2",
    "image_detail.py --pictures 2 --side 24",
    "panel_faults.py --epochs 1 --chips 1 --seeds 1 --faults fringing_px phase_bits",
    "partial_coherence.py --epochs 1 --retrain 1 --seeds 2 --read 0 1 --trained 1",
    "self_configuration.py --modes 4 --chips 2",
    "relax_hardware.py --quick --json numbers.json",
    "relax_orderings.py --quick",
    "resonator_bounces.py --epochs 1 --seeds 2 --media 2",
    "reuse_coupling.py --seeds 2 --visits 1 2",
    "time_bins.py --epochs 1 --seeds 2 --bins 1 4 --samples 500",
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_examples_run(checkout: Path, script: str) -> None:
    name, *options = script.split()
    run([sys.executable, str(ROOT / "examples" / name), *options], checkout)


def test_every_example_is_run_here() -> None:
    shown = {script.split()[0] for script in SCRIPTS}
    assert {path.name for path in (ROOT / "examples").glob("[!_]*.py")} == shown
