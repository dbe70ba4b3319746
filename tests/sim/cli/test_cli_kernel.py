"""Kernels of devices on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from photonics_sim.cli import main

SMALL = ("--set", "inputs=4", "--samples", "30", "--test", "10")


def told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *args: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["photonics-sim", "kernel", *args])
    with pytest.raises(SystemExit) as ended:
        main()
    found = capsys.readouterr()
    return int(ended.value.code or 0), found.out, found.err


def test_a_card_on_digits(workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    args = ("ring-bank-silicon", "--data", "digits", *SMALL, "--json")
    code, out, err = told(capsys, monkeypatch, *args)
    assert code == 0, err
    answer = json.loads(out)
    assert (answer["train_samples"], answer["test_samples"], answer["inputs"]) == (30, 10, 4)
    assert not answer["trained"]
    assert 0 <= answer["score"] <= 1
    assert len(answer["eigenvalues"]) == 30
    assert answer["condition_above_rounding"] >= 1
    assert answer["extrapolation_degree"] is None or answer["extrapolation_degree"] >= 0
    assert "kernel regression: accuracy" in " ".join(err.split())


@pytest.fixture
def products(workplace: Path) -> Path:
    """Data of one's own, three inputs and one value."""
    x = np.random.default_rng(0).normal(size=(80, 3))
    np.savez("mine.npz", inputs=x, targets=x[:, :1] * x[:, 1:2])
    return workplace


def test_the_same_seed_gives_the_same_and_a_chip_is_another_device(
    products: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    args = ("ring-bank-silicon", "--data", "mine.npz", "--samples", "20", "--test", "5", "--json")
    first, again, chip = (told(capsys, monkeypatch, *args, *more)[1] for more in ((), (), ("--as-built", "3")))
    assert first == again
    assert json.loads(chip)["as_built"] == 3
    assert json.loads(chip)["eigenvalues"] != json.loads(first)["eigenvalues"]


def test_the_report_as_a_page(
    products: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    args = ("ring-bank-silicon", "--data", "mine.npz", "--samples", "20", "--html", "kernel.html")
    code, out, err = told(capsys, monkeypatch, *args)
    assert code == 0, err
    assert "kernel regression: R²" in " ".join(out.split())
    text = (products / "kernel.html").read_text()
    assert "Regression with the kernel of ring-bank-silicon reaches an R²" in text
    assert text.count("<svg ") >= 4
    assert "20 samples learnt" in text


def test_a_dry_run_says_what_it_takes(
    workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = told(capsys, monkeypatch, "ring-bank-silicon", *SMALL, "--dry-run", "--json")
    assert code == 0, err
    estimate = json.loads(out)
    assert estimate["passes"] == (30 + 10 + 120) * 10
    assert 0 < estimate["low_s"] < estimate["high_s"]
    assert "nothing written" in err


def test_mistakes(workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = told(capsys, monkeypatch, "ring-bank-silicn")
    assert code == 2
    assert "ring-bank-silicon" in err
    assert told(capsys, monkeypatch, "ring-bank-silicon", "--samples", "3")[0] == 2


def test_a_page_that_cannot_be_written_is_refused_before_the_work(
    workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (workplace / "folder").mkdir()
    for page, said in (("none/kernel.html", "No such file"), ("folder", "it is a folder")):
        code, out, err = told(capsys, monkeypatch, "ring-bank-silicon", *SMALL, "--html", page, "--json")
        assert (code, out) == (2, "")
        assert said in err
        assert "passes" not in err
