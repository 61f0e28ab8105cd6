"""How the classes of the model stand in a document: fields with their words, reading and writing. Pure."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

import msgspec

from yongquan.vouchers.documents_kinds import Kind


class Change(StrEnum):
    """What may become of a field once its campaign is published."""

    NEVER = "never"
    FREE = "free"  # words
    UP = "up"  # a cap, a stock: only more, and no cap is the most
    LATER = "later"  # an end: only later, and no end is the latest
    BEFORE_OPENING = "before_opening"  # until the round opens
    WIDER = "wider"  # hours of the day: only longer at either end
    SUPERSET = "superset"  # a list of what is allowed: only more
    LOOSER = "looser"  # a list of caps: none is added, each only rises or goes
    RESERVED = "reserved"  # money was set aside accordingly


@dataclass(frozen=True, slots=True)
class Words:
    """A title and a sentence that explains."""

    title: str
    about: str


@dataclass(frozen=True, slots=True)
class Field:
    """One key of the document. A `kind` that is a `Record` is a part of its own below that key."""

    key: str
    attr: str
    kind: "Kind | Record"
    zh: Words
    en: Words
    change: Change = Change.NEVER
    optional: bool = False  # None where the document is silent, though the model names no default


@dataclass(frozen=True, slots=True)
class Record:
    """How a class of the model stands in the document; `implied` are attributes that its place or its life tells.

    A document may begin with one of `presets` by the key `preset`; what it writes beside that goes before it.
    """

    noun: type
    fields: tuple[Field, ...]
    implied: frozenset[str] = frozenset()
    presets: Mapping[str, Any] = field(default_factory=dict)
    _defaults: Mapping[str, Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_defaults", _defaults(self.noun))

    @property
    def required(self) -> list[str]:
        """The keys that a document must have."""
        return [f.key for f in self.fields if f.attr not in self._defaults and not f.optional]

    def written_default(self, one: Field, *, preset: str | None = None) -> Any:
        """What a field is where the document is silent, as it would be written; None is nothing."""
        chosen = self.presets.get(preset or "")
        value = self._defaults.get(one.attr) if chosen is None else getattr(chosen, one.attr)
        return None if value is None or isinstance(one.kind, Record) else one.kind.write(value)

    def read(self, values: Mapping[str, Any], **given: Any) -> Any:
        """The noun out of checked values. Raises `NotThisValue`."""
        attrs: dict[str, Any] = {f.attr: None for f in self.fields if f.optional}
        attrs |= {f.attr: f.kind.read(values[f.key]) for f in self.fields if f.key in values}
        if "preset" in values:
            return replace(self.presets[values["preset"]], **attrs, **given)
        return self.noun(**attrs, **given)

    def write(self, noun: Any) -> dict[str, Any]:
        """The values of a noun; what equals the default is left out."""
        values = {}
        for one in self.fields:
            value = getattr(noun, one.attr)
            if value is None or (one.attr in self._defaults and value == self._defaults[one.attr]):
                continue
            values[one.key] = one.kind.write(value)
        return values


def many(record: Record, *, least: int = 0, most: int = 100) -> Kind:
    """A list of small parts that have no life of their own."""

    def read(rows: list[dict[str, Any]]) -> tuple[Any, ...]:
        return tuple([record.read(row) for row in rows])

    def write(nouns: tuple[Any, ...]) -> list[dict[str, Any]]:
        return [record.write(noun) for noun in nouns]

    return Kind({"type": "array", "minItems": least, "maxItems": most}, read, write, record)


def _defaults(noun: Any) -> dict[str, Any]:
    if issubclass(noun, msgspec.Struct):
        return {f.name: f.default for f in msgspec.structs.fields(noun) if f.default is not msgspec.NODEFAULT}
    given = {f.name: f.default for f in fields(noun) if f.default is not MISSING}
    return given | {f.name: f.default_factory() for f in fields(noun) if f.default_factory is not MISSING}
