"""Cards: what is wrong with one is said with file, line, key and remedy; overriding, comparing, writing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from photonics_devices import FreeSpaceScattererCard
from photonics_sim.device import list_devices, load_card, render_card
from photonics_sim.errors import PhotonicsError

NAME = "free-space-scatterer"
PATH = next(header.path for header in list_devices() if header.name == NAME)
TEXT = PATH.read_text(encoding="utf-8")


def edited(folder: Path, old: str, new: str) -> Path:
    """A copy of the catalogue's card with one piece of text replaced."""
    assert TEXT.count(old) == 1, old
    path = folder / "mine.toml"
    path.write_text(TEXT.replace(old, new), encoding="utf-8")
    return path


def line(key: str) -> int:
    """The line of a key in the catalogue's card."""
    return next(n for n, text in enumerate(TEXT.splitlines(), 1) if text.startswith(f"{key} ="))


MISTAKES = {
    "unknown key": ("copies = 1 ", "coppies = 1 ", "copies", "no field coppies; did you mean copies?"),
    "unknown in a table": (
        "phase_error_rad = 0.0628",
        "phase_eror_rad = 0.0628",
        "phase_error_rad",
        "no field modulator.phase_eror_rad; did you mean phase_error_rad",
    ),
    "far from any": ("copies = 1 ", "zzz = 1 ", "copies", "no field zzz; known here: "),
    "nan": ("power_mw = 10.0", "power_mw = nan", "power_mw", "laser.power_mw = nan is not a finite number"),
    "inf": ("power_mw = 10.0", "power_mw = -inf", "power_mw", "laser.power_mw = -inf is not a finite number"),
    "overflow": ("power_mw = 10.0", "power_mw = 1e999", "power_mw", "laser.power_mw = inf is not a finite"),
    "bool for int": (
        "inputs = 64",
        "inputs = true",
        "inputs",
        "inputs = True: input should be a valid integer",
    ),
    "bool for float": ("power_mw = 10.0", "power_mw = true", "power_mw", "laser.power_mw = True: "),
    "int for bool": ("shot_noise = false", "shot_noise = 0", "shot_noise", "detector.shot_noise = 0: "),
    "float for int": ("inputs = 64", "inputs = 64.5", "inputs", "inputs = 64.5: "),
    "text": (
        "power_mw = 10.0",
        'power_mw = "10"',
        "power_mw",
        "laser.power_mw = '10': input should be a valid",
    ),
    "date": (
        "power_mw = 10.0",
        "power_mw = 2020-01-01",
        "power_mw",
        "laser.power_mw = datetime.date(2020, 1, 1)",
    ),
    "negative": (
        "power_mw = 10.0",
        "power_mw = -1.0",
        "power_mw",
        "laser.power_mw = -1 is outside 0 .. 1e+06 mW",
    ),
    "too large": ("inputs = 64", "inputs = 2000000000", "inputs", "inputs = 2000000000 is outside 1 .. 1e+09"),
    "unit slip": (
        "wavelength_nm = 1550.0",
        "wavelength_nm = 1.55e-6",
        "wavelength_nm",
        "laser.wavelength_nm = 1.55e-06 is outside 100 .. 1e+07 nm; it looks like m. Did you mean 1550?",
    ),
    "literal": (
        '"geometric"',
        '"geometrik"',
        "scale_ladder",
        "scale_ladder = 'geometrik' is not one of 'geometric' or 'published'; did you mean geometric?",
    ),
    "name": (f'name = "{NAME}"', 'name = "Free Space"', "name", "name = 'Free Space': "),
    "name with a hyphen at its end": (f'name = "{NAME}"', 'name = "free-"', "name", "name = 'free-': "),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_line_and_key(mistake: str, tmp_path: Path) -> None:
    old, new, key, message = MISTAKES[mistake]
    path = edited(tmp_path, old, new)
    with pytest.raises(PhotonicsError) as caught:
        load_card(path)
    assert str(caught.value).startswith(f"{path}:{line(key)}: {message}")
    assert "\n" not in str(caught.value)


def test_a_missing_key_is_told_with_the_line_of_its_table(tmp_path: Path) -> None:
    path = edited(tmp_path, "power_mw = 10.0\n", "")
    with pytest.raises(PhotonicsError) as caught:
        load_card(path)
    table = TEXT.splitlines().index("[laser]") + 1
    assert str(caught.value).startswith(f"{path}:{table}: laser.power_mw is missing; ")


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    start, end = TEXT.index("[scattering]"), TEXT.index("[detector]")
    path.write_text(TEXT[:start] + TEXT[end:])
    with pytest.raises(PhotonicsError, match=r"mine\.toml: scattering is missing; "):
        load_card(path)


def test_a_mistyped_key_comes_before_the_key_that_it_leaves_missing(tmp_path: Path) -> None:
    path = edited(tmp_path, "round_trip_mm", "round_trap_mm")
    with pytest.raises(
        PhotonicsError, match=r"no field scattering\.round_trap_mm; did you mean round_trip_mm\? \(and 1"
    ):
        load_card(path)


def test_a_word_in_a_list_is_checked(tmp_path: Path) -> None:
    path = edited(tmp_path, '["gain", "noise", "clip"', '["gain", "nose", "clip"')
    with pytest.raises(PhotonicsError, match=r"detector\.chain\.1 = 'nose' is not one of .*did you mean noise\?$"):
        load_card(path)


def test_a_source_names_a_field_of_its_table(tmp_path: Path) -> None:
    path = edited(tmp_path, "[laser.source]\nwall_plug", "[laser.source]\nwal_plug")
    with pytest.raises(PhotonicsError, match=r"laser: source\.wal_plug_efficiency names no field .*mean wall_plug_eff"):
        load_card(path)


def test_parse_takes_what_it_has_no_text_of() -> None:
    with pytest.raises(PhotonicsError, match=r"^card: name is missing; .*more\)$"):
        FreeSpaceScattererCard.parse({"family": "x"})


def test_override_replaces_and_checks() -> None:
    card = load_card(NAME)
    other = card.override({"modulator.phase_bits": 8, "inputs": 5, "detector.chain": ["gain", "clip"]})
    assert isinstance(other, FreeSpaceScattererCard)
    assert (other.modulator.phase_bits, other.inputs, other.detector.chain) == (8, 5, ["gain", "clip"])
    assert other.laser == card.laser  # type: ignore[attr-defined]
    assert load_card(NAME) == card, "the original is what it was"
    assert card.override({}) == card
    assert load_card(NAME, {"inputs": 5}) == card.override({"inputs": 5})


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            "modulator.phase_bit",
            r"no field modulator\.phase_bit in card .*; did you mean modulator\.phase_bits",
        ),
        ("phase_bits", r"no field phase_bits .*; did you mean modulator\.phase_bits"),
        ("modulator", r"no field modulator in card"),
        ("name", r"no field name in card"),
        ("laser.source", r"no field laser\.source in card"),
        ("modulator.phase_bits.x", r"no field modulator\.phase_bits\.x"),
        ("", r"no field  in card"),
    ],
)
def test_override_takes_paths_of_fields_only(path: str, message: str) -> None:
    with pytest.raises(PhotonicsError, match=f"^--set: {message}.*devices fields"):
        load_card(NAME).override({path: 1}, where="--set")


@pytest.mark.parametrize("value", [0, "8", True, 1.5, float("nan"), None, -1, 17, [1]])
def test_override_refuses_what_a_file_could_not_say(value: object) -> None:
    field = {"inputs": value} if value == 0 else {"modulator.phase_bits": value}
    with pytest.raises(PhotonicsError, match=next(iter(field))):
        load_card(NAME).override(field)


def test_a_card_cannot_be_changed_in_place() -> None:
    card = load_card(NAME)
    with pytest.raises(ValidationError, match="frozen"):
        card.inputs = 3  # type: ignore[attr-defined]
    with pytest.raises(ValidationError, match="frozen"):
        card.laser.power_mw = 3.0  # type: ignore[attr-defined]


def test_fields_tell_path_value_unit_meaning_and_source() -> None:
    card = load_card(NAME)
    fields = {field.path: field for field in card.fields()}
    assert list(fields) == card.field_paths()
    assert list(fields)[:3] == ["inputs", "classes", "copies"]
    assert not {"name", "family", "source", "laser", "laser.source"} & set(fields)
    wavelength = fields["laser.wavelength_nm"]
    assert (wavelength.value, wavelength.unit, wavelength.source) == (1550.0, "nm", "")
    assert wavelength.meaning == "vacuum wavelength"
    assert fields["inputs"].unit == ""
    assert fields["detector.responsivity_a_per_w"].unit == "A/W"
    assert fields["detector.responsivity_a_per_w"].source.startswith("germanium photodiode")
    assert all(field.meaning for field in fields.values())


def test_changes_are_the_fields_that_differ() -> None:
    card = load_card(NAME)
    assert card.changes(card) == {}
    other = card.override({"inputs": 5, "laser.power_mw": 2.0})
    assert card.changes(other) == {"inputs": (64, 5), "laser.power_mw": (10.0, 2.0)}
    assert other.changes(card) == {"inputs": (5, 64), "laser.power_mw": (2.0, 10.0)}


def comments(text: str) -> list[str]:
    return [part.split("#", 1)[1].strip() for part in text.splitlines() if "#" in part]


def test_a_rendered_card_keeps_comments_and_loads_back_equal(tmp_path: Path) -> None:
    card = load_card(NAME).override(
        {"inputs": 5, "detector.saturation_ua": 2.5, "detector.adc_bits": 8, "scale_ladder": "published"}
    )
    path = tmp_path / "mine.toml"
    path.write_text(render_card(card))
    assert load_card(path) == card
    assert comments(path.read_text()) == comments(TEXT)
    assert len(comments(TEXT)) > 10


def test_an_unchanged_card_renders_as_it_stands() -> None:
    assert render_card(load_card(NAME)) == TEXT


def test_a_card_of_no_catalogue_renders_without_comments(tmp_path: Path) -> None:
    card = load_card(edited(tmp_path, f'name = "{NAME}"', 'name = "my-scatterer"'))
    path = tmp_path / "again.toml"
    path.write_text(render_card(card))
    assert load_card(path) == card
    assert "#" not in path.read_text()


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
BASE = load_card(NAME).model_dump()
PLACES = [(key,) for key in BASE if key != "source"]
PLACES += [(table, key) for table, keys in BASE.items() if isinstance(keys, dict) for key in keys]


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(place=st.sampled_from(PLACES), junk=JUNK, extra=st.dictionaries(st.text(max_size=4), JUNK, max_size=1))
def test_no_table_breaks_the_reader(place: tuple[str, ...], junk: Any, extra: dict[str, Any]) -> None:
    table = {key: dict(value) if isinstance(value, dict) else value for key, value in BASE.items()}
    node = table if len(place) == 1 else table[place[0]]
    node[place[-1]] = junk
    table |= extra
    try:
        card = FreeSpaceScattererCard.parse(table, text=TEXT)
    except PhotonicsError:
        return
    assert FreeSpaceScattererCard.parse(card.model_dump()) == card


@settings(max_examples=60, deadline=None, derandomize=True)
@given(table=st.dictionaries(st.text(max_size=5), JUNK, max_size=4))
def test_no_rubbish_is_a_card(table: dict[str, Any]) -> None:
    with pytest.raises(PhotonicsError, match=r"^here: "):
        FreeSpaceScattererCard.parse(table, where="here")


def test_the_ideal_card_has_no_imperfection_and_keeps_the_rest() -> None:
    card = load_card(NAME).override({"modulator.phase_error_rad": 0.1, "detector.shot_noise": True, "inputs": 5})
    assert card.active_imperfections() == {"modulator.phase_error_rad": 0.1, "detector.shot_noise": True}
    ideal = card.ideal()
    assert ideal.active_imperfections() == {}
    assert set(card.changes(ideal)) == {"modulator.phase_error_rad", "detector.shot_noise"}
