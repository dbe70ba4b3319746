"""A report: one page that opens anywhere, loads nothing and prints well."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template

from photonics_sim.device import Card, load_card
from photonics_sim.errors import PhotonicsError


@dataclass(frozen=True)
class CardRow:
    """One number of a device card.

    Attributes:
        path: Dotted path of the field.
        value: As it is printed, without unit.
        unit: Symbol; empty for a plain number.
        meaning: What it is, in words.
        source: DOI or data sheet; empty for a design choice.
        changed_from: The value in the catalogue's card where this run has another one; None where they agree.
    """

    path: str
    value: str
    unit: str = ""
    meaning: str = ""
    source: str = ""
    changed_from: str | None = None


@dataclass(frozen=True)
class Table:
    """Rows of text by column heading, alike in all rows.

    Attributes:
        heading: Of the section.
        hint: How to read it.
        rows: At least one.
    """

    heading: str
    hint: str
    rows: Sequence[Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class ReportData:
    """What a report says, as plain text; an empty part is left out of the page.

    Attributes:
        title: Name of the run.
        sentence: The result in one sentence.
        tiles: Headline numbers: (label, value, note).
        figures: Pictures: (heading, caption, SVG from `Figure.svg()`).
        caveats: Evidence in words, and what the result does not say.
        tables: What is better read than looked at.
        link_budget: The way of the light from laser to detector: (quantity, value with unit).
        settings: How the run was set up: (setting, value).
        card: The numbers of the device.
        not_modelled: What the simulation leaves out.
        command: Command line that repeats the run.
        reproduce: Seed, versions, data digest, date: (what, value).
        citations: Papers and data to cite.
    """

    title: str
    sentence: str
    tiles: Sequence[tuple[str, str, str]] = ()
    figures: Sequence[tuple[str, str, str]] = ()
    caveats: Sequence[str] = ()
    tables: Sequence[Table] = ()
    link_budget: Sequence[tuple[str, str]] = ()
    settings: Sequence[tuple[str, str]] = ()
    card: Sequence[CardRow] = ()
    not_modelled: Sequence[str] = ()
    command: str = ""
    reproduce: Sequence[tuple[str, str]] = ()
    citations: Sequence[str] = ()


def render_report(data: ReportData) -> str:
    """The report as one HTML page: no script, nothing loaded from elsewhere, the same text for the same data.

    Everything but the pictures is escaped.

    Raises:
        PhotonicsError: where a picture is no `<svg>` element.
    """
    for heading, _, svg in data.figures:
        if not svg.startswith("<svg ") or "<script" in svg:
            raise PhotonicsError(f"report: the picture {heading!r} is no plain <svg>; give what Figure.svg() returns")
    return _template().render(report=data, changed=sum(row.changed_from is not None for row in data.card))


def typed_command() -> list[str]:
    """As it is typed: where the program lies on this computer is nothing for a page that is passed on."""
    program = Path(sys.argv[0]).name
    return ["photonics-sim" if program == "__main__.py" else program, *sys.argv[1:]]


def card_rows(card: Card) -> list[CardRow]:
    """The numbers of a card, and where they differ from those of the catalogue."""
    try:
        changed = card.changes(load_card(card.name))
    except PhotonicsError:  # a card of the user's own has no original to differ from
        changed = {}
    return [
        CardRow(
            path=field.path,
            value=_plain(field.value),
            unit=field.unit,
            meaning=field.meaning,
            source=field.source,
            changed_from=_plain(changed[field.path][1]) if field.path in changed else None,
        )
        for field in card.fields()
    ]


def _plain(value: object) -> str:
    """A value of a card without the digits that only a float has."""
    return f"{value:.7g}" if isinstance(value, float) else str(value)


@cache
def _template() -> Template:
    text = files("photonics_sim.plots").joinpath("report.html.j2").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(text)
