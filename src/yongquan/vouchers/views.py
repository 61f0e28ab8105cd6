"""What screens and the API read of vouchers: the wallet and the rounds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from psycopg.rows import TupleRow

from yongquan.plumbing.db import Connection
from yongquan.vouchers.model import UseRules
from yongquan.vouchers.terms import TERMS_COLUMNS, RoundTerms, read_terms, read_use

PAGE = 100
HeldRow: TypeAlias = tuple[str, str, str, int]
# Rows come in order of their id (which is the order of claiming), newest first; `before` pages on.
_WALLET = """
select voucher_id, round_id, type_id, state, amount_fen, threshold_fen, valid_from, valid_until, claimed_at, payment_id
  from vouchers.voucher
 where cell = %(cell)s and citizen_id = %(citizen)s and origin <> 'card'
   and (%(before)s::uuid is null or voucher_id < %(before)s)
 order by voucher_id desc limit %(limit)s
"""
_ROUND_COLUMNS = f"""
select r.round_id, r.name, r.name_en, c.name, c.name_en, c.funder_id, r.state, c.state, r.opens_at, r.closes_at,
       {TERMS_COLUMNS}
  from vouchers.round r join vouchers.campaign c on c.campaign_id = r.campaign_id
"""
_ROUNDS = f"""{_ROUND_COLUMNS}
 where r.state <> 'draft' and r.mode not in ('push', 'code', 'gift', 'apply') and r.closes_at > %(ended_since)s
   and not exists (select from vouchers.rehearsal h where h.round_id = r.round_id and (r.state = 'ended' or not exists (
           select from vouchers.list_member m
            where m.cell = %(cell)s and m.list_id = h.list_id and m.citizen_id = %(citizen)s)))
   and not exists (select from vouchers.own_voucher o where o.campaign_id = r.campaign_id and not o.listed)
 order by r.closes_at <= %(now)s, r.opens_at > %(now)s,
          case when r.closes_at <= %(now)s then r.closes_at end desc, r.opens_at, r.round_id
 limit %(limit)s
"""
_ROUND = f"""{_ROUND_COLUMNS}
 where r.round_id = %s and r.state <> 'draft' and r.mode not in ('push', 'code', 'gift', 'apply')
"""
_TYPES = """
select t.round_id, t.type_id, t.name, t.name_en, t.industry, t.amount_fen, t.threshold_fen, t.rate_bp, t.stock,
       greatest(0, s.remaining), t.valid_from, t.valid_until, t.valid_days, t.districts, t.hardship_only, t.use
  from vouchers.voucher_type t
  join lateral (select sum(s.stock - s.claimed)::int as remaining from vouchers.stock s
                 where s.type_id = t.type_id) s on true
 where t.round_id = any (%s) and t.part_of is null order by t.amount_fen, t.type_id
"""
_CLAIMED_IN_ROUND = """
select type_id, count(*) from vouchers.voucher
 where cell = %s and citizen_id = %s and round_id = %s and state <> 'void' and not frees_cap group by type_id
"""
_HELD_NOW = "select vouchers.usable(%s, %s, %s)"
_VOUCHER = """
select voucher_id, round_id, type_id, state, amount_fen, threshold_fen, valid_from, valid_until, claimed_at, payment_id
  from vouchers.voucher where cell = %s and citizen_id = %s and voucher_id = %s and origin <> 'card'
"""


@dataclass(frozen=True, slots=True)
class TypeRow:
    """A voucher type with what is left of it."""

    round_id: UUID
    type_id: UUID
    name: str
    name_en: str
    industry: str | None
    amount_fen: int
    threshold_fen: int
    rate_bp: int | None
    stock: int
    remaining: int
    valid_from: datetime | None
    valid_until: datetime | None
    valid_days: int | None
    districts: list[str] | None
    hardship_only: bool
    use: UseRules


@dataclass(frozen=True, slots=True)
class RoundRow:
    """A round as people see it, with its conditions and caps; None is no condition."""

    round_id: UUID
    name: str
    name_en: str
    campaign: str
    campaign_en: str
    funder_id: str
    state: str
    campaign_state: str
    opens_at: datetime
    closes_at: datetime
    terms: RoundTerms
    types: tuple[TypeRow, ...] = ()

    @property
    def stock(self) -> int:
        return sum(type_.stock for type_ in self.types)

    @property
    def remaining(self) -> int:
        return sum(type_.remaining for type_ in self.types)

    @property
    def needs_place(self) -> bool:
        """Whether a claim must say where it comes from."""
        return self.terms.conditions.districts is not None or self.terms.conditions.areas is not None

    @property
    def is_paused(self) -> bool:
        return self.state == "paused" or self.campaign_state in {"paused", "stopped"}


@dataclass(frozen=True, slots=True)
class WalletRow:
    """A voucher in a citizen's wallet; `state` is what a citizen is told, one of the contract's."""

    voucher_id: UUID
    round_id: UUID
    type_id: UUID
    state: str
    amount_fen: int
    threshold_fen: int
    valid_from: datetime
    valid_until: datetime
    claimed_at: datetime
    payment_id: UUID | None


async def wallet_of(
    connection: Connection, cell: int, citizen_id: UUID, *, now: datetime, before: UUID | None = None
) -> Sequence[WalletRow]:
    """One page of a wallet, newest first; a next page exists if the page is full (`PAGE` rows)."""
    values = {"cell": cell, "citizen": citizen_id, "before": before, "limit": PAGE}
    rows = await (await connection.execute(_WALLET, values)).fetchall()
    return [_wallet_row(row, now) for row in rows]


async def voucher_of(
    connection: Connection, cell: int, citizen_id: UUID, voucher_id: UUID, *, now: datetime
) -> WalletRow | None:
    """One voucher of a citizen."""
    row = await (await connection.execute(_VOUCHER, [cell, citizen_id, voucher_id])).fetchone()
    return _wallet_row(row, now) if row else None


async def rounds_for_screen(
    connection: Connection,
    *,
    now: datetime,
    ended_since: datetime,
    limit: int = PAGE,
    cell: int = 0,
    citizen_id: UUID | None = None,
) -> Sequence[RoundRow]:
    """Rounds with their types: the open ones, then the coming ones, then those that ended after `ended_since`.

    Rehearsals are shown to their testers only: `citizen_id`, in `cell`, is who looks.
    """
    values = {"now": now, "ended_since": ended_since, "limit": limit, "cell": cell, "citizen": citizen_id}
    rows = await (await connection.execute(_ROUNDS, values)).fetchall()
    return await _with_types(connection, [_round_row(row) for row in rows])


async def round_for_screen(connection: Connection, round_id: UUID) -> RoundRow | None:
    """One round that is out, with its types."""
    row = await (await connection.execute(_ROUND, [round_id])).fetchone()
    return (await _with_types(connection, [_round_row(row)]))[0] if row else None


async def claimed_in_round(connection: Connection, cell: int, citizen_id: UUID, round_id: UUID) -> dict[UUID, int]:
    """How many vouchers of each type a citizen claimed in a round."""
    rows = await (await connection.execute(_CLAIMED_IN_ROUND, [cell, citizen_id, round_id])).fetchall()
    return dict(rows)


async def held_now(connection: Connection, cell: int, citizen_id: UUID, *, now: datetime) -> Sequence[HeldRow]:
    """(voucher, type, valid until, face in fen) of what a citizen could use now, as a payment reads it."""
    row = await (await connection.execute(_HELD_NOW, [cell, now, citizen_id])).fetchone()
    return row[0] if row else []


async def _with_types(connection: Connection, rounds: Sequence[RoundRow]) -> Sequence[RoundRow]:
    rows = await (await connection.execute(_TYPES, [[r.round_id for r in rounds]])).fetchall()
    types = [TypeRow(*(*row[:-1], read_use(row[-1]))) for row in rows]
    return [replace(r, types=tuple(t for t in types if t.round_id == r.round_id)) for r in rounds]


def _round_row(row: TupleRow) -> RoundRow:
    return RoundRow(*(*row[:10], read_terms(row[10:])))


def _wallet_row(row: TupleRow, now: datetime) -> WalletRow:
    return WalletRow(*(*row[:3], _told(row[3], row[6], row[7], now), *row[4:]))


def _told(state: str, valid_from: datetime, valid_until: datetime, now: datetime) -> str:
    # A held voucher is told by the clock, whether or not the sweep of due ones has come by.
    if state != "held":
        return state
    if now >= valid_until:
        return "expired"
    return "not_yet_valid" if now < valid_from else "held"
