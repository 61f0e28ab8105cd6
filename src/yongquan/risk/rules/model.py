"""Rules and the book that holds them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeAlias

from yongquan.risk.events import Entity, EventKind
from yongquan.risk.features.model import Feature
from yongquan.risk.lists.model import Colour
from yongquan.risk.verdicts.model import Action

Value: TypeAlias = bool | int | str


class ListQuestion(NamedTuple):
    """Whether a party of the event is on a list of this colour; answered by its tier, 0 if it is on none."""

    party: Entity
    colour: Colour


class Read(NamedTuple):
    """A value that a condition reads: as the rule writes it, and as the compiled program names it."""

    shown: str
    variable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A condition that passed the static check; `program` is the text given to CEL."""

    program: str
    reads: tuple[Read, ...]
    features: frozenset[Feature]
    questions: frozenset[ListQuestion]
    facts: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `reason` is what the person it meets is told; from `starts` until before `ends` (business days)."""

    rule_id: str
    owner: str
    title: str
    title_en: str
    reason: str
    reason_en: str
    events: frozenset[EventKind]
    when: str
    action: Action
    severity: int
    starts: date | None
    ends: date | None
    is_shadow: bool
    line: int
    checked: Checked

    def is_on(self, day: date) -> bool:
        """Whether the rule speaks on this business day."""
        return (self.starts is None or self.starts <= day) and (self.ends is None or day < self.ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """Rules in the order of the file. `digest` is the SHA-256 of the text; a shadow book never acts."""

    title: str
    title_en: str
    is_shadow: bool
    fact_types: Mapping[str, type]
    rules: tuple[Rule, ...]
    digest: str
