"""The rounds that a process keeps in memory, reloaded within a second of any change."""

from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.db import Connection
from yongquan.vouchers.validity import Validity

_CHANGED = "select round_id, version from vouchers.round"
_ROUNDS = """
select r.round_id, r.version, r.campaign_id, r.state, r.opens_at, r.closes_at, r.daily_from, r.daily_until,
       r.districts
  from vouchers.round r where r.round_id = any (%s)
"""
_TYPES = """
select type_id, round_id, amount_fen, threshold_fen, valid_from, valid_until, valid_days
  from vouchers.voucher_type where round_id = any (%s) order by type_id
"""


@dataclass(frozen=True, slots=True)
class TypeOffer:
    """What a claim of one voucher type gives. Amounts in fen."""

    type_hex: str
    amount_fen: int
    threshold_fen: int
    validity: Validity


@dataclass(frozen=True, slots=True)
class RoundOffer:
    """A round as the door sees it: what can be refused before the database is asked."""

    round_hex: str
    version: int
    campaign_id: UUID
    state: str
    opens_at: datetime
    closes_at: datetime
    daily_from: time | None
    daily_until: time | None
    districts: frozenset[str] | None
    types: dict[str, TypeOffer]

    def refusal_at(self, now: datetime, *, adcode: str | None) -> str | None:
        """Why nobody at this time and place can claim: not_open, closed, wrong_place; None if somebody can."""
        if now >= self.closes_at:
            return "closed"
        if self.state != "published" or now < self.opens_at or not self._in_hours(now):
            return "not_open"
        if self.districts is not None and adcode not in self.districts:
            return "wrong_place"
        return None

    def _in_hours(self, now: datetime) -> bool:
        if self.daily_from is None or self.daily_until is None:
            return True
        return self.daily_from <= now.astimezone(SHANGHAI).time() < self.daily_until


class Catalogue:
    """Rounds by the 32 hex digits of their id. `refresh` loads what changed; `load` fetches an unknown one."""

    def __init__(self) -> None:
        self._rounds: dict[str, RoundOffer] = {}

    def get(self, round_hex: str) -> RoundOffer | None:
        return self._rounds.get(round_hex)

    async def refresh(self, connection: Connection) -> bool:
        """Reload every round whose version moved; say whether there was one."""
        rows = await (await connection.execute(_CHANGED)).fetchall()
        changed = [
            id_ for id_, version in rows if (known := self._rounds.get(id_.hex)) is None or known.version != version
        ]
        if changed:
            await self.load(connection, changed)
        return bool(changed)

    async def load(self, connection: Connection, round_ids: list[UUID]) -> None:
        """Fetch rounds and their types into memory; unknown ids are left out."""
        rows = await (await connection.execute(_ROUNDS, [round_ids])).fetchall()
        types = await (await connection.execute(_TYPES, [round_ids])).fetchall()
        for row in rows:
            offers = {
                t[0].hex: TypeOffer(t[0].hex, t[2], t[3], Validity(starts=t[4], until=t[5], days=t[6]))
                for t in types
                if t[1] == row[0]
            }
            districts = None if row[8] is None else frozenset(row[8])
            self._rounds[row[0].hex] = RoundOffer(*(row[0].hex, *row[1:8], districts, offers))
