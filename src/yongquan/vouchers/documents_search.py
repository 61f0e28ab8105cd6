"""Find one's way in a season: every campaign, round and type in one list, asked by words, place, time and state."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from yongquan.plumbing.db import Connection

_ROUNDS = """
select r.round_id, r.name, r.name_en, c.campaign_id, c.code, c.name, c.name_en, c.funder_id, c.adcode, r.opens_at,
       r.closes_at, case when c.state in ('published') then r.state else c.state end, r.mode, s.name, s.name_en
  from vouchers.round r
  join vouchers.campaign c on c.campaign_id = r.campaign_id
  left join vouchers.sub_activity s on s.sub_activity_id = r.sub_activity_id
 where %(places)s::text[] is null or c.adcode = any (%(places)s)
 order by r.opens_at, c.code, r.name
"""
_TYPES = """
select t.round_id, t.name, t.name_en, t.industry, t.amount_fen, t.threshold_fen, t.stock
  from vouchers.voucher_type t
  join vouchers.round r on r.round_id = t.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id
 where %(places)s::text[] is null or c.adcode = any (%(places)s)
 order by t.amount_fen, t.name
"""
# Level-1 characters of GB 2312 stand in the order of their pinyin; the first of each initial.
_STARTS: Final = (
    *((0xB0A1, "a"), (0xB0C5, "b"), (0xB2C1, "c"), (0xB4EE, "d"), (0xB6EA, "e"), (0xB7A2, "f"), (0xB8C1, "g")),
    *((0xB9FE, "h"), (0xBBF7, "j"), (0xBFA6, "k"), (0xC0AC, "l"), (0xC2E8, "m"), (0xC4C3, "n"), (0xC5B6, "o")),
    *((0xC5BE, "p"), (0xC6DA, "q"), (0xC8BB, "r"), (0xC8F6, "s"), (0xCBFA, "t"), (0xCDDA, "w"), (0xCEF4, "x")),
    *((0xD1B9, "y"), (0xD4D1, "z")),
)
_LAST: Final = 0xD7F9
# Characters of Ningbo's places that stand outside level 1.
_OTHERS: Final = {"鄞": "y", "甬": "y", "奉": "f", "衢": "q", "鄮": "m"}


@dataclass(frozen=True, slots=True)
class FoundType:
    """A voucher type in a list; amounts in fen."""

    name: str
    name_en: str
    industry: str | None
    amount_fen: int
    threshold_fen: int
    stock: int


@dataclass(frozen=True, slots=True)
class FoundRound:
    """A round in a list, with its campaign and its types."""

    round_id: UUID
    name: str
    name_en: str
    campaign_id: UUID
    code: str
    campaign: str
    campaign_en: str
    funder_id: str
    adcode: str | None
    opens_at: datetime
    closes_at: datetime
    state: str
    mode: str
    sub: str | None
    sub_en: str | None
    types: tuple[FoundType, ...]
    text: str = field(repr=False)

    def phase(self, now: datetime) -> str:
        """What the round is for people at this time."""
        if self.state in {"draft", "ended", "paused"}:
            return self.state
        return "coming" if now < self.opens_at else "open" if now < self.closes_at else "ended"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; empty is anything. `since` and `until` bound the claims' time, half-open."""

    words: str = ""
    funder: str = ""
    industry: str = ""
    phase: str = ""
    since: datetime | None = None
    until: datetime | None = None


async def season_rounds(connection: Connection, *, places: Sequence[str] | None) -> list[FoundRound]:
    """Every round of some divisions (None: all) with its types, by opening; reads about a row each."""
    values = {"places": None if places is None else list(places)}
    types: dict[UUID, list[FoundType]] = defaultdict(list)
    for row in await (await connection.execute(_TYPES, values)).fetchall():
        types[row[0]].append(FoundType(*row[1:]))
    rows = await (await connection.execute(_ROUNDS, values)).fetchall()
    return [FoundRound(*(*row, tuple(types[row[0]]), _text(row, types[row[0]]))) for row in rows]


def find(rounds: Sequence[FoundRound], wanted: Wanted, *, now: datetime) -> list[FoundRound]:
    """The rounds that fit; every word must stand in the names of round, campaign, sub-activity or a type.

    A word may be part of a Chinese or English name, or the initials of its pinyin (`cyq` finds 餐饮券).
    """
    words = wanted.words.lower().split()
    return [
        r
        for r in rounds
        if all(word in r.text for word in words)
        and wanted.funder in {"", r.funder_id}
        and (not wanted.industry or any(t.industry == wanted.industry for t in r.types))
        and wanted.phase in {"", r.phase(now)}
        and (wanted.since is None or r.closes_at > wanted.since)
        and (wanted.until is None or r.opens_at < wanted.until)
    ]


def initials(text: str) -> str:
    """The first letters of the pinyin of common characters; all others stand for themselves, in lower case."""
    return "".join(_initial(character) for character in text.lower())


def _initial(character: str) -> str:
    if character.isascii() or character in _OTHERS:
        return _OTHERS.get(character, character)
    try:
        first, *rest = character.encode("gb2312")
    except UnicodeEncodeError:
        return character
    code = first << 8 | (rest[0] if rest else 0)
    if not _STARTS[0][0] <= code <= _LAST:
        return character
    return next(letter for start, letter in reversed(_STARTS) if start <= code)


def _text(row: tuple[object, ...], types: Sequence[FoundType]) -> str:
    names = [str(row[n]) for n in (1, 2, 4, 5, 6, 13, 14) if row[n]]
    names += [name for t in types for name in (t.name, t.name_en)]
    chinese = "\n".join(names).lower()
    return f"{chinese}\n{initials(chinese)}"
