"""Cards: the numbers of a device, each with its unit, its meaning and where it comes from. Free of torch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from photonics_sim.device._card_errors import explain_invalid
from photonics_sim.device._units import unit_of
from photonics_sim.errors import PhotonicsError, did_you_mean


class Section(BaseModel):
    """A table of a card: finite numbers with the unit in the key, no unknown keys, and `source` for what has one.

    A table says which of its fields make a device less than ideal, each with the value that switches it off
    (`imperfections`), and at which values of numerical settings only rounding is left (`exact`): there laws are tested.
    """

    imperfections: ClassVar[Mapping[str, Any]] = {}
    exact: ClassVar[Mapping[str, Any]] = {}

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    source: dict[str, str] = Field(default_factory=dict, description="where a number comes from: DOI or data sheet")

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self  # nothing in it changes

    @model_validator(mode="after")
    def _sources_name_fields(self) -> Self:
        for key in self.source:
            if key not in type(self).model_fields:
                raise ValueError(
                    f"source.{key} names no field of this table{did_you_mean(key, type(self).model_fields)}"
                )
        return self


@dataclass(frozen=True)
class CardField:
    """One addressable number (or word) of a card."""

    path: str
    value: object
    unit: str
    meaning: str
    source: str


class Card(Section):
    """A device on paper: which model, and its numbers.

    A model's schema derives from this class and adds its fields; physics lives in the model, numbers live here.

    Attributes:
        name: Lower case with hyphens, unique in a catalogue.
        family: Kind of device, to filter lists by.
        model: `"module:Class"`, imported only when the device is built. Its schema is `"module:ClassCard"`.
        summary: One line for lists.
        not_modelled: What the model leaves out, in plain words.
        references: Papers that the device comes from.

    A schema also says which fields are its numbers of inputs and outputs (`input_field`, `output_field`); `small` makes
    a device of the card small enough to test every law on it. `training` are the settings of `train` that suit the
    device, where they are not the general ones; `whole_images` is said of those that take all pixels of an image,
    which others are given pooled. Imperfections and exact values are those of its tables and its own.
    """

    input_field: ClassVar[str] = "inputs"
    output_field: ClassVar[str] = "outputs"
    small: ClassVar[Mapping[str, Any]] = {}
    training: ClassVar[Mapping[str, Any]] = {}
    whole_images: ClassVar[bool] = False

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    family: str
    model: str = Field(pattern=r"^[\w.]+:\w+$")
    summary: str
    not_modelled: list[str] = Field(default_factory=list)
    references: list[str] = Field(default_factory=list)

    @abstractmethod
    def memory_bytes(self) -> dict[str, int]:
        """The least memory that the built device and one training step take, by the field that drives it."""

    @classmethod
    def parse(cls, table: Mapping[str, Any], *, where: str = "card", text: str = "") -> Self:
        """The card in a parsed TOML table.

        Raises:
            PhotonicsError: names the file, line and key, what was found and expected, and the remedy.
        """
        try:
            return cls.model_validate(dict(table))
        except ValidationError as error:
            raise PhotonicsError(explain_invalid(error, cls, where=where, text=text)) from None

    def fields(self) -> list[CardField]:
        """Every addressable field, in the order of the card."""
        return list(_walk(self, ""))

    def field_paths(self) -> list[str]:
        """The dotted paths that `override` takes."""
        return [field.path for field in self.fields()]

    def override(self, values: Mapping[str, Any], *, where: str = "override") -> Self:
        """A new card with the fields at these dotted paths replaced, checked like a card that is read.

        Raises:
            PhotonicsError: for a path that the card does not have (near ones are suggested) or a value it refuses.
        """
        if not values:
            return self
        table = self.model_dump()
        for path, value in values.items():
            *tables, key = path.split(".")
            node: Any = table
            for name in tables:
                node = node.get(name) if isinstance(node, dict) and name != "source" else None
            there = isinstance(node, dict) and key in node and not isinstance(node[key], dict)
            if not there or (not tables and key in _HEADER):
                known = self.field_paths()
                raise PhotonicsError(
                    f"{where}: no field {path} in card {self.name}{did_you_mean(path, known)} "
                    f"(`photonics-sim devices fields {self.name}` lists all)"
                )
            node[key] = value
        return type(self).parse(table, where=where)

    def ideal(self) -> Self:
        """This card with every imperfection off."""
        return self.override(self.switched_off())

    def active_imperfections(self) -> dict[str, object]:
        """The imperfections that are on: path -> value."""
        off = self.switched_off()
        return {f.path: f.value for f in self.fields() if f.path in off and f.value != off[f.path]}

    def switched_off(self) -> dict[str, Any]:
        """Every imperfection of the card and its tables, by path, at the value that switches it off."""
        return {prefix + key: off for prefix, table in _tables(self, "") for key, off in table.imperfections.items()}

    def exact_values(self) -> dict[str, Any]:
        """Numerical settings of the card and its tables, by path, at which only rounding is left."""
        return {prefix + key: value for prefix, table in _tables(self, "") for key, value in table.exact.items()}

    def changes(self, other: Card) -> dict[str, tuple[object, object]]:
        """The fields in which `other` differs: path -> (value here, value there)."""
        there = {field.path: field.value for field in other.fields()}
        return {
            field.path: (field.value, there.get(field.path))
            for field in self.fields()
            if there.get(field.path) != field.value
        }


_HEADER = {"name", "family", "model", "summary", "not_modelled", "references", "source"}


def _tables(section: Section, prefix: str) -> Iterator[tuple[str, Section]]:
    """A card and all its tables, each with what its paths begin with."""
    yield prefix, section
    for key in type(section).model_fields:
        value = getattr(section, key)
        if isinstance(value, Section):
            yield from _tables(value, f"{prefix}{key}.")


def _walk(section: Section, prefix: str) -> Iterator[CardField]:
    for key, info in type(section).model_fields.items():
        if key == "source" or (not prefix and key in _HEADER):
            continue
        value = getattr(section, key)
        if isinstance(value, Section):
            yield from _walk(value, f"{prefix}{key}.")
        else:
            unit = unit_of(key)
            yield CardField(
                prefix + key,
                value,
                unit.symbol if unit else "",
                info.description or "",
                section.source.get(key, ""),
            )
