"""The universality check on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from photonics_sim.cli import main


def told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *args: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["photonics-sim", "universality", *args])
    with pytest.raises(SystemExit) as ended:
        main()
    found = capsys.readouterr()
    return int(ended.value.code or 0), found.out, found.err


@pytest.mark.parametrize(
    ("card", "verdict"), [("free-space-scatterer", "nondegenerate"), ("mzi-thermo-optic", "degenerate")]
)
def test_verdicts_of_the_catalogue(
    card: str, verdict: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = told(capsys, monkeypatch, card, "--inputs", "2", "--set", "inputs=5", "--json")
    assert code == 0, err
    answer = json.loads(out)
    assert answer["verdict"] == verdict
    assert answer["witness"]["alpha"]
    assert "2 of 5 inputs" in err


def test_mistakes(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = told(capsys, monkeypatch, "ring-bank-silicon")
    assert code == 2
    assert "does not tell its field" in " ".join(err.split())
    code, _, err = told(capsys, monkeypatch, "mzi-thermo-optic", "--order", "90")
    assert code == 2
    assert "256 x 91^3 points" in " ".join(err.split())
    code, _, err = told(capsys, monkeypatch, "points.csv", "--plan")
    assert code == 2
    assert "name it .h5" in " ".join(err.split())
    code, _, err = told(capsys, monkeypatch, "points.h5", "--readout", "incoherent")
    assert code == 2
    assert "choose coherent or intensity_sum" in " ".join(err.split())


def test_the_report_as_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "verdict.html"
    sizes = ("--set", "inputs=4", "--set", "outputs=2")
    code, out, err = told(capsys, monkeypatch, "mzi-thermo-optic", *sizes, "--inputs", "2", "--html", str(page))
    assert code == 0, err
    assert "path counting proves it" in " ".join(out.split())
    text = page.read_text()
    assert "mzi-thermo-optic is degenerate in 2 inputs" in text
    assert "How many inputs are coupled" in text


def test_from_a_plan_through_hardware_to_a_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    points = tmp_path / "points.h5"
    code, _, err = told(capsys, monkeypatch, str(points), "--plan", "--inputs", "2", "--order", "1")
    assert code == 0, err
    assert "2,400 rows of 2 inputs" in err
    with h5py.File(points, "r+") as file:  # what a set-up would give: a coupled response, read twice
        answer = np.cos(file["inputs"][()].sum(-1))
        noise = np.random.default_rng(0).normal(scale=0.05, size=(len(answer), 2))
        file["outputs"] = answer[:, None] + noise
    code, out, err = told(capsys, monkeypatch, str(points), "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["verdict"] == "nondegenerate"
    assert found["file"] == "points.h5"
