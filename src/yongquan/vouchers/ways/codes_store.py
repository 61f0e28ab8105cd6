"""The SQL of codes: batches, keyed hashes, who redeemed them, and wrong guesses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from yongquan.plumbing.db import Connection

BLOCK = 1 << 18
_BOUND = "select codes_most from vouchers.round where round_id = %s and codes_most is not null"
# One at a time makes codes of a bounded round: the row itself stays free for whoever pauses it.
_BOUND_LOCK = "select pg_advisory_xact_lock(20028, hashtext(%s))"
_MADE = "select sum(size)::bigint from vouchers.code_batch where round_id = %s"
_TELL = """
insert into vouchers.code_making (making_id, actor, done, size, told_at) values (%s, %s, %s, %s, %s)
on conflict (making_id) do update set done = excluded.done, size = excluded.size, told_at = excluded.told_at
 where code_making.actor = excluded.actor
"""
_FORGET_TOLD = "delete from vouchers.code_making where told_at < %s"
_TOLD = "select done, size from vouchers.code_making where making_id = %s and actor = %s"
_NEW_BATCH = """
insert into vouchers.code_batch (batch_id, round_id, type_id, name, size, state, made_by, made_at)
select %s, t.round_id, t.type_id, %s, %s, 'making', %s, %s from vouchers.voucher_type t
  join vouchers.round r on r.round_id = t.round_id and r.mode = 'code' where t.type_id = %s
"""
_COPY = "copy vouchers.code (code_hash, batch_id) from stdin with (format binary)"
_MOVE = "update vouchers.code_batch set state = %s where batch_id = %s and state = any (%s)"
_FIND = """
select k.batch_id, k.citizen_id, k.voucher_id, b.type_id, b.state, r.round_id, r.state, c.state, r.opens_at,
       r.closes_at, r.cap_round
  from vouchers.code k
  join vouchers.code_batch b on b.batch_id = k.batch_id
  join vouchers.round r on r.round_id = b.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id
 where k.code_hash = %s for no key update of k
"""
_SPEND = "update vouchers.code set citizen_id = %s, voucher_id = %s, redeemed_at = %s where code_hash = %s"
_OF_CITIZEN = """
select count(*)::int from vouchers.voucher
 where cell = %s and citizen_id = %s and round_id = %s and state <> 'void'
"""
_LOCKED = "select locked_until from vouchers.code_guess where cell = %s and citizen_id = %s and locked_until > %s"
_GUESSED = """
insert into vouchers.code_guess as g (cell, citizen_id, failures) values (%(cell)s, %(citizen)s, 1)
on conflict (cell, citizen_id) do update
   set failures = case when g.failures + 1 >= %(most)s then 0 else g.failures + 1 end,
       locked_until = case when g.failures + 1 >= %(most)s then %(until)s else g.locked_until end
"""
_FORGIVE = "delete from vouchers.code_guess where cell = %s and citizen_id = %s"
_BATCHES = """
select b.batch_id, b.name, b.size, b.state, b.made_at, t.name, t.name_en, t.amount_fen, r.name, r.name_en, c.adcode,
       (select count(*)::int from vouchers.code k where k.batch_id = b.batch_id and k.redeemed_at is not null),
       (select count(*)::int from vouchers.code k join vouchers.voucher v on v.voucher_id = k.voucher_id
         where k.batch_id = b.batch_id and k.redeemed_at is not null and v.state = 'redeemed')
  from vouchers.code_batch b
  join vouchers.voucher_type t on t.type_id = b.type_id
  join vouchers.round r on r.round_id = b.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id
 where (%(places)s::text[] is null or c.adcode = any (%(places)s))
   and (%(batch)s::uuid is null or b.batch_id = %(batch)s)
 order by b.made_at desc limit 200
"""


@dataclass(frozen=True, slots=True)
class FoundCode:
    """A code with its batch and round; `citizen_id` is who redeemed it."""

    batch_id: UUID
    citizen_id: UUID | None
    voucher_id: UUID | None
    type_id: UUID
    batch_state: str
    round_id: UUID
    round_state: str
    campaign_state: str
    opens_at: datetime
    closes_at: datetime
    cap_round: int | None


@dataclass(frozen=True, slots=True)
class CodeBatch:
    """A batch and what became of it: codes turned into vouchers, and those vouchers used in a shop."""

    batch_id: UUID
    name: str
    size: int
    state: str
    made_at: datetime
    type_name: str
    type_name_en: str
    amount_fen: int
    round_name: str
    round_name_en: str
    adcode: str | None
    redeemed: int
    used: int


async def new_batch(
    connection: Connection, batch_id: UUID, *, type_id: UUID, name: str, size: int, made_by: str, now: datetime
) -> bool:
    """Open a batch that nobody can redeem from yet; False unless the type is of a round of mode code."""
    values = [batch_id, name, size, made_by, now, type_id]
    return (await connection.execute(_NEW_BATCH, values)).rowcount == 1


async def tell_making(
    connection: Connection, making_id: UUID, *, actor: str, done: int, size: int, now: datetime
) -> None:
    """Say how many codes of a batch are made; what was told a day ago is forgotten."""
    await connection.execute(_FORGET_TOLD, [now - timedelta(days=1)])
    await connection.execute(_TELL, [making_id, actor, done, size, now])


async def told_making(connection: Connection, making_id: UUID, *, actor: str) -> tuple[int, int] | None:
    """How many codes of how many are made, if this person makes them."""
    row = await (await connection.execute(_TOLD, [making_id, actor])).fetchone()
    return (row[0], row[1]) if row else None


async def over_bound(connection: Connection, round_id: UUID) -> int:
    """By how many a round's codes pass what its document allows; others that make codes for it wait."""
    row = await (await connection.execute(_BOUND, [round_id])).fetchone()
    if row is None:
        return 0
    await connection.execute(_BOUND_LOCK, [str(round_id)])
    made = await (await connection.execute(_MADE, [round_id])).fetchone()
    return max(0, (int(made[0]) if made else 0) - int(row[0]))


async def add_codes(connection: Connection, batch_id: UUID, hashes: Iterable[bytes]) -> None:
    """Keep codes as their hashes. Raises `psycopg.errors.UniqueViolation` if one is there already."""
    async with connection.cursor().copy(_COPY) as copy:
        # PostgreSQL's binary COPY: header, rows of two uuids, trailer.
        await copy.write(b"PGCOPY\n\xff\r\n\0" + b"\0" * 8)
        start, end = b"\x00\x02\x00\x00\x00\x10", b"\x00\x00\x00\x10" + batch_id.bytes
        block = bytearray()
        for hash_ in hashes:
            block += start + hash_ + end
            if len(block) >= BLOCK:
                await copy.write(bytes(block))
                block.clear()
        await copy.write(bytes(block) + b"\xff\xff")


async def move_batch(connection: Connection, batch_id: UUID, *, origins: Sequence[str], to: str) -> bool:
    """Set a batch's state if it is in one of `origins`."""
    return (await connection.execute(_MOVE, [to, batch_id, list(origins)])).rowcount == 1


async def find_code(connection: Connection, code_hash: bytes) -> FoundCode | None:
    """A code, kept from others until the commit."""
    row = await (await connection.execute(_FIND, [UUID(bytes=code_hash)])).fetchone()
    return FoundCode(*row) if row else None


async def spend_code(
    connection: Connection, code_hash: bytes, *, citizen_id: UUID, voucher_id: UUID, now: datetime
) -> None:
    """A code became a voucher."""
    await connection.execute(_SPEND, [citizen_id, voucher_id, now, UUID(bytes=code_hash)])


async def had_of_round(connection: Connection, cell: int, citizen_id: UUID, round_id: UUID) -> int:
    """How many vouchers of a round a citizen has had."""
    row = await (await connection.execute(_OF_CITIZEN, [cell, citizen_id, round_id])).fetchone()
    return int(row[0]) if row else 0


async def locked_until(connection: Connection, cell: int, citizen_id: UUID, *, now: datetime) -> datetime | None:
    """Until when this citizen may try no code; None: may try."""
    row = await (await connection.execute(_LOCKED, [cell, citizen_id, now])).fetchone()
    return row[0] if row else None


async def note_guess(
    connection: Connection, cell: int, citizen_id: UUID, *, most: int, locked_for: timedelta, now: datetime
) -> None:
    """Count a code that does not exist; the `most`th shuts the door."""
    facts = {"cell": cell, "citizen": citizen_id, "most": most, "until": now + locked_for}
    await connection.execute(_GUESSED, facts)


async def forgive(connection: Connection, cell: int, citizen_id: UUID) -> None:
    """A right code: earlier guesses are forgotten."""
    await connection.execute(_FORGIVE, [cell, citizen_id])


async def batches_for_desk(
    connection: Connection, *, places: Sequence[str] | None, batch_id: UUID | None = None
) -> list[CodeBatch]:
    """The latest batches of these divisions' campaigns (None: all), or one of them."""
    facts = {"places": None if places is None else list(places), "batch": batch_id}
    return [CodeBatch(*row) for row in await (await connection.execute(_BATCHES, facts)).fetchall()]
