"""What a search over days found: a gang, a terminal, a shop. Pure; whoever warns or opens a case reads these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class FindingKind(StrEnum):
    """What was found."""

    SCALPER_RING = "scalper_ring"
    CASH_OUT_GANG = "cash_out_gang"
    VEST_CHANGER = "vest_changer"
    RELOCATED_TERMINAL = "relocated_terminal"
    GAMBLING_MERCHANT = "gambling_merchant"


class Party(NamedTuple):
    """One party: `kind` is an `Entity`, or account, operator, network, moment; `value` stays the same over time."""

    kind: str
    value: str


class Reason(NamedTuple):
    """One reason with its figure in it; `code` is the threshold it passed."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`score` 0 to 10000, higher is worse; `facts` are the figures behind the reasons (shares in basis points)."""

    kind: FindingKind
    subject: Party
    parties: tuple[Party, ...]
    score: int
    reasons: tuple[Reason, ...]
    facts: Mapping[str, int | str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The same for the same thing found again: kind and subject."""
        return f"{self.kind}:{self.subject.kind}:{self.subject.value}"

    def values_of(self, kind: str) -> tuple[str, ...]:
        """The parties of one kind."""
        return tuple(party.value for party in self.parties if party.kind == kind)
