"""The vouchers room's SQL for draws and registrations (registering itself: migrations/hot/35)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from yongquan.plumbing.db import Connection
from yongquan.vouchers.model import DRAW_MOVES, DrawState, ForbiddenMove

_COLUMNS = """
d.draw_id, d.round_id, d.state, d.opens_at, d.closes_at, d.beacon_at, d.reveal_by, d.announcement, d.commitment,
d.announced_at, d.secret_sealed, d.key_sealed, d.registrants, d.list_hash, d.closed_at, d.beacon_value,
d.beacon_entered_at, d.seed, d.quotas, d.cutoffs, d.winners, d.winners_hash, d.drawn_at, d.granted, d.undelivered,
d.published_at, d.void_reason, d.voided_at
"""
_DRAW = f"select {_COLUMNS} from vouchers.draw d where d.draw_id = %s"
_OF_ROUND = f"select {_COLUMNS} from vouchers.draw d where d.round_id = %s"
_OF_ROUNDS = f"select {_COLUMNS} from vouchers.draw d where d.round_id = any (%s)"
_ALL = f"select {_COLUMNS} from vouchers.draw d order by d.closes_at desc, d.draw_id"
_DUE = """
select draw_id from vouchers.draw
 where state in ('beacon_entered', 'drawn')
    or (state = 'announced' and opens_at <= %(now)s)
    or (state = 'open' and closes_at <= %(now)s)
    or (state = 'closed' and reveal_by <= %(now)s)
 order by closes_at, draw_id
"""
_SAVE = """
insert into vouchers.draw (draw_id, round_id, state, opens_at, closes_at, beacon_at, reveal_by, announcement,
                           commitment, announced_at, secret_sealed, key_sealed)
values (%s, %s, 'announced', %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_KEEP = "insert into vouchers.draw_document (draw_id, kind, content) values (%s, %s, %s) on conflict do nothing"
_DOCUMENT = "select content from vouchers.draw_document where draw_id = %s and kind = %s"
_REGISTRANTS = """
select cell, citizen_id::text, stratum, wishes from vouchers.registration where draw_id = %s
"""
_COUNT = "select count(*) from vouchers.registration where draw_id = %s"
_BY_PLATFORM = (
    "select platform, count(*) from vouchers.registration where draw_id = %s group by platform order by platform"
)
_WITHDRAWN = "select count(*) from vouchers.withdrawal where draw_id = %s"
_WRITE_OUTCOMES = """
update vouchers.registration r set places = string_to_array(u.places, ' ')::int[], won = u.won
  from unnest(%s::smallint[], %s::uuid[], %s::text[], %s::smallint[]) as u(cell, citizen_id, places, won)
 where r.cell = u.cell and r.draw_id = %s and r.citizen_id = u.citizen_id
"""
_TO_GRANT = """
select cell, citizen_id, wishes, won from vouchers.registration
 where draw_id = %s and won > 0 and granted_at is null order by cell, citizen_id limit %s
"""
_GRANTED = """
update vouchers.registration r set granted_at = %s
  from unnest(%s::smallint[], %s::uuid[]) as u(cell, citizen_id)
 where r.cell = u.cell and r.draw_id = %s and r.citizen_id = u.citizen_id
"""
_COUNT_GRANTED = "update vouchers.draw set granted = granted + %s, undelivered = undelivered + %s where draw_id = %s"
_MINE = """
select draw_id, citizen_id, wishes, stratum, platform, registered_at, places, won, granted_at
  from vouchers.registration where cell = %s and draw_id = %s and citizen_id = %s
"""


@dataclass(frozen=True, slots=True)
class DrawRow:
    """A draw as it stands; what is not yet known is None. `secret_sealed` and `key_sealed` stay inside."""

    draw_id: UUID
    round_id: UUID
    state: DrawState
    opens_at: datetime
    closes_at: datetime
    beacon_at: datetime
    reveal_by: datetime
    announcement: str
    commitment: bytes
    announced_at: datetime
    secret_sealed: bytes
    key_sealed: bytes
    registrants: int | None = None
    list_hash: bytes | None = None
    closed_at: datetime | None = None
    beacon_value: str | None = None
    beacon_entered_at: datetime | None = None
    seed: bytes | None = None
    quotas: list[list[int]] | None = None
    cutoffs: list[list[int]] | None = None
    winners: int | None = None
    winners_hash: bytes | None = None
    drawn_at: datetime | None = None
    granted: int = 0
    undelivered: int = 0
    published_at: datetime | None = None
    void_reason: str | None = None
    voided_at: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", DrawState(self.state))


@dataclass(frozen=True, slots=True)
class Registration:
    """A citizen's registration; `places` and `won` (bit n is wish n) once the draw was made."""

    draw_id: UUID
    citizen_id: UUID
    wishes: bytes
    stratum: int
    platform: str
    registered_at: datetime
    places: list[int] | None
    won: int | None
    granted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the draw came to for one registrant."""

    cell: int
    citizen: str
    places: Sequence[int]
    won: int


async def save_draw(connection: Connection, row: DrawRow) -> None:
    """Write an announced draw. Raises `psycopg.errors.UniqueViolation` if its round has one."""
    r = row
    times = (r.opens_at, r.closes_at, r.beacon_at, r.reveal_by)
    sealed = (r.secret_sealed, r.key_sealed)
    await connection.execute(
        _SAVE, [r.draw_id, r.round_id, *times, r.announcement, r.commitment, r.announced_at, *sealed]
    )


async def draw_of(connection: Connection, draw_id: UUID, *, lock: bool = False) -> DrawRow | None:
    """A draw; with `lock` nobody else moves it, and no registration is under way, until the commit."""
    return await _one(connection, _DRAW + (" for update" if lock else ""), draw_id)


async def draw_of_round(connection: Connection, round_id: UUID) -> DrawRow | None:
    return await _one(connection, _OF_ROUND, round_id)


async def draws_of_rounds(connection: Connection, round_ids: Sequence[UUID]) -> dict[UUID, DrawRow]:
    """The draws of some rounds, by round."""
    async with connection.cursor(row_factory=class_row(DrawRow)) as cursor:
        rows = await (await cursor.execute(_OF_ROUNDS, [list(round_ids)])).fetchall()
    return {row.round_id: row for row in rows}


async def all_draws(connection: Connection) -> list[DrawRow]:
    """Every draw, the latest close first."""
    async with connection.cursor(row_factory=class_row(DrawRow)) as cursor:
        return await (await cursor.execute(_ALL)).fetchall()


async def draws_due(connection: Connection, *, now: datetime) -> list[UUID]:
    """Draws for which there is something to do now."""
    return [row[0] for row in await (await connection.execute(_DUE, {"now": now})).fetchall()]


async def move_draw(connection: Connection, draw_id: UUID, to: DrawState, **facts: object) -> None:
    """Set a draw's state with the facts (columns) of the new one. Raises `ForbiddenMove`."""
    origins = [state.value for state, moves in DRAW_MOVES.items() if to in moves]
    setting = "".join(f", {column} = %s" for column in facts)
    values = [Jsonb(value) if isinstance(value, list) else value for value in facts.values()]
    cursor = await connection.execute(
        f"update vouchers.draw set state = %s{setting} where draw_id = %s and state = any (%s)",
        [to.value, *values, draw_id, origins],
    )
    if cursor.rowcount != 1:
        raise ForbiddenMove(f"the draw cannot become {to}", wanted=to.value)


async def keep_document(connection: Connection, draw_id: UUID, kind: str, content: bytes) -> None:
    """Keep the list's `records` or the `result`; what is kept already stands."""
    await connection.execute(_KEEP, [draw_id, kind, content])


async def document_of(connection: Connection, draw_id: UUID, kind: str) -> bytes | None:
    row = await (await connection.execute(_DOCUMENT, [draw_id, kind])).fetchone()
    return bytes(row[0]) if row else None


async def registrants_of(connection: Connection, draw_id: UUID) -> AsyncIterator[tuple[int, str, int, bytes]]:
    """Everybody registered: cell, citizen as text, district's number, wishes."""
    async with connection.cursor(name="registrants") as cursor:
        cursor.itersize = 20_000
        await cursor.execute(_REGISTRANTS, [draw_id])
        async for row in cursor:
            yield row


async def count_registrants(connection: Connection, draw_id: UUID) -> int:
    row = await (await connection.execute(_COUNT, [draw_id])).fetchone()
    return int(row[0]) if row else 0


async def count_by_platform(connection: Connection, draw_id: UUID) -> dict[str, int]:
    return dict(await (await connection.execute(_BY_PLATFORM, [draw_id])).fetchall())


async def count_withdrawn(connection: Connection, draw_id: UUID) -> int:
    """How often somebody withdrew from a draw; who signed up again counts as a registrant too."""
    row = await (await connection.execute(_WITHDRAWN, [draw_id])).fetchone()
    return int(row[0]) if row else 0


async def write_outcomes(connection: Connection, draw_id: UUID, outcomes: Sequence[Outcome]) -> None:
    """Note for each registrant the place of each wish and what was won."""
    await connection.execute(
        _WRITE_OUTCOMES,
        [
            [o.cell for o in outcomes],
            [o.citizen for o in outcomes],
            [" ".join(map(str, o.places)) for o in outcomes],
            [o.won for o in outcomes],
            draw_id,
        ],
    )


async def winners_to_grant(connection: Connection, draw_id: UUID, *, limit: int) -> list[tuple[int, UUID, bytes, int]]:
    """Winners who have not been granted their vouchers: cell, citizen, wishes, won."""
    rows: list[Any] = await (await connection.execute(_TO_GRANT, [draw_id, limit])).fetchall()
    return rows


async def note_granted(
    connection: Connection,
    draw_id: UUID,
    winners: Sequence[tuple[int, UUID]],
    *,
    granted: int,
    undelivered: int,
    now: datetime,
) -> None:
    """Note which winners were served, and how many vouchers that came to."""
    await connection.execute(_GRANTED, [now, [cell for cell, _ in winners], [who for _, who in winners], draw_id])
    await connection.execute(_COUNT_GRANTED, [granted, undelivered, draw_id])


async def registration_of(connection: Connection, cell: int, draw_id: UUID, citizen_id: UUID) -> Registration | None:
    async with connection.cursor(row_factory=class_row(Registration)) as cursor:
        return await (await cursor.execute(_MINE, [cell, draw_id, citizen_id])).fetchone()


async def _one(connection: Connection, statement: str, id_: UUID) -> DrawRow | None:
    async with connection.cursor(row_factory=class_row(DrawRow)) as cursor:
        return await (await cursor.execute(statement, [id_])).fetchone()
