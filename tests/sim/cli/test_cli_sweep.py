"""Sweeps on the command line: what they print, draw and leave behind, and how their mistakes read."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from photonics_sim.cli import main

Told = tuple[int, str, str]
Type = Callable[..., Told]
SMALL = ["mzi-thermo-optic", "--set", "inputs=6", "--set", "outputs=2", "--workers", "1"]
ERROR = ["--vary", "mesh.splitter.error_rad=0:0.1:4"]


@pytest.fixture
def type_in(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path) -> Type:
    """Types a command and gives its exit code, what stands on stdout and, with its lines joined, on stderr."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*args: str) -> Told:
        monkeypatch.setattr("sys.argv", ["photonics-sim", *args])
        with pytest.raises(SystemExit) as ended:
            main()
        found = capsys.readouterr()
        return int(ended.value.code or 0), found.out, " ".join(found.err.split())

    return run


def answer(told: Told) -> Any:
    code, out, err = told
    assert code == 0, err
    return json.loads(out)


def test_a_sweep_from_first_to_last(type_in: Type, workplace: Path) -> None:
    loss = ["--vary", "mesh.splitter.loss_db=0,0.2"]
    summary = answer(type_in("sweep", *SMALL, *ERROR, *loss, "--chips", "5", "--name", "tolerance", "--json"))
    assert summary["trials_run"] == summary["trials_ok"] == 4 * 2 * 5
    assert summary["measured"]["fidelity"]["best"]["at"] == {
        "mesh.splitter.error_rad": 0.0,
        "mesh.splitter.loss_db": 0.0,
    }
    assert summary["required"][0]["sentence"].startswith("yield 90 % needs splitter error <= 0.0")
    page = (workplace / summary["report"]).read_text()
    assert "Not modelled" in page
    assert not re.search(r"""(src|href)\s*=\s*["']?https?:""", page)

    again = answer(type_in("resume", "tolerance", "--workers", "1", "--json"))
    assert again["trials_run"] == 0
    listed = answer(type_in("runs", "list", "--json"))
    assert [(row["sweep"], row["state"], row["trials_ok"]) for row in listed] == [("runs/tolerance", "finished", 40)]
    shown = answer(type_in("runs", "show", "tolerance", "--json"))
    assert len(shown["points"]) == 8
    assert len(shown["points"][0]["fidelity"]) == 5
    assert shown["conditions"][0]["threads"] == 1


def test_pictures_and_the_table(type_in: Type, workplace: Path) -> None:
    answer(type_in("sweep", *SMALL, *ERROR, "--chips", "4", "--name", "t", "--json"))
    for what in ("yield", "heatmap", "tornado"):
        told = answer(type_in("plot", "t", "--what", what, "--format", "png", "--threshold", "0.97", "--json"))
        assert (workplace / told["file"]).read_bytes().startswith(b"\x89PNG")
    assert answer(type_in("runs", "export", "t", "--out", "t.csv", "--json"))["rows"] == 16
    rows = list(csv.reader((workplace / "t.csv").read_text().splitlines()))
    assert rows[0] == [
        "point", "chip", "mesh.splitter.error_rad [rad]", "fidelity", "insertion_loss_db [dB]", "status", "error",
    ]  # fmt: skip
    assert len(rows) == 17
    code, _, err = type_in("plot", "t", "--what", "yeld")
    assert code == 2
    assert "did you mean yield?" in err
    code, out, _ = type_in("runs", "show", "t")
    assert code == 0
    assert "error of the splitting angle as built" in out


def test_a_dry_run_writes_nothing(type_in: Type, workplace: Path) -> None:
    told = answer(type_in("sweep", *SMALL, *ERROR, "--chips", "50", "--dry-run", "--json"))
    assert told["trials"] == 200
    assert 0 < told["low_s"] <= told["high_s"]
    assert list(workplace.iterdir()) == []


def test_shards_join(type_in: Type) -> None:
    for number in ("1", "2"):
        out = ["--shard", f"{number}/2", "--out", f"s{number}"]
        assert answer(type_in("sweep", *SMALL, *ERROR, "--chips", "3", *out, "--json"))["trials_run"] == 6
    joined = answer(type_in("runs", "merge", "s1", "s2", "--name", "whole", "--json"))
    assert (joined["state"], joined["trials_ok"]) == ("finished", 12)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--vary", "mesh.spliter.error_rad=0:1:3"], "did you mean mesh.splitter.error_rad"),
        (["--vary", "mesh.splitter.error_rad"], "write path=low:high:count"),
        (["--vary", "mesh.splitter.error_rad=0:1"], "is a range without a count"),
        (["--vary", "mesh.splitter.error_rad=0:5:3"], "is outside 0 .. 1 rad"),
        (["--vary", "shifter.dac_bits=4:8:4"], "takes whole numbers"),
        (["--vary", "mesh.topology=1,2"], "takes words"),
        (["--vary", "mesh.design_wavelength_nm=1.55e-6,1550"], "Did you mean 1550?"),
        ([*ERROR, *ERROR], "names a path twice"),
        ([*ERROR, "--trial", "evaluate"], "is for a trained run"),
        ([*ERROR, "--trial", "fidelty"], "did you mean fidelity?"),
        ([*ERROR, "--trial", "nowhere:f"], "cannot import it"),
        ([*ERROR, "--design", "sobol"], "say how many with --points"),
        ([*ERROR, "--shard", "3/2"], "write k/K"),
        ([*ERROR, "--workers", "0"], "at least one works"),
        ([*ERROR, "--timeout", "0"], "above 0"),
        ([*ERROR, "--data", "digits"], "is for --trial train"),
        ([*ERROR, "--name", "a/b"], "has no folders in it"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(type_in: Type, workplace: Path, args: list[str], words: str) -> None:
    code, out, err = type_in("sweep", "mzi-thermo-optic", "--set", "inputs=6", "--set", "outputs=2", *args)
    assert code == 2, err
    assert words in err
    assert out == ""
    assert not list(workplace.glob("**/plan.h5"))


def test_a_name_that_is_taken(type_in: Type) -> None:
    answer(type_in("sweep", *SMALL, *ERROR, "--chips", "1", "--name", "t", "--json"))
    code, _, err = type_in("sweep", *SMALL, *ERROR, "--chips", "1", "--name", "t")
    assert code == 2
    assert "is a sweep already" in err
    assert "photonics-sim resume runs/t" in err
    code, _, err = type_in("resume", "t", "--epochs", "3")
    assert code == 2
    assert "--epochs is for trainings" in err
