"""Units in keys, and how numbers are printed."""

from __future__ import annotations

import math

import pytest

from photonics_sim.device import UNITS, format_si, to_si, unit_of
from photonics_sim.device._units import suggest_unit

# the SI value of one, by hand; what has another SI unit or none is 1
SCALES = {
    **{"pm": 1e-12, "nm": 1e-9, "um": 1e-6, "mm": 1e-3, "m": 1.0},
    **{"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0},
    **{"hz": 1.0, "mhz": 1e6, "ghz": 1e9},
    **{"nw": 1e-9, "mw": 1e-3, "w": 1.0},
    **{"pj": 1e-12, "nj": 1e-9, "j": 1.0},
    **{"na": 1e-9, "ua": 1e-6, "ma": 1e-3},
    **{"rad": 1.0, "db": 1.0, "a_per_w": 1.0, "pa_per_rthz": 1e-12, "bits": 1.0},
    **{"k": 1.0, "uw": 1e-6, "fj": 1e-15, "v": 1.0, "ohm": 1.0},
    **{"e": 1.0, "e_per_s": 1.0},
    **{"db_per_cm": 100.0, "per_nm": 1e9, "nm_per_mw": 1e-6, "pm_per_k": 1e-12},
}


def test_every_suffix_scales_to_si() -> None:
    assert set(SCALES) <= set(UNITS)
    for suffix, scale in SCALES.items():
        assert unit_of(f"some_long_{suffix}") is UNITS[suffix]
        assert to_si(f"x_{suffix}", 3.0) == 3.0 * scale


def test_every_unit_reads_like_its_suffix() -> None:
    for suffix, unit in UNITS.items():
        symbol = unit.symbol.lower().replace("/", "_per_").removeprefix("1_")
        assert symbol.rstrip("s") == suffix.rstrip("s")


@pytest.mark.parametrize(
    ("key", "symbol"),
    [
        ("responsivity_a_per_w", "A/W"),
        ("thermal_noise_pa_per_rthz", "pA/rtHz"),
        ("laser_power_w", "W"),
        ("adc_bits", "bit"),
        ("wavelength_nm", "nm"),
        ("bandwidth_mhz", "MHz"),
        ("power_mw", "mW"),
        ("dark_current_e_per_s", "e/s"),
    ],
)
def test_the_longest_suffix_wins(key: str, symbol: str) -> None:
    unit = unit_of(key)
    assert unit is not None
    assert unit.symbol == symbol


@pytest.mark.parametrize("key", ["copies", "inputs", "m", "s", "scale_ladder", "coupling", "nm", "noise_rads", ""])
def test_plain_numbers_have_no_unit(key: str) -> None:
    assert unit_of(key) is None
    assert to_si(key, 7.0) == 7.0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.55e-6, "1.55 um"),
        (0.0, "0 m"),
        (-1.5e-3, "-1.5 mm"),
        (1e-15, "1 fm"),
        (1e-18, "0.001 fm"),
        (1e-9, "1 nm"),
        (1e-3, "1 mm"),
        (1.0, "1 m"),
        (999.4, "999.4 m"),
        (1000.0, "1 km"),
        (-1e6, "-1 Mm"),
        (2.5e12, "2.5 Tm"),
        (1 - 1e-12, "1 m"),
        (999.9999999e-9, "1 um"),
        (math.inf, "inf m"),
        (-math.inf, "-inf m"),
    ],
)
def test_numbers_get_the_prefix_that_reads_best(value: float, text: str) -> None:
    assert format_si(value, "m") == text


def test_every_prefix_is_used_from_one_up_to_a_thousand() -> None:
    for power, prefix in zip(range(-15, 15, 3), ["f", "p", "n", "u", "m", "", "k", "M", "G", "T"], strict=True):
        assert format_si(10.0**power, "W") == f"1 {prefix}W"
        assert format_si(123.4 * 10.0**power, "W") == f"123.4 {prefix}W"


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (1.55e-6, "; it looks like m. Did you mean 1550?"),
        (1.55, "; it looks like um. Did you mean 1550?"),
        (0.00155, "; it looks like mm. Did you mean 1550?"),
        (50.0, "; it looks like um. Did you mean 50000?"),
        (0.0, ""),
        (-1.55, ""),
    ],
)
def test_a_slip_of_units_is_recognised(value: float, hint: str) -> None:
    high = 20_000 if value < 2 else 100_000
    assert suggest_unit("wavelength_nm", value, 100, high) == hint


def test_no_unit_is_guessed_where_none_fits() -> None:
    assert suggest_unit("wavelength_nm", 3e8, 100, 20_000) == ""
    assert suggest_unit("copies", 0.5, 1, 10) == ""
    assert suggest_unit("phase_rad", 11.0, 0, 10) == ""
