"""The command line as a user types it: what it prints where, how it ends, and what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photonics_sim.cli import main

Cli = Callable[..., subprocess.CompletedProcess[str]]
TRAIN = ["train", "free-space-scatterer", "--data", "own.npz", "--batch", "16", "--chips", "2"]


@pytest.fixture
def cli(workplace: Path) -> Cli:
    rng = np.random.default_rng(0)
    targets = np.arange(120) % 3
    np.savez(workplace / "own.npz", inputs=rng.normal(size=(120, 5)) + 2 * np.eye(5)[targets], targets=targets)

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "photonics_sim", *args],
            capture_output=True,
            text=True,
            cwd=workplace,
            env=os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200", "NO_COLOR": "1"},
            check=False,
        )

    return run


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_training_from_first_to_last(cli: Cli, workplace: Path) -> None:
    summary = answer(cli(*TRAIN, "--epochs", "4", "--name", "first", "--json"))
    assert summary["run"] == "runs/first"
    assert summary["epochs_run"] == 4
    assert 0 <= summary["test_accuracy"] <= 1
    assert summary["seconds_per_inference"] > 0
    page = (workplace / summary["report"]).read_text()
    assert "Not modelled" in page
    assert not re.search(r"""(src|href)\s*=\s*["']?https?:""", page)

    shown = answer(cli("runs", "show", "first", "--json"))
    assert shown["state"] == "finished"
    assert shown["config"]["training"]["epochs"] == 4
    (row,) = answer(cli("runs", "list", "--json"))
    assert row["test"] == summary["test_accuracy"]

    judged = answer(cli("evaluate", "first", "--chips", "3", "--json"))
    assert judged["test_accuracy"] == summary["test_accuracy"]
    assert judged["as_built"]["chips"] == 3

    same = answer(cli("evaluate", "first", "--data", "own.npz", "--chips", "0", "--json"))
    assert same["test_accuracy"] == summary["test_accuracy"]
    other = cli("evaluate", "first", "--data", "digits")
    assert other.returncode == 2
    assert "digits has 10 classes and the run has 3" in other.stderr

    again = cli("resume", "first", "--json")
    assert answer(again)["epochs_run"] == 0
    assert "is finished (4 epochs)" in again.stderr
    more = answer(cli("resume", "first", "--epochs", "6", "--json"))
    assert (more["epochs"], more["epochs_run"]) == (6, 2)

    taken = cli(*TRAIN, "--name", "first")
    assert taken.returncode == 2
    assert "first is a run already" in taken.stderr
    for what in ("curves", "result", "light", "costs"):
        done = cli("plot", "first", "--what", what, "--out", f"{what}.pdf")
        assert done.returncode == 0, done.stderr
        assert (workplace / f"{what}.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_leaves_a_run_that_resumes(cli: Cli, workplace: Path) -> None:
    command = [sys.executable, "-m", "photonics_sim", *TRAIN, "--epochs", "4000", "--name", "long", "--json"]
    process = subprocess.Popen(command, cwd=workplace, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (workplace / "runs/long/metrics.h5").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    second = cli("resume", "long")
    assert second.returncode == 2
    assert "in use by process" in second.stderr
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "photonics-sim resume runs/long" in err
    assert "Traceback" not in err
    assert json.loads(out)["state"] == "interrupted"
    (row,) = answer(cli("runs", "list", "--json"))
    assert row["state"] == "interrupted"


def test_a_full_disk_loses_nothing(cli: Cli, workplace: Path) -> None:
    """Files may not grow beyond 8 kB: the first checkpoint fits, metrics.h5 does not."""
    code = (
        "import resource, signal, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2);"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); from photonics_sim.cli import main; main()"
    )

    def run(limit: int, name: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code, str(limit), *TRAIN, "--epochs", "2", "--name", name]
        return subprocess.run(command, capture_output=True, text=True, cwd=workplace, check=False)

    at_once = run(1000, "none")
    assert at_once.returncode == 2
    assert "card.toml: File too large" in at_once.stderr
    assert list((workplace / "runs").iterdir()) == []
    later = run(8000, "part")
    assert later.returncode == 2
    assert "metrics.h5: File too large" in later.stderr
    assert not [path for path in (workplace / "runs/part").iterdir() if path.name.startswith(".metrics")]
    resumed = answer(cli("resume", "part", "--json"))
    whole = answer(cli(*TRAIN, "--epochs", "2", "--name", "whole", "--json"))
    assert resumed["test_accuracy"] == whole["test_accuracy"]
    assert resumed["test_loss"] == whole["test_loss"]


MISTAKES = [
    (["train", "free-space-scaterer"], r"no card named free-space-scaterer; did you mean free-space-scatterer\?"),
    ([*TRAIN[:2], "--data", "digit"], "digits"),
    ([*TRAIN, "--set", "copise=2"], r"no field copise .*did you mean copies"),
    ([*TRAIN, "--set", "copies"], "write path=value"),
    ([*TRAIN, "--set", "copies=-1"], r"copies = -1 is outside 1 \.\. "),
    ([*TRAIN, "--set", "laser.wavelength_nm=1.55e-6"], r"looks like m\. Did you mean 1550\?"),
    ([*TRAIN, "--set", "laser.power_mw=nan"], "not a finite number"),
    ([*TRAIN, "--set", "laser.power_mw=1e999"], "not a finite number"),
    ([*TRAIN, "--set", "inputs=100000000"], "to fit|widths|5"),
    ([*TRAIN, "--set", "copies=1000000"], r"GiB .* lower copies|lower inputs"),
    ([*TRAIN, "--name", "a", "--out", "b"], "give one of them"),
    ([*TRAIN, "--epochs", "0"], "epochs = 0 is outside"),
    ([*TRAIN, "--accelerator", "tpu"], "choose cpu, cuda or auto"),
    ([*TRAIN, "--out", "own.npz/run"], "cannot make the run folder"),
    (["train", "missing.toml"], "missing.toml: no such file"),
    ([*TRAIN[:2], "--data", "none.npz"], "none.npz: no such file"),
    (["resume", "nothing"], "no run or sweep nothing"),
    (["evaluate", "nothing"], "neither a run nor a card"),
    (["plot", "nothing"], "no run nothing"),
    (["devices", "show", "nothing"], "no card named nothing"),
]


@pytest.mark.parametrize(("args", "message"), MISTAKES, ids=[" ".join(args[-3:]) for args, _ in MISTAKES])
def test_a_mistake_is_one_line_and_exit_2_and_leaves_nothing(
    cli: Cli,
    workplace: Path,
    args: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In this process, through the command's own entry: twenty starts of torch would take a minute."""
    monkeypatch.setattr(sys, "argv", ["photonics-sim", *args])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert re.search(message, err), err
    assert "Traceback" not in err
    assert out == ""
    assert len([line for line in err.splitlines() if line.startswith("error:")]) == 1
    assert sorted(path.name for path in workplace.iterdir()) == ["own.npz"]


def test_devices(cli: Cli) -> None:
    cards = answer(cli("devices", "list", "--json"))
    assert "free-space-scatterer" in [card["name"] for card in cards]
    fields = answer(cli("devices", "fields", "free-space-scatterer", "--json"))
    by_path = {field["path"]: field for field in fields}
    assert by_path["laser.wavelength_nm"]["unit"] == "nm"
    assert set(fields[0]) >= {"path", "value", "unit"}
    shown = cli("devices", "show", "free-space-scatterer")
    assert "Thalhammer" in shown.stdout
    assert "Not modelled" in shown.stdout
    assert "built otherwise" not in shown.stdout
    slow = cli("devices", "show", "relax-pcm")
    assert re.search(r"rewriting .*\(15,500 x\).* 0\.444 h", slow.stdout)
    ways = answer(cli("devices", "show", "relax-pcm", "--json"))["alternatives"]
    assert [way["name"] for way in ways] == ["reuse", "rewriting", "full instantiation"]
    assert ways[0]["endurance_h"] is None
    checked = answer(cli("devices", "check", "free-space-scatterer", "--json"))
    assert checked["ok"] is True


def test_a_card_of_ones_own_names_the_line_of_its_mistake(cli: Cli, workplace: Path) -> None:
    from photonics_sim.device import load_card, render_card

    text = render_card(load_card("free-space-scatterer"))
    (workplace / "mine.toml").write_text(text.replace("power_mw = 10.0", "power_wm = 10.0"))
    line = 1 + text.splitlines().index("power_mw = 10.0")
    done = cli("devices", "check", "mine.toml")
    assert done.returncode == 2
    assert re.search(rf"mine\.toml:{line}: no field laser\.power_wm; did you mean power_mw\?", done.stderr)


def test_a_dry_run_writes_nothing(cli: Cli, workplace: Path) -> None:
    forecast = answer(cli(*TRAIN, "--dry-run", "--json"))
    assert forecast["steps"] == 30 * 6
    assert not (workplace / "runs").exists()


def test_doctor_and_version(cli: Cli) -> None:
    assert answer(cli("doctor", "--json"))["torch"]
    assert re.match(r"photonics-sim \d+\.\d+", cli("--version").stdout)
