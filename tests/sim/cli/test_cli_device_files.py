"""`devices new` and `devices import`: cards of one's own keep their comments, and no failure changes one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from photonics_sim.cli import main
from photonics_sim.device import _catalogue as catalogue
from photonics_sim.device import load_card
from photonics_sim.measured import import_splitter

COUPLER = Path(__file__).parents[3] / "data" / "coupler.s4p"
MODEL = """
from pydantic import Field
from photonics_sim.device import Card, Section
from photonics_sim.mesh import MeshCard, SplitterCard

class Lamp(Section):
    power_mw: float = Field(default=1.0, gt=0, le=10, description="power of the light")
    splitter: SplitterCard = Field(default_factory=SplitterCard, description="tap")

class ProcessorCard(Card):
    inputs: int = Field(ge=1, le=10**9, description="modes of the mesh")
    mesh: MeshCard = Field(default_factory=MeshCard, description="the mesh")
    lamp: Lamp = Field(default_factory=Lamp, description="the light")

    def memory_bytes(self) -> dict[str, int]:
        return {"inputs": self.inputs}

class PlainCard(Card):
    def memory_bytes(self) -> dict[str, int]:
        return {}
"""
CARD = """\
# a mesh, as the foundry says
name = "lab-mesh"
family = "lab"
model = "lab_mesh_model:Processor"
summary = "A mesh"
inputs = 4

[mesh]
topology = "clements"  # the usual one

# two of them in every cell
[mesh.splitter]
coupling = 0.5  # of the foundry
error_rad = 0.01

[mesh.splitter.source]
error_rad = "wafer map"

# the light
[lamp]
power_mw = 2.0

[lamp.source]
power_mw = "data sheet"
"""


@dataclass
class Done:
    code: int
    out: str
    err: str


Cli = Callable[..., Done]


@pytest.fixture
def lab(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a card of one's own, beside a catalogue that has the same card."""
    (workplace / "src").mkdir()
    (workplace / "src" / "lab_mesh_model.py").write_text(MODEL)
    monkeypatch.syspath_prepend(str(workplace / "src"))
    (workplace / "cards").mkdir()
    (workplace / "cards" / "lab-mesh.toml").write_text(CARD)
    folders = (*catalogue._catalogue_folders(), workplace / "cards")
    monkeypatch.setattr(catalogue, "_catalogue_folders", lambda: folders)
    (workplace / "chip.toml").write_text(CARD.replace("lab-mesh", "chip"))
    yield workplace
    sys.modules.pop("lab_mesh_model", None)


@pytest.fixture
def cli(lab: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    def run(*args: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["photonics-sim", "devices", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(int(ended.value.code or 0), *capsys.readouterr())

    return run


IMPORT = ["import", COUPLER, "--into", "chip.toml", "--at", "mesh.splitter"]


def test_a_coupler_goes_into_a_card(cli: Cli, lab: Path) -> None:
    done = cli(*IMPORT, "--wavelength-nm", "1550", "--json")
    assert done.code == 0, done.err
    assert re.fullmatch(
        r"4 ports, 191\.0-196\.0 THz, passive yes, reciprocal yes \(max \|S-S\^T\| 0\) · splitting 0\.487 at 1550 nm "
        r"\(was 0\.500\), \+0\.0031 per nm, excess loss 0\.10 dB \(was 0\.00\), return loss 40\.0 dB, ports 1,2:3,4 · "
        r"not expressed by a splitter: 0\.00 % · source noted: coupler\.s4p, sha256 [0-9a-f]{16}, 1550 nm\n",
        done.err,
    )
    answer = json.loads(done.out)
    assert (answer["before"]["coupling"], answer["after"]["coupling"]) == (0.5, 0.487)
    source = answer["source"]
    assert answer["sha256"][:16] in source
    changed = CARD.replace("lab-mesh", "chip").replace("coupling = 0.5 ", "coupling = 0.487 ")
    changed = changed.replace(
        "error_rad = 0.01\n",
        "error_rad = 0.01\ncoupling_slope_per_nm = 0.00308848  # change of the coupling with wavelength\n"
        "loss_db = 0.1  # power lost in one splitter\nreturn_loss_db = 40.0  # reflection, 0 for none\n",
    )
    keys = ("coupling", "coupling_slope_per_nm", "loss_db", "return_loss_db")
    noted = "".join(f'{key} = "{source}"\n' for key in keys)
    changed = changed.replace('error_rad = "wafer map"\n', f'error_rad = "wafer map"\n{noted}')
    assert (lab / "chip.toml").read_text() == changed
    again = cli(*IMPORT)
    assert "splitting 0.487 at 1550 nm (was 0.487)" in again.err
    assert (lab / "chip.toml").read_text() == changed


def test_a_card_that_leaves_its_splitter_to_defaults_gets_one(cli: Cli, lab: Path) -> None:
    start = CARD.index("\n# two of them")
    stop = CARD.index("\n# the light")
    for text in (CARD[:start] + CARD[stop:], CARD[:start], CARD[: CARD.index("\n[mesh]")].rstrip("\n")):
        (lab / "chip.toml").write_text(text)
        done = cli(*IMPORT)
        assert done.code == 0, done.err
        written = (lab / "chip.toml").read_text()
        splitter = tomllib.loads(written)["mesh"]["splitter"]
        assert splitter["coupling"] == 0.487
        assert "coupler.s4p" in splitter["source"]["coupling"]
        kept = iter(written.splitlines())
        assert all(line in kept for line in text.splitlines()), "a line was lost or moved"
        assert load_card("chip.toml").changes(load_card("lab-mesh")).keys() >= {"mesh.splitter.loss_db"}


def test_other_formats_and_ports(cli: Cli, lab: Path) -> None:
    header = ",".join(f"s{i}{j}_{part}" for i in range(1, 5) for j in range(1, 5) for part in ("db", "deg"))
    s = np.full((4, 4), 1e-3)
    for i, j, power in ((0, 1, 0.2), (2, 3, 0.2), (0, 3, 0.7), (1, 2, 0.7)):
        s[i, j] = s[j, i] = np.sqrt(power)
    row = ",".join(f"{20 * np.log10(x):.9f},{90 if x**2 > 0.5 else 0}" for x in s.ravel())
    (lab / "part.csv").write_text(f"wavelength_nm,{header}\n1540,{row}\n1560,{row}\n")
    at = ["import", "part.csv", "--into", "chip.toml", "--at", "lamp.splitter", "--json"]
    found = cli(*at, "--wavelength-nm", "1545")
    assert json.loads(found.out)["fit"]["ports"] == "1,3:2,4"
    assert json.loads(found.out)["after"]["coupling"] == pytest.approx(0.7 / 0.9, abs=1e-5)
    turned = cli(*at, "--wavelength-nm", "1545", "--ports", "1,3:4,2")
    assert json.loads(turned.out)["after"]["coupling"] == pytest.approx(0.2 / 0.9, abs=1e-5)


def broken(name: str) -> str:
    """The sample with one mistake."""
    text = COUPLER.read_text()
    lines = text.splitlines()
    return {
        "thz.s4p": text.replace("# Hz", "# THz"),
        "active.s4p": text.replace(lines[2].split()[5], "+0.900000000", 1),
        "empty.s4p": "",
        "twice.s4p": "\n".join([*lines, *lines[-4:]]),
        "back.s4p": "\n".join([*lines, *lines[2:6]]),
        "nan.s4p": text.replace(lines[2].split()[5], "nan", 1),
        "one.s4p": "\n".join(lines[:6]),
        "three.s3p": text,
        "garbage.s4p": "what\nis this",
        "dark.csv": "wavelength_nm,s11_re,s11_im\n1550,0,0\n1551,0,0\n",
        "units.csv": "wavelength_nm,s11_db,s11_phase\n1550,0,0\n",
        "missing.csv": "wavelength_nm,s44_re,s44_im\n1550,0,0\n",
        "angles.dat": "('port 1','TE',1,'port 1',1,'transmission')\n(1,3)\n1.9e14 1 0\n",
        "coupler.xls": text,
        "full.s4p": re.sub(r"(?m)^(\d+) .*\n.*\n.*\n.*$", lambda m: f"{m[1]} {FULL}", text),
    }[name]


FULL = " ".join("1 0" if abs(i - j) == 2 else "0 0" for i in range(4) for j in range(4))
AT = ["--into", "chip.toml", "--at", "mesh.splitter"]
MISTAKES: list[tuple[list[object], str]] = [
    (["import", "thz.s4p", *AT], r"thz\.s4p: Touchstone knows no THz; write its frequencies in Hz"),
    (["import", "active.s4p", *AT], r"not passive: at 191 THz .*, mostly by light into port [1-4],"),
    (["import", "empty.s4p", *AT], r"empty\.s4p is empty; expected S-parameters"),
    (["import", "twice.s4p", *AT], "frequency 27 .* repeats the one before it"),
    (["import", "back.s4p", *AT], "frequency 27 .* turns back; sort the rows"),
    (["import", "nan.s4p", *AT], "S13 at 191 THz is not a finite number"),
    (["import", "one.s4p", *AT], "one frequency, which gives no slope"),
    (["import", "three.s3p", *AT], "no Touchstone file of 3 ports|magnitude|frequency"),
    (["import", "garbage.s4p", *AT], "has no line like `# Hz S RI R 50`"),
    (["import", "dark.csv", *AT], "has 1 ports; a splitter has 4"),
    (["import", "units.csv", *AT], "'s11_phase' is not understood.* s11_db, s11_deg|s21_deg or s21_rad"),
    (["import", "missing.csv", *AT], "S11 of 4 ports is missing"),
    (["import", "angles.dat", *AT], "give --angle rad or deg"),
    (["import", "angles.dat", *AT, "--angle", "grad"], "choose rad or deg"),
    (["import", "coupler.xls", *AT], r"the ending \.xls is none of"),
    (["import", "none.s4p", *AT], r"none\.s4p: no such file"),
    (["import", "full.s4p", *AT], "do not tell inputs from outputs; say which are which with --ports 1,2:3,4"),
    (["import", "full.s4p", *AT, "--ports", "1,2:3,4"], r"chip\.toml:\d+: mesh\.splitter\.coupling = 0 is outside"),
    (["import", COUPLER, *AT, "--ports", "1,3:2,4"], "choose other --ports"),
    (["import", COUPLER, *AT, "--ports", "in:out"], "write the two inputs, a colon and the two outputs"),
    (["import", COUPLER, *AT, "--wavelength-nm", "1300"], r"mesh\.design_wavelength_nm = 1550, and 1300 nm was asked"),
    (["import", COUPLER, *AT[:3], "lamp.splitter"], "give --wavelength-nm"),
    (["import", COUPLER, *AT[:3], "lamp.splitter", "--wavelength-nm", "1300"], "from 1529.55 to 1569.59 nm"),
    (["import", COUPLER, *AT[:3], "mesh.spliter"], r"no splitter; did you mean mesh\.splitter .* lamp\.splitter"),
    (["import", COUPLER, *AT[:3], "mesh"], r"mesh is no splitter.*import into mesh\.splitter or lamp\.splitter"),
    (["import", COUPLER, "--into", "plain.toml", *AT[2:]], r"this card has none"),
    (["import", COUPLER, "--into", "lab-mesh", *AT[2:]], "make your own first: photonics-sim devices new .* lab-mesh"),
    (["import", COUPLER, "--into", "cards/lab-mesh.toml", *AT[2:]], "installed card; make your own first"),
    (["import", COUPLER, "--into", "none.toml", *AT[2:]], r"none\.toml: no such file; expected a card"),
    (["import", COUPLER, "--into", "chip", *AT[2:]], "chip is no card file"),
    (["import", COUPLER, "--into", "inline.toml", *AT[2:]], r"write \[mesh\.splitter\].* with a header line each"),
    (["new", "chip.toml", "--from", "lab-mesh"], r"chip\.toml exists already"),
    (["new", "made", "--from", "lab-mesh"], r"a card is a \.toml file; call it made\.toml"),
    (["new", "made.toml", "--from", "lab-mehs"], r"no card named lab-mehs; did you mean lab-mesh"),
    (["new", "made.toml", "--from", "lab-mesh", "--name", "A b"], "'A b' is no name for a card; give --name"),
    (["new", "--name", "lab-mesh", "made.toml", "--from", "lab-mesh"], "lab-mesh is the name of an installed card"),
    (["new", "___.toml", "--from", "lab-mesh"], "'' is no name for a card"),
    (["new", "made.toml", "--from", "lab-mesh", "--set", "input=3"], "no field input .*did you mean inputs"),
    (["new", "made.toml", "--from", "lab-mesh", "--set", "lamp.power_mw=11"], "power_mw = 11 is outside"),
    (["new", "none/made.toml", "--from", "lab-mesh"], r"cannot write none/made\.toml"),
]  # fmt: skip


@pytest.mark.parametrize(("args", "message"), MISTAKES, ids=[" ".join(map(str, a[-3:])) for a, _ in MISTAKES])
def test_a_mistake_is_one_line_and_exit_2_and_changes_nothing(
    cli: Cli, lab: Path, args: list[object], message: str
) -> None:
    for word in args:
        if isinstance(word, str) and word.endswith((".s4p", ".s3p", ".csv", ".dat", ".xls")) and word[:4] != "none":
            (lab / word).write_text(broken(word))
    (lab / "plain.toml").write_text(
        'name = "plain"\nfamily = "lab"\nmodel = "lab_mesh_model:Plain"\nsummary = "No splitter"\n'
    )
    (lab / "inline.toml").write_text(CARD[: CARD.index("[mesh]")] + "[mesh]\nsplitter = { coupling = 0.4 }\n")
    before = contents(lab)
    done = cli(*args)
    assert (done.code, done.out) == (2, "")
    assert re.search(message, done.err), done.err
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith("error: ")
    assert contents(lab) == before


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.suffix != ".pyc" and path.is_file()}


def test_a_full_disk_leaves_the_card(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = contents(lab)
    monkeypatch.setattr("os.replace", full)
    with pytest.raises(ValueError, match="No space left"):
        import_splitter(COUPLER, "chip.toml", "mesh.splitter")
    assert contents(lab) == before


def test_a_new_card_keeps_comments_and_adds_meanings(cli: Cli, lab: Path) -> None:
    sets = ["--set", "lamp.power_mw=3.0", "--set", "mesh.splitter.loss_db=0.2"]
    done = cli("new", "My Chip.toml", "--from", "lab-mesh", *sets, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["card"] == "my-chip"
    expected = CARD.replace('"lab-mesh"', '"my-chip"').replace("inputs = 4", "inputs = 4  # modes of the mesh")
    expected = expected.replace(
        "error_rad = 0.01\n",
        "error_rad = 0.01  # error of the splitting angle as built, rms\nloss_db = 0.2  # power lost in one splitter\n",
    )
    expected = expected.replace("power_mw = 2.0", "power_mw = 3.0  # power of the light")
    expected = expected.replace('\n[lamp.source]\npower_mw = "data sheet"\n', "")
    assert (lab / "My Chip.toml").read_text().rstrip() == expected.rstrip()
    card = load_card("My Chip.toml")
    changes = card.changes(load_card("lab-mesh"))
    assert changes == {"lamp.power_mw": (3.0, 2.0), "mesh.splitter.loss_db": (0.2, 0.0)}
    third = cli("new", "third.toml", "--from", "My Chip.toml", "--name", "third-chip")
    assert third.code == 0, third.err
    assert load_card("third.toml").name == "third-chip"


def test_a_new_card_of_ours_is_the_same_device(cli: Cli, lab: Path) -> None:
    assert cli("new", "mine.toml", "--from", "free-space-scatterer").code == 0
    assert load_card("mine.toml").changes(load_card("free-space-scatterer")) == {}
    bare = [line for line in (lab / "mine.toml").read_text().splitlines() if re.match(r"[a-z_]+ = [-\d.]+$", line)]
    assert bare == []


@pytest.mark.parametrize("args", [["devices", "--help"], ["devices", "new", "--help"], ["devices", "import", "--help"]])
def test_help_imports_nothing_heavy_and_shows_examples(args: list[str], tmp_path: Path) -> None:
    code = (
        f"import sys\nfrom photonics_sim.cli._app import app\nsys.argv = ['photonics-sim', *{args}]\n"
        "try:\n    app()\nexcept SystemExit:\n    pass\n"
        "print('LOADED', *({'torch', 'scipy', 'numba', 'matplotlib', 'sklearn', 'skrf', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.rpartition("LOADED")[2].split() == []
    assert "Examples" in done.stdout
    assert "chip.toml" in done.stdout
