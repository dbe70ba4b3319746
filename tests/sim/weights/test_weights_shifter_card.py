"""What a phase shifter's card takes, refuses and derives."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from photonics_sim.device import Section, explain_invalid, unit_of
from photonics_sim.weights import PhaseShifterCard

HEATER: dict[str, Any] = {"effect": "thermo-optic", "pi_power_mw": 25.0, "resistance_ohm": 400.0}
POCKELS: dict[str, Any] = {"effect": "electro-optic", "pi_voltage_v": 4.0}
MEMS: dict[str, Any] = {"effect": "mems", "pi_voltage_v": 10.0}
CELL: dict[str, Any] = {"effect": "phase-change"}


class Holder(Section):
    shifter: PhaseShifterCard


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "shifter.effect is missing"),
        ({"effect": "electrooptic"}, "did you mean electro-optic"),
        ({"effect": "electro-optic"}, 'effect = "electro-optic" needs pi_voltage_v, the voltage for a phase of pi'),
        ({"effect": "mems"}, 'effect = "mems" needs pi_voltage_v'),
        ({"effect": "thermo-optic"}, 'effect = "thermo-optic" needs pi_power_mw, the heater power'),
        (
            HEATER | {"pi_voltage_v": 3.0},
            'pi_voltage_v means nothing where effect = "thermo-optic"; remove it; a heater has',
        ),
        (
            HEATER | {"levels": 4},
            "its steps are those of the converter: set dac_bits",
        ),
        (
            POCKELS | {"pi_power_mw": 3.0},
            'pi_power_mw means nothing where effect = "electro-optic"; remove it, or set pi_voltage_v',
        ),
        (POCKELS | {"max_power_mw": 3.0}, "limit the drive with max_drive_v"),
        (MEMS | {"resistance_ohm": 3.0}, 'resistance_ohm means nothing where effect = "mems"; remove it'),
        (CELL | {"dac_bits": 8}, "no voltage holds its phase: set levels"),
        (CELL | {"max_drive_v": 8.0}, "no voltage holds its phase: set range_rad"),
        (CELL | {"crosstalk": 0.1, "crosstalk_decay_um": 9.0}, "it holds its phase without heat"),
        (CELL | {"levels": 1}, "levels = 1 holds the phase 0 alone"),
        (
            HEATER | {"crosstalk": 0.01},
            "crosstalk that does not decay would heat the whole chip; set crosstalk_decay_um",
        ),
        (HEATER | {"crosstalk": 1.0, "crosstalk_decay_um": 9.0}, "crosstalk = 1 is outside 0 .. 1"),
        (HEATER | {"resistance_ohm": 0.0, "max_drive_v": 5.0}, "max_drive_v needs resistance_ohm"),
        (HEATER | {"dac_bits": 25}, "dac_bits = 25 is outside 0 .. 24 bit"),
        (HEATER | {"pi_power_mw": -1.0}, "pi_power_mw = -1 is outside 0 .. 10000 mW"),
        (HEATER | {"loss_db": math.nan}, "is not a finite number"),
        (HEATER | {"crosstalk_decay": 9.0}, "did you mean crosstalk_decay_um"),
    ],
)
def test_a_shifter_that_cannot_be_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Holder.model_validate({"shifter": fields})
    told = explain_invalid(caught.value, Holder, where="card", text="")
    assert told.startswith(("card: shifter", "card: no field shifter"))
    assert message in told


@pytest.mark.parametrize("fields", [HEATER, POCKELS, MEMS, CELL], ids=lambda f: f["effect"])
def test_every_imperfection_is_off_at_its_default(fields: dict[str, Any]) -> None:
    card = PhaseShifterCard(**fields)
    for key, off in PhaseShifterCard.imperfections.items():
        assert getattr(card, key) == off, key
    assert card.reach_rad == card.full_scale_rad == card.span_rad == 2 * math.pi


def test_limits_and_the_full_scale_of_the_converter() -> None:
    volts = PhaseShifterCard(**HEATER, max_drive_v=3.0)  # 9 V^2 / 400 ohm = 22.5 mW = 0.9 P_pi
    assert volts.limit_rad == pytest.approx(0.9 * math.pi, rel=1e-12)
    assert volts.reach_rad == volts.full_scale_rad == volts.limit_rad
    both = PhaseShifterCard(**HEATER, max_drive_v=3.0, max_power_mw=20.0)
    assert both.limit_rad == pytest.approx(0.8 * math.pi, rel=1e-12)
    assert PhaseShifterCard(**POCKELS, max_drive_v=6.0).limit_rad == pytest.approx(1.5 * math.pi, rel=1e-12)
    assert PhaseShifterCard(**MEMS, max_drive_v=5.0).limit_rad == pytest.approx(0.25 * math.pi, rel=1e-12)
    wide = PhaseShifterCard(**POCKELS, max_drive_v=20.0)
    assert wide.reach_rad == 2 * math.pi
    assert wide.full_scale_rad == pytest.approx(5 * math.pi, rel=1e-12)
    assert PhaseShifterCard(**CELL, range_rad=3.0).reach_rad == 3.0


def test_every_number_with_a_dimension_names_its_unit() -> None:
    plain = {"source", "effect", "levels", "crosstalk"}
    for key, info in PhaseShifterCard.model_fields.items():
        assert (unit_of(key) is None) == (key in plain), key
        assert key == "source" or info.description


def test_the_time_constant_says_which_it_is() -> None:
    meaning = PhaseShifterCard.model_fields["response_time_us"].description or ""
    assert "1/e" in meaning
    assert "10-90 %" in meaning


def test_the_card_needs_no_torch() -> None:
    code = "import sys; from photonics_sim.weights import PhaseShifterCard; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
