"""Cards as TOML that a person can read on: every edit keeps the comments."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

import tomlkit
from tomlkit.items import Comment, Item, Table

from photonics_sim.device._card import Card
from photonics_sim.device._catalogue import list_devices, load_card
from photonics_sim.errors import PhotonicsError

_HEADER = re.compile(r"\s*\[\s*([\w.\- ]+?)\s*\]\s*(#.*)?")


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
        changes = card.changes(load_card(header.path))
        return edit_toml(header.path.read_text(encoding="utf-8"), {path: value for path, (value, _) in changes.items()})
    except (StopIteration, PhotonicsError):
        return None


def _bare(table: dict[str, Any]) -> dict[str, Any]:
    """Plain values before tables, as TOML wants them, and no empty `source`."""
    kept = {k: v for k, v in table.items() if not (k == "source" and not v)}
    plain = {k: v for k, v in kept.items() if not isinstance(v, dict)}
    return plain | {k: _bare(v) for k, v in kept.items() if isinstance(v, dict)}


def edit_toml(
    text: str, values: Mapping[str, Any], *, comments: Mapping[str, str] | None = None, where: str = "card"
) -> str:
    """The text with values at dotted paths replaced, or added to the end of their tables, a comment beside what is new.

    Raises:
        PhotonicsError: where a table that lacks a value is written inline or by dotted keys.
    """
    document = tomlkit.parse(text)
    expected = tomllib.loads(text)
    new: dict[str, Any] = {}
    for path, value in values.items():
        *tables, key = path.split(".")
        node, wanted = _node(document, tables), expected
        for name in tables:
            wanted = wanted.setdefault(name, {})
        wanted[key] = value
        if node is not None and key in node:
            node[key] = value
        else:
            new[path] = value
    edited = tomlkit.dumps(document)
    for path, value in new.items():
        edited = _insert(edited, path, value, (comments or {}).get(path, ""))
    if not _says(edited, expected):
        tables_ = sorted({path.rpartition(".")[0] for path in new})
        raise PhotonicsError(f"{where}: write {' and '.join(f'[{name}]' for name in tables_)} with a header line each")
    return edited


def _node(document: Any, tables: Iterable[str]) -> Any:
    for name in tables:
        if name not in document:
            return None
        document = document[name]
    return document


def _says(text: str, expected: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == expected
    except tomllib.TOMLDecodeError:
        return False


def _insert(text: str, path: str, value: Any, comment: str) -> str:
    """A line more, after the last value of its table: a comment below that belongs to the next table."""
    table, _, key = path.rpartition(".")
    entry = f"{key} = {tomlkit.item(value).as_string()}" + (f"  # {comment}" if comment else "")
    lines = text.rstrip("\n").split("\n")
    place = _end_of(lines, table)
    if place is not None:
        return "\n".join([*lines[:place], entry, *lines[place:]]) + "\n"
    place = _end_of(lines, table.rpartition(".")[0]) if "." in table else None
    before, after = (lines, []) if place is None else (lines[:place], lines[place:])
    gap = [""] if after and after[0].strip() else []
    return "\n".join([*before, "", f"[{table}]", entry, *gap, *after]) + "\n"


def _end_of(lines: list[str], table: str) -> int | None:
    """The number of lines up to the last value of a table; None where it has no header."""
    headers = {i: match[1].replace(" ", "") for i, line in enumerate(lines) if (match := _HEADER.fullmatch(line))}
    start = next((i for i, name in headers.items() if name == table), None) if table else -1
    if start is None:
        return None
    stop = min((i for i in headers if i > start), default=len(lines))
    return 1 + max(
        (i for i in range(start + 1, stop) if lines[i].strip() and not lines[i].lstrip().startswith("#")), default=start
    )


def drop_keys(text: str, paths: Iterable[str]) -> str:
    """The text without the values at these dotted paths, nor tables that are empty then."""
    document = tomlkit.parse(text)
    for path in paths:
        *tables, key = path.split(".")
        node = _node(document, tables)
        if node is None or key not in node:
            continue
        node.remove(key)
        if tables and not node:
            _node(document, tables[:-1]).remove(tables[-1])
    return tomlkit.dumps(document)


def add_meanings(text: str, meanings: Mapping[str, str]) -> str:
    """The text with its meaning behind every field that has no comment behind or above it."""
    document = tomlkit.parse(text)
    _add_meanings(document.body, "", meanings)
    return tomlkit.dumps(document)


def _add_meanings(body: list[tuple[Any, Item]], prefix: str, meanings: Mapping[str, str]) -> None:
    above: Item | None = None
    for key, item in body:
        path = prefix + key.key if key is not None else ""
        if isinstance(item, Table):
            _add_meanings(item.value.body, path + ".", meanings)
        elif meanings.get(path) and not item.trivia.comment and not isinstance(above, Comment):
            item.comment(meanings[path])
            item.trivia.comment_ws = "  "
        above = item
