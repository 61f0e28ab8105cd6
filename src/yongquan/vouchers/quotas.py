"""An institution's own quota of a round: a type of the same terms whose stock only that institution's app can claim.

Stock is cut out of a type and given back by moving pieces between two rows of `vouchers.stock`, cell by cell, so that
what can be claimed is at every moment exactly what was laid out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.kernel.errors import Refusal
from yongquan.plumbing.db import Connection

# All terms are copied, whichever columns a type has.
_COPY_TYPE = """
insert into vouchers.voucher_type
select (jsonb_populate_record(null::vouchers.voucher_type, to_jsonb(t) || jsonb_build_object(
            'type_id', %s::uuid, 'reserved_for', %s::text, 'release_at', %s::timestamptz, 'stock', 0,
            'part_of', t.type_id))).*
  from vouchers.voucher_type t where t.type_id = %s and t.part_of is null
"""
_COPY_SHARES = """
insert into vouchers.type_share (type_id, place, funder_id, share_bp)
select %s, place, funder_id, share_bp from vouchers.type_share where type_id = %s
"""
_EMPTY_STOCK = """
insert into vouchers.stock (cell, type_id, stock) select cell, %s, 0 from generate_series(0, %s - 1) as c(cell)
"""
# Rows are locked in the order of claims: types ascending, then cells.
_LOCK = """
select cell, type_id, stock - claimed from vouchers.stock
 where type_id = any (%s) order by type_id, cell for no key update
"""
_MOVE = """
update vouchers.stock s set stock = s.stock + m.pieces
  from unnest(%s::smallint[], %s::uuid[], %s::int[]) as m(cell, type_id, pieces)
 where s.cell = m.cell and s.type_id = m.type_id
"""
_RESIZE = "update vouchers.voucher_type set stock = stock + %s where type_id = %s"
_RELEASED = "update vouchers.voucher_type set released_at = %s where type_id = %s"
_TOUCH = "update vouchers.round set version = version + 1 where round_id = %s"
_TYPE = """
select t.round_id, t.amount_fen from vouchers.voucher_type t join vouchers.round r on r.round_id = t.round_id
 where t.type_id = %s and t.part_of is null and r.mode = 'grab'
"""
_TAKEN = "select 1 from vouchers.voucher_type where part_of = %s and reserved_for = %s"
_DUE = """
select t.type_id, t.part_of, t.round_id, t.amount_fen, t.reserved_for
  from vouchers.voucher_type t join vouchers.round r on r.round_id = t.round_id
 where t.part_of is not null and t.released_at is null and t.release_at <= %s
   and r.state in ('published', 'paused') and r.closes_at > %s
 order by t.type_id for update of t skip locked
"""
_OF_ROUND = """
select t.type_id, t.part_of, t.reserved_for, t.name, t.name_en, t.stock, t.release_at, t.released_at,
       coalesce(s.claimed, 0)::int, coalesce(s.remaining, 0)::int
  from vouchers.voucher_type t
  left join lateral (select sum(claimed) as claimed, sum(stock - claimed) as remaining
                       from vouchers.stock where type_id = t.type_id) s on true
 where t.part_of is not null and t.round_id = any (%s) order by t.reserved_for, t.part_of
"""

_CLAIMED_IN = """
select count(*) filter (where claimed_on >= date_trunc('year', %(today)s::date)),
       count(*) filter (where claimed_on >= date_trunc('month', %(today)s::date)),
       count(*) filter (where claimed_on = %(today)s)
  from vouchers.voucher where type_id = any (%(types)s) and state <> 'void'
"""


class QuotaRefused(Refusal):
    """The quota cannot be set: it exists, the type is not one to divide, or too little of it is left."""

    code = "quota_refused"


@dataclass(frozen=True, slots=True)
class Quota:
    """What of a type is an institution's own. Counts in pieces; `released_at` None while it is reserved."""

    type_id: UUID
    part_of: UUID
    institution: str
    name: str
    name_en: str
    stock: int
    release_at: datetime | None
    released_at: datetime | None
    claimed: int
    remaining: int


@dataclass(frozen=True, slots=True)
class ClaimedIn:
    """How many pieces were claimed in the year, the month and the day."""

    year: int
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Moved:
    """Stock that went from one type to another, for the ledger."""

    from_type: UUID
    to_type: UUID
    round_id: UUID
    pieces: int
    amount_fen: int
    institution: str


async def cut_out(
    connection: Connection,
    type_id: UUID,
    quota_id: UUID,
    *,
    institution: str,
    pieces: int,
    release_at: datetime | None,
    cells: int,
) -> Moved:
    """Reserve `pieces` of a type that is laid out, as type `quota_id`. Locks the stock rows. Raises `QuotaRefused`."""
    row = await (await connection.execute(_TYPE, [type_id])).fetchone()
    if row is None:
        raise QuotaRefused("quotas are cut out of the types of grab rounds")
    if await (await connection.execute(_TAKEN, [type_id, institution])).fetchone():
        raise QuotaRefused("this institution has a quota of this type already")
    free = await _lock(connection, [type_id])
    if pieces < 1 or sum(free.values()) < pieces:
        raise QuotaRefused(f"{sum(free.values())} pieces of this type are unclaimed, {pieces} are wanted")
    await connection.execute(_COPY_TYPE, [quota_id, institution, release_at, type_id])
    await connection.execute(_COPY_SHARES, [quota_id, type_id])
    await connection.execute(_EMPTY_STOCK, [quota_id, cells])
    await _move(connection, type_id, quota_id, _taken_from(free, pieces))
    await connection.execute(_TOUCH, [row[0]])
    return Moved(type_id, quota_id, row[0], pieces, row[1], institution)


async def release_due(connection: Connection, *, now: datetime) -> list[Moved]:
    """Give back what is left of the quotas whose time has come, where their rounds still run."""
    moved = []
    for quota_id, part_of, round_id, amount_fen, institution in await (
        await connection.execute(_DUE, [now, now])
    ).fetchall():
        free = await _lock(connection, [quota_id, part_of])
        left = {place: n for place, n in free.items() if place[1] == quota_id and n}
        await _move(connection, quota_id, part_of, left)
        await connection.execute(_RELEASED, [now, quota_id])
        await connection.execute(_TOUCH, [round_id])
        moved.append(Moved(quota_id, part_of, round_id, sum(left.values()), amount_fen, institution))
    return moved


async def quotas_of(connection: Connection, round_ids: Sequence[UUID]) -> list[Quota]:
    """The quotas of some rounds."""
    return [Quota(*row) for row in await (await connection.execute(_OF_ROUND, [list(round_ids)])).fetchall()]


async def claimed_in(connection: Connection, type_ids: Sequence[UUID], *, today: date) -> ClaimedIn:
    """What was claimed of some types until the end of `today`, a business day."""
    row = await (await connection.execute(_CLAIMED_IN, {"today": today, "types": list(type_ids)})).fetchone()
    return ClaimedIn(*row) if row else ClaimedIn(0, 0, 0)


async def _lock(connection: Connection, type_ids: Sequence[UUID]) -> dict[tuple[int, UUID], int]:
    rows = await (await connection.execute(_LOCK, [sorted(type_ids)])).fetchall()
    return {(row[0], row[1]): row[2] for row in rows}


def _taken_from(free: dict[tuple[int, UUID], int], pieces: int) -> dict[tuple[int, UUID], int]:
    """How many to take of each cell, as evenly as what is there allows."""
    taken = dict.fromkeys(free, 0)
    while pieces:
        open_ = [place for place in free if taken[place] < free[place]]
        share = max(pieces // len(open_), 1)
        for place in open_[:pieces]:
            part = min(share, free[place] - taken[place])
            taken[place] += part
            pieces -= part
    return {place: n for place, n in taken.items() if n}


async def _move(connection: Connection, source: UUID, target: UUID, taken: dict[tuple[int, UUID], int]) -> None:
    moves = [m for (cell, _), n in taken.items() for m in ((cell, source, -n), (cell, target, n))]
    pieces = sum(taken.values())
    await connection.execute(_MOVE, [[m[0] for m in moves], [m[1] for m in moves], [m[2] for m in moves]])
    await connection.execute(_RESIZE, [-pieces, source])
    await connection.execute(_RESIZE, [pieces, target])
