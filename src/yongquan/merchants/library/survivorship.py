"""Which of many lists' values is shown, and why. Every other value stays beside it. Pure."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Final
from uuid import UUID

from yongquan.merchants.library.model import KeptRow, SourceKind
from yongquan.merchants.matching.addresses import parse_address
from yongquan.merchants.matching.characters import bare, plain
from yongquan.merchants.matching.identifiers import is_valid_licence, licence_in, person_in, phones_in

_K = SourceKind
# Who is believed first of a value: the register knows who owns a shop, whoever stood before it knows where it is.
TRUST: Final[dict[str, tuple[SourceKind, ...]]] = {
    "name": (_K.OWN, _K.SURVEY, _K.MAP, _K.BUREAU, _K.ACQUIRER, _K.REGISTER, _K.OTHER),
    "address": (_K.SURVEY, _K.OWN, _K.REGISTER, _K.BUREAU, _K.ACQUIRER, _K.MAP, _K.OTHER),
    "phone": (_K.SURVEY, _K.OWN, _K.ACQUIRER, _K.BUREAU, _K.REGISTER, _K.MAP, _K.OTHER),
    "licence": (_K.REGISTER, _K.OWN, _K.BUREAU, _K.ACQUIRER, _K.SURVEY, _K.OTHER, _K.MAP),
    "legal_representative": (_K.REGISTER, _K.OWN, _K.BUREAU, _K.ACQUIRER, _K.SURVEY, _K.OTHER, _K.MAP),
    "category": (_K.SURVEY, _K.OWN, _K.REGISTER, _K.BUREAU, _K.ACQUIRER, _K.MAP, _K.OTHER),
    "place": (_K.SURVEY, _K.OWN, _K.MAP, _K.BUREAU, _K.ACQUIRER, _K.REGISTER, _K.OTHER),
}


@dataclass(frozen=True, slots=True)
class Value:
    """One list's value of a column."""

    text: str
    row_id: UUID
    source: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """The value that is shown of a column, the rule that chose it, and every value with its origin."""

    column: str
    text: str
    why: str
    values: Sequence[Value]

    @property
    def differs(self) -> bool:
        """Whether the lists do not agree."""
        return len({value.text for value in self.values}) > 1


def shown_values(rows: Sequence[KeptRow]) -> list[Shown]:
    """The columns of one shop, in the order of `TRUST`; columns of which no list says anything are left out.

    A sound value goes before an unsound one (a licence by its check digits, an address with a door, a phone in
    full); then the more trusted kind of list; then the value that more lists have; then the newer list.
    """
    return [shown for column in TRUST if (shown := _shown(column, rows))]


def _shown(column: str, rows: Sequence[KeptRow]) -> Shown | None:
    said = [(text, kept) for kept in rows if (text := text_of(column, kept))]
    if not said:
        return None
    alike = Counter(_folded(column, text) for text, _ in said)
    is_sound = _SOUND.get(column, bool)

    def rank(one: tuple[str, KeptRow]) -> tuple[int, int, int, float, UUID]:
        text, kept = one
        sound, trust = int(not is_sound(text)), TRUST[column].index(kept.kind)
        return sound, trust, -alike[_folded(column, text)], -kept.given_at.timestamp(), kept.row_id

    ranked = sorted(said, key=rank)
    why = _why([rank(one) for one in ranked], {_folded(column, text) for text, _ in said})
    values = [Value(text, kept.row_id, kept.source, at == 0) for at, (text, kept) in enumerate(ranked)]
    return Shown(column, ranked[0][0], why, values)


def _why(ranks: Sequence[tuple[int, int, int, float, UUID]], spellings: set[str]) -> str:
    """The first rule by which the winner beat the next: `only`, `agreed`, `sound`, `trusted`, `frequent`, `newer`."""
    if len(ranks) == 1:
        return "only"
    if len(spellings) == 1:
        return "agreed"
    rules = ("sound", "trusted", "frequent", "newer")
    return next((rule for at, rule in enumerate(rules) if ranks[0][at] != ranks[1][at]), "newer")


def text_of(column: str, kept: KeptRow) -> str:
    """What a row says of a column; a place as `lon,lat`."""
    if column == "place":
        row = kept.row
        return "" if isnan(row.lon) or isnan(row.lat) else f"{row.lon:.6f},{row.lat:.6f}"
    return str(getattr(kept.row, column))


def _folded(column: str, text: str) -> str:
    if column == "phone":
        return ",".join(sorted(phones_in(text))) or text
    return licence_in(text) if column == "licence" else bare(plain(text))


_SOUND: Final[dict[str, Callable[[str], bool]]] = {
    "licence": lambda text: is_valid_licence(licence_in(text)),
    "phone": lambda text: bool(phones_in(text)),
    "legal_representative": lambda text: bool(person_in(text)),
    "address": lambda text: bool((found := parse_address(text)).numbers or found.stalls),
}
