"""The universality check on the command line."""

from __future__ import annotations

import json

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
    code, _, err = told(capsys, monkeypatch, "mzi-thermo-optic", "--inputs", "14")
    assert code == 2
    assert "points" in err
