"""Link budgets and costs by hand."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from photonics_sim.device import Costs, LinkBudget

LINK = LinkBudget(
    laser_power_w=10e-3,
    losses_db={"modulator": 3.0, "medium": 6.5, "detector": 0.5},
    received_power_w=1e-3,
    signal_current_a=1e-6,
    noise_current_a=1e-8,
    wall_plug_power_w=50e-3,
)
ONE = Costs({"light": 1e-9, "settling": 1e-2}, {"laser": 5e-4}, (LINK,))
TWO = Costs({"settling": 2e-2, "adc": 1e-10}, {"laser": 1e-4, "adc": 1e-12}, (replace(LINK, losses_db={"a": 12.0}),))


def test_losses_add_in_decibels() -> None:
    assert LINK.loss_db == 10.0


def test_a_hundredfold_signal_is_forty_decibels_and_six_bits() -> None:
    assert LINK.signal_to_noise_db == pytest.approx(40.0, rel=1e-12)
    assert LINK.effective_bits == pytest.approx((40 - 1.76) / 6.02, rel=1e-12)


def test_an_ideal_converter_gets_its_own_bits_back() -> None:
    """A full-scale sine over 12 bits has 6.02 * 12 + 1.76 dB."""
    ratio = 10 ** ((6.02 * 12 + 1.76) / 20)
    assert replace(LINK, signal_current_a=ratio * 1e-8).effective_bits == pytest.approx(12, rel=1e-12)


def test_light_below_the_noise_has_no_bits() -> None:
    assert replace(LINK, signal_current_a=1e-9).signal_to_noise_db == pytest.approx(-20)
    assert replace(LINK, signal_current_a=1e-9).effective_bits == 0
    assert replace(LINK, signal_current_a=0.0).signal_to_noise_db == -math.inf
    assert replace(LINK, signal_current_a=0.0).effective_bits == 0
    assert replace(LINK, noise_current_a=0.0).signal_to_noise_db == math.inf


def test_costs_add_part_by_part() -> None:
    both = ONE + TWO
    assert both.latency_s == {"light": 1e-9, "settling": 1e-2 + 2e-2, "adc": 1e-10}
    assert both.energy_j == {"laser": 5e-4 + 1e-4, "adc": 1e-12}
    assert both.links == (*ONE.links, *TWO.links)
    assert both.total_latency_s == pytest.approx(ONE.total_latency_s + TWO.total_latency_s, rel=1e-15)
    assert both.total_energy_j == pytest.approx(6e-4 + 1e-12, rel=1e-15)


def test_addition_leaves_its_terms_alone() -> None:
    before = (dict(ONE.latency_s), dict(TWO.latency_s))
    _ = ONE + TWO
    assert (ONE.latency_s, TWO.latency_s) == before


def test_the_worst_link_counts() -> None:
    assert (ONE + TWO).optical_loss_db == 12.0
    assert ONE.optical_loss_db == 10.0
    assert Costs({}, {}, ()).optical_loss_db == 0.0


def test_the_table_is_json_and_says_everything() -> None:
    found = json.loads(json.dumps((ONE + TWO).to_dict(), allow_nan=False))
    assert found["latency_s"] == pytest.approx(3e-2 + 1.1e-9)
    assert found["energy_j"] == pytest.approx(6e-4 + 1e-12)
    assert found["optical_loss_db"] == 12.0
    assert found["latency_by_part_s"]["settling"] == pytest.approx(3e-2)
    assert found["energy_by_part_j"]["adc"] == 1e-12
    assert [link["loss_db"] for link in found["links"]] == [10.0, 12.0]
    assert found["links"][0]["effective_bits"] == LINK.effective_bits
    assert found["links"][0]["losses_db"] == LINK.losses_db
