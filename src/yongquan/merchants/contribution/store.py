"""The contribution pay's SQL: inputs as they were seen, statements, fake shops."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import msgspec
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from yongquan.merchants.contribution.model import Inputs
from yongquan.merchants.contribution.paying import Pay
from yongquan.plumbing.db import Connection

SHOPS_SHOWN = 200
_COLUMNS = """statement_id, month, provider, provider_name, formula_no, input_digest, seen_at, pay, earned_fen,
       total_fen, owed_fen, state, drawn_by, drawn_at, decided_by, decided_at"""
_MONTH = f"""
select {_COLUMNS} from merchants.contribution_statement where month = %s order by provider, drawn_at desc
"""
_ONE = f"select {_COLUMNS} from merchants.contribution_statement where statement_id = %s"
_STANDING = f"""
select {_COLUMNS} from merchants.contribution_statement where month = %s and provider = %s and state <> 'refused'
"""
_SINCE = f"""
select {_COLUMNS} from merchants.contribution_statement
 where month >= %s and month <= %s and state <> 'refused' order by month, provider
"""
_MONTHS = "select distinct month from merchants.contribution_statement order by month desc"
_INPUT = """
insert into merchants.contribution_input (digest, month, provider, document) values (%s, %s, %s, %s)
    on conflict (digest) do nothing
"""
_INPUT_OF = "select document from merchants.contribution_input where digest = %s"
_FORGET_SHOPS = "delete from merchants.contribution_shop where statement_id = %s"
_FORGET = "delete from merchants.contribution_statement where statement_id = %s and state = 'drawn'"
_DRAW = """
insert into merchants.contribution_statement (statement_id, month, provider, provider_name, formula_no, input_digest,
                                              seen_at, pay, earned_fen, total_fen, owed_fen, state, drawn_by, drawn_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'drawn', %s, %s)
"""
_COPY_SHOPS = "copy merchants.contribution_shop (statement_id, store_id, units, earned_fen, clawed_fen) from stdin"
_DECIDE = """
update merchants.contribution_statement set state = %s, decided_by = %s, decided_at = %s
 where statement_id = %s and state = 'drawn'
"""
_OWED = """
select coalesce((select owed_fen from merchants.contribution_statement
                  where provider = %s and month < %s and state = 'approved' order by month desc limit 1), 0)
"""
_FAKES = "select store_id from merchants.fake_shop where month <= %s"
_EARNED = """
select f.store_id, t.month, c.earned_fen
  from merchants.fake_shop f
  join merchants.contribution_shop c on c.store_id = f.store_id
  join merchants.contribution_statement t on t.statement_id = c.statement_id
 where f.month = %s and t.month < %s and t.provider = %s and t.state = 'approved' and c.earned_fen > 0
 order by 1, 2
"""
_FOUND_IN = "select store_id from merchants.fake_shop where month = %s order by store_id"
_REPORT = """
insert into merchants.fake_shop (store_id, month, reason, found_by, found_at) values (%s, %s, %s, %s, %s)
    on conflict (store_id) do nothing
"""
_LISTED = """
select f.store_id, s.name, f.month, f.reason, f.found_by, f.found_at
  from merchants.fake_shop f join merchants.store s on s.store_id = f.store_id order by f.found_at desc limit 100
"""
_SHOPS = """
select c.store_id, s.name, s.address, c.units, c.earned_fen
  from merchants.contribution_shop c join merchants.store s on s.store_id = c.store_id
 where c.statement_id = %s order by c.earned_fen desc, s.name, c.store_id limit %s
"""


@dataclass(frozen=True, slots=True)
class Statement:
    """A provider's month; `pay` has every line of it, without the shops."""

    statement_id: UUID
    month: date
    provider: str
    provider_name: str
    formula_no: int
    input_digest: str
    seen_at: datetime
    pay: Pay
    earned_fen: int
    total_fen: int
    owed_fen: int
    state: str
    drawn_by: str
    drawn_at: datetime
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewStatement:
    """What is drawn up: the pay, what it was made of, and by which formula."""

    statement_id: UUID
    inputs: Inputs
    provider_name: str
    formula_no: int
    seen_at: datetime
    pay: Pay
    actor: str


@dataclass(frozen=True, slots=True)
class FakeShop:
    """A shop that was found fake."""

    store_id: UUID
    name: str
    month: date
    reason: str
    found_by: str
    found_at: datetime


@dataclass(frozen=True, slots=True)
class ShopLine:
    """A shop of a statement."""

    store_id: UUID
    name: str
    address: str
    units: Sequence[int]
    earned_fen: int


async def statements_of(connection: Connection, month: date) -> list[Statement]:
    """Every statement of a month, refused ones too, by provider."""
    return [_read(row) for row in await (await connection.execute(_MONTH, [month])).fetchall()]


async def statements_between(connection: Connection, first: date, last: date) -> list[Statement]:
    """The statements that stand, of some months."""
    return [_read(row) for row in await (await connection.execute(_SINCE, [first, last])).fetchall()]


async def statement_of(connection: Connection, statement_id: UUID, *, lock: bool = False) -> Statement | None:
    """One statement, kept from changing for this transaction if `lock`."""
    query = _ONE + (" for update" if lock else "")
    row = await (await connection.execute(query.encode(), [statement_id])).fetchone()
    return _read(row) if row else None


async def standing(connection: Connection, month: date, provider: str) -> Statement | None:
    """The statement of a provider's month that was not refused, locked."""
    row = await (await connection.execute(f"{_STANDING} for update".encode(), [month, provider])).fetchone()
    return _read(row) if row else None


async def statement_months(connection: Connection) -> list[date]:
    """The months with statements, the latest first."""
    return [row[0] for row in await (await connection.execute(_MONTHS)).fetchall()]


async def inputs_of(connection: Connection, digest: str) -> Inputs | None:
    """The inputs kept under a digest."""
    row = await (await connection.execute(_INPUT_OF, [digest])).fetchone()
    return msgspec.convert(row[0], Inputs) if row else None


async def keep_statement(connection: Connection, new: NewStatement, *, now: datetime) -> None:
    """Write a statement with its inputs and shops."""
    inputs, pay = new.inputs, new.pay
    document = Jsonb(msgspec.to_builtins(inputs))
    await connection.execute(_INPUT, [inputs.digest, inputs.month, inputs.provider, document])
    lines = msgspec.to_builtins(pay) | {"shops": []}
    facts = [new.statement_id, inputs.month, inputs.provider, new.provider_name, new.formula_no, inputs.digest]
    amounts = [pay.earned_fen, pay.total_fen, pay.owed_fen]
    await connection.execute(_DRAW, [*facts, new.seen_at, Jsonb(lines), *amounts, new.actor, now])
    clawed = {claw.store_id: claw.back_fen + claw.fine_fen for claw in pay.claws}
    async with connection.cursor().copy(_COPY_SHOPS) as copy:
        for shop in pay.shops:
            units, back = list(shop.units), clawed.pop(shop.store_id, 0)
            await copy.write_row((new.statement_id, shop.store_id, units, shop.earned_fen, back))
        for store_id, back in clawed.items():
            await copy.write_row((new.statement_id, store_id, [], 0, back))


async def drop_drawn(connection: Connection, statement_id: UUID) -> None:
    """Take away a statement that nobody has decided, to draw it up anew."""
    await connection.execute(_FORGET_SHOPS, [statement_id])
    await connection.execute(_FORGET, [statement_id])


async def decide_statement(
    connection: Connection, statement_id: UUID, state: str, *, actor: str, now: datetime
) -> None:
    """Approve or refuse a drawn statement."""
    await connection.execute(_DECIDE, [state, actor, now, statement_id])


async def owed_before(connection: Connection, provider: str, month: date) -> int:
    """What the provider's last approved statement left to be taken back."""
    row = await (await connection.execute(_OWED, [provider, month])).fetchone()
    return int(row[0]) if row else 0


async def fakes_until(connection: Connection, month: date) -> set[UUID]:
    """Shops found fake in a month or before: they count for nothing."""
    return {row[0] for row in await (await connection.execute(_FAKES, [month])).fetchall()}


async def found_in(connection: Connection, month: date) -> list[UUID]:
    """Shops found fake in a month."""
    return [row[0] for row in await (await connection.execute(_FOUND_IN, [month])).fetchall()]


async def earned_by_fakes(connection: Connection, month: date, provider: str) -> list[tuple[UUID, date, int]]:
    """(store, month, fen): what shops found fake in a month had earned the provider before, as approved."""
    return [(r[0], r[1], r[2]) for r in await (await connection.execute(_EARNED, [month, month, provider])).fetchall()]


async def report_fake(
    connection: Connection, store_id: UUID, month: date, reason: str, *, actor: str, now: datetime
) -> bool:
    """Note a shop as fake; False if it was noted before."""
    return (await connection.execute(_REPORT, [store_id, month, reason, actor, now])).rowcount == 1


async def fake_shops(connection: Connection) -> list[FakeShop]:
    """The shops found fake, the latest first."""
    return [FakeShop(*row) for row in await (await connection.execute(_LISTED)).fetchall()]


async def shops_of_statement(
    connection: Connection, statement_id: UUID, *, limit: int | None = SHOPS_SHOWN
) -> list[ShopLine]:
    """A statement's shops, who earned most first; None is all."""
    return [ShopLine(*row) for row in await (await connection.execute(_SHOPS, [statement_id, limit])).fetchall()]


def _read(row: TupleRow) -> Statement:
    values = [*row]
    values[7] = msgspec.convert(row[7], Pay)
    return Statement(*values)
