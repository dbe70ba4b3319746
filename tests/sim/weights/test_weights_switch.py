"""Switches: time, leakage and energy by hand, and the cards that come along."""

from __future__ import annotations

import pytest

from photonics_sim.errors import PhotonicsError
from photonics_sim.weights import Switch, SwitchCard, switch_card

KINDS = ["electro-optic", "soa", "thermo-optic", "mems"]


def test_time_energy_and_leakage_by_hand() -> None:
    switch = Switch(SwitchCard(kind="soa", rise_time_ns=2.0, jitter_ns=0.1, crosstalk_db=30.0, energy_pj=4.0))
    assert switch.time_s == pytest.approx(2.3e-9, rel=1e-14)
    assert switch.energy_j == pytest.approx(4e-12, rel=1e-14)
    assert switch.leakage(coherent=False) == pytest.approx(1e-3, rel=1e-14)
    assert switch.leakage(coherent=True) == pytest.approx(10**-1.5, rel=1e-14)
    assert repr(switch) == "Switch(soa, 2 ns)"


def test_a_switch_that_says_nothing_leaks_nothing() -> None:
    switch = Switch(SwitchCard(kind="mems", rise_time_ns=2000.0))
    assert (switch.leakage(coherent=True), switch.leakage(coherent=False), switch.energy_j) == (0.0, 0.0, 0.0)
    assert switch.time_s == pytest.approx(2e-6, rel=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_cards_that_come_along_say_where_each_number_is_from(kind: str) -> None:
    card = switch_card(kind)
    assert card.kind == kind
    claimed = {key for key in SwitchCard.model_fields if isinstance(getattr(card, key), float) and getattr(card, key)}
    assert claimed <= set(card.source), "a number without a source"
    assert all(len(text) > 10 for text in card.source.values())
    assert Switch(kind).card == card


def test_kinds_stand_in_the_order_of_their_speed() -> None:
    times = {kind: Switch(kind).time_s for kind in KINDS}
    assert times["electro-optic"] < 1.1e-9
    assert times["soa"] < 2e-9 < times["mems"] < times["thermo-optic"] == pytest.approx(1e-5, rel=1e-12)
    # a heater takes its power for as long as it rises
    heater = switch_card("thermo-optic")
    assert heater.energy_pj == pytest.approx(heater.hold_power_mw * heater.rise_time_ns, rel=0.02)


def test_numbers_of_a_card_can_be_replaced() -> None:
    card = switch_card("soa", crosstalk_db=60.0)
    assert card.crosstalk_db == 60.0
    assert card.rise_time_ns == switch_card("soa").rise_time_ns
    assert switch_card("soa").crosstalk_db == 40.0


def test_what_is_unknown_is_refused_with_what_is_near() -> None:
    with pytest.raises(PhotonicsError, match="no switch 'electrooptic'; did you mean electro-optic"):
        switch_card("electrooptic")
    with pytest.raises(PhotonicsError, match=r"no switch 'mirror'.*choose electro-optic, soa, thermo-optic, mems"):
        Switch("mirror")
    with pytest.raises(PhotonicsError, match=r"^switch soa: no field jitter; did you mean jitter_ns"):
        switch_card("soa", jitter=1.0)
    with pytest.raises(PhotonicsError, match=r"^switch soa: rise_time_ns = -1 is outside 0 \.\. 1e\+09 ns"):
        switch_card("soa", rise_time_ns=-1.0)
