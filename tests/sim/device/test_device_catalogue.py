"""Catalogues: cards by name, of any package, and what is said of those that cannot be built."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from photonics_sim.device import Device, list_devices, load_card, load_device, render_card
from photonics_sim.device import _catalogue as catalogue
from photonics_sim.errors import PhotonicsError

MODEL = """
from typing import Any
import torch
from pydantic import Field
from photonics_sim.device import Card, Costs, Device, Section

class Lamp(Section):
    power_mw: float = Field(default=1.0, gt=0, le=10, description="power")

class GainCard(Card):
    inputs: int = Field(ge=1, le=10**9, description="channels")
    factor: float = Field(default=2.0, ge=0, le=1e6, description="what each is multiplied by")
    lamp: Lamp = Field(default_factory=Lamp, description="light")
    output_field = "inputs"

    def memory_bytes(self) -> dict[str, int]:
        return {"inputs": 8 * self.inputs * 10**6}

class Gain(Device):
    def __init__(self, card: GainCard, *, seed: int = 0) -> None:
        super().__init__()
        self.card, self.in_features, self.out_features, self.seed = card, card.inputs, card.inputs, seed

    def measure(self, x: torch.Tensor, key: int | None) -> torch.Tensor:
        return self.card.factor * x

    def costs(self) -> Costs:
        return Costs({"light": 1.0}, {"lamp": 1.0}, ())

    def ideal(self) -> Any:
        return self

    def as_built(self, seed: int, chips: int | None = None) -> Any:
        return self

NotACard = NotACardCard = dict
"""
CARD = """\
# a comment
name = "gain"
family = "lab"
model = "lab_gain_model:Gain"
summary = "Multiplies"
inputs = 3
"""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A third party's catalogue beside ours, with a model that no one has imported yet."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "lab_gain_model.py").write_text(MODEL)
    monkeypatch.syspath_prepend(str(tmp_path / "src"))
    cards = tmp_path / "cards"
    cards.mkdir()
    (cards / "gain.toml").write_text(CARD)
    folders = (*catalogue._catalogue_folders(), cards)
    monkeypatch.setattr(catalogue, "_catalogue_folders", lambda: folders)
    yield cards
    sys.modules.pop("lab_gain_model", None)


def test_our_cards_are_listed_without_torch_or_a_model(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom photonics_sim.device import list_devices\n"
        "print(*[h.name for h in list_devices()])\n"
        "print(sorted({'torch', 'photonics_devices.scatterer._scatterer'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    names, loaded = done.stdout.splitlines()
    assert "free-space-scatterer" in names.split()
    assert loaded == "[]"


def test_a_list_can_be_cut_to_a_family(lab: Path) -> None:
    assert [header.name for header in list_devices("lab")] == ["gain"]
    everything = [header.name for header in list_devices()]
    assert everything == sorted(everything)
    assert set(everything) > {"gain", "free-space-scatterer"}
    (header,) = list_devices("lab")
    assert (header.family, header.summary, header.path) == ("lab", "Multiplies", lab / "gain.toml")
    assert list_devices("none such") == []
    assert "lab_gain_model" not in sys.modules


def test_a_third_partys_card_loads_and_builds(lab: Path) -> None:
    device = load_device("gain", seed=4, factor=3.0)
    assert isinstance(device, Device)
    assert device.seed == 4
    assert torch.equal(device(torch.tensor([1.0, 2.0, -1.0])), torch.tensor([3.0, 6.0, -3.0]))
    assert load_card(lab / "gain.toml") == load_card("gain")


def test_a_third_partys_card_renders_what_its_file_leaves_to_defaults(lab: Path, tmp_path: Path) -> None:
    card = load_card("gain", {"factor": 5.0, "lamp.power_mw": 2.0})
    path = tmp_path / "mine.toml"
    path.write_text(render_card(card))
    assert load_card(path) == card
    assert path.read_text().startswith("# a comment\n")


def test_an_unknown_name_is_met_with_near_ones(lab: Path) -> None:
    with pytest.raises(PhotonicsError, match=r"no card named gian; did you mean gain\? .*devices list"):
        load_card("gian")
    with pytest.raises(PhotonicsError, match=r"free-space-scaterer; did you mean free-space-scatterer\?"):
        load_card("free-space-scaterer")


def test_two_cards_of_one_name_are_refused_with_both_places(lab: Path) -> None:
    (lab / "second.toml").write_text(CARD)
    with pytest.raises(PhotonicsError, match=r"two cards are named gain: .*gain\.toml and .*second\.toml; rename one"):
        list_devices()


def test_a_damaged_card_in_a_catalogue_is_named(lab: Path) -> None:
    (lab / "gain.toml").write_text("name = = 3\n")
    with pytest.raises(PhotonicsError, match=r"gain\.toml is not valid TOML: .*line 1"):
        list_devices()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for name in (str(tmp_path / "none.toml"), "none.toml", "./none"):
        with pytest.raises(PhotonicsError, match="no such file; expected a card"):
            load_card(name)
    (tmp_path / "empty.toml").touch()
    with pytest.raises(PhotonicsError, match=r"empty\.toml is empty; expected a card"):
        load_card(tmp_path / "empty.toml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("inputs = 3", "inputs = = 3"), r"is not valid TOML: .*line 6"),
        (lambda t: t.replace("model =", "modell ="), r'model = "module:Class"; found None'),
        (lambda t: t.replace('"lab_gain_model:Gain"', "3"), r"found 3$"),
        (lambda t: t.replace(":Gain", ".Gain"), r"found 'lab_gain_model\.Gain'"),
        (lambda t: t.replace("lab_gain_model", "no_such_module"), r"import no_such_module:GainC.*installed"),
        (lambda t: t.replace(":Gain", ":Loss"), r"cannot import lab_gain_model:LossCard"),
        (lambda t: t.replace(":Gain", ":NotACard"), r"NotACardCard is not a photonics_sim\.device\.Card"),
        (lambda t: t + "facto = 2.0\n", r":7: no field facto; did you mean factor\?"),
    ],
)  # fmt: skip
def test_what_is_no_card_is_told_why(lab: Path, change: Callable[[str], str], message: str) -> None:
    path = lab.parent / "mine.toml"
    path.write_text(change(CARD))
    with pytest.raises(PhotonicsError, match=message) as caught:
        load_card(path)
    assert str(path) in str(caught.value)


def test_a_device_that_does_not_fit_into_memory_is_refused_by_key(lab: Path) -> None:
    with pytest.raises(PhotonicsError, match=r"card gain would take .* GiB of .* GiB .*; lower inputs \(= 100000000\)"):
        load_device("gain", inputs=10**8)


def test_overrides_of_a_device_are_checked() -> None:
    with pytest.raises(PhotonicsError, match=r"no field modulator\.phase_bit .*did you mean"):
        load_device("free-space-scatterer", **{"modulator.phase_bit": 3})


def test_a_catalogue_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = type("Entry", (), {"name": "lab", "value": "no_such_package"})
    monkeypatch.setattr(catalogue, "entry_points", lambda group: [entry])
    with pytest.raises(PhotonicsError, match="catalogue lab: no_such_package is no package folder; reinstall it"):
        catalogue._catalogue_folders.__wrapped__()
