"""Fast switches between banks of slow weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationError

from photonics_sim.device import Section, explain_invalid, to_si
from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.files import read_toml

_CARDS = Path(__file__).with_name("switches.toml")


class SwitchCard(Section):
    """A switch that sends light to one of several banks; imperfections are off at their defaults."""

    imperfections: ClassVar[Mapping[str, Any]] = {"crosstalk_db": 0.0, "loss_db": 0.0}

    kind: Literal["electro-optic", "soa", "thermo-optic", "mems"] = Field(description="what switches")
    rise_time_ns: float = Field(gt=0, le=1e9, description="from one bank to another, to 90 % of the light")
    loss_db: float = Field(default=0.0, ge=0, le=60, description="power lost on the way through; gain counts as none")
    crosstalk_db: float = Field(
        default=0.0, ge=0, le=120, description="power sent to the lit bank over that to a dark one; 0 for none at all"
    )
    energy_pj: float = Field(default=0.0, ge=0, le=1e12, description="energy of one switch event")
    hold_power_mw: float = Field(default=0.0, ge=0, le=1e4, description="power while it stands")
    jitter_ns: float = Field(default=0.0, ge=0, le=1e6, description="rms of the moment at which it is done")


class Switch:
    """What a switch does to time and light.

    Args:
        card: A card, or the name of one that comes along: "electro-optic", "soa", "thermo-optic", "mems".

    Attributes:
        card: Its numbers.
    """

    def __init__(self, card: SwitchCard | str) -> None:
        self.card = switch_card(card) if isinstance(card, str) else card

    @property
    def time_s(self) -> float:
        """T_swt: the rise time, and three rms of the jitter as a guard."""
        return to_si("rise_time_ns", self.card.rise_time_ns) + 3 * to_si("jitter_ns", self.card.jitter_ns)

    def leakage(self, coherent: bool) -> float:
        """Share of the field (coherent) or of the power that each dark bank gets, relative to the lit one.

        Fields of all banks are taken to add up in phase: the worst case.
        """
        if not self.card.crosstalk_db:
            return 0.0
        share: float = 10 ** (-self.card.crosstalk_db / (20 if coherent else 10))
        return share

    @property
    def energy_j(self) -> float:
        """Energy of one switch event."""
        return to_si("energy_pj", self.card.energy_pj)

    def __repr__(self) -> str:
        return f"Switch({self.card.kind}, {self.card.rise_time_ns:g} ns)"


def switch_card(name: str, **changes: float) -> SwitchCard:
    """The card of a kind of switch that comes with the package, with some numbers replaced.

    Raises:
        PhotonicsError: for an unknown kind or number, or a value out of range.
    """
    table, _ = read_toml(_CARDS, "the cards of switches")
    if name not in table:
        raise PhotonicsError(f"no switch {name!r}{did_you_mean(name, table)}; choose {', '.join(table)}")
    try:
        return SwitchCard.model_validate(table[name] | changes)
    except ValidationError as error:
        raise PhotonicsError(explain_invalid(error, SwitchCard, where=f"switch {name}", text="")) from None
