"""A panel's phase curve in a file, and from there in a card: units are read, never guessed."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from photonics_sim import PhotonicsError, load_card
from photonics_sim.cli import main
from photonics_sim.weights import (
    PhaseCurveCard,
    import_phase_curve,
    phase_curve_sections,
    read_phase_curve,
    write_phase_curve,
)

MODEL = """
from pydantic import Field
from photonics_sim.device import Card, Section
from photonics_sim.weights import PhaseCurveCard

class Mask(Section):
    bits: int = Field(default=8, ge=0, le=16, description="grey levels")
    curve: PhaseCurveCard = Field(default_factory=PhaseCurveCard, description="phase over drive")

class PanelCard(Card):
    mask: Mask = Field(default_factory=Mask, description="the panel")

    def memory_bytes(self) -> dict[str, int]:
        return {}
"""
CARD = """\
name = "my-panel"
family = "lab"
model = "lab_panel_model:Panel"
summary = "A panel"

[mask]
bits = 8  # of the controller

[mask.curve]
unit = "grey level"  # of the controller
"""


def laid_down(path: Path, drive: Any, phase: Any, units: tuple[Any, Any] = (b"V", b"rad")) -> Path:
    with h5py.File(path, "w") as file:
        for name, values, unit in (("drive", drive, units[0]), ("phase", phase, units[1])):
            if values is not None:
                file[name] = values
            if values is not None and unit is not None:
                file[name].attrs["units"] = unit if isinstance(unit, str) else np.bytes_(unit)
    return path


@pytest.mark.parametrize(("unit", "volts"), [(b"V", 1.0), (b"mV", 1e-3), (b"grey level", 1.0)])
@pytest.mark.parametrize(("angle", "radians"), [(b"rad", 1.0), (b"deg", math.pi / 180), (b"waves", 2 * math.pi)])
def test_units_are_read(unit: bytes, volts: float, angle: bytes, radians: float, workplace: Path) -> None:
    card = read_phase_curve(laid_down(workplace / "a.h5", np.uint8([0, 7, 9]), [3.0, 1.0, -4.0], (unit, angle)))
    assert card.unit == ("grey level" if unit == b"grey level" else "V")
    assert card.drive == pytest.approx([0.0, 7 * volts, 9 * volts], rel=1e-15)
    assert card.phase_rad == pytest.approx([3 * radians, radians, -4 * radians], rel=1e-15)


@pytest.mark.parametrize("unit", ["V", "grey level"])
def test_what_is_written_reads_back(unit: Any, workplace: Path) -> None:
    drive = [0.1 * i for i in range(256)]
    card = PhaseCurveCard(unit=unit, drive=drive, phase_rad=[-1e-3 * v * v for v in drive])
    write_phase_curve(workplace / "a.h5", card)
    assert read_phase_curve(workplace / "a.h5") == card


def test_the_largest_curve_reads_back(workplace: Path) -> None:
    card = PhaseCurveCard(drive=list(map(float, range(65_536))), phase_rad=[1e-4 * i for i in range(65_536)])
    write_phase_curve(workplace / "a.h5", card)
    assert read_phase_curve(workplace / "a.h5") == card


def test_a_curve_without_points_is_not_written(workplace: Path) -> None:
    with pytest.raises(PhotonicsError, match=r"no points, its phase is proportional to the drive; nothing to write"):
        write_phase_curve(workplace / "a.h5", PhaseCurveCard())
    with pytest.raises(PhotonicsError, match="cannot write"):
        write_phase_curve(workplace / "none" / "a.h5", PhaseCurveCard(drive=[0.0, 1.0], phase_rad=[0.0, 1.0]))
    assert not list(workplace.iterdir())


UP = [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("drive", "phase", "units", "message"),
    [
        (None, UP, (b"V", b"rad"), r"has no data set drive; expected a phase curve: HDF5"),
        (UP, UP[:2], (b"V", b"rad"), r"3 drives for 2 phases; write one phase for each"),
        (UP, [0.0, math.nan, 1.0], (b"V", b"rad"), r"phase is nan at point 1 \(1 are not finite\); leave those"),
        ([0.0, 1.0, math.inf], UP, (b"V", b"rad"), r"drive is inf at point 2 .*; leave those points out of both"),
        (UP, [0.0, 2.0, 1.0], (b"V", b"rad"), r"a\.h5: phase_rad turns back at entry 2: 1 rad at 2 V .* keep the mono"),
        ([0.0, 2.0, 1.0], UP, (b"V", b"rad"), r"drive\[2\] = 1 follows 2; sort the points by drive"),
        ([[0.0, 1.0]], [[0.0, 1.0]], (b"V", b"rad"), r"drive has shape \(1, 2\); write one number for each point"),
        ([], [], (b"V", b"rad"), r"drive has 0 points; a curve has 2 \.\. 65,536"),
        (np.arange(65_537), np.arange(65_537), (b"V", b"rad"), r"drive has 65,537 points; a curve has 2 \.\. 65,536"),
        ([1j, 2j], UP[:2], (b"V", b"rad"), r"drive holds complex128; write real numbers"),
        (UP, UP, (None, b"rad"), r"drive has no units; set the attribute to V or mV or grey level, as by `with h5py"),
        (UP, UP, (b"V", b"turns"), r"units of phase = 'turns' is none of rad, deg, waves; set the attribute to rad or"),
        (UP, UP, (b"V", "rad"), r"units of phase is no text of fixed length; set the attribute to rad or deg or waves"),
    ],
)
def test_a_file_that_says_no_curve_is_refused(
    drive: Any, phase: Any, units: Any, message: str, workplace: Path
) -> None:
    with pytest.raises(PhotonicsError, match=message):
        read_phase_curve(laid_down(workplace / "a.h5", drive, phase, units))


def test_the_remedy_for_units_works(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laid_down(workplace / "a.h5", UP, UP, (None, "rad"))
    monkeypatch.chdir(workplace)
    for _ in ("drive", "phase"):
        with pytest.raises(PhotonicsError, match="units") as caught:
            read_phase_curve("a.h5")
        exec(str(caught.value).split("`")[1], {"h5py": h5py, "numpy": np})
    assert read_phase_curve("a.h5").phase_rad == UP


@pytest.fixture
def lab(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A card file of one's own with a phase curve in it, and a measured one beside."""
    (workplace / "lab_panel_model.py").write_text(MODEL)
    monkeypatch.syspath_prepend(str(workplace))
    (workplace / "my.toml").write_text(CARD)
    laid_down(workplace / "curve.h5", [0.0, 100.0, 255.0], [0.0, 150.0, 380.0], (b"grey level", b"deg"))
    yield workplace
    sys.modules.pop("lab_panel_model", None)


def test_a_curve_goes_into_a_card(lab: Path) -> None:
    assert phase_curve_sections(load_card(lab / "my.toml")) == ["mask.curve"]
    found = import_phase_curve(lab / "curve.h5", lab / "my.toml", "mask.curve")
    assert (found.unit, found.drive) == ("grey level", [0.0, 100.0, 255.0])
    assert found.reach_rad == pytest.approx(math.radians(380), rel=1e-15)
    assert found.source["phase_rad"].startswith("curve.h5, sha256 ")
    assert load_card(lab / "my.toml").model_dump()["mask"]["curve"] == found.model_dump()
    text = (lab / "my.toml").read_text()
    assert "bits = 8  # of the controller" in text
    assert 'unit = "grey level"  # of the controller' in text
    again = import_phase_curve(lab / "curve.h5", lab / "my.toml", "mask.curve")
    assert again == found
    assert (lab / "my.toml").read_text() == text


def test_a_curve_replaces_that_of_a_card_for_one_run(lab: Path) -> None:
    curve = read_phase_curve(lab / "curve.h5")
    card = load_card(lab / "my.toml", {f"mask.curve.{key}": value for key, value in curve.card_values().items()})
    assert card.model_dump()["mask"]["curve"] == curve.model_dump()
    assert card.active_imperfections().keys() == {"mask.curve.drive", "mask.curve.phase_rad"}
    assert not card.ideal().active_imperfections()


def test_where_there_is_no_curve_nothing_is_written(lab: Path) -> None:
    for at in ("mask", "mask.curves", "mask.curve.drive"):
        with pytest.raises(PhotonicsError, match=rf"{at} is no phase curve.* \(import into mask\.curve\)"):
            import_phase_curve(lab / "curve.h5", lab / "my.toml", at)
    laid_down(lab / "curve.h5", UP, [0.0, 2.0, 1.0])
    with pytest.raises(PhotonicsError, match="turns back"):
        import_phase_curve(lab / "curve.h5", lab / "my.toml", "mask.curve")
    with pytest.raises(PhotonicsError, match="is an installed card; make your own first"):
        import_phase_curve(lab / "curve.h5", "relax-slm", "mask.curve")
    assert (lab / "my.toml").read_text() == CARD


@dataclass
class Told:
    code: int
    out: str
    err: str


Cli = Callable[..., Told]


@pytest.fixture
def cli(lab: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    def run(*args: object) -> Told:
        monkeypatch.setattr(sys, "argv", ["photonics-sim", "devices", "import", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Told(int(ended.value.code or 0), *capsys.readouterr())

    return run


def test_the_command_line_imports_a_curve(cli: Cli, lab: Path) -> None:
    done = cli("curve.h5", "--into", "my.toml", "--at", "mask.curve", "--json")
    assert done.code == 0, done.err
    assert re.fullmatch(
        r"3 points, 0 \.\. 255 grey level, rising · reach 6\.632 rad \(1\.06 turns\) · source noted: curve\.h5, "
        r"sha256 [0-9a-f]{16}\n",
        done.err,
    )
    answer = json.loads(done.out)
    assert answer["drive"] == [0.0, 100.0, 255.0]
    assert load_card("my.toml").model_dump()["mask"]["curve"]["drive"] == answer["drive"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--at", "mask.curv"), r"mask\.curv is no phase curve; did you mean mask\.curve\?"),
        (("--at", "mask.curve", "--ports", "1,2:3,4"), "mask.curve is a phase curve; leave --wavelength-nm, --ports"),
    ],
)
def test_the_command_line_refuses_and_writes_nothing(args: tuple[str, ...], message: str, cli: Cli, lab: Path) -> None:
    done = cli("curve.h5", "--into", "my.toml", *args)
    assert done.code == 2
    assert re.search(message, done.err)
    assert (lab / "my.toml").read_text() == CARD
