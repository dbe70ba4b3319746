"""Cards as TOML that a person can read on."""

from __future__ import annotations

from typing import Any

import tomlkit

from photonics_sim.device._card import Card
from photonics_sim.device._catalogue import list_devices, load_card
from photonics_sim.errors import PhotonicsError


def render_card(card: Card) -> str:
    """The card as TOML text, with the comments of the catalogue's card of that name where there is one."""
    text = _commented(card)
    if text is not None and type(card).parse(tomlkit.parse(text).unwrap()) == card:
        return text
    return tomlkit.dumps(_bare(card.model_dump()))


def _commented(card: Card) -> str | None:
    """The catalogue's text with the values of this card; None where no catalogue has such a card."""
    try:
        header = next(h for h in list_devices(card.family) if h.name == card.name)
        base = load_card(header.path)
    except (StopIteration, PhotonicsError):
        return None
    document = tomlkit.parse(header.path.read_text(encoding="utf-8"))
    for path, (value, _) in card.changes(base).items():
        *tables, key = path.split(".")
        node: Any = document
        for name in tables:
            node = node[name] if name in node else node.setdefault(name, tomlkit.table())
        node[key] = value
    return tomlkit.dumps(document)


def _bare(table: dict[str, Any]) -> dict[str, Any]:
    """Plain values before tables, as TOML wants them, and no empty `source`."""
    kept = {k: v for k, v in table.items() if not (k == "source" and not v)}
    plain = {k: v for k, v in kept.items() if not isinstance(v, dict)}
    return plain | {k: _bare(v) for k, v in kept.items() if isinstance(v, dict)}
